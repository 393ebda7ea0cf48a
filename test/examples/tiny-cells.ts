/** @file The space of docs/define-a-space.md, which a test decodes and compares with the guide. */
import { identity, network, pool, separable, type NetworkBuilder, type Tensor } from "cellwright/network";
import { cells, choice, defineSpace, int } from "cellwright/space";
import { buildCell, type LayerCell } from "cellwright/spaces";

const operations = { identity: identity(), sep3: separable(3), sep5: separable(5), max3: pool("max", 3) };

export default defineSpace({
  name: "tiny-cells",
  version: 1,
  skeleton: { input: [32, 32, 3], classes: 10, cellsPerStack: 2, filters: 16 },
  decisions: {
    normal: cells({ blocks: 3, operations }),
    reduction: cells({ blocks: 3, operations }),
    activation: choice(["relu", "swish"]),
    attention: choice({ none: {}, squeeze: { ratio: choice([0.25, 0.5]) } }), // a choice may open others
    stemFilters: int(16, 48, { step: 16 }),
  },
  decode({ normal, reduction, activation, attention, stemFilters }, skeleton) {
    const build = (net: NetworkBuilder): Tensor => {
      let previous: Tensor | undefined;
      let x = net.batchNorm("stem/bn", net.conv("stem/conv", net.input, { filters: stemFilters, kernel: 3 }));
      const add = (cell: LayerCell, path: string, filters: number, stride: 1 | 2): void => {
        [previous, x] = [x, buildCell(net, cell, x, { path, filters, stride, previous })];
      };
      for (let stack = 0; stack < 3; stack++) {
        const filters = skeleton.filters * 2 ** stack;
        if (stack > 0) add(reduction, `reduction${stack}`, filters, 2);
        for (let i = 0; i < skeleton.cellsPerStack; i++) add(normal, `stack${stack}/cell${i}`, filters, 1);
      }
      if (attention.kind === "squeeze") x = squeeze(net, "attention", x, attention.ratio);
      return net.dense("head/dense", net.globalAvgPool("head/pool", net.activate("head/act", x)), {
        units: skeleton.classes,
      });
    };
    return { network: network("tiny-cells", skeleton.input, build, { activation }) };
  },
  scaleSkeleton: (skeleton, { depth, width }) => ({
    ...skeleton,
    cellsPerStack: Math.max(1, Math.round(skeleton.cellsPerStack * depth)),
    filters: Math.max(2, 2 * Math.round((skeleton.filters * width) / 2)),
  }),
});

/** Squeeze and excitation (Hu et al. 2018): each channel is scaled by what all channels' means say of it. */
function squeeze(net: NetworkBuilder, path: string, x: Tensor, ratio: number): Tensor {
  const filters = Math.max(1, Math.round(x.channels * ratio));
  const means = net.globalAvgPool(`${path}/pool`, x, { keepDims: true });
  const narrow = net.activate(`${path}/act`, net.conv(`${path}/squeeze`, means, { filters, kernel: 1, bias: true }));
  const wide = net.conv(`${path}/excite`, narrow, { filters: x.channels, kernel: 1, bias: true });
  return net.multiply(`${path}/scale`, x, net.activate(`${path}/gate`, wide, "sigmoid"));
}
