/** @file TPE: its estimators against their formulas, the split into good and others, and an optimum found in fewer trials than random search needs. */
import { createRng } from "cellwright/base";
import { random, tpe } from "cellwright/controllers";
import { simulate, type ControllerDefinition, type Proposal } from "cellwright/search";
import { defineSpace, float, int, type Decision, type Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { choiceEstimate, deviationsOf, numberEstimate, positionOf } from "../../../controllers/tpe/parzen.ts";
import { conditional } from "../../contract/controllers/spaces.ts";

const objectives = [{ name: "score", direction: "maximize" }] as const;
const decode = () => ({ network: undefined });
const numbers = defineSpace({
  name: "numbers",
  version: 1,
  skeleton: {},
  decisions: { rate: float(0.001, 1, { scale: "log" }), share: float(0, 1), width: int(10, 50, { step: 10 }) },
  decode,
});
const [rate, share, width] = numbers.decisions as readonly Exclude<Decision, { kind: "choice" }>[];

describe("estimates", () => {
  it("of a choice are in proportion to one more than its counts", () => {
    const { logDensity, sample } = choiceEstimate([0, 3, 1]);
    expect([0, 1, 2].map((option) => Math.exp(logDensity(option)))).toEqual(
      [1 / 7, 4 / 7, 2 / 7].map((p) => expect.closeTo(p, 12)),
    );
    const rng = createRng(0);
    const drawn = Array.from({ length: 7000 }, () => sample(rng));
    // Four standard deviations of a count of 4,000: 41 each.
    expect(Math.abs(drawn.filter((option) => option === 1).length - 4000)).toBeLessThan(165);
  });

  it("have the greater distance to a neighbour as deviation, neither too small nor too large", () => {
    expect(deviationsOf([0.1, 0.2, 0.7])).toEqual([0.25, 0.5, 0.5].map((deviation) => expect.closeTo(deviation, 12)));
    expect(deviationsOf([0.5, 0.5, 0.5, 0.5])[1]).toBeCloseTo(1 / 5, 12);
    expect(deviationsOf(Array.from({ length: 500 }, () => 0.5))[250]).toBe(1 / 100);
  });

  it("of a float are the mixture of a wide curve and one for each value, cut off at the ends", () => {
    const bell = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    // Probabilities of [0, 1]: within 0.5 deviations of a mean in the middle, and 0.4 below to 1.6 above (tables of the normal distribution).
    const wide = bell((0.4 - 0.5) / 1) / 0.382925;
    const narrow = bell((0.4 - 0.2) / 0.8) / 0.8 / (0.841345 - 0.401294);
    expect(Math.exp(numberEstimate(share!, [0.2]).logDensity(0.4))).toBeCloseTo((wide + narrow) / 2, 5);
  });

  it.each([3, 400])("are distributions: of %i values, a float's has integral 1, an int's sum 1", (count) => {
    const rng = createRng(1);
    const positions = Array.from({ length: count }, () => rng.next() ** 2).sort((a, b) => a - b);
    const { logDensity } = numberEstimate(share!, positions);
    const steps = 2000;
    let sum = 0;
    for (let i = 0; i < steps; i++) sum += Math.exp(logDensity((i + 0.5) / steps)) / steps;
    // The distribution function is exact to 7.5e-8, the midpoint rule to less than 1e-4 here.
    expect(sum).toBeCloseTo(1, 4);
    const ofInt = numberEstimate(width!, positions);
    const total = [10, 20, 30, 40, 50].reduce((all, value) => all + Math.exp(ofInt.logDensity(value)), 0);
    expect(total).toBeCloseTo(1, 5);
  });

  it("draw values of the decision, on its scale, around those that were taken", () => {
    const rng = createRng(2);
    const positions = [0.01, 0.01, 0.01].map((value) => positionOf(rate!, value));
    const estimate = numberEstimate(rate!, positions);
    const drawn = Array.from({ length: 400 }, () => estimate.sample(rng));
    expect(drawn.every((value) => value >= 0.001 && value <= 1)).toBe(true);
    // Three quarters are drawn around a third of the range, on a log scale; uniformly it would be under a third.
    expect(drawn.filter((value) => value < 0.1).length).toBeGreaterThan(200);
    const ofInt = numberEstimate(width!, [positionOf(width!, 50)]);
    expect(new Set(Array.from({ length: 200 }, () => ofInt.sample(rng)))).toEqual(new Set([10, 20, 30, 40, 50]));
  });
});

function tell(
  controller: ReturnType<ControllerDefinition["create"]>,
  number: number,
  genotype: Genotype,
  score: number,
) {
  controller.tell({ kind: "started", number, proposal: { genotype } });
  controller.tell({ kind: "finished", trial: { number, proposal: { genotype }, state: "complete", values: [score] } });
}

describe("tpe", () => {
  const create = (definition: ControllerDefinition, space = numbers) =>
    definition.create({ space, objectives, rng: createRng(3) });

  it("goes where the good trials are, and away from trials in flight", () => {
    const controller = create(tpe({ starts: 20 }));
    const rng = createRng(4);
    for (let number = 0; number < 40; number++) {
      const genotype = numbers.sample(rng);
      tell(controller, number, genotype, -Math.abs(genotype["share"]! - 0.8));
    }
    const asked = () => Array.from({ length: 20 }, (_, i) => (controller.ask(100 + i) as Proposal).genotype["share"]!);
    const near = asked().filter((value) => Math.abs(value - 0.8) < 0.1).length;
    expect(near).toBeGreaterThan(14);
    for (let number = 40; number < 80; number++)
      controller.tell({ kind: "started", number, proposal: { genotype: { rate: 0.1, share: 0.8, width: 30 } } });
    expect(asked().filter((value) => Math.abs(value - 0.8) < 0.03).length).toBeLessThan(near / 2);
  });

  it("counts a conditional decision only where it was active", () => {
    const controller = create(tpe({ starts: 4, candidates: 10 }), conditional as never);
    const all = [...conditional.enumerate()];
    const opened = all.filter((genotype) => genotype["attention"] === 1);
    // Only what opens decisions is good.
    all.forEach((genotype, number) => tell(controller, number, genotype, opened.includes(genotype) ? 1 : 0));
    const proposals = Array.from({ length: 20 }, (_, i) => (controller.ask(100 + i) as Proposal).genotype);
    expect(proposals.filter((genotype) => genotype["attention"] === 1).length).toBe(20);
    for (const genotype of proposals) expect(conditional.validate(genotype)).toEqual([]);
  });

  it("learns nothing good of failures", () => {
    const controller = create(tpe({ starts: 2 }));
    const genotype = { rate: 0.1, share: 0.5, width: 30 };
    for (let number = 0; number < 5; number++)
      controller.tell({ kind: "finished", trial: { number, proposal: { genotype }, state: "failed", reason: "x" } });
    expect(controller.ask(5)).toEqual(create(random()).ask(5));
  });

  it("comes nearer to an optimum of numbers than random search", () => {
    const score = ({ rate, share, width }: Genotype) =>
      -((Math.log10(rate!) + 2) ** 2) - 4 * (share! - 0.3) ** 2 - ((width! - 20) / 40) ** 2;
    const reached = (definition: ControllerDefinition, seed: number) => {
      let best = -Infinity;
      const controller = definition.create({ space: numbers, objectives, rng: createRng(seed) });
      simulate(controller, {
        trials: 80,
        rng: createRng(seed).fork("order"),
        outcome: (_, { genotype }) => {
          best = Math.max(best, score(genotype));
          return { state: "complete", values: [score(genotype)] };
        },
      });
      return best;
    };
    const seeds = Array.from({ length: 10 }, (_, seed) => seed);
    const wins = seeds.filter((seed) => reached(tpe({ starts: 15 }), seed) > reached(random(), seed));
    expect(wins.length).toBeGreaterThanOrEqual(8);
  });

  it("names a wrong option", () => {
    expect(() => tpe({ gamma: 0 })).toThrow("tpe.gamma  Expected a number above 0 and of at most 1. Received: 0.");
  });
});
