/** @file The suite that every engine passes: what src/engines/engine.ts promises, apart from the numbers, which agreement tests compare. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import type { Batch, Engine, Session, SessionOptions, SessionState, StepOptions } from "../../src/engines/engine.ts";
import { initializeWeights } from "../../src/network/initialize.ts";
import type { Network, Node, Weights } from "../../src/network/network.ts";
import { relativeDifference } from "./compare.ts";
import { contractNetwork, convolution, expectSameBits } from "./contract-network.ts";
import { describeTraining } from "./training-contract.ts";
import { randomBatch } from "./random-network.ts";

/** What sessions of the suite are opened with, unless a test says otherwise. */
const base: SessionOptions = {
  batchSize: 8,
  seed: 7,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 5e-4, clipNorm: 5 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};

const stepOf = (step: number): StepOptions => ({ step, learningRate: 0.05, dropPathRate: 0.3 });
const batchOf = (network: Network, size: number, label: string): Batch =>
  randomBatch(network, size, createRng("contract").fork(label));

async function train(session: Session, network: Network, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++)
    losses.push((await session.trainStep(batchOf(network, 8, `step${step}`), stepOf(step))).loss);
  return losses;
}

/** Declares the suite for one engine. `open` is called once. */
export function describeEngine(title: string, open: () => Promise<Engine>): void {
  describe(title, () => {
    const network = contractNetwork();
    let engine: Engine;
    const opened: Session[] = [];
    const session = async (options: Partial<SessionOptions> = {}, net: Network = network): Promise<Session> => {
      const one = await engine.open(net, { ...base, ...options });
      opened.push(one);
      return one;
    };
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(async () => {
      for (const one of opened) await one.close();
    });

    it("begins with the weights of initializeWeights, and no momentum", async () => {
      const { weights, slots } = await (await session()).save();
      const momentum = slots.get("momentum") as Weights;
      const initial = initializeWeights(network, base.seed);
      expect([...weights.keys()].toSorted()).toEqual([...initial.keys()].toSorted());
      for (const [name, values] of initial) expect(weights.get(name), name).toEqual(values);
      expect(momentum.has("stem/bn/movingMean")).toBe(false);
      expect(momentum.get("stem/conv/kernel")).toEqual(new Float32Array(3 * 3 * 3 * 8));
    });

    it("gives the same bits for the same seed", async () => {
      const a = await session();
      const b = await session();
      expect(await train(a, network, 0, 4)).toEqual(await train(b, network, 0, 4));
      expectSameBits(await a.save(), await b.save());
    });

    it("gives other weights and masks for another seed", async () => {
      const weights = initializeWeights(network, 1);
      const [a] = await train(await session({ weights, seed: 1 }), network, 0, 1);
      const [b] = await train(await session({ weights, seed: 2 }), network, 0, 1);
      expect(a).not.toBe(b);
    });

    it("goes on with the same bits after save and restore, in another session too", async () => {
      const a = await session();
      await train(a, network, 0, 3);
      const state = await a.save();
      const straight = await train(a, network, 3, 6);
      const end = await a.save();
      await a.restore(state);
      expect(await train(a, network, 3, 6)).toEqual(straight);
      const b = await session();
      await b.restore(state);
      expect(await train(b, network, 3, 6)).toEqual(straight);
      expectSameBits(await b.save(), end);
    });

    it("hands out copies: what is saved doesn't change with the next step", async () => {
      const one = await session();
      const state = await one.save();
      const before = state.weights.get("a/pw/kernel")?.slice();
      await train(one, network, 0, 1);
      expect(state.weights.get("a/pw/kernel")).toEqual(before);
    });

    it("learns: the loss of one batch falls", async () => {
      const one = await session();
      const batch = batchOf(network, 8, "same");
      const losses: number[] = [];
      for (let step = 0; step < 30; step++)
        losses.push((await one.trainStep(batch, { step, learningRate: 0.05, dropPathRate: 0 })).loss);
      expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number));
    });

    it("changes nothing by evaluate, predict and gradients", async () => {
      const one = await session();
      const before = await one.save();
      await one.evaluate(batchOf(network, 8, "e"));
      await one.predict(batchOf(network, 8, "p").images, 8);
      await one.gradients(batchOf(network, 8, "g"), stepOf(0));
      expectSameBits(await one.save(), before);
    });

    it("evaluates batches of any size alike, one by one or together", async () => {
      const one = await session();
      await train(one, network, 0, 2);
      const batch = batchOf(network, 5, "sizes");
      const together = await one.evaluate(batch);
      const scores = await one.predict(batch.images, 5);
      const perImage = batch.images.length / 5;
      let loss = 0;
      let correct = 0;
      for (let i = 0; i < 5; i++) {
        const images = batch.images.slice(i * perImage, (i + 1) * perImage);
        const single = await one.evaluate({ size: 1, images, labels: batch.labels.slice(i, i + 1) });
        loss += single.loss / 5;
        correct += single.correct;
        // Single precision: other tiles and sums for other batch sizes.
        const alone = await one.predict(images, 1);
        expect(relativeDifference(alone, scores.slice(i * 5, (i + 1) * 5))).toBeLessThan(1e-5);
      }
      expect(relativeDifference([loss], [together.loss])).toBeLessThan(1e-5);
      expect(correct).toBe(together.correct);
    });

    it("counts the auxiliary head in training alone, with its weight", async () => {
      const batch = batchOf(network, 8, "aux");
      const step = { ...stepOf(0), dropPathRate: 0 };
      const weights = initializeWeights(network, 3);
      const loss = async (auxiliaryWeight: number): Promise<number> =>
        (await (await session({ weights, loss: { labelSmoothing: 0, auxiliaryWeight } })).gradients(batch, step)).loss;
      const [none, half, full] = [await loss(0), await loss(0.5), await loss(1)];
      expect(relativeDifference([half - none], [(full - none) / 2])).toBeLessThan(1e-4);
      expect(full).toBeGreaterThan(none);
    });

    it("gives a gradient for every trainable weight, by name and size", async () => {
      const { gradients } = await (await session()).gradients(batchOf(network, 8, "names"), stepOf(0));
      const momentum = (await (await session()).save()).slots.get("momentum") as Weights;
      expect([...gradients.keys()].toSorted()).toEqual([...momentum.keys()].toSorted());
      for (const [name, values] of momentum) expect(gradients.get(name)?.length, name).toBe(values.length);
    });

    it("decays kernels alone, and not what no output depends on", async () => {
      const dead: Node = { id: "dead", op: "conv", inputs: ["image"], attributes: { ...convolution, filters: 2 } };
      const deadNorm: Node = {
        id: "deadNorm",
        op: "batchNorm",
        inputs: ["dead"],
        attributes: { epsilon: 1e-3, momentum: 0.5 },
      };
      const net = contractNetwork([dead, deadNorm]);
      const weights = initializeWeights(net, 3);
      const options = { weights, loss: { labelSmoothing: 0, auxiliaryWeight: 0 } };
      const after = async (weightDecay: number): Promise<SessionState> => {
        const one = await session({ ...options, optimizer: { momentum: 0, nesterov: false, weightDecay } }, net);
        await one.trainStep(batchOf(net, 8, "decay"), { step: 0, learningRate: 0.5, dropPathRate: 0 });
        return one.save();
      };
      const without = await after(0);
      const decayed = await after(0.1);
      for (const [name, values] of without.weights) {
        const other = decayed.weights.get(name) as Float32Array;
        const isDead = name.startsWith("dead");
        if (isDead) expect(other, name).toEqual(weights.get(name));
        const expected =
          name.endsWith("/kernel") && !isDead
            ? values.map((w, i) => w - 0.5 * 0.1 * (weights.get(name)?.[i] as number))
            : values;
        expect(relativeDifference(other, expected), name).toBeLessThan(1e-5);
      }
    });

    it("clips the global norm of the loss's gradient", async () => {
      const batch = batchOf(network, 8, "clip");
      const weights = initializeWeights(network, 3);
      const { gradients } = await (await session({ weights })).gradients(batch, stepOf(0));
      const norm = Math.sqrt([...gradients.values()].flatMap((g) => [...g]).reduce((sum, g) => sum + g * g, 0));
      const clipNorm = norm / 4;
      const one = await session({ weights, optimizer: { momentum: 0, nesterov: false, weightDecay: 0, clipNorm } });
      await one.trainStep(batch, { ...stepOf(0), learningRate: 1 });
      const { weights: after } = await one.save();
      for (const [name, gradient] of gradients) {
        const moved = (after.get(name) as Float32Array).map((w, i) => (weights.get(name)?.[i] as number) - w);
        expect(
          relativeDifference(
            moved,
            gradient.map((g) => g / 4),
            1e-2,
          ),
          name,
        ).toBeLessThan(1e-4);
      }
    });

    it("reports a loss that is not a number rather than hiding it", async () => {
      const batch = batchOf(network, 8, "nan");
      batch.images.fill(NaN, 0, 10);
      const { loss } = await (await session()).trainStep(batch, stepOf(0));
      expect(Number.isFinite(loss)).toBe(false);
    });

    it("opens for evaluation only", async () => {
      const one = await session({ training: false });
      const full = await session();
      const batch = batchOf(network, 8, "only");
      expect((await one.evaluate(batch)).loss).toBe((await full.evaluate(batch)).loss);
      await expect(one.trainStep(batch, stepOf(0))).rejects.toThrow(/evaluation only/);
    });

    it("says what is wrong with a batch, weights or options, by name", async () => {
      const one = await session();
      const batch = batchOf(network, 8, "wrong");
      const wrong = (changes: Partial<Batch>): Promise<unknown> => one.trainStep({ ...batch, ...changes }, stepOf(0));
      await expect(wrong({ size: 9 })).rejects.toThrow(/1 to 8 examples/);
      await expect(wrong({ size: 1 })).rejects.toThrow(/Expected/);
      await expect(wrong({ images: batch.images.slice(1) })).rejects.toThrow(/864 values/);
      await expect(wrong({ labels: Uint8Array.from([0, 1, 2, 3, 4, 5, 0, 1]) })).rejects.toThrow(/0 to 4/);
      await expect(wrong({ labels: new Uint8Array(7) })).rejects.toThrow(/8 labels/);
      await expect(one.predict(batch.images, 4)).rejects.toThrow(/432 values/);
      const single = batchOf(network, 1, "single");
      await expect(one.trainStep(single, stepOf(0))).rejects.toThrow(/2 or more/);
      const weights = initializeWeights(network, 1);
      weights.delete("a/pw/kernel");
      await expect(session({ weights })).rejects.toThrow(/a\/pw\/kernel/);
      const { slots } = await one.save();
      await expect(one.restore({ weights, slots })).rejects.toThrow(/a\/pw\/kernel/);
      await expect(session({ batchSize: 0 })).rejects.toThrow(/batchSize/);
    });

    it("is closed for good", async () => {
      const one = await session();
      await one.close();
      await one.close();
      await expect(one.evaluate(batchOf(network, 8, "closed"))).rejects.toThrow(/closed/);
      await expect(one.save()).rejects.toThrow(/closed/);
    });

    describeTraining(session);

    it("estimates memory from the plan: activations grow with the batch", () => {
      const bytes = (batchSize: number): number => engine.estimateMemory(network, batchSize).bytes;
      expect(bytes(2)).toBeGreaterThan(0);
      const options = { optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 } } as const;
      const larger = engine.estimateMemory(network, 2, options).bytes;
      expect(larger).toBeGreaterThan(bytes(2));
      expect(engine.estimateMemory(network, 2, { ...options, averageDecay: 0.9 }).bytes).toBeGreaterThan(larger);
      // What doesn't grow cancels out; what does is at least one output of the stem, 6 x 6 x 8 floats, for each example.
      expect(bytes(1026) - bytes(2)).toBeGreaterThan(1024 * 6 * 6 * 8 * 4);
    });
  });
}
