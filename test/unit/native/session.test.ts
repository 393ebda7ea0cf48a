/** @file Sessions of the native engine: what the engine contract asks beyond arithmetic, and that broken programs are refused. */
import { nasnet } from "cellwright/spaces";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { Engine, Session, SessionOptions } from "../../../src/engines/engine.ts";
import { loadBinding, type NativeTarget } from "../../../src/engines/native/binding.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import type { Network, Weights } from "../../../src/network/index.ts";
import { randomBatch } from "../../support/random-network.ts";
import { findOp, opWord } from "../../support/tampered-plans.ts";
import { tinyProgram } from "../../support/tiny-program.ts";

const options: SessionOptions = {
  batchSize: 4,
  seed: 3,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-3, clipNorm: 1 },
  loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
};

const small: Network = nasnet.decode(nasnet.sample(createRng("small")), {
  input: [12, 12, 3],
  cellsPerStack: 1,
  stacks: 2,
  filters: 6,
  dropout: 0.2,
}).network;

const engine: Engine = await openNativeEngine();
const batches = [0, 1, 2, 3].map((i) => randomBatch(small, 4, createRng(i)));

async function train(session: Session, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const batch = batches[step % batches.length] as (typeof batches)[number];
    losses.push((await session.trainStep(batch, { learningRate: 0.05, dropPathRate: 0.3, step })).loss);
  }
  return losses;
}

function bits(weights: Weights): Map<string, readonly number[]> {
  return new Map(
    [...weights].map(([name, values]) => [name, [...new Uint32Array(values.buffer, values.byteOffset, values.length)]]),
  );
}

test.each([0, 1.5, -1, 65])("%d threads are refused", async (threads) => {
  await expect(openNativeEngine({ threads })).rejects.toThrow(/threads {2}Expected a whole number from 1 to 64/u);
});

describe("the same seed gives the same bits", () => {
  test.each([2, 3, 8, 13])("with %i threads as with one", async (threads) => {
    const [one, several] = await Promise.all([
      engine.open(small, options),
      openNativeEngine({ threads }).then((other) => other.open(small, options)),
    ]);
    expect(await train(several, 0, 6)).toEqual(await train(one, 0, 6));
    expect(bits((await several.save()).weights)).toEqual(bits((await one.save()).weights));
    const { images, labels } = batches[0] as (typeof batches)[number];
    expect(await several.predict(images, 4)).toEqual(await one.predict(images, 4));
    // A batch smaller than the number of threads.
    const few = { size: 3, images: images.subarray(0, (images.length / 4) * 3), labels: labels.subarray(0, 3) };
    expect(await several.evaluate(few)).toEqual(await one.evaluate(few));
    expect(await several.gradients(few, { learningRate: 0, dropPathRate: 0.5, step: 1 })).toEqual(
      await one.gradients(few, { learningRate: 0, dropPathRate: 0.5, step: 1 }),
    );
    await Promise.all([one.close(), several.close()]);
  });

  test("in memory that sessions of other networks have used", async () => {
    const first = await engine.open(small, options);
    const losses = await train(first, 0, 4);
    const weights = bits((await first.save()).weights);
    await first.close();
    for (const filters of [10, 4]) {
      const { network: other } = nasnet.decode(nasnet.sample(createRng(filters)), {
        input: [12, 12, 3],
        cellsPerStack: 1,
        stacks: 2,
        filters,
      });
      const session = await engine.open(other, options);
      await session.trainStep(randomBatch(other, 4, createRng(filters)), { learningRate: 1, dropPathRate: 0, step: 0 });
      await session.close();
    }
    const again = await engine.open(small, options);
    expect(await train(again, 0, 4)).toEqual(losses);
    expect(bits((await again.save()).weights)).toEqual(weights);
    await again.close();
  });

  test("twice, and while another session is at work in the same process", async () => {
    const alone = await engine.open(small, options);
    const losses = await train(alone, 0, 6);
    const [a, b] = await Promise.all([engine.open(small, options), engine.open(small, options)]);
    const [la, lb] = await Promise.all([train(a, 0, 6), train(b, 0, 6)]);
    expect(la).toEqual(losses);
    expect(lb).toEqual(losses);
    expect(bits((await a.save()).weights)).toEqual(bits((await alone.save()).weights));
    await Promise.all([alone.close(), a.close(), b.close()]);
  });

  test("after a save and a restore into another session", async () => {
    const whole = await engine.open(small, options);
    await train(whole, 0, 3);
    const state = await whole.save();
    const rest = await train(whole, 3, 7);
    const other = await engine.open(small, { ...options, seed: options.seed, weights: state.weights });
    await other.restore(state);
    expect(await train(other, 3, 7)).toEqual(rest);
    expect((await other.save()).slots).toEqual((await whole.save()).slots);
    await Promise.all([whole.close(), other.close()]);
  });

  test("whether or not the batch fills the session", async () => {
    const batch = randomBatch(small, 3, createRng("three"));
    const step = { learningRate: 0.1, dropPathRate: 0.2, step: 0 };
    const [roomy, exact] = [
      await engine.open(small, { ...options, batchSize: 9 }),
      await engine.open(small, { ...options, batchSize: 3 }),
    ];
    expect((await roomy.trainStep(batch, step)).loss).toBe((await exact.trainStep(batch, step)).loss);
    expect([...(await roomy.predict(batch.images, 3))]).toEqual([...(await exact.predict(batch.images, 3))]);
    await Promise.all([roomy.close(), exact.close()]);
  });

  test("evaluating between steps changes nothing, and neither do gradients", async () => {
    const [quiet, busy] = [await engine.open(small, options), await engine.open(small, options)];
    await train(quiet, 0, 2);
    await train(busy, 0, 2);
    await busy.evaluate(batches[0] as (typeof batches)[number]);
    await busy.gradients(batches[1] as (typeof batches)[number], { learningRate: 1, dropPathRate: 0, step: 0 });
    expect(await train(busy, 2, 4)).toEqual(await train(quiet, 2, 4));
    await Promise.all([quiet.close(), busy.close()]);
  });
});

