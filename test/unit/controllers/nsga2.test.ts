/** @file NSGA-II: the order of survival, and a front found in far fewer trials than there are genotypes. */
import { createRng } from "cellwright/base";
import { nsga2, random } from "cellwright/controllers";
import { controllerLaws, paretoFront, simulate, type ControllerDefinition, type Proposal } from "cellwright/search";
import { choice, defineSpace, type Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { rankByFrontAndRoom } from "../../../controllers/nsga2.ts";
import { conditional } from "../../contract/controllers/spaces.ts";

const objectives = [
  { name: "accuracy", direction: "maximize" },
  { name: "macs", direction: "minimize" },
] as const;

describe("rankByFrontAndRoom", () => {
  it("puts fronts in order, and within one the ends, then those with most room", () => {
    const points = [
      [0, 10], // an end
      [4, 6], // room before it
      [5, 5], // least room
      [8, 3], // room on both sides
      [10, 0], // an end
      [3, 5], // beaten by two
      [1, 1], // beaten by all but the ends
    ];
    expect(rankByFrontAndRoom(points)).toEqual([0, 4, 1, 3, 2, 5, 6]);
  });

  it("keeps equal points in their order, and sorts by one objective as by a number", () => {
    expect(
      rankByFrontAndRoom([
        [1, 1],
        [1, 1],
        [2, 2],
      ]),
    ).toEqual([2, 0, 1]);
    expect(rankByFrontAndRoom([[3], [1], [2]])).toEqual([0, 2, 1]);
  });
});

describe("nsga2", () => {
  const option = () => choice(["a", "b", "c", "d"]);
  const decisions = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`d${index}`, option()]));
  const space = defineSpace({
    name: "trade-off",
    version: 1,
    skeleton: {},
    decisions,
    decode: () => ({ network: undefined }),
  });
  const tables = createRng("trade-off");
  const worth = Array.from({ length: 12 * 4 }, () => tables.normal());
  const price = Array.from({ length: 12 * 4 }, () => tables.next());
  const sumOf = (table: readonly number[], genotype: Genotype): number =>
    Object.values(genotype).reduce((sum, value, index) => sum + table[index * 4 + value]!, 0);
  const measure = (genotype: Genotype): readonly [number, number] => [sumOf(worth, genotype), sumOf(price, genotype)];
  const volumeOf = (definition: ControllerDefinition, seed: number): number => {
    const controller = definition.create({ space, objectives, rng: createRng(seed) });
    const points: (readonly [number, number])[] = [];
    simulate(controller, {
      trials: 250,
      inFlight: 4,
      rng: createRng(seed).fork("order"),
      outcome(_, { genotype }: Proposal) {
        points.push(measure(genotype));
        return { state: "complete", values: measure(genotype) };
      },
    });
    // Area between the front and an average genotype (worth 0, price 6), from the cheapest to the dearest.
    const front = paretoFront(points, ["maximize", "minimize"]).map((index) => points[index]!);
    let [area, best] = [0, 0];
    for (const [accuracy, cost] of front.toSorted((a, b) => a[1] - b[1] || a[0] - b[0])) {
      area += Math.max(0, accuracy - best) * Math.max(0, 6 - cost);
      best = Math.max(best, accuracy);
    }
    return area;
  };

  it("finds more of the front than random search", () => {
    const seeds = [0, 1, 2];
    const mean = (definition: ControllerDefinition) =>
      seeds.reduce((sum, seed) => sum + volumeOf(definition, seed), 0) / seeds.length;
    expect(mean(nsga2({ populationSize: 30 }))).toBeGreaterThan(1.5 * mean(random()));
  });

  it("keeps the laws with two objectives", () => {
    for (const law of controllerLaws)
      law.check(nsga2({ populationSize: 8 }), conditional, { objectives, trials: 30, inFlight: 4 });
  });

  it("names a wrong option", () => {
    expect(() => nsga2({ populationSize: 1 })).toThrow(
      "nsga2.populationSize  Expected a whole number of 2 or more. Received: 1.",
    );
  });
});
