/** @file Successive halving: which trials go on, from where and for how long, and what the inner controller hears. */
import { createRng } from "cellwright/base";
import { grid, modelBased, random, skipDuplicates, successiveHalving, warmStart } from "cellwright/controllers";
import { simulate, type ControllerDefinition, type ControllerEvent, type Proposal } from "cellwright/search";
import { describe, expect, it } from "vitest";
import { flat, numbers } from "../../contract/controllers/spaces.ts";

const objectives = [{ name: "score", direction: "maximize" }] as const;

function proposals(definition: ControllerDefinition, trials: number, { inFlight = 1, fails = -1 } = {}) {
  const controller = definition.create({ space: flat, objectives, rng: createRng(1) });
  const score = new Map<number, number>();
  const steps = simulate(controller, {
    trials,
    inFlight,
    rng: createRng(3),
    outcome(number, { genotype, continueFrom }: Proposal) {
      if (number === fails) return { state: "failed", reason: "as asked" };
      const value =
        continueFrom === undefined ? Object.values(genotype).reduce((a, b) => a + b, 0) : score.get(continueFrom)!;
      score.set(number, value);
      return { state: "complete", values: [value] };
    },
  });
  const made = steps.flatMap((step) => (step.kind === "ask" && typeof step.answer !== "string" ? [step.answer] : []));
  return { made, score };
}

describe("successiveHalving", () => {
  const options = { minEpochs: 1, maxEpochs: 10, eta: 3 };

  it("promotes the best of three as soon as there are three, to three times the epochs, and no further than the last rung", () => {
    const { made, score } = proposals(successiveHalving(random(), options), 60);
    expect(made.slice(0, 4).map(({ epochs }) => epochs)).toEqual([1, 1, 1, 3]);
    const [first] = [0, 1, 2].toSorted((a, b) => score.get(b)! - score.get(a)! || a - b);
    expect(made[3]).toEqual({ genotype: made[first!]!.genotype, epochs: 3, continueFrom: first });
    expect(new Set(made.map(({ epochs }) => epochs))).toEqual(new Set([1, 3, 9]));
    for (const { genotype, epochs, continueFrom } of made) {
      if (continueFrom === undefined) expect(epochs).toBe(1);
      else expect(made[continueFrom]).toMatchObject({ genotype, epochs: epochs! / 3 });
    }
    const promotions = made.flatMap(({ continueFrom }) => continueFrom ?? []);
    expect(new Set(promotions).size).toBe(promotions.length);
    // A third of a third, rounded down on the way.
    const count = (wanted: number) => made.filter(({ epochs }) => epochs === wanted).length;
    expect(count(3)).toBeGreaterThanOrEqual(Math.floor(count(1) / 3) - 1);
    expect(count(9)).toBeGreaterThanOrEqual(Math.floor(count(3) / 3) - 1);
    expect(count(9)).toBeGreaterThan(0);
  });

  it("never goes on from a failed trial", () => {
    const { made } = proposals(successiveHalving(random(), options), 40, { inFlight: 4, fails: 2 });
    expect(made.map(({ continueFrom }) => continueFrom)).not.toContain(2);
  });

  it("is done when the inner controller is, and what there was to promote has been", () => {
    const { made } = proposals(successiveHalving(grid(), { ...options, maxEpochs: 3 }), 200, { inFlight: 3 });
    expect(made.filter(({ epochs }) => epochs === 1)).toHaveLength(48);
    // A third of 48; more, as some were among the best of their rung for a while only.
    expect(made.filter(({ epochs }) => epochs === 3).length).toBeGreaterThanOrEqual(16);
  });

  it("tells the inner controller of the first rung alone, as it proposed it", () => {
    const heard: ControllerEvent[] = [];
    const inner: ControllerDefinition = {
      ...random(),
      create(context) {
        const controller = random().create(context);
        return { ask: (number) => controller.ask(number), tell: (event) => void heard.push(event) };
      },
    };
    const { made } = proposals(successiveHalving(inner, options), 30);
    const first = made.filter(({ epochs }) => epochs === 1);
    expect(heard.filter(({ kind }) => kind === "finished")).toHaveLength(first.length);
    for (const event of heard)
      expect(Object.keys(event.kind === "started" ? event.proposal : event.trial.proposal)).toEqual(["genotype"]);
  });

  it("tells one that tells lengths apart of every rung, as it happened", () => {
    const heard: ControllerEvent[] = [];
    const inner: ControllerDefinition = {
      ...random(),
      hearsAllRungs: () => true,
      create(context) {
        const controller = random().create(context);
        return { ask: (number) => controller.ask(number), tell: (event) => void heard.push(event) };
      },
    };
    // Wrappers in between pass it on.
    const wrapped = skipDuplicates(warmStart(inner, []));
    const { made } = proposals(successiveHalving(wrapped, options), 30);
    const started = heard.flatMap((event) => (event.kind === "started" ? [event.proposal] : []));
    expect(started).toEqual(made);
    expect(heard.flatMap((event) => (event.kind === "finished" ? [event.trial.proposal] : []))).toEqual(made);
    expect(new Set(made.map(({ epochs }) => epochs))).toEqual(new Set([1, 3, 9]));
  });

  it("around the model-based controller, finds what only the longer trainings tell", () => {
    // After one epoch there is nothing but noise.
    const noise = createRng(7);
    const lateMean = (inner: ControllerDefinition): number => {
      const controller = successiveHalving(inner, options).create({ space: numbers, objectives, rng: createRng(1) });
      const steps = simulate(controller, {
        trials: 90,
        rng: createRng(3),
        outcome: (number, { genotype, epochs }) => ({
          state: "complete",
          values: [epochs === 1 ? noise.fork(String(number)).next() : genotype["units"]!],
        }),
      });
      const late = steps
        .flatMap((step) => (step.kind === "ask" && typeof step.answer !== "string" ? [step.answer] : []))
        .filter(({ epochs }) => epochs === 1)
        .slice(-20)
        .map(({ genotype }) => genotype["units"]!);
      return late.reduce((sum, value) => sum + value, 0) / late.length;
    };
    const inner = modelBased({ starts: 8, parents: 3, mutations: 10, randoms: 30 });
    // By chance 503, with a standard error of 65: three above.
    expect(lateMean(inner)).toBeGreaterThan(700);
    expect(lateMean({ ...inner, hearsAllRungs: () => false })).toBeLessThan(700);
  });

  it("names a wrong option", () => {
    expect(() => successiveHalving(random(), { eta: 1 })).toThrow(
      "successiveHalving.eta  Expected a whole number of 2 or more. Received: 1.",
    );
  });
});
