/** @file Expected hypervolume improvement: the scale its models learn on, and a front found in fewer trials than by NSGA-II. */
import { createRng } from "cellwright/base";
import { expectedHypervolume, nsga2 } from "cellwright/controllers";
import { controllerLaws, hypervolume, simulate, type ControllerDefinition, type Proposal } from "cellwright/search";
import { choice, defineSpace, type Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { normalQuantile, normalScale } from "../../../controllers/expected-hypervolume/normal-scores.ts";
import { conditional, flat } from "../../contract/controllers/spaces.ts";

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
  const mean = (definition: ControllerDefinition, inFlight = 1): number =>
    [0, 1, 2].reduce((sum, seed) => sum + hypervolume(pointsOf(definition, seed, inFlight), directions, [0, 4]), 0) / 3;

  it("finds more of the front than NSGA-II, one at a time and eight", () => {
    const plain = mean(nsga2({ populationSize: 15 }));
    expect(mean(expectedHypervolume(small))).toBeGreaterThan(1.1 * plain);
    expect(mean(expectedHypervolume(small), 8)).toBeGreaterThan(1.1 * plain);
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
