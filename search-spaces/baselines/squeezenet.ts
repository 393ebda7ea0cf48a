/**
 * @file SqueezeNet (Iandola et al. 2016, arXiv 1602.07360, table 1): fire modules squeeze by 1x1 convolutions and expand by 1x1 and 3x3 ones. 1.1 is its authors'
 * later form (DeepScale/SqueezeNet): a smaller first window and earlier pools, 2.4 times fewer multiply-accumulates. Pools round up, as torchvision's do.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { ceilMode } from "../torch-padding.ts";

export interface SqueezenetOptions extends ClassicOptions {
  /** Default 1.1. */
  readonly version?: "1.0" | "1.1";
}

/** The first convolution, and the numbers of the fire modules that a pool comes before. */
const versions = {
  "1.0": { stem: { filters: 96, kernel: 7 }, pooled: [2, 5, 9] },
  "1.1": { stem: { filters: 64, kernel: 3 }, pooled: [2, 4, 6] },
} as const;

/** Filters that the fire modules 2 to 9 squeeze to; they expand to four times as many of each kind. */
const squeezed = [16, 16, 32, 32, 48, 48, 64, 64] as const;

function fire(net: NetworkBuilder, x: Tensor, path: string, filters: number): Tensor {
  const conv = (name: string, from: Tensor, options: { readonly filters: number; readonly kernel: number }): Tensor =>
    net.activate(`${path}/${name}/act`, net.conv(`${path}/${name}/conv`, from, { ...options, bias: true }));
  const narrow = conv("squeeze", x, { filters, kernel: 1 });
  return net.concat(`${path}/concat`, [
    conv("expand1x1", narrow, { filters: 4 * filters, kernel: 1 }),
    conv("expand3x3", narrow, { filters: 4 * filters, kernel: 3 }),
  ]);
}

/** 1.2 M parameters; images of 7x7 (1.0) or 3x3 (1.1) or more, though below 21x21 or 17x17 the last pools see one window only. Throws `space` on another version. */
export function squeezenet(options: SqueezenetOptions = {}): Network {
  const { version = "1.1", input = [224, 224, 3], classes = 1000 } = options;
  if (!Object.hasOwn(versions, version))
    throw new CellwrightError("space", expected("squeezenet: version", '"1.0" or "1.1"', version));
  const { stem, pooled } = versions[version];
  return network(`squeezenet-${version}`, input, (net) => {
    const first = net.conv("stem/conv", net.input, { ...stem, stride: 2, padding: "valid", bias: true });
    let x = net.activate("stem/act", first);
    for (const [i, filters] of squeezed.entries()) {
      const path = `fire${i + 2}`;
      const isPooled = pooled.some((number) => number === i + 2);
      const window = { kernel: 3, stride: 2 };
      if (isPooled) x = net.maxPool(`${path}/pool`, x, { ...window, padding: ceilMode(x, window) });
      x = fire(net, x, path, filters);
    }
    const kept = net.dropout("head/dropout", x, 0.5);
    const maps = net.conv("head/conv", kept, { filters: classes, kernel: 1, bias: true });
    return net.globalAvgPool("head/pool", net.activate("head/act", maps));
  });
}