describe("life cycle", () => {
  test("calls queue: nobody has to wait for a step before asking for the next", async () => {
    const session = await engine.open(small, options);
    const inTurn = await engine.open(small, options);
    const together = await Promise.all([train(session, 0, 1), train(session, 1, 2), train(session, 2, 3)]);
    expect(together.flat()).toEqual(await train(inTurn, 0, 3));
    const last = session.predict((batches[0] as (typeof batches)[number]).images, 4);
    await session.close();
    expect((await last).length).toBe(40);
    await expect(session.save()).rejects.toMatchObject({ code: "engine" });
    await session.close();
    await inTurn.close();
  });

  test("a session for evaluation takes less memory and doesn't train", async () => {
    const trained = await engine.open(small, options);
    await train(trained, 0, 2);
    const { weights } = await trained.save();
    const session = await engine.open(small, { ...options, weights, training: false });
    const batch = batches[0] as (typeof batches)[number];
    expect(await session.evaluate(batch)).toEqual(await trained.evaluate(batch));
    await expect(train(session, 0, 1)).rejects.toMatchObject({ code: "engine" });
    expect(bits((await session.save()).weights)).toEqual(bits(weights));
    await Promise.all([session.close(), trained.close()]);
  });

  test("batches that don't fit are refused", async () => {
    const session = await engine.open(small, options);
    const batch = batches[0] as (typeof batches)[number];
    const step = { learningRate: 0.1, dropPathRate: 0, step: 0 };
    const wrong = [
      { ...batch, size: 5 },
      { ...batch, images: batch.images.subarray(1) },
      { ...batch, labels: Uint8Array.of(1, 2, 3) },
      { ...batch, labels: Uint8Array.of(1, 2, 3, 10) },
      { size: 1, images: batch.images.subarray(0, 432), labels: Uint8Array.of(1) },
    ];
    for (const bad of wrong) await expect(session.trainStep(bad, step)).rejects.toMatchObject({ code: "engine" });
    await session.close();
  });

  test("a target that the machine lacks is named", async () => {
    await expect(openNativeEngine({ target: "mmx" })).rejects.toMatchObject({ code: "engine" });
  });
});

describe("divergence", () => {
  test("weights that are not numbers surface in the loss", async () => {
    const session = await engine.open(small, options);
    const { weights, slots } = await session.save();
    // One weight of the first separable layer, whose output goes through activations, pools and batch norms.
    const name = [...weights.keys()].find((key) => key.endsWith("/kernel")) as string;
    (weights.get(name) as Float32Array)[0] = Number.NaN;
    await session.restore({ weights, slots });
    const batch = batches[0] as (typeof batches)[number];
    const { loss } = await session.trainStep(batch, { learningRate: 0, dropPathRate: 0, step: 0 });
    expect(loss).toBeNaN();
    expect((await session.evaluate(batch)).loss).toBeNaN();
    await session.close();
  });

  test("a learning rate far too high ends in a loss that is no number", async () => {
    const session = await engine.open(small, {
      ...options,
      optimizer: { momentum: 0.9, nesterov: true, weightDecay: 0 },
    });
    const step = { learningRate: 1e30, dropPathRate: 0, step: 0 };
    let loss = 0;
    for (let i = 0; i < 6; i++) ({ loss } = await session.trainStep(batches[0] as (typeof batches)[number], step));
    expect(Number.isFinite(loss)).toBe(false);
    await session.close();
  });
});

