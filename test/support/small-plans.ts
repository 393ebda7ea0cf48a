/**
 * @file A few dozen small networks of the engine suites' kinds, for native/runner: random ones over every operation, any valid ones, random and named
 * cells of the NASNet space, a batch of one, images of one pixel, channels that fill no vector.
 */
import { nasnet } from "cellwright/spaces";
import { createRng } from "../../src/base/rng.ts";
import { loadBinding, type NativeTarget } from "../../src/engines/native/binding.ts";
import { openNativeEngine } from "../../src/engines/native/index.ts";
import type { OptimizerOptions } from "../../src/engines/engine.ts";
import { network, type Network } from "../../src/network/index.ts";
import { anyNetwork } from "./any-network.ts";
import {
  randomBatch,
  randomNetwork,
  randomSoftBatch,
  randomWeights,
  type RandomNetworkOptions,
} from "./random-network.ts";
import { watchPlans } from "./save-plans.ts";

interface SmallCase {
  readonly network: Network;
  /** Images of a batch; the session has room for one more where the seed is odd. */
  readonly size: number;
  readonly seed: number;
}

/** In turn. Epsilon keeps gradients that are rounding alone from steps of full length. */
const optimizers: readonly OptimizerOptions[] = [
  { momentum: 0.9, nesterov: true, weightDecay: 1e-3, clipNorm: 5 },
  { kind: "rmsprop", decay: 0.9, momentum: 0.9, epsilon: 1e-2, weightDecay: 1e-3, clipNorm: 5 },
  { kind: "adamw", beta1: 0.9, beta2: 0.99, epsilon: 1e-2, weightDecay: 1e-2 },
];

const options = {
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};

/** As in test/property/native. */
const sets: readonly (readonly [number, RandomNetworkOptions])[] = [
  [12, { length: 10, stem: true, auxiliary: true }],
  [4, { length: 3, stem: true, maxSide: 21, ops: ["conv", "batchNorm", "activation"], activations: ["relu"] }],
  [4, { length: 3, stem: true, maxSide: 21, ops: ["depthwiseConv", "batchNorm", "activation"] }],
  [3, { length: 3, stem: true, maxSide: 21, ops: ["maxPool", "avgPool", "add", "batchNorm"] }],
  [3, { length: 6, stem: true, maxSide: 9, ops: ["slice", "pad", "zero", "concat", "conv", "multiply"] }],
  [2, { length: 5, stem: true, ops: ["localResponseNorm", "channelShuffle", "adaptiveAvgPool", "adaptiveMaxPool"] }],
];

const onePixel = network("one-pixel", [1, 1, 5], (net) => {
  const x = net.batchNorm("bn", net.conv("conv", net.input, { filters: 7, kernel: 3 }));
  const y = net.conv("pw", net.depthwiseConv("dw", net.activate("act", x), { kernel: 5 }), { filters: 3, kernel: 1 });
  return net.dense("logits", net.flatten("flat", net.add("sum", [y, net.maxPool("max", y, { kernel: 3 })])), {
    units: 3,
  });
});

const plainPixel = network("plain-pixel", [1, 1, 3], (net) => {
  const x = net.conv("conv", net.input, { filters: 9, kernel: 3, bias: true });
  const y = net.conv("pw", net.depthwiseConv("dw", net.activate("act", x), { kernel: 3 }), { filters: 5, kernel: 1 });
  return net.dense("logits", net.globalAvgPool("pool", y), { units: 2 });
});

/** All the cases. The same for every call. */
export function smallCases(): readonly SmallCase[] {
  const rng = createRng("small plans");
  const random = sets.flatMap(([count, options], set) =>
    Array.from({ length: count }, (_, i) => randomNetwork(rng.fork("set").fork(set).fork(i), options)),
  );
  const any = Array.from({ length: 8 }, (_, i) => anyNetwork(rng.fork("any").fork(i), { length: 10 }));
  const cells = [
    { input: [12, 12, 3], filters: 5 },
    { input: [9, 11, 3], filters: 4 },
    { input: [8, 8, 3], filters: 8, dropout: 0.3 },
  ].map((skeleton, i) => {
    const shape = { cellsPerStack: 1, stacks: 2, ...skeleton } as const;
    return nasnet.decode(nasnet.sample(rng.fork("cells").fork(i)), {
      ...shape,
      input: shape.input as [number, number, number],
    }).network;
  });
  const nasnetA = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, {
    input: [20, 20, 3],
    cellsPerStack: 1,
    filters: 3,
    auxiliary: true,
  }).network;
  const networks = [...random, ...any, ...cells];
  return [
    ...networks.map((network, seed) => ({ network, size: 2 + (seed % 3), seed })),
    // Its auxiliary head's batch norm sees one pixel an image: of two images that is a sign, and rounding decides it.
    { network: nasnetA, size: 5, seed: 50 },
    ...[onePixel, plainPixel, cells[0] as Network, ...random.slice(0, 2)].map((network, i) => ({
      network,
      size: 1,
      seed: 100 + i,
    })),
  ];
}

/** Opens every case on every target given, runs an evaluation, gradients and a step, and saves what each did. Returns the files. */
export async function saveSmallPlans(
  folder: string,
  targets: readonly NativeTarget[],
  cases: readonly SmallCase[] = smallCases(),
): Promise<readonly string[]> {
  let name = "";
  const saver = watchPlans(loadBinding(), () => name);
  try {
    for (const { name: target, width } of targets) {
      const engine = await openNativeEngine({ target: `${target}:${width}` });
      for (const { network, size, seed } of cases) {
        name = `${network.name} ${seed}`;
        const rng = createRng(seed);
        const weights = randomWeights(network, rng.fork("weights"));
        const batch = randomBatch(network, size, rng.fork("batch"));
        const optimizer = optimizers[seed % 3] as OptimizerOptions;
        const averages = seed % 4 === 1;
        const session = await engine.open(network, {
          ...options,
          optimizer,
          seed,
          weights,
          batchSize: size + (seed % 2),
          ...(averages && { averageDecay: 0.99 }),
        });
        const step = { learningRate: 0.05, dropPathRate: 0.3, step: 3 };
        await session.evaluate(batch);
        // The statistics of one example are refused.
        if (size > 1 || network.nodes.every(({ op }) => op !== "batchNorm")) {
          await session.gradients(batch, step);
          const soft = randomSoftBatch(network, size, rng.fork("soft"));
          await session.trainStep(seed % 4 === 2 ? [batch, soft] : soft, { ...step, learningRate: 1e-3 });
          await session.evaluate(batch, { average: averages });
        }
        await session.close();
      }
    }
    return saver.save(folder);
  } finally {
    saver.stop();
  }
}
