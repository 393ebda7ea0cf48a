/**
 * @file Inception-v3 (Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016, arXiv 1512.00567, table 1 and figures 5 to 7 and 10): factorized convolutions. Filters are the
 * released network's, which differ from table 1, in torchvision's form (gammas kept).
 */
import { network, type Network } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { avgPool, branches, chain, conv, halving, maxPool, v3StemSteps, type Step } from "./inception-module.ts";

export interface InceptionV3Options extends ClassicOptions {
  /** Whether it has the auxiliary head on the last grid of 17x17. Default false. */
  readonly auxiliary?: boolean;
}

const stem = chain(...v3StemSteps);

/** Figure 5, on 35x35, with 5x5 kept in one branch. */
function moduleA(projection: number): Step {
  return branches(
    conv(64),
    chain(conv(48), conv(64, 5)),
    chain(conv(64), conv(96, 3), conv(96, 3)),
    chain(avgPool, conv(projection)),
  );
}

const reductionA = branches(
  conv(384, 3, halving),
  chain(conv(64), conv(96, 3), conv(96, 3, halving)),
  maxPool(halving),
);

/** Figure 6, on 17x17: n = 7. */
function moduleB(narrow: number): Step {
  return branches(
    conv(192),
    chain(conv(narrow), conv(narrow, [1, 7]), conv(192, [7, 1])),
    chain(conv(narrow), conv(narrow, [7, 1]), conv(narrow, [1, 7]), conv(narrow, [7, 1]), conv(192, [1, 7])),
    chain(avgPool, conv(192)),
  );
}

const reductionB = branches(
  chain(conv(192), conv(320, 3, halving)),
  chain(conv(192), conv(192, [1, 7]), conv(192, [7, 1]), conv(192, 3, halving)),
  maxPool(halving),
);

/** Figure 7, on 8x8: filter banks spread out. */
const spread = branches(conv(384, [1, 3]), conv(384, [3, 1]));

const moduleC = branches(
  conv(320),
  chain(conv(384), spread),
  chain(conv(448), conv(384, 3), spread),
  chain(avgPool, conv(192)),
);

const grid35 = [moduleA(32), moduleA(64), moduleA(64)];
const grid17 = [reductionA, moduleB(128), moduleB(160), moduleB(160), moduleB(192)];
const grid8 = [reductionB, moduleC, moduleC];

/** 23.8 M parameters, 27.2 M with the auxiliary head; images of 75x75 or more, with the head of 299x299. */
export function inceptionV3(options: InceptionV3Options = {}): Network {
  const { input = [299, 299, 3], classes = 1000, auxiliary = false } = options;
  return network(
    "inception-v3",
    input,
    (net) => {
      let x = stem(net, net.input, "stem");
      for (const [i, step] of grid35.entries()) x = step(net, x, `grid35-${i}`);
      for (const [i, step] of grid17.entries()) x = step(net, x, `grid17-${i}`);
      const last17 = x;
      for (const [i, step] of grid8.entries()) x = step(net, x, `grid8-${i}`);
      const kept = net.dropout("head/dropout", net.globalAvgPool("head/pool", x), 0.5);
      const logits = net.dense("head/dense", kept, { units: classes });
      if (!auxiliary) return logits;
      const pooled = net.avgPool("auxiliary/pool", last17, { kernel: 5, stride: 3, padding: "valid" });
      const narrow = chain(conv(128), conv(768, 5, { padding: "valid" }))(net, pooled, "auxiliary");
      const features = net.globalAvgPool("auxiliary/mean", narrow);
      return { logits, auxiliary: net.dense("auxiliary/dense", features, { units: classes }) };
    },
    { batchNorm: { epsilon: 1e-3, momentum: 0.9 } },
  );
}
