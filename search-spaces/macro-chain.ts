/**
 * @file A chain of twelve layers, each with an operation of its own and skips from any layers before it: the macro space of ENAS (Pham, Guan, Zoph, Le and Dean
 * 2018, arXiv 1802.03268, section 2.3), and the plainest space on this shelf. Begin here to write one of your own.
 *
 * As in the paper's search the number of filters is the same throughout; so skips are sums, and halving the image is a pool. The 1x1 convolution with
 * which its layers begin is left out.
 */
import { conv, network, pool, separable, type Tensor } from "cellwright/network";
import { choice, defineSpace } from "cellwright/space";
import { grownInput } from "./grown-input.ts";

/** What a layer may be: functions that add a few nodes to a network. */
const operations = {
  conv3: conv(3),
  sep3: separable(3, { repeats: 1 }),
  conv5: conv(5),
  sep5: separable(5, { repeats: 1 }),
  avg3: pool("avg", 3),
  max3: pool("max", 3),
};

/** What is decided for layer `index`: its operation, and for every tensor before its own input whether it is added. Tensor 0 is the stem, 1 + i layer i. */
function layer(index: number) {
  const names = Object.keys(operations) as (keyof typeof operations)[];
  const skips = Array.from(
    { length: index },
    (_, from) => [`from${from}`, choice([false, true], { role: "input" })] as const,
  );
  return { operation: choice(names, { role: "operation" }), skips: Object.fromEntries(skips) };
}

/** 6^12 x 2^66 = 1.6e29 networks. */
export const macroChain = defineSpace({
  name: "macro-chain",
  version: 1,
  skeleton: { input: [32, 32, 3], classes: 10, filters: 36 },
  decisions: {
    layer0: layer(0),
    layer1: layer(1),
    layer2: layer(2),
    layer3: layer(3),
    layer4: layer(4),
    layer5: layer(5),
    layer6: layer(6),
    layer7: layer(7),
    layer8: layer(8),
    layer9: layer(9),
    layer10: layer(10),
    layer11: layer(11),
  },
  decode(choices, { input, classes, filters }) {
    const layers = Object.values(choices);
    const third = layers.length / 3;
    return {
      network: network("macro-chain", input, (net) => {
        let tensors = [net.batchNorm("stem/bn", net.conv("stem/conv", net.input, { filters, kernel: 3 }))];
        for (const [index, { operation, skips }] of layers.entries()) {
          const path = `layer${index}`;
          if (index === third || index === 2 * third)
            tensors = tensors.map((x, from) => net.maxPool(`${path}/half${from}`, x, { kernel: 2, stride: 2 }));
          const made = operations[operation](net, tensors.at(-1) as Tensor, { path, filters, stride: 1 });
          const skipped = tensors.filter((_, from) => skips[`from${from}`]);
          tensors.push(skipped.length === 0 ? made : net.add(`${path}/add`, [made, ...skipped]));
        }
        const pooled = net.globalAvgPool("head/pool", net.activate("head/act", tensors.at(-1) as Tensor));
        return net.dense("head/dense", pooled, { units: classes });
      }),
    };
  },
  /** Wider layers and larger images, to a multiple of both strides. Not deeper: each of the twelve layers is decided by itself, and skips name them. */
  scaleSkeleton: (skeleton, { width, resolution }) => ({
    ...skeleton,
    filters: Math.round(skeleton.filters * width),
    input: grownInput(skeleton.input as readonly [number, number, number], resolution, 4),
  }),
});
