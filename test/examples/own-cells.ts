/** @file A cell space with an operation of its own, composed of ours: the guide's second space. */
import { conv, identity, pool, separable, sequence, type Layer } from "cellwright/network";
import { cells, defineSpace } from "cellwright/space";
import { nasnet, nasnetNetwork } from "cellwright/spaces";

/** A 3x3 convolution on a quarter of the filters, with a shortcut around it: any function of the builder is an operation. */
const bottleneck: Layer = (net, x, { path, filters, stride }) => {
  const few = Math.max(1, Math.round(filters / 4));
  const narrow = conv(1)(net, x, { path: `${path}/narrow`, filters: few, stride });
  const middle = conv(3)(net, narrow, { path: `${path}/middle`, filters: few, stride: 1 });
  const wide = conv(1)(net, middle, { path: `${path}/wide`, filters, stride: 1 });
  return net.add(`${path}/add`, [wide, identity()(net, x, { path: `${path}/shortcut`, filters, stride })]);
};

const operations = {
  identity: identity(),
  max3: pool("max", 3),
  sep5: separable(5, { repeats: 1 }),
  dilated: sequence(conv(1), conv(3, { dilation: 2 })), // one after another: no function is needed
  bottleneck,
};
const cell = cells({ blocks: 3, operations, combiners: ["add", "concat"] });

export default defineSpace({
  name: "own-cells",
  version: 1,
  skeleton: { ...nasnet.skeleton, cellsPerStack: 1, filters: 8 },
  decisions: { normal: cell, reduction: cell },
  decode: (choices, skeleton) => ({ network: nasnetNetwork("own-cells", choices, skeleton) }),
});
