/** @file A network planned with fusions equals the same network planned without, and the oracle. */
import { nasnet } from "cellwright/spaces";
import { describe, expect, test } from "vitest";
import { mbconvNetwork } from "../../../bench/engine/mbconv.ts";
import { createRng } from "../../../src/base/rng.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import type { Plan } from "../../../src/engines/native/plan/plan.ts";
import { planNetwork } from "../../../src/engines/native/plan/planner.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { activationNames, network, type Network } from "../../../src/network/index.ts";
import { expectAgreement } from "../../support/agreement.ts";
import { anyNetwork } from "../../support/any-network.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomBatch, randomCase, randomWeights, type Case } from "../../support/random-network.ts";
import { describeTargets } from "./targets.ts";

function nasnetCase(seed: number): Case {
  const rng = createRng(seed).fork("fusion");
  const skeleton = { input: [13, 12, 3], cellsPerStack: 1, stacks: 2, filters: 5, dropout: 0.3 } as const;
  const { network } = nasnet.decode(nasnet.sample(rng), skeleton);
  const weights = randomWeights(network, rng.fork("weights"));
  return { seed, network, weights, batches: [randomBatch(network, 3, rng.fork("batch"))] };
}

describeTargets("planned with fusions and without", ({ name, width }) => {
  const engines = async () => {
    const target = `${name}:${width}`;
    return [await openNativeEngine({ target }), await openNativeEngine({ target, fuse: false })] as const;
  };

  test("random networks over every operation", async () => {
    const [fused, unfused] = await engines();
    for (let i = 0; i < 12; i++) {
      const drawn = randomCase(5000 + 100 * width + i, { length: 10, stem: true, auxiliary: true });
      await expectAgreement(fused, unfused, drawn);
      await expectAgreement(unfused, openReferenceEngine(), drawn);
    }
  });

  test("any valid network", async () => {
    const [fused, unfused] = await engines();
    for (let seed = 0; seed < 100; seed++) {
      const rng = createRng(`fusion/${width}/${seed}`);
      const network = anyNetwork(rng.fork("network"), { length: 12, mostNumbers: 1000 });
      const weights = randomWeights(network, rng.fork("weights"));
      const drawn = { seed, network, weights, batches: [randomBatch(network, 2, rng)] };
      await expectAgreement(fused, unfused, drawn);
      await expectAgreement(unfused, openReferenceEngine(), drawn);
    }
  });

  test.each(activationNames)("%s before a depthwise convolution, and averaged and multiplied", async (fn) => {
    const [fused, unfused] = await engines();
    const excited = network(`excited ${fn}`, [9, 7, 5], (net) => {
      const wide = net.activate(
        "wide",
        net.batchNorm("bn", net.conv("expand", net.input, { filters: 19, kernel: 1 })),
        fn,
      );
      const deep = net.depthwiseConv("dw", wide, { kernel: 3, stride: 2 });
      const active = net.activate("active", net.batchNorm("dwbn", deep), fn);
      const gate = net.dense("gate", net.globalAvgPool("squeeze", active), { units: 19 });
      const pooled = net.globalAvgPool("pool", net.multiply("excite", active, gate));
      return net.dense("logits", pooled, { units: 3 });
    });
    const weights = randomWeights(excited, createRng("excited"));
    const drawn = { seed: 2, network: excited, weights, batches: [randomBatch(excited, 5, createRng(2))] };
    await expectAgreement(fused, unfused, drawn);
    await expectAgreement(fused, openReferenceEngine(), drawn);
  });

  test("a batch norm of a concat that nothing before it trains", async () => {
    const [fused, unfused] = await engines();
    const untrained = network("untrained", [3, 2, 2], (net) => {
      const both = net.batchNorm("bn", net.concat("cat", [net.input, net.activate("act", net.input)]));
      return net.dense("logits", net.flatten("flat", both), { units: 3 });
    });
    const weights = randomWeights(untrained, createRng("untrained"));
    const batches = [randomBatch(untrained, 4, createRng(1))];
    await expectAgreement(fused, unfused, { seed: 1, network: untrained, weights, batches });
    await expectAgreement(unfused, openReferenceEngine(), { seed: 1, network: untrained, weights, batches });
  });

  test("random networks of the NASNet space", async () => {
    const [fused, unfused] = await engines();
    for (let i = 0; i < 2; i++) {
      const drawn = nasnetCase(10 * width + i);
      // Every tensor has room of its own: the engine that was asked not to fuse doesn't.
      const [less, more] = [fused, unfused].map((engine) => engine.estimateMemory(drawn.network, 3).bytes);
      expect(more).toBeGreaterThan(1.2 * (less as number));
      await expectAgreement(fused, unfused, drawn);
      await expectAgreement(unfused, openReferenceEngine(), drawn);
    }
  });

  test("an inverted residual network with squeeze-and-excitation, ten steps of training", async () => {
    const network = mbconvNetwork(1);
    const options = {
      batchSize: 4,
      seed: 3,
      optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
      loss: { labelSmoothing: 0.1, auxiliaryWeight: 0 },
    };
    const [a, b] = await Promise.all((await engines()).map(async (engine) => engine.open(network, options)));
    if (a === undefined || b === undefined) throw new Error("Expected two sessions.");
    const batch = randomBatch(network, 4, createRng(4));
    const losses: number[][] = [];
    for (let step = 0; step < 10; step++) {
      const settings = { learningRate: 0.02, dropPathRate: 0, step };
      losses.push([(await a.trainStep(batch, settings)).loss, (await b.trainStep(batch, settings)).loss]);
    }
    for (const [x = Number.NaN, y = Number.NaN] of losses) expect(Math.abs(x - y)).toBeLessThan(1e-4 * x);
    expect(losses.at(-1)?.[0]).toBeLessThan(losses[0]?.[0] as number);
    expect(relativeDifference(await a.predict(batch.images, 4), await b.predict(batch.images, 4))).toBeLessThan(1e-3);
    await Promise.all([a.close(), b.close()]);
  });
});

describe("without fusions every node has operations of its own", () => {
  const counts = (plan: Plan) => ({
    ops: plan.ops.length,
    bytes: plan.ops.reduce((sum, op) => sum + op.bytes, 0),
    kinds: new Set(plan.ops.map((op) => op.kind)),
  });
  const networks: readonly (readonly [string, Network])[] = [
    ["NASNet-A", nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { cellsPerStack: 1, filters: 8 }).network],
    ["inverted residuals", mbconvNetwork(1)],
  ];
  test.each(networks)("%s", (_name, network) => {
    const options = { batchSize: 8, vectorWidth: 8, training: true, labelSmoothing: 0, auxiliaryWeight: 0 };
    const fused = counts(planNetwork(network, options));
    const unfused = counts(planNetwork(network, { ...options, fuse: false }));
    expect(unfused.ops).toBeGreaterThan(1.5 * fused.ops);
    expect(unfused.bytes).toBeGreaterThan(1.5 * fused.bytes);
    // No separable tile, and batch norm's sums in passes of their own.
    expect(unfused.kinds).not.toContain("separable");
    expect([...unfused.kinds]).toEqual(expect.arrayContaining(["normSums", "normReduce", "map", "mapBackward"]));
    const plan = planNetwork(network, { ...options, fuse: false });
    for (const op of plan.ops) if (!op.kind.startsWith("map")) expect([op.node, op.activation]).toEqual([op.node, 0]);
    expect(plan.ops.filter((op) => op.kind === "conv" && op.norm !== undefined)).toEqual([]);
  });
});
