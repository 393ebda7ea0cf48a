/**
 * @file GoogLeNet, or Inception-v1 (Szegedy et al. 2015, arXiv 1409.4842, table 1), in torchvision's form: batch norm after every convolution in place of local
 * response norms, 3x3 windows where the paper has 5x5, pools that round up.
 */
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { branches, chain, conv, maxPool, type Step } from "./inception-module.ts";
import { around, ceilMode } from "../torch-padding.ts";

export interface GooglenetOptions extends ClassicOptions {
  /** Whether it has the two auxiliary heads, after inception 4a and 4d. Default false. */
  readonly auxiliary?: boolean;
}

/** Columns of table 1: 1x1; 3x3 reduce and 3x3; 5x5 reduce and 5x5; pool projection. */
type Filters = readonly [number, number, number, number, number, number];

const inceptions: Readonly<Record<string, Filters>> = {
  "3a": [64, 96, 128, 16, 32, 32],
  "3b": [128, 128, 192, 32, 96, 64],
  "4a": [192, 96, 208, 16, 48, 64],
  "4b": [160, 112, 224, 24, 64, 64],
  "4c": [128, 128, 256, 24, 64, 64],
  "4d": [112, 144, 288, 32, 64, 64],
  "4e": [256, 160, 320, 32, 128, 128],
  "5a": [256, 160, 320, 32, 128, 128],
  "5b": [384, 192, 384, 48, 128, 128],
};

function inception([one, narrow3, three, narrow5, five, projection]: Filters): Step {
  return branches(
    conv(one),
    chain(conv(narrow3), conv(three, 3)),
    chain(conv(narrow5), conv(five, 3)),
    chain(maxPool(), conv(projection)),
  );
}

/** Halves the image, rounding up. */
function pool(net: NetworkBuilder, x: Tensor, path: string, kernel: number): Tensor {
  const window = { kernel, stride: 2 };
  return net.maxPool(`${path}/pool`, x, { ...window, padding: ceilMode(x, window) });
}

function addAuxiliary(net: NetworkBuilder, x: Tensor, path: string, classes: number): Tensor {
  const narrow = conv(128)(net, net.adaptiveAvgPool(`${path}/pool`, x, 4), path);
  const hidden = net.dense(`${path}/hidden/dense`, net.flatten(`${path}/flatten`, narrow), { units: 1024 });
  const kept = net.dropout(`${path}/dropout`, net.activate(`${path}/hidden/act`, hidden), 0.7);
  return net.dense(`${path}/dense`, kept, { units: classes });
}

/**
 * 6.6 M parameters, 13.0 M with the auxiliary heads. A network has one auxiliary loss: that of the sum of both heads' logits, where the paper adds two losses.
 */
export function googlenet(options: GooglenetOptions = {}): Network {
  const { input = [224, 224, 3], classes = 1000, auxiliary = false } = options;
  return network(
    "googlenet",
    input,
    (net) => {
      const first = conv(64, 7, { stride: 2, padding: around(3) })(net, net.input, "stem/a");
      const stem = chain(conv(64), conv(192, 3))(net, pool(net, first, "stem/a", 3), "stem/b");
      let x = pool(net, stem, "stem/b", 3);
      const heads: Tensor[] = [];
      for (const [name, filters] of Object.entries(inceptions)) {
        x = inception(filters)(net, x, `inception${name}`);
        if (auxiliary && (name === "4a" || name === "4d"))
          heads.push(addAuxiliary(net, x, `auxiliary${heads.length}`, classes));
        if (name === "3b") x = pool(net, x, `inception${name}`, 3);
        if (name === "4e") x = pool(net, x, `inception${name}`, 2);
      }
      const kept = net.dropout("head/dropout", net.globalAvgPool("head/pool", x), 0.2);
      const logits = net.dense("head/dense", kept, { units: classes });
      return auxiliary ? { logits, auxiliary: net.add("auxiliary/add", heads) } : logits;
    },
    { batchNorm: { epsilon: 1e-3, momentum: 0.9 } },
  );
}
