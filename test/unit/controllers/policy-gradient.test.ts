/** @file The policy's arithmetic: products by plain loops, the gradient by finite differences, sampling by its probabilities. */
import { createRng, type Rng } from "cellwright/base";
import { policyGradient } from "cellwright/controllers";
import { controllerLaws } from "cellwright/search";
import { choice, defineSpace, float } from "cellwright/space";
import { nasnet } from "cellwright/spaces";
import { describe, expect, it } from "vitest";
import { createAdam } from "../../../controllers/policy-gradient/adam.ts";
import {
  logProbabilitiesOf,
  lossAndGradient,
  type LossOptions,
  type Sample,
} from "../../../controllers/policy-gradient/batch.ts";
import { addProduct, matrix, transposed } from "../../../controllers/policy-gradient/matrices.ts";
import { createPolicy, type Policy, policyOver, sampleFrom } from "../../../controllers/policy-gradient/policy.ts";
import { episodeOf, vocabularyOf } from "../../../controllers/policy-gradient/vocabulary.ts";
import { conditional, flat, numbers, twoCells } from "../../contract/controllers/spaces.ts";

function filled(length: number, rng: Rng): Float64Array {
  return Float64Array.from({ length }, () => rng.normal());
}

describe("addProduct", () => {
  it("adds a times b transposed, for all small sizes and at offsets", () => {
    const rng = createRng("product");
    for (let m = 1; m <= 5; m++)
      for (let n = 1; n <= 9; n++)
        for (const k of [1, 2, 7]) {
          const a = matrix(filled(3 + m * k, rng), m, k, 3);
          const b = matrix(filled(2 + n * k, rng), n, k, 2);
          const before = filled(1 + m * n, rng);
          const out = matrix(before.slice(), m, n, 1);
          addProduct(a, b, out);
          expect(out.data[0]).toBe(before[0]);
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++) {
              let sum = before[1 + i * n + j]!;
              for (let p = 0; p < k; p++) sum += a.data[3 + i * k + p]! * b.data[2 + j * k + p]!;
              // Seven products of about 1 in another order: a few units in the last place.
              expect(Math.abs(out.data[1 + i * n + j]! - sum)).toBeLessThan(1e-13);
            }
        }
  });

  it("writes nothing past the columns it has, where `out` is wider", () => {
    const out = new Float64Array(6);
    addProduct(matrix(new Float64Array([1, 2]), 1, 2), matrix(new Float64Array([3, 4, 5, 6]), 2, 2), matrix(out, 1, 6));
    expect([...out]).toEqual([11, 17, 0, 0, 0, 0]);
  });
});

it("transposed swaps rows and columns", () => {
  const { data, rows, columns } = transposed(matrix(new Float64Array([9, 1, 2, 3, 4, 5, 6]), 2, 3, 1));
  expect({ data: [...data], rows, columns }).toEqual({ data: [1, 4, 2, 5, 3, 6], rows: 3, columns: 2 });
});

it("Adam's first two steps are those of its paper", () => {
  const parameters = new Float64Array([1, -2]);
  const adam = createAdam(2, 0.1);
  adam.step(parameters, new Float64Array([3, -0.5]));
  // With both moments corrected the first step is the learning rate against the sign.
  expect(parameters[0]).toBeCloseTo(0.9, 7);
  expect(parameters[1]).toBeCloseTo(-1.9, 7);
  adam.step(parameters, new Float64Array([-1, -0.5]));
  const mean = (0.9 * 0.1 * 3 + 0.1 * -1) / (1 - 0.9 ** 2);
  const square = (0.999 * 0.001 * 9 + 0.001 * 1) / (1 - 0.999 ** 2);
  expect(parameters[0]).toBeCloseTo(0.9 - (0.1 * mean) / Math.sqrt(square), 7);
  expect(parameters[1]).toBeCloseTo(-1.8, 7);
});

