/**
 * @file Inception-ResNet-v2 (Szegedy, Ioffe, Vanhoucke and Alemi 2017, arXiv 1602.07261, figure 15 and section 3.3): inception modules as scaled residuals. Sizes
 * are timm's, which are the released network's and not those of the paper's figures; the dropout before the logits (keep 0.8) is the paper's.
 */
import { network, type Network } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { avgPool, branches, chain, conv, halving, maxPool, v3StemSteps, type Step } from "./inception-module.ts";

const stem = chain(
  ...v3StemSteps,
  branches(conv(96), chain(conv(48), conv(64, 5)), chain(conv(64), conv(96, 3), conv(96, 3)), chain(avgPool, conv(64))),
);

/** Times a constant: a local response norm, x / (k + alpha x^2), of so small an alpha that only k counts in single and in double precision. */
function scaled(factor: number): Step {
  return (net, x, path) => net.localResponseNorm(`${path}/scale`, x, { size: 1, alpha: 1e-30, beta: 1, k: 1 / factor });
}

/** The module's output, by a 1x1 convolution with bias brought to the input's channels and scaled down (section 3.3: else training dies), is added to the input. */
function residual(module: Step, factor: number): Step {
  return (net, x, path) => {
    const up = net.conv(`${path}/up/conv`, module(net, x, path), { filters: x.channels, kernel: 1, bias: true });
    return net.add(`${path}/add`, [x, factor === 1 ? up : scaled(factor)(net, up, path)]);
  };
}

function activeResidual(module: Step, factor: number): Step {
  return (net, x, path) => net.activate(`${path}/act`, residual(module, factor)(net, x, path));
}

/** On 35x35, 320 channels. */
const moduleA = branches(conv(32), chain(conv(32), conv(32, 3)), chain(conv(32), conv(48, 3), conv(64, 3)));

const reductionA = branches(
  conv(384, 3, halving),
  chain(conv(256), conv(256, 3), conv(384, 3, halving)),
  maxPool(halving),
);

/** On 17x17, 1088 channels. */
const moduleB = branches(conv(192), chain(conv(128), conv(160, [1, 7]), conv(192, [7, 1])));

const reductionB = branches(
  chain(conv(256), conv(384, 3, halving)),
  chain(conv(256), conv(288, 3, halving)),
  chain(conv(256), conv(288, 3), conv(320, 3, halving)),
  maxPool(halving),
);

/** On 8x8, 2080 channels. */
const moduleC = branches(conv(192), chain(conv(192), conv(224, [1, 3]), conv(256, [3, 1])));

export interface InceptionResnetV2Options extends ClassicOptions {
  /** Modules on each of the three grids. Default 10, 20, 10. */
  readonly repeats?: readonly [number, number, number];
}

/** 55.8 M parameters; images of 75x75 or more. */
export function inceptionResnetV2(options: InceptionResnetV2Options = {}): Network {
  const { input = [299, 299, 3], classes = 1000, repeats = [10, 20, 10] } = options;
  return network(
    "inception-resnet-v2",
    input,
    (net) => {
      let x = stem(net, net.input, "stem");
      for (let i = 0; i < repeats[0]; i++) x = activeResidual(moduleA, 0.17)(net, x, `a${i}`);
      x = reductionA(net, x, "reductionA");
      for (let i = 0; i < repeats[1]; i++) x = activeResidual(moduleB, 0.1)(net, x, `b${i}`);
      x = reductionB(net, x, "reductionB");
      for (let i = 0; i < repeats[2]; i++) {
        // The last module is neither scaled nor followed by an activation.
        const step = i < repeats[2] - 1 ? activeResidual(moduleC, 0.2) : residual(moduleC, 1);
        x = step(net, x, `c${i}`);
      }
      const features = conv(1536)(net, x, "head");
      const kept = net.dropout("head/dropout", net.globalAvgPool("head/pool", features), 0.2);
      return net.dense("head/dense", kept, { units: classes });
    },
    { batchNorm: { epsilon: 1e-3, momentum: 0.9 } },
  );
}
