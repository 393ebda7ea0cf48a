/**
 * @file Inception-v4 (Szegedy, Ioffe, Vanhoucke and Alemi 2017, arXiv 1602.07261, figures 3 to 9): one uniform design without shortcuts. Sizes are timm's; the dropout
 * before the logits (keep 0.8) is the paper's.
 */
import { network, type Network } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { avgPool, branches, chain, conv, halving, maxPool } from "./inception-module.ts";

/** Figure 3. */
const stem = chain(
  conv(32, 3, halving),
  conv(32, 3, { padding: "valid" }),
  conv(64, 3),
  branches(maxPool(halving), conv(96, 3, halving)),
  branches(
    chain(conv(64), conv(96, 3, { padding: "valid" })),
    chain(conv(64), conv(64, [1, 7]), conv(64, [7, 1]), conv(96, 3, { padding: "valid" })),
  ),
  branches(conv(192, 3, halving), maxPool(halving)),
);

/** Figure 4, on 35x35. */
const moduleA = branches(
  conv(96),
  chain(conv(64), conv(96, 3)),
  chain(conv(64), conv(96, 3), conv(96, 3)),
  chain(avgPool, conv(96)),
);

/** Figure 7: k = 192, l = 224, m = 256, n = 384. */
const reductionA = branches(
  conv(384, 3, halving),
  chain(conv(192), conv(224, 3), conv(256, 3, halving)),
  maxPool(halving),
);

/** Figure 5, on 17x17. */
const moduleB = branches(
  conv(384),
  chain(conv(192), conv(224, [1, 7]), conv(256, [7, 1])),
  chain(conv(192), conv(192, [7, 1]), conv(224, [1, 7]), conv(224, [7, 1]), conv(256, [1, 7])),
  chain(avgPool, conv(128)),
);

/** Figure 8. */
const reductionB = branches(
  chain(conv(192), conv(192, 3, halving)),
  chain(conv(256), conv(256, [1, 7]), conv(320, [7, 1]), conv(320, 3, halving)),
  maxPool(halving),
);

/** Figure 6, on 8x8. */
const spread = branches(conv(256, [1, 3]), conv(256, [3, 1]));

const moduleC = branches(
  conv(256),
  chain(conv(384), spread),
  chain(conv(384), conv(448, [3, 1]), conv(512, [1, 3]), spread),
  chain(avgPool, conv(256)),
);

export interface InceptionV4Options extends ClassicOptions {
  /** Modules on each of the three grids. Default 4, 7, 3 (figure 9). */
  readonly repeats?: readonly [number, number, number];
}

/** 42.7 M parameters; images of 75x75 or more. */
export function inceptionV4(options: InceptionV4Options = {}): Network {
  const { input = [299, 299, 3], classes = 1000, repeats = [4, 7, 3] } = options;
  return network(
    "inception-v4",
    input,
    (net) => {
      let x = stem(net, net.input, "stem");
      for (let i = 0; i < repeats[0]; i++) x = moduleA(net, x, `a${i}`);
      x = reductionA(net, x, "reductionA");
      for (let i = 0; i < repeats[1]; i++) x = moduleB(net, x, `b${i}`);
      x = reductionB(net, x, "reductionB");
      for (let i = 0; i < repeats[2]; i++) x = moduleC(net, x, `c${i}`);
      const kept = net.dropout("head/dropout", net.globalAvgPool("head/pool", x), 0.2);
      return net.dense("head/dense", kept, { units: classes });
    },
    { batchNorm: { epsilon: 1e-3, momentum: 0.9 } },
  );
}