/** A batch of episodes of several lengths, drawn from a policy near the one that learns, so that ratios lie on both sides of the clip. */
function batchOf(policy: Policy, size: number, rng: Rng): readonly Sample[] {
  const other = policyOver(
    policy.vocabulary,
    policy.hidden,
    policy.parameters.map((value) => value + 0.5 * rng.normal()),
  );
  return Array.from({ length: size }, () => ({ ...sampleFrom(other, rng).draw, advantage: rng.normal() }));
}

function sumOfRatiosOutside(policy: Policy, batch: readonly Sample[], clip: number): number {
  return batch
    .flatMap((sample) => {
      const [now] = logProbabilitiesOf(policy, [sample.episode]);
      return [...now!].map((value, t) => Math.exp(value - sample.logProbabilities[t]!));
    })
    .filter((ratio) => Math.abs(ratio - 1) > clip).length;
}

describe.each([flat, conditional, twoCells, numbers])("gradient, space $name", (space) => {
  it.each([
    { algorithm: "reinforce", clip: 0.2, entropyWeight: 0 },
    { algorithm: "reinforce", clip: 0.2, entropyWeight: 0.7 },
    { algorithm: "ppo", clip: 0.2, entropyWeight: 0 },
    { algorithm: "ppo", clip: 0.05, entropyWeight: 0.3 },
  ] satisfies LossOptions[])(
    "agrees with finite differences: $algorithm, clip $clip, entropy $entropyWeight",
    (options) => {
      const rng = createRng(`${space.name}/${JSON.stringify(options)}`);
      const policy = createPolicy(vocabularyOf(space.decisions, 3), 4, rng);
      for (let i = 0; i < policy.parameters.length; i++) policy.parameters[i] = 5 * policy.parameters[i]!;
      const batch = batchOf(policy, 8, rng);
      if (options.algorithm === "ppo") expect(sumOfRatiosOutside(policy, batch, options.clip)).toBeGreaterThan(3);
      const { gradient } = lossAndGradient(policy, batch, options);
      const step = 1e-6;
      let largest = 0;
      for (let i = 0; i < policy.parameters.length; i++) {
        const value = policy.parameters[i]!;
        const at = (x: number): number => {
          policy.parameters[i] = x;
          return lossAndGradient(policy, batch, options).loss;
        };
        const slope = (at(value + step) - at(value - step)) / (2 * step);
        policy.parameters[i] = value;
        largest = Math.max(largest, Math.abs(slope - gradient[i]!));
      }
      // Central differences: rounding of a loss of about 10 over the step is 1e-9, the third derivative times step² far less.
      expect(largest).toBeLessThan(1e-7);
      expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(1e-3);
    },
  );
});

describe("sampling", () => {
  it("draws each genotype as often as the product of its probabilities says", () => {
    const rng = createRng("frequency");
    const policy = createPolicy(vocabularyOf(conditional.decisions, 4), 5, rng);
    for (let i = 0; i < policy.parameters.length; i++) policy.parameters[i] = 10 * policy.parameters[i]!;
    const counts = new Map<string, number>();
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const text = JSON.stringify(sampleFrom(policy, rng).genotype);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    let total = 0;
    for (const genotype of conditional.enumerate()) {
      const [logProbabilities] = logProbabilitiesOf(policy, [episodeOf(policy.vocabulary, genotype)]);
      const probability = Math.exp(logProbabilities!.reduce((sum, value) => sum + value, 0));
      total += probability;
      const count = counts.get(JSON.stringify(genotype)) ?? 0;
      // Five standard deviations of a binomial count, and one for counts near 0.
      expect(Math.abs(count - draws * probability)).toBeLessThan(1 + 5 * Math.sqrt(draws * probability));
    }
    expect(total).toBeCloseTo(1, 12);
  });

  it.each([twoCells, conditional])(
    "says of its draw what the policy says of the genotype, to the bit: $name",
    (space) => {
      const rng = createRng("bits");
      const policy = createPolicy(vocabularyOf(space.decisions, 4), 7, rng);
      // Of one at a time, and of many of several lengths at once.
      for (const count of [1, 1, 2, 13]) {
        const drawn = Array.from({ length: count }, () => sampleFrom(policy, rng));
        const episodes = drawn.map(({ genotype }) => episodeOf(policy.vocabulary, genotype));
        expect(episodes).toEqual(drawn.map(({ draw }) => draw.episode));
        expect(logProbabilitiesOf(policy, episodes)).toEqual(drawn.map(({ draw }) => draw.logProbabilities));
      }
    },
  );
});

