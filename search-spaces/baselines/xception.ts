/**
 * @file Xception (Chollet 2017, arXiv 1610.02357, figure 5): separable convolutions throughout, shortcuts around every two or three. Sizes and paddings are those of
 * the author's implementation in Keras; the dropout before the logits is the paper's (section 4.3).
 */
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";

/** Depthwise and pointwise convolution with nothing between them, then batch norm. */
function separable(net: NetworkBuilder, x: Tensor, path: string, filters: number): Tensor {
  const deep = net.depthwiseConv(`${path}/dw`, x, { kernel: 3 });
  return net.batchNorm(`${path}/bn`, net.conv(`${path}/pw`, deep, { filters, kernel: 1 }));
}

/** A module of the entry or exit flow: two separable convolutions and a pool of stride 2, beside a strided 1x1 convolution. */
function strided(
  net: NetworkBuilder,
  x: Tensor,
  path: string,
  { filters, isActive = true }: { readonly filters: readonly [number, number]; readonly isActive?: boolean },
): Tensor {
  const beside = net.conv(`${path}/shortcut/conv`, x, { filters: filters[1], kernel: 1, stride: 2 });
  const first = isActive ? net.activate(`${path}/sep0/act`, x) : x;
  const middle = net.activate(`${path}/sep1/act`, separable(net, first, `${path}/sep0`, filters[0]));
  const pooled = net.maxPool(`${path}/pool`, separable(net, middle, `${path}/sep1`, filters[1]), {
    kernel: 3,
    stride: 2,
  });
  return net.add(`${path}/add`, [pooled, net.batchNorm(`${path}/shortcut/bn`, beside)]);
}

/** A module of the middle flow. */
function residual(net: NetworkBuilder, x: Tensor, path: string): Tensor {
  let y = x;
  for (let i = 0; i < 3; i++) {
    y = separable(net, net.activate(`${path}/sep${i}/act`, y), `${path}/sep${i}`, x.channels);
  }
  return net.add(`${path}/add`, [y, x]);
}

export interface XceptionOptions extends ClassicOptions {
  /** Modules of the middle flow. Default 8. */
  readonly middle?: number;
}

/** 22.9 M parameters; Keras asks for images of 71x71 or more, and smaller ones, down to 7x7, have a single pixel left at the end. */
export function xception(options: XceptionOptions = {}): Network {
  const { input = [299, 299, 3], classes = 1000, middle = 8 } = options;
  return network("xception", input, (net) => {
    const stem = (path: string, x: Tensor, filters: number, stride: number): Tensor => {
      const wide = net.conv(`${path}/conv`, x, { filters, kernel: 3, stride, padding: "valid" });
      return net.activate(`${path}/act`, net.batchNorm(`${path}/bn`, wide));
    };
    let x = stem("stem/b", stem("stem/a", net.input, 32, 2), 64, 1);
    x = strided(net, x, "entry0", { filters: [128, 128], isActive: false });
    x = strided(net, x, "entry1", { filters: [256, 256] });
    x = strided(net, x, "entry2", { filters: [728, 728] });
    for (let i = 0; i < middle; i++) x = residual(net, x, `middle${i}`);
    x = strided(net, x, "exit0", { filters: [728, 1024] });
    x = net.activate("exit1/act", separable(net, x, "exit1", 1536));
    x = net.activate("exit2/act", separable(net, x, "exit2", 2048));
    const kept = net.dropout("head/dropout", net.globalAvgPool("head/pool", x), 0.5);
    return net.dense("head/dense", kept, { units: classes });
  });
}
