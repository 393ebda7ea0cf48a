/** @file The part of the engine contract that is about training: optimizers, soft targets, steps over several batches, the average of the weights. */
import { describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import type { Batch, OptimizerOptions, Session, SessionOptions, SessionState } from "../../src/engines/engine.ts";
import { partOfStep } from "../../src/engines/masks.ts";
import { averageDecayAt, slotsOf } from "../../src/engines/optimizer.ts";
import { initializeWeights } from "../../src/network/initialize.ts";
import { network as build, type Network, type Weights } from "../../src/network/index.ts";
import { relativeDifference } from "./compare.ts";
import { contractNetwork, expectSameBits } from "./contract-network.ts";
import { randomBatch, randomSoftBatch } from "./random-network.ts";

/** Single precision, through a step or two. A wrong term of a formula shows as 1e-2 and more. */
const SINGLE = 2e-4;

const optimizers: readonly (readonly [string, OptimizerOptions])[] = [
  ["sgd", { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 1e-2 }],
  ["rmsprop", { kind: "rmsprop", decay: 0.8, momentum: 0.7, epsilon: 1e-2, weightDecay: 1e-2 }],
  ["adamw", { kind: "adamw", beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 1e-1 }],
];

const network = contractNetwork();
/** Without batch norm and masks: there a step over parts of a batch is the step over the batch. */
const plain = build("plain", [6, 6, 3], (b) =>
  b.dense("logits", b.globalAvgPool("pool", b.activate("act", b.conv("conv", b.input, { filters: 4, kernel: 3 }))), {
    units: 5,
  }),
);

const batchOf = (net: Network, size: number, label: string): Batch =>
  randomBatch(net, size, createRng("training contract").fork(label));
const softBatch = (size: number): Batch =>
  randomSoftBatch(network, size, createRng("training contract").fork(`soft${size}`));

/** A weight after a step, with its slots: the contract's formulas, one number at a time. */
function stepOf(
  optimizer: OptimizerOptions,
  rate: number,
  t: number,
  { w, g, slots, decays }: { w: number; g: number; slots: readonly number[]; decays: boolean },
): readonly number[] {
  const decay = decays ? optimizer.weightDecay : 0;
  const [first = 0, second = 0] = slots;
  switch (optimizer.kind) {
    case "rmsprop": {
      const slope = g + decay * w;
      const square = optimizer.decay * second + (1 - optimizer.decay) * slope ** 2;
      const moved = optimizer.momentum * first + (rate * slope) / Math.sqrt(square + optimizer.epsilon);
      return [w - moved, moved, square];
    }
    case "adamw": {
      const { beta1, beta2, epsilon } = optimizer;
      const mean = beta1 * first + (1 - beta1) * g;
      const square = beta2 * second + (1 - beta2) * g ** 2;
      const [a, b] = [mean / (1 - beta1 ** t), square / (1 - beta2 ** t)];
      return [w - rate * decay * w - (rate * a) / (Math.sqrt(b) + epsilon), mean, square];
    }
    default: {
      const velocity = optimizer.momentum * first + g + decay * w;
      return [w - rate * velocity, velocity];
    }
  }
}

/** Expects every weight and slot of `after` to follow from `before` and the gradients. */
function expectStep(
  optimizer: OptimizerOptions,
  gradients: Weights,
  before: SessionState,
  after: SessionState,
  { rate, step }: { readonly rate: number; readonly step: number },
): void {
  const names = slotsOf(optimizer).map(({ name }) => name);
  for (const [name, gradient] of gradients) {
    const expected = Array.from(gradient, (g, i) =>
      stepOf(optimizer, rate, step + 1, {
        w: before.weights.get(name)?.[i] as number,
        g,
        slots: names.map((slot) => before.slots.get(slot)?.get(name)?.[i] as number),
        decays: name.endsWith("/kernel"),
      }),
    );
    const columns = [after.weights, ...names.map((slot) => after.slots.get(slot) as Weights)];
    for (const [k, values] of columns.entries()) {
      const given = values.get(name) as Float32Array;
      const place = `${name}: ${k === 0 ? "weight" : names[k - 1]}`;
      expect(given.every(Number.isFinite), place).toBe(true);
      expect(
        relativeDifference(
          given,
          expected.map((row) => row[k] as number),
          1e-2,
        ),
        place,
      ).toBeLessThan(SINGLE);
    }
  }
}

/** Declares the suite. `open` gives a session of the engine under test. */
export function describeTraining(open: (options?: Partial<SessionOptions>, net?: Network) => Promise<Session>): void {
  describe.each(optimizers)("with %s", (_, optimizer) => {
    it("begins with the slots that it has, and updates by its formula", async () => {
      const one = await open({ optimizer });
      let before = await one.save();
      expect([...before.slots.keys()]).toEqual(slotsOf(optimizer).map(({ name }) => name));
      for (const { name, initial } of slotsOf(optimizer))
        for (const [weight, values] of before.slots.get(name) ?? [])
          expect(values, weight).toEqual(new Float32Array(values.length).fill(initial));
      for (let step = 0; step < 3; step++) {
        const batch = batchOf(network, 8, `formula${step}`);
        const options = { step, learningRate: 0.02, dropPathRate: 0.3 };
        const { gradients } = await one.gradients(batch, options);
        await one.trainStep(batch, options);
        const after = await one.save();
        expectStep(optimizer, gradients, before, after, { rate: 0.02, step });
        before = after;
      }
    });

    it("clips before anything else", async () => {
      const clipNorm = 0.05;
      const clipped = { ...optimizer, clipNorm };
      const one = await open({ optimizer: clipped });
      const before = await one.save();
      const batch = batchOf(network, 8, "clip");
      const options = { step: 0, learningRate: 0.02, dropPathRate: 0 };
      const { gradients } = await one.gradients(batch, options);
      const norm = Math.sqrt([...gradients.values()].flatMap((g) => [...g]).reduce((sum, g) => sum + g * g, 0));
      expect(norm).toBeGreaterThan(2 * clipNorm);
      await one.trainStep(batch, options);
      const scaled = new Map(Array.from(gradients, ([name, g]) => [name, g.map((v) => (v * clipNorm) / norm)]));
      expectStep(clipped, scaled, before, await one.save(), { rate: 0.02, step: 0 });
    });

    it("goes on with the same bits after save and restore, the average too", async () => {
      const train = async (one: Session, from: number, to: number): Promise<void> => {
        for (let step = from; step < to; step++)
          await one.trainStep(batchOf(network, 8, `s${step}`), { step, learningRate: 0.02, dropPathRate: 0.3 });
      };
      const options = { optimizer, averageDecay: 0.9 };
      const whole = await open(options);
      await train(whole, 0, 5);
      const first = await open(options);
      await train(first, 0, 2);
      const second = await open({ ...options, seed: 7 });
      await second.restore(await first.save());
      await train(second, 2, 5);
      expectSameBits(await second.save(), await whole.save());
    });
  });

  it("refuses the state of another optimizer, and one without the average", async () => {
    const [[, sgd], [, rmsprop]] = optimizers as [(typeof optimizers)[0], (typeof optimizers)[0]];
    const state = await (await open({ optimizer: sgd })).save();
    const one = await open({ optimizer: rmsprop });
    const before = await one.save();
    await expect(one.restore(state)).rejects.toThrow(/momentum, meanSquare of rmsprop\. Received: .*momentum/u);
    expectSameBits(await one.save(), before);
    const averaging = await open({ optimizer: sgd, averageDecay: 0.9 });
    await expect(averaging.restore(state)).rejects.toThrow(/average of the weights/u);
    expect(state.average).toBeUndefined();
  });

  it("names what is wrong with an optimizer", async () => {
    const [, , [, adamw]] = optimizers as unknown as [unknown, unknown, [string, OptimizerOptions]];
    const wrong = (changes: object): Promise<Session> =>
      open({ optimizer: { ...adamw, ...changes } as OptimizerOptions });
    await expect(wrong({ beta2: 1 })).rejects.toThrow(/optimizer\.beta2/u);
    await expect(wrong({ epsilon: 0 })).rejects.toThrow(/optimizer\.epsilon/u);
    await expect(wrong({ kind: "lion" })).rejects.toThrow(/sgd, rmsprop or adamw/u);
    await expect(wrong({ kind: "rmsprop", momentum: 0.9 })).rejects.toThrow(/optimizer\.decay/u);
    await expect(open({ averageDecay: 1 })).rejects.toThrow(/averageDecay/u);
  });

  it("takes soft targets in place of labels, which go on being counted", async () => {
    const one = await open();
    const soft = softBatch(6);
    const hard = { ...soft, targets: new Float32Array(30) };
    for (const [i, label] of soft.labels.entries()) hard.targets[5 * i + label] = 1;
    const { labels, size, images, targets } = soft as Required<Batch>;
    const step = { step: 2, learningRate: 0, dropPathRate: 0.3 };
    for (const run of [(b: Batch) => one.evaluate(b), (b: Batch) => one.trainStep(b, step)]) {
      const byLabel = await run({ labels, size, images });
      const byTarget = await run(hard);
      expect(relativeDifference([byTarget.loss], [byLabel.loss])).toBeLessThan(1e-6);
      expect(byTarget.correct).toBe(byLabel.correct);
      // Cross-entropy is linear in the targets, and smoothing is affine.
      const mixture = targets.map((value, i) => 0.3 * value + 0.7 * (hard.targets[i] as number));
      const all = await run(soft);
      const mixed = await run({ labels, size, images, targets: mixture });
      expect(relativeDifference([mixed.loss], [0.3 * all.loss + 0.7 * byLabel.loss])).toBeLessThan(1e-5);
      expect(all.loss).not.toBeCloseTo(byLabel.loss, 3);
      expect(all.correct).toBe(byLabel.correct);
    }
  });

  it("gives the gradient of soft targets: the mean of its classes' gradients", async () => {
    const one = await open();
    const { labels, images } = batchOf(network, 4, "mixed");
    const step = { step: 0, learningRate: 0, dropPathRate: 0.3 };
    const oneHot = (shift: number): Float32Array => {
      const rows = new Float32Array(20);
      for (const [i, label] of labels.entries()) rows[5 * i + ((label + shift) % 5)] = 1;
      return rows;
    };
    const [a, b] = [oneHot(0), oneHot(2)];
    const gradientsOf = async (targets: Float32Array): Promise<Weights> =>
      (await one.gradients({ labels, images, size: 4, targets }, step)).gradients;
    const [ga, gb] = [await gradientsOf(a), await gradientsOf(b)];
    const mixed = await gradientsOf(a.map((value, i) => 0.3 * value + 0.7 * (b[i] as number)));
    for (const [name, values] of mixed) {
      const expected = values.map((_, i) => 0.3 * (ga.get(name)?.[i] as number) + 0.7 * (gb.get(name)?.[i] as number));
      expect(relativeDifference(values, expected, 1e-2), name).toBeLessThan(1e-3);
    }
  });

  it("names what is wrong with targets", async () => {
    const one = await open();
    const batch = batchOf(network, 4, "wrong");
    const wrong = (targets: Float32Array): Promise<unknown> => one.evaluate({ ...batch, targets });
    await expect(wrong(new Float32Array(19))).rejects.toThrow(/4 x 5 = 20 values/u);
    await expect(wrong(new Float32Array(20))).rejects.toThrow(/targets 0 .*sum 1/u);
    await expect(wrong(new Float32Array(20).fill(0.2).fill(Number.NaN, 7, 8))).rejects.toThrow(/targets 1/u);
    await expect(wrong(Float32Array.from({ length: 20 }, (_, i) => [2, -1, 0, 0, 0][i % 5] as number))).rejects.toThrow(
      /targets 0/u,
    );
  });

  it("takes a step over several batches as over one, where nothing depends on the batch", async () => {
    const whole = batchOf(plain, 8, "whole");
    const perImage = whole.images.length / 8;
    const part = (from: number, to: number): Batch => ({
      size: to - from,
      images: whole.images.slice(from * perImage, to * perImage),
      labels: whole.labels.slice(from, to),
    });
    const step = { step: 0, learningRate: 0.1, dropPathRate: 0 };
    const optimizer = { momentum: 0.9, nesterov: true, weightDecay: 1e-2, clipNorm: 0.2 };
    const [a, b] = [await open({ optimizer }, plain), await open({ optimizer }, plain)];
    const together = await a.trainStep(whole, step);
    const parts = await b.trainStep([part(0, 3), part(3, 4), part(4, 8)], step);
    expect(relativeDifference([parts.loss], [together.loss])).toBeLessThan(1e-5);
    expect(parts.correct).toBe(together.correct);
    const [sa, sb] = [await a.save(), await b.save()];
    for (const [name, values] of sa.weights)
      expect(relativeDifference(sb.weights.get(name) as Float32Array, values), name).toBeLessThan(1e-4);
    // What was added up is not there in the next step.
    const after = await Promise.all([a.gradients(whole, step), b.gradients(whole, step)]);
    for (const [name, values] of after[0].gradients)
      expect(relativeDifference(after[1].gradients.get(name) as Float32Array, values, 1e-2), name).toBeLessThan(1e-3);
  });

  it("averages the gradients of several batches by their sizes, each with masks and statistics of its own", async () => {
    const weights = initializeWeights(network, 3);
    const optimizer = { momentum: 0, nesterov: false, weightDecay: 0 };
    const parts = [batchOf(network, 3, "a"), softBatch(6), batchOf(network, 3, "b")];
    const options = { weights, optimizer, averageDecay: 0.5 };
    const one = await open(options);
    const step = { step: 4, learningRate: 1, dropPathRate: 0.4 };
    const expected = new Map<string, Float64Array>();
    const losses: number[] = [];
    for (const [i, batch] of parts.entries()) {
      const { loss, gradients } = await one.gradients(batch, { ...step, step: partOfStep(4, i) });
      losses.push((loss * batch.size) / 12);
      for (const [name, values] of gradients) {
        const sum = expected.get(name) ?? new Float64Array(values.length);
        expected.set(
          name,
          sum.map((total, k) => total + ((values[k] as number) * batch.size) / 12),
        );
      }
    }
    const { loss } = await one.trainStep(parts, step);
    expect(relativeDifference([loss], [losses.reduce((a, b) => a + b)])).toBeLessThan(1e-5);
    const after = await one.save();
    for (const [name, gradient] of expected) {
      const moved = (after.weights.get(name) as Float32Array).map((w, i) => (weights.get(name)?.[i] as number) - w);
      expect(relativeDifference(moved, gradient, 1e-2), name).toBeLessThan(1e-3);
    }
    // Batch by batch, as three steps that change no weight move them; and one update, so one move of the average.
    const still = await open(options);
    for (const [i, batch] of parts.entries())
      await still.trainStep(batch, { step: partOfStep(4, i), learningRate: 0, dropPathRate: 0.4 });
    const moved = (await still.save()).weights;
    for (const name of ["stem/bn/movingMean", "stem/bn/movingVariance", "a/bn/movingVariance"]) {
      const given = after.weights.get(name) as Float32Array;
      expect(given, name).toEqual(moved.get(name));
      expect(given, name).not.toEqual(weights.get(name));
      const half = given.map((w, i) => (w + (weights.get(name)?.[i] as number)) / 2);
      // min(0.5, (1 + 4) / (10 + 4)) = 5 / 14 of the old.
      const average = given.map((w, i) => w + (5 / 14) * ((weights.get(name)?.[i] as number) - w));
      expect(relativeDifference(after.average?.get(name) as Float32Array, average), name).toBeLessThan(1e-5);
      expect(relativeDifference(half, average), name).toBeGreaterThan(1e-5);
    }
  });

  it("refuses a step over no batch, and leaves everything as it is where one of several is wrong", async () => {
    const one = await open();
    const before = await one.save();
    const step = { step: 0, learningRate: 0.1, dropPathRate: 0 };
    await expect(one.trainStep([], step)).rejects.toThrow(/one or more/u);
    const good = batchOf(network, 4, "good");
    const bad = { ...good, labels: Uint8Array.of(0, 1, 2, 9) };
    await expect(one.trainStep([good, bad], step)).rejects.toThrow(/label 3/u);
    expectSameBits(await one.save(), before);
  });

  it("averages all weights, warming up, and evaluates and predicts with the average", async () => {
    const averageDecay = 0.15;
    const one = await open({ averageDecay });
    let state = await one.save();
    expect(state.average).toEqual(state.weights);
    for (let step = 0; step < 3; step++) {
      await one.trainStep(batchOf(network, 8, `average${step}`), { step, learningRate: 0.05, dropPathRate: 0.3 });
      const next = await one.save();
      // 1/10, then 2/11 and 3/12, which are above 0.15.
      const decay = step === 0 ? 0.1 : 0.15;
      expect(averageDecayAt(averageDecay, step)).toBe(decay);
      for (const [name, values] of next.average ?? []) {
        const expected = values.map(
          (_, i) =>
            decay * (state.average?.get(name)?.[i] as number) + (1 - decay) * (next.weights.get(name)?.[i] as number),
        );
        expect(relativeDifference(values, expected), name).toBeLessThan(1e-5);
      }
      expect(next.average?.get("stem/bn/movingMean")).not.toEqual(next.weights.get("stem/bn/movingMean"));
      state = next;
    }
    const batch = batchOf(network, 8, "judge");
    const averaged = await one.evaluate(batch, { average: true });
    const own = await one.evaluate(batch);
    expect(averaged.loss).not.toBe(own.loss);
    const other = await open({ weights: state.average as Weights, training: false });
    expect(await other.evaluate(batch)).toEqual(averaged);
    expect(await one.predict(batch.images, 8, { average: true })).toEqual(await other.predict(batch.images, 8));
    // Evaluating with it leaves both as they were.
    expectSameBits(await one.save(), state);
    expect(await one.evaluate(batch)).toEqual(own);
    await expect(other.evaluate(batch, { average: true })).rejects.toThrow(/no average/u);
    await expect(other.predict(batch.images, 8, { average: true })).rejects.toThrow(/no average/u);
  });
}
