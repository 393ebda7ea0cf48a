/**
 * @file Networks that are valid and that the native engine once refused or got wrong, each as small as it can be, against the reference engine; and any
 * valid network at random.
 */
import { describe, expect, it, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { SessionOptions } from "../../../src/engines/engine.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { network, type Network, type NetworkBuilder, type Outputs, type Shape } from "../../../src/network/index.ts";
import { opKinds } from "../../../src/network/ops/table.ts";
import { anyNetwork } from "../../support/any-network.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomBatch, randomWeights } from "../../support/random-network.ts";
import { nativeTargets } from "../../property/native/targets.ts";

const options: Omit<SessionOptions, "batchSize"> = {
  seed: 5,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};
const step = { learningRate: 0.01, dropPathRate: 0.3, step: 3 };

/** Compares logits and gradients. Single precision against double through some ten layers: 1e-6 is usual, products of products reach 1e-4. */
async function compare(target: string, net: Network, seed: number, size: number): Promise<void> {
  const rng = createRng(seed);
  const weights = randomWeights(net, rng.fork("weights"));
  const batch = randomBatch(net, size, rng.fork("batch"));
  const session = { ...options, weights, batchSize: size + (seed % 2) };
  const native = await (await openNativeEngine({ target })).open(net, session);
  const reference = await openReferenceEngine().open(net, session);
  const place = `${net.name} on ${target}`;
  const [a, b] = [await native.predict(batch.images, size), await reference.predict(batch.images, size)];
  expect(relativeDifference(a, b), place).toBeLessThan(1e-3);
  const [ga, gb] = [await native.gradients(batch, step), await reference.gradients(batch, step)];
  expect(Math.abs(ga.loss - gb.loss), place).toBeLessThan(1e-3 * Math.max(1, gb.loss));
  // What sums to zero but for rounding (biases before a batch norm) is noise of the other gradients' size.
  let largest = 0;
  for (const values of gb.gradients.values()) for (const value of values) largest = Math.max(largest, Math.abs(value));
  for (const [name, values] of gb.gradients) {
    const given = ga.gradients.get(name) as Float32Array;
    expect(relativeDifference(given, values, Math.max(1e-3, 1e-3 * largest)), `${place}: ${name}`).toBeLessThan(5e-3);
  }
  await native.close();
}

const targets = nativeTargets().map(({ name, width }) => `${name}:${width}`);

const cases: readonly (readonly [string, Shape, (net: NetworkBuilder) => Outputs])[] = [
  [
    "an auxiliary head that is the main one",
    [3, 3, 2],
    (n) => {
      const logits = n.dense("logits", n.flatten("flat", n.input), { units: 3 });
      return { logits, auxiliary: logits };
    },
  ],
  [
    "a zero whose neighbour in a concat is trained, read by a dense layer too",
    [4, 4, 2],
    (n) => {
      const x = n.conv("conv", n.input, { filters: 2, kernel: 1 });
      const zeros = n.zero("zero", x);
      const logits = n.dense("logits", n.globalAvgPool("pool", n.concat("cat", [zeros, x])), { units: 3 });
      return { logits, auxiliary: n.dense("aux", n.flatten("flat", zeros), { units: 3 }) };
    },
  ],
  [
    "channels moved from a plane that a neighbour's writer serves later",
    [38],
    (n) => {
      const x = n.activate("act", n.input, "swish");
      const joined = n.concat("joined", [x, n.batchNorm("bn", n.add("sum", [x, n.input]))]);
      return n.concat("logits", [n.dense("dense", joined, { units: 8 }), joined]);
    },
  ],
  [
    "a product with what nothing trains, which a neighbour's writer serves at another time",
    [3, 3, 1],
    (n) => {
      const product = n.multiply("product", n.batchNorm("bn", n.input), n.input);
      return n.globalAvgPool("logits", n.concat("joined", [product, n.input, n.dropout("drop", n.input, 0.4)]));
    },
  ],
  [
    "an image dropped out and then convolved",
    [5, 5, 3],
    (n) => {
      const x = n.dropout("drop", n.input, 0.4);
      return n.dense("logits", n.globalAvgPool("pool", n.conv("conv", x, { filters: 2, kernel: 3 })), { units: 3 });
    },
  ],
];

const sizes: readonly (readonly [string, Shape, (net: NetworkBuilder) => Outputs])[] = [
  ["a row of 70,000 pixels", [1, 70_000, 1], (n) => n.dense("logits", n.flatten("flat", n.input), { units: 2 })],
  ["70,000 channels", [70_000], (n) => n.dense("logits", n.activate("act", n.input), { units: 2 })],
  [
    "strides and dilations that nothing takes",
    [5, 5, 1],
    (n) => {
      const wide = n.conv("wide", n.input, { filters: 2, kernel: [3, 1], stride: 2_000_000, dilation: [1, 3_000_000] });
      const pooled = n.maxPool("pool", n.input, { kernel: 3, stride: 2_000_000 });
      return n.concat("logits", [n.globalAvgPool("a", wide), n.globalAvgPool("b", pooled)]);
    },
  ],
];

describe.each(targets)("on %s", (target) => {
  test.each(cases)("%s", async (name, shape, build) => {
    await compare(target, network(name, shape, build), 1, 3);
  });

  test.each(sizes)("%s", async (_, shape, build) => {
    await compare(target, network("large", shape, build), 1, 2);
  });

  it("says which node is beyond what it can count", async () => {
    const net = network("far", [1, 2_000_000, 1], (n) =>
      n.globalAvgPool("logits", n.depthwiseConv("conv", n.input, { kernel: [1, 3] })),
    );
    const engine = await openNativeEngine({ target });
    await expect(engine.open(net, { ...options, batchSize: 1 })).rejects.toMatchObject({
      code: "unsupported-op",
      message: expect.stringMatching(/^(input|conv) {2}Expected sides/u) as string,
    });
  });

  it("shows a NaN wherever it stands in a pool's window", async () => {
    const pools: readonly (readonly [string, (net: NetworkBuilder) => ReturnType<NetworkBuilder["flatten"]>])[] = [
      ["max", (n) => n.maxPool("pool", n.input, { kernel: 3, padding: "valid" })],
      ["avg", (n) => n.avgPool("pool", n.input, { kernel: 3, padding: "valid" })],
      ["adaptive max", (n) => n.adaptiveMaxPool("pool", n.input, [1, 2])],
      ["adaptive avg", (n) => n.adaptiveAvgPool("pool", n.input, [1, 2])],
    ];
    const engine = await openNativeEngine({ target });
    for (const [name, pool] of pools) {
      const net = network(name.replace(" ", "-"), [3, 3, 1], (n) => n.flatten("flat", pool(n)));
      const session = await engine.open(net, { ...options, batchSize: 1, training: false });
      for (let at = 0; at < 9; at++) {
        const images = Float32Array.from({ length: 9 }, (_, i) => (i === at ? Number.NaN : i));
        const logits = await session.predict(images, 1);
        expect(logits.some(Number.isNaN), `${name} pool, NaN at ${at}`).toBe(true);
      }
      await session.close();
    }
  });

  it("any valid network", async () => {
    const held = new Set<string>();
    for (let seed = 0; seed < 120; seed++) {
      const rng = createRng(`any/${target}/${seed}`);
      const net = anyNetwork(rng.fork("network"), { length: 4 + rng.int(14) });
      for (const { op } of net.nodes) held.add(op);
      // Batch norm trains on two examples or more.
      const least = net.nodes.some(({ op }) => op === "batchNorm") ? 2 : 1;
      await compare(target, net, seed, least + rng.int(3));
    }
    expect([...held].toSorted()).toEqual([...opKinds].toSorted());
  });
});
