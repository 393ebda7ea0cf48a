/** @file Hyperband: the sizes of its brackets, who goes on in which, what inner controllers hear. */
import { createRng } from "cellwright/base";
import { auto, grid, hyperband, random } from "cellwright/controllers";
import { simulate, type ControllerDefinition, type ControllerEvent, type FinishedTrial } from "cellwright/search";
import { describe, expect, it } from "vitest";
import { bracketSizes } from "../../../controllers/hyperband.ts";
import { flat } from "../../contract/controllers/spaces.ts";

const objectives = [{ name: "score", direction: "maximize" }] as const;

function run(definition: ControllerDefinition, trials: number, inFlight = 1): readonly FinishedTrial[] {
  const controller = definition.create({ space: flat, objectives, rng: createRng(0) });
  const rng = createRng(1);
  const steps = simulate(controller, {
    trials,
    inFlight,
    rng: rng.fork("order"),
    // What is known of a candidate gets better with its epochs.
    outcome: (number, { epochs = 1 }) => ({ state: "complete", values: [rng.fork(number).next() + epochs] }),
  });
  return steps.flatMap((step) => (step.kind === "tell" && step.event.kind === "finished" ? [step.event.trial] : []));
}

describe("bracketSizes", () => {
  it("are those of the paper's formula for R = 81 and eta = 3", () => {
    // (s_max + 1) / (s + 1) 3^s, rounded up, for s = 4 … 0.
    expect(bracketSizes(5, 3)).toEqual([81, 34, 15, 8, 5]);
    expect(bracketSizes(1, 3)).toEqual([1]);
  });
});

describe("hyperband", () => {
  const options = { maxEpochs: 9 };

  it("begins candidates bracket after bracket, and then anew", () => {
    const firsts = run(hyperband(random(), options), 60).filter(({ proposal }) => proposal.continueFrom === undefined);
    const epochs = firsts.map(({ proposal }) => proposal.epochs);
    const turn = [...Array(9).fill(1), ...Array(5).fill(3), ...Array(3).fill(9)] as number[];
    expect(epochs.slice(0, 34)).toEqual([...turn, ...turn]);
  });

  it("promotes the best third of a rung, within its bracket, to three times its epochs", () => {
    const trials = run(hyperband(random(), options), 60);
    const byNumber = new Map(trials.map((trial) => [trial.number, trial]));
    const origin = (trial: FinishedTrial): FinishedTrial =>
      trial.proposal.continueFrom === undefined ? trial : origin(byNumber.get(trial.proposal.continueFrom)!);
    const promotions = trials.filter(({ proposal }) => proposal.continueFrom !== undefined);
    expect(promotions.length).toBeGreaterThan(10);
    for (const { number, proposal } of promotions) {
      const before = byNumber.get(proposal.continueFrom!)!;
      expect(proposal.epochs).toBe(3 * before.proposal.epochs!);
      expect(proposal.genotype).toEqual(before.proposal.genotype);
      // Its rivals by then: of the same epochs, begun with as many.
      const rivals = trials.filter(
        (other) =>
          other.number < number &&
          other.proposal.epochs === before.proposal.epochs &&
          origin(other).proposal.epochs === origin(before).proposal.epochs,
      );
      const better = rivals.filter(({ values }) => values![0]! > before.values![0]!);
      expect(better.length).toBeLessThan(Math.floor(rivals.length / 3));
    }
    expect(new Set(promotions.map(({ proposal }) => proposal.continueFrom)).size).toBe(promotions.length);
  });

  it("tells each bracket's controller of its own first rung alone, without epochs", () => {
    const told: ControllerEvent[][] = [];
    const spied: ControllerDefinition = {
      ...random(),
      create: (context) => {
        const own: ControllerEvent[] = [];
        told.push(own);
        return { ...random().create(context), tell: (event) => void own.push(event) };
      },
    };
    const trials = run(hyperband(spied, options), 40);
    const heard = told.map((events) => events.flatMap((one) => (one.kind === "finished" ? [one.trial] : [])));
    [1, 3, 9].forEach((epochs, bracket) => {
      const wanted = trials.filter(({ proposal }) => proposal.epochs === epochs && proposal.continueFrom === undefined);
      expect(heard[bracket]).toEqual(
        wanted.map((trial) => ({ ...trial, proposal: { genotype: trial.proposal.genotype } })),
      );
    });
  });

  it("has one controller for all brackets where it tells lengths apart, and tells it of everything, as it happened", () => {
    const told: ControllerEvent[][] = [];
    const spied: ControllerDefinition = {
      ...random(),
      hearsAllRungs: () => true,
      create: (context) => {
        const own: ControllerEvent[] = [];
        told.push(own);
        return { ...random().create(context), tell: (event) => void own.push(event) };
      },
    };
    const trials = run(hyperband(spied, options), 40);
    expect(told).toHaveLength(1);
    expect(told[0]?.flatMap((one) => (one.kind === "finished" ? [one.trial] : []))).toEqual(trials);
    expect(told[0]?.filter(({ kind }) => kind === "started")).toHaveLength(trials.length);
  });

  it("is done when every bracket's controller is, and no trial runs", () => {
    const trials = run(hyperband(grid(), options), 1000, 4);
    const firsts = trials.filter(({ proposal }) => proposal.continueFrom === undefined);
    expect(firsts).toHaveLength(3 * 48);
  });

  it("passes the note and the weight of its inner controller on, and names a wrong option", () => {
    const heavy = hyperband({ ...auto({ trials: 50 }), isHeavy: () => true });
    expect(heavy.isHeavy?.(flat)).toBe(true);
    expect(hyperband(random()).isHeavy?.(flat)).toBe(false);
    const { note } = heavy.create({ space: flat, objectives, rng: createRng(0) });
    expect(note).toMatch(/^auto picked grid search/);
    expect(() => hyperband(random(), { eta: 1 })).toThrow("hyperband.eta  Expected a whole number of 2 or more.");
  });
});