describe("programs with wrong sizes", () => {
  const binding = loadBinding();
  const [target] = binding.targets() as [NativeTarget];
  const { training, evaluation, images, isRefused } = tinyProgram(binding, target);

  test("the program itself runs", async () => {
    expect(await isRefused(training)).toBe(false);
  });

  test("cut short, they are refused", async () => {
    for (let length = 7; length < training.length; length += 7)
      expect(await isRefused(training.slice(0, length))).toBe(true);
  });

  test("with any one word replaced, they are refused or do no harm", async () => {
    const rng = createRng("words");
    let refused = 0;
    const tries = 1500;
    for (let i = 0; i < tries; i++) {
      const words = training.slice();
      const at = rng.int(words.length);
      const old = words[at] as number;
      // Header sizes are left alone where they would only ask for more memory than there is.
      const values = [-1, 0, 1, old + 1, old - 1, old + 16, old * 2 + 1, -old, 65_535, 1e7, 0.5, Number.NaN];
      words[at] = rng.pick(at < 19 ? values.filter((value) => !(value > 1e6)) : values);
      if (await isRefused(words)) refused++;
    }
    expect(refused).toBeGreaterThan(tries / 3);
  });

  test("a time beyond the phases and a stride of zero are refused, where they once crashed", async () => {
    for (const [kind, word, value] of [
      ["separable", opWord.time, 2 ** 31],
      ["separable", opWord.time, 1e12],
      ["separable", opWord.strideH, 0],
      ["input", opWord.strideH, 0],
    ] as const) {
      const at = findOp(training, kind);
      const words = training.slice();
      words[at + word] = value;
      if (word === opWord.strideH) words[at + opWord.strideW] = value;
      expect(await isRefused(words), `${kind}: word ${word} of ${value}`).toBe(true);
    }
  });

  test("arguments that don't fit a program are refused before anything runs", () => {
    const handle = binding.open(target.name, target.width, training, evaluation, null, null, 1, 0);
    const masks = new Float32Array(0);
    // Updates go by whole vectors.
    const half = Float64Array.of(2, target.width, 1);
    expect(() => binding.run(handle, images, 3, Int32Array.of(0, 1, 2), null, masks, masks, null, 3, 0)).toThrow(
      /batch/u,
    );
    expect(() =>
      binding.run(handle, images.subarray(1), 2, Int32Array.of(0, 1), null, masks, masks, null, 2, 0),
    ).toThrow(/batch/u);
    expect(() => binding.run(handle, images, 2, Int32Array.of(0), null, masks, masks, null, 2, 0)).toThrow(/batch/u);
    expect(() =>
      binding.run(handle, images, 2, Int32Array.of(0, 1), null, new Float32Array(5), masks, null, 2, 0),
    ).toThrow(/masks/u);
    const run = (targets: Float32Array | null, numbers: Float64Array | null, examples = 2): unknown =>
      binding.run(handle, images, 2, Int32Array.of(0, 1), targets, masks, masks, numbers, examples, 0);
    expect(() => run(new Float32Array(5), null)).toThrow(/batch/u);
    expect(() => run(null, new Float64Array(5))).toThrow(/11 numbers/u);
    expect(() => run(null, new Float64Array(11).fill(3))).toThrow(/optimizer's number/u);
    expect(() => run(null, new Float64Array(11).fill(Number.NaN))).toThrow(/optimizer's number/u);
    expect(() => run(null, null, 0)).toThrow(/examples/u);
    expect(() => binding.open(target.name, target.width, training, evaluation, null, null, 1, 4)).toThrow(/extras/u);
    expect(() => binding.open(target.name, target.width, training, evaluation, half, null, 1, 0)).toThrow(/vectors/u);
    expect(() => binding.read(handle, 0, new Float32Array(3))).toThrow(/Expected/u);
    expect(() => binding.read(handle, 3, new Float32Array(3))).toThrow(/Expected 0 values/u);
    expect(() => binding.bytes({} as never)).not.toThrow();
    binding.close(handle);
    expect(() => binding.read(handle, 0, new Float32Array(3))).toThrow(/open session/u);
  });

  test("an optimizer or an average that the session has no room for is refused", async () => {
    const handle = binding.open(target.name, target.width, training, evaluation, null, null, 1, 0);
    const masks = new Float32Array(0);
    const run = (rule: number, share: number): Promise<unknown> => {
      const numbers = Float64Array.of(rule, 0.1, 0, 0, 0, 0, 0, 1, 1, 1, share);
      return binding.run(handle, images, 2, Int32Array.of(0, 1), null, masks, masks, numbers, 2, 0);
    };
    await expect(run(1, 0)).rejects.toThrow(/second slot/u);
    await expect(run(2, 0)).rejects.toThrow(/second slot/u);
    await expect(run(0, 0.5)).rejects.toThrow(/average/u);
    const averaged = binding.run(handle, images, 2, Int32Array.of(0, 1), null, null, null, null, 2, 8);
    await expect(averaged).rejects.toThrow(/average/u);
    binding.close(handle);
  });
});
