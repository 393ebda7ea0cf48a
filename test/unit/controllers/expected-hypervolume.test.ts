/** @file Expected hypervolume improvement: the scale its models learn on, and a front found in fewer trials than by NSGA-II. */
import { createRng } from "cellwright/base";
import { expectedHypervolume, nsga2 } from "cellwright/controllers";
import {
  controllerLaws,
  genotypeFeatures,
  hypervolume,
  simulate,
  type ControllerDefinition,
  type Proposal,
} from "cellwright/search";
import { choice, defineSpace, type Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { normalQuantile, normalScale } from "../../../controllers/expected-hypervolume/normal-scores.ts";
import { conditional, flat, tinyNetworks } from "../../contract/controllers/spaces.ts";

const objectives = [
  { name: "accuracy", direction: "maximize" },
  { name: "macs", direction: "minimize" },
] as const;
const directions = objectives.map(({ direction }) => direction);
const small = { starts: 6, parents: 4, mutations: 10, randoms: 20, observations: 40 };

describe("normalScale", () => {
  it("gives the quantiles of the standard normal", () => {
    // Tables of the distribution, to their last digit.
    expect(normalQuantile(0.5)).toBeCloseTo(0, 6);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5);
    expect(normalQuantile(0.1)).toBeCloseTo(-1.281552, 5);
  });

  it("goes by place, not by distance, and equal values share theirs", () => {
    const { scores } = normalScale([5, 1, 1e9, 5]);
    // Places 2.5 shared by the fives of four: in the middle of those above and below.
    expect([...scores]).toEqual([0.5, 0.125, 0.875, 0.5].map(normalQuantile));
  });

  it("takes what has no value for the worst, and leads back to the values", () => {
    const values = [3, -Infinity, 1, 2];
    const { scores, valueOf } = normalScale(values);
    expect(Math.min(...scores)).toBe(scores[1]);
    expect([...scores].map(valueOf)).toEqual([3, 1, 1, 2]);
    expect(valueOf((scores[2]! + scores[3]!) / 2)).toBeCloseTo(1.5, 12);
    expect(valueOf(scores[0]! + 1)).toBeGreaterThan(3);
    expect(valueOf(-9)).toBe(1);
  });
});

describe("expectedHypervolume", () => {
  const option = () => choice(["a", "b", "c", "d"]);
  const space = defineSpace({
    name: "trade-off",
    version: 1,
    skeleton: {},
    decisions: Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`d${index}`, option()])),
    decode: () => ({ network: undefined }),
  });
  const tables = createRng("trade-off");
  const worth = Array.from({ length: 8 * 4 }, () => tables.normal());
  const price = Array.from({ length: 8 * 4 }, () => tables.next());
  const sumOf = (table: readonly number[], genotype: Genotype): number =>
    Object.values(genotype).reduce((sum, value, index) => sum + table[index * 4 + value]!, 0);
  const pointsOf = (definition: ControllerDefinition, seed: number, inFlight: number): readonly number[][] => {
    const controller = definition.create({ space, objectives, rng: createRng(seed) });
    const points: number[][] = [];
    simulate(controller, {
      trials: 50,
      inFlight,
      rng: createRng(seed).fork("order"),
      outcome(_, { genotype }: Proposal) {
        points.push([sumOf(worth, genotype), sumOf(price, genotype)]);
        return { state: "complete", values: points.at(-1)! };
      },
    });
    return points;
  };
  const volumeOf = (definition: ControllerDefinition, seed: number, inFlight = 1): number =>
    hypervolume(pointsOf(definition, seed, inFlight), directions, [0, 4]);

  it("finds nearly twice what NSGA-II does and all but a hundredth of what there is, one at a time and eight, where both are sums over the decisions", () => {
    const all = Array.from({ length: 4 ** 8 }, (_, at) => {
      const genotype = Object.fromEntries(
        Array.from({ length: 8 }, (__, index) => [`d${index}`, (at >> (2 * index)) & 3]),
      );
      return [sumOf(worth, genotype), sumOf(price, genotype)];
    });
    const whole = hypervolume(all, directions, [0, 4]);
    for (const [inFlight, share] of [
      [1, 0.995],
      [8, 0.99],
    ] as const) {
      const volume = volumeOf(expectedHypervolume(small), 1, inFlight);
      expect(volume).toBeGreaterThan(share * whole);
      expect(volume).toBeGreaterThan(1.9 * volumeOf(nsga2({ populationSize: 15 }), 1, inFlight));
    }
  });

  it("proposes no network twice once trials tell that what computes the same measures the same", () => {
    const signatureOf = (genotype: Genotype): string => genotypeFeatures(tinyNetworks, genotype)!.signature;
    const repeatsOf = (twinsDiffer: boolean): number => {
      const controller = expectedHypervolume(small).create({ space: tinyNetworks, objectives, rng: createRng(3) });
      const signatures: string[] = [];
      let repeats = 0;
      let areKnown = false;
      simulate(controller, {
        trials: 24,
        rng: createRng(4),
        outcome(number, { genotype }: Proposal) {
          const signature = signatureOf(genotype);
          const isRepeat = signatures.includes(signature);
          if (areKnown && isRepeat) repeats++;
          areKnown ||= isRepeat;
          signatures.push(signature);
          const digits = Number.parseInt(signature.slice(0, 6), 16) % 97;
          return { state: "complete", values: [digits, ((digits * 31) % 89) + (twinsDiffer ? number / 100 : 0)] };
        },
      });
      return repeats;
    };
    expect(repeatsOf(false)).toBe(0);
    expect(repeatsOf(true)).toBeGreaterThan(0);
  });

  it("keeps the laws with two objectives", () => {
    for (const law of controllerLaws)
      law.check(expectedHypervolume({ ...small, starts: 4, randoms: 4, observations: 6 }), conditional, {
        objectives,
        trials: 12,
        inFlight: 4,
      });
  });

  it("goes on where all trials fail, or one objective has no value", () => {
    const controller = expectedHypervolume(small).create({ space: flat, objectives, rng: createRng(1) });
    const steps = simulate(controller, {
      trials: 20,
      rng: createRng(2),
      outcome: (number) =>
        number < 10
          ? { state: "failed", reason: "no" }
          : { state: "complete", values: number % 2 ? [1, NaN] : [number, 1] },
    });
    const asked = steps.flatMap((step) =>
      step.kind === "ask" && typeof step.answer !== "string" ? [step.answer] : [],
    );
    expect(new Set(asked.map(({ genotype }) => JSON.stringify(genotype))).size).toBe(20);
  });

  it("names a wrong option", () => {
    expect(() => expectedHypervolume({ starts: 1 })).toThrow(
      "expectedHypervolume.starts  Expected a whole number of 2 or more. Received: 1.",
    );
  });
});