describe("vocabulary", () => {
  it("asks for 2 x 5B predictions on a NASNet space: two inputs, two operations and a combiner per block", () => {
    const vocabulary = vocabularyOf(twoCells.decisions, 4);
    const genotype = twoCells.sample(createRng(1));
    // Two blocks of 5, three blocks of 4 (one combiner, nothing to predict), one activation.
    expect(episodeOf(vocabulary, genotype).slots).toHaveLength(2 * 5 + 3 * 4 + 1);
  });

  it("asks on NASNet's own space, with B = 5, for the paper's 50 softmaxes in its order: Normal first, per block 2 + b inputs twice, 13 operations twice, 2 combiners", () => {
    const vocabulary = vocabularyOf(nasnet.decisions, 16);
    const { slots } = episodeOf(vocabulary, nasnet.sample(createRng(1)));
    const block = (b: number) => [2 + b, 2 + b, 13, 13, 2];
    const cell = [0, 1, 2, 3, 4].flatMap(block);
    expect(slots.map(({ levels }) => levels.length)).toEqual([...cell, ...cell]);
    const cellOf = ({ decision }: (typeof slots)[number]) => decision.group;
    expect(slots.map(cellOf)).toEqual([...Array<string>(25).fill("normal"), ...Array<string>(25).fill("reduction")]);
    expect(slots.slice(0, 5).map(({ decision }) => decision.role)).toEqual([
      "input",
      "input",
      "operation",
      "operation",
      "combiner",
    ]);
  });

  it("gives no level twice where a range is too narrow for nine digits, so that a replay knows which was drawn", () => {
    const space = defineSpace({
      name: "narrow",
      version: 1,
      skeleton: {},
      decisions: { linear: float(1000, 1000.0001), log: float(1, 1.000002, { scale: "log" }), d: choice(["a", "b"]) },
      decode: () => ({ network: undefined }),
    });
    for (const { levels } of vocabularyOf(space.decisions, 16).slots) {
      expect(new Set(levels).size).toBe(levels.length);
      expect(levels.length).toBeGreaterThan(1);
    }
    for (const law of controllerLaws) law.check(policyGradient({ hidden: 4, batch: 5, learningRate: 0.05 }), space);
  });

  it("divides floats and long ints evenly, ends included, in the logarithm for a log scale", () => {
    const [filters, units, learningRate, dropout, fixed] = vocabularyOf(numbers.decisions, 5).slots;
    expect(filters?.levels).toEqual([16, 32, 48]);
    expect(units?.levels).toEqual([3, 253, 503, 753, 1003]);
    expect(dropout?.levels).toEqual([0, 0.125, 0.25, 0.375, 0.5]);
    expect(fixed?.levels).toEqual([7]);
    const logs = (learningRate?.levels ?? []).map(Math.log);
    expect(logs).toHaveLength(5);
    // Levels are kept to nine digits.
    for (let i = 1; i < 5; i++) expect(logs[i]! - logs[i - 1]!).toBeCloseTo(Math.log(300) / 4, 7);
  });

  it("takes a number between two levels as the nearer", () => {
    const vocabulary = vocabularyOf(numbers.decisions, 5);
    const genotype = { filters: 32, units: 130, learningRate: 0.29, dropout: 0.2, fixed: 7 };
    expect(episodeOf(vocabulary, genotype).actions).toEqual([1, 1, 4, 2]);
  });

  it("names an active decision that a genotype lacks", () => {
    const vocabulary = vocabularyOf(flat.decisions, 5);
    expect(() => episodeOf(vocabulary, { a: 1, b: 0, d: 2 })).toThrow(/^c {2}Expected a value.*Received: nothing/);
  });
});
