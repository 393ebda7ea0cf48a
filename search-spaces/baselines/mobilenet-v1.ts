/**
 * @file MobileNetV1 (Howard et al. 2017, arXiv 1704.04861): depthwise separable convolutions, no residuals. Wiring and counts are Keras's; its padding is `same` at every
 * even side.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network } from "cellwright/network";

export interface MobilenetV1Options {
  /** Height, width, channels. Default: 224x224, as published; 192, 160 and 128 were too. */
  readonly input?: readonly [number, number, number];
  /** Default 1,000. */
  readonly classes?: number;
  /** Alpha in the paper: multiplier of all filters, rounded down. Default 1; 0.75, 0.5 and 0.25 were published too. */
  readonly width?: number;
  /** Before the classifier. Default 0.001. */
  readonly dropout?: number;
}

/** Filters and stride of each depthwise separable convolution (table 1). */
const LAYERS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const;

/** Returns the network. Throws `config` for a width that isn't greater than 0. */
export function mobilenetV1({
  input = [224, 224, 3],
  classes = 1000,
  width = 1,
  dropout = 0.001,
}: MobilenetV1Options = {}): Network {
  if (!(width > 0)) throw new CellwrightError("config", expected("width", "a number greater than 0", width));
  const widen = (filters: number): number => Math.max(1, Math.floor(filters * width));
  return network(
    "mobilenet-v1",
    input,
    (net) => {
      const stem = net.conv("stem/conv", net.input, { filters: widen(32), kernel: 3, stride: 2 });
      let x = net.activate("stem/act", net.batchNorm("stem/bn", stem));
      for (const [i, [filters, stride]] of LAYERS.entries()) {
        const at = `block${i}`;
        const deep = net.depthwiseConv(`${at}/dw/conv`, x, { kernel: 3, stride });
        x = net.activate(`${at}/dw/act`, net.batchNorm(`${at}/dw/bn`, deep));
        const point = net.conv(`${at}/pw/conv`, x, { filters: widen(filters), kernel: 1 });
        x = net.activate(`${at}/pw/act`, net.batchNorm(`${at}/pw/bn`, point));
      }
      const pooled = net.globalAvgPool("head/pool", x);
      const kept = dropout > 0 ? net.dropout("head/dropout", pooled, dropout) : pooled;
      return net.dense("head/dense", kept, { units: classes });
    },
    { activation: "relu6", batchNorm: { epsilon: 1e-3, momentum: 0.99 } },
  );
}
