/**
 * @file Random networks of mobile inverted bottlenecks with squeeze-and-excitation and swish (EfficientNet, Tan and Le 2019) for 32x32 images: a stem,
 * stages of blocks whose kernel, expansion, depth and width are drawn, a head. The same index gives the same network for ever.
 */
import { createRng } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";

const CLASSES = 10;
/** Hidden channels of squeeze-and-excitation, of a block's input channels. */
const SQUEEZE_RATIO = 0.25;

interface Block {
  readonly kernel: number;
  readonly expansion: number;
  readonly filters: number;
  readonly stride: number;
}

function convNorm(net: NetworkBuilder, x: Tensor, path: string, filters: number, kernel: number): Tensor {
  return net.batchNorm(`${path}/bn`, net.conv(`${path}/conv`, x, { filters, kernel }));
}

function squeezeExcite(net: NetworkBuilder, x: Tensor, path: string, hidden: number): Tensor {
  const pooled = net.globalAvgPool(`${path}/pool`, x);
  const reduced = net.activate(`${path}/act`, net.dense(`${path}/reduce`, pooled, { units: hidden }));
  const gate = net.activate(`${path}/gate`, net.dense(`${path}/expand`, reduced, { units: x.channels }), "sigmoid");
  return net.multiply(`${path}/scale`, x, gate);
}

/** Expansion, depthwise convolution, squeeze-and-excitation, projection; the input is added where the shapes allow. */
function invertedResidual(net: NetworkBuilder, x: Tensor, path: string, block: Block): Tensor {
  const { kernel, expansion, filters, stride } = block;
  const wide = convNorm(net, x, `${path}/expand`, x.channels * expansion, 1);
  const active = net.activate(`${path}/expand/act`, wide);
  const deep = net.batchNorm(`${path}/dw/bn`, net.depthwiseConv(`${path}/dw/conv`, active, { kernel, stride }));
  const hidden = Math.max(1, Math.round(x.channels * SQUEEZE_RATIO));
  const excited = squeezeExcite(net, net.activate(`${path}/dw/act`, deep), `${path}/se`, hidden);
  const projected = convNorm(net, excited, `${path}/project`, filters, 1);
  if (stride !== 1 || x.channels !== filters) return projected;
  return net.add(`${path}/add`, [projected, x]);
}

/** Returns the network of that index: three stages of one to three blocks, 32x32, 16x16 and 8x8. */
export function mbconvNetwork(index: number): Network {
  const rng = createRng("bench/mbconv").fork(index);
  const pick = <T>(options: readonly T[]): T => rng.pick(options);
  const stages = [
    { stride: 1, filters: pick([16, 24]) },
    { stride: 2, filters: pick([24, 32, 40]) },
    { stride: 2, filters: pick([48, 64, 80]) },
  ].map((stage) => ({ ...stage, depth: pick([1, 2, 3]), kernel: pick([3, 5]), expansion: pick([3, 6]) }));
  return network(
    `mbconv ${index}`,
    [32, 32, 3],
    (net) => {
      let x = net.activate("stem/act", convNorm(net, net.input, "stem", 16, 3));
      for (const [s, { depth, filters, kernel, expansion, stride }] of stages.entries()) {
        for (let b = 0; b < depth; b++) {
          const block = { kernel, expansion, filters, stride: b === 0 ? stride : 1 };
          x = invertedResidual(net, x, `stage${s}/block${b}`, block);
        }
      }
      const features = net.activate("head/act", convNorm(net, x, "head", 4 * x.channels, 1));
      return net.dense("head/dense", net.globalAvgPool("head/pool", features), { units: CLASSES });
    },
    { activation: "swish", batchNorm: { epsilon: 1e-3, momentum: 0.99 } },
  );
}
