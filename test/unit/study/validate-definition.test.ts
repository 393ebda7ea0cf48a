/** @file A study file's mistakes are all named at once, each with its path. */
import { describe, expect, it } from "vitest";
import { CellwrightError } from "../../../src/base/errors.ts";
import { applyOverrides } from "../../../src/study/load.ts";
import { isStudyName, validateDefinition } from "../../../src/study/validate-definition.ts";

const space = { name: "toy", decode: () => ({}), sample: () => ({}) };
const controller = { name: "random", options: {}, create: () => ({}) };
const evaluator = { name: "toy", key: "k", measures: ["accuracy", "macs"], options: {}, evaluate: () => ({}) };
const good = { space, controller, evaluator, budget: { trials: 3 } };

function problems(value: unknown): string[] {
  try {
    validateDefinition(value, "study.config.ts");
  } catch (error) {
    expect(error).toBeInstanceOf(CellwrightError);
    return (error as CellwrightError).message.split("\n");
  }
  return [];
}

describe("study definition", () => {
  it("accepts a good one as it is", () => {
    expect(validateDefinition(good, "x")).toBe(good);
  });

  it("names every problem with its path and what was there", () => {
    const lines = problems({
      ...good,
      budget: { trials: "ten" },
      workers: 0,
      retrain: { top: 1.5, epochs: 3 },
      evaluator: 3,
      surplus: 1,
    });
    expect(lines).toHaveLength(5);
    expect(lines.join("\n")).toMatch(
      /^study\.config\.ts: budget\.trials {2}Expected a whole number of 1 or more\. Received: "ten"\.$/m,
    );
    expect(lines.join("\n")).toMatch(
      /^study\.config\.ts: workers {2}Expected a whole number of 1 or more\. Received: 0\.$/m,
    );
    expect(lines.join("\n")).toMatch(/retrain\.top {2}Expected .* Received: 1\.5\./);
    expect(lines.join("\n")).toMatch(/evaluator {2}Expected an evaluator such as proxyTraining/);
    expect(lines.join("\n")).toMatch(/surplus {2}Expected no such key\./);
  });

  it("knows its constraints", () => {
    const accept = (): boolean => true;
    const constraints = { maxParams: 1, maxMacs: 1, maxMemory: 1, maxLatencyMs: 0.5, accept };
    expect(problems({ ...good, constraints })).toEqual([]);
    expect(problems({ ...good, constraints: { maxMemory: 0, maxLatencyMs: "5", accept: true, maxFlops: 1 } })).toEqual([
      "study.config.ts: constraints.maxMemory  Expected a number above 0. Received: 0.",
      'study.config.ts: constraints.maxLatencyMs  Expected a number above 0. Received: "5".',
      "study.config.ts: constraints.accept  Expected a function of { network, cost, genotype }. Received: true.",
      "study.config.ts: constraints.maxFlops  Expected no such key.",
    ]);
  });

  it("lays flags over its constraints, and keeps its predicate", () => {
    const accept = (): boolean => true;
    const changed = applyOverrides({ ...good, constraints: { accept, maxParams: 5 } } as never, {
      constraints: { maxParams: 3, maxLatencyMs: 2 },
    });
    expect(changed.constraints).toEqual({ accept, maxParams: 3, maxLatencyMs: 2 });
  });

  it("knows the evaluator's measures", () => {
    expect(problems({ ...good, objectives: [{ name: "acuracy", direction: "maximize" }] })).toEqual([
      'study.config.ts: objectives[0].name  Expected one of the evaluator\'s measures (accuracy, macs) or a cost (latencyMs, macs, params). Received: "acuracy".',
    ]);
  });

  it("wants a retraining to measure the study's objectives, the default one too", () => {
    const retrain = (measures: readonly string[]) => ({ top: 1, epochs: 2, evaluator: { ...evaluator, measures } });
    expect(problems({ ...good, retrain: retrain(["loss", "accuracy"]) })).toEqual([]);
    expect(problems({ ...good, retrain: retrain(["loss"]) })).toEqual([
      "study.config.ts: retrain.evaluator  Expected an evaluator that measures accuracy, an objective of the study. Received: one that measures loss.",
    ]);
    const objectives = [{ name: "macs", direction: "minimize" }];
    expect(problems({ ...good, objectives, retrain: retrain(["accuracy"]) })).toEqual([
      "study.config.ts: retrain.evaluator  Expected an evaluator that measures macs, an objective of the study. Received: one that measures accuracy.",
    ]);
  });

  it("refuses what is no study at all", () => {
    expect(problems(42)).toEqual(["study.config.ts: Expected a study made by defineStudy({ … }). Received: 42."]);
  });

  it("knows a folder name", () => {
    expect(["a", "cells-on-cifar", "A.b_c-1"].every(isStudyName)).toBe(true);
    expect(["", ".", "..", "a/b", "-x", "a b", "x".repeat(101)].some(isStudyName)).toBe(false);
  });
});

describe("flags over a definition", () => {
  const definition = validateDefinition({ ...good, budget: { trials: 3, hours: 1 } }, "x");

  it("merge into groups, replace single values, and leave the rest", () => {
    const result = applyOverrides(definition, { budget: { trials: 9 }, seed: 4 });
    expect(result.budget).toEqual({ trials: 9, hours: 1 });
    expect(result.seed).toBe(4);
    expect(definition.budget).toEqual({ trials: 3, hours: 1 });
  });

  it("refuse keys that no flag sets, and an evaluator that takes none", () => {
    expect(() => applyOverrides(definition, { space: "x" })).toThrow(
      /flag space {2}Expected a key of the study that a flag can set/,
    );
    expect(() => applyOverrides(definition, { evaluator: { epochs: 3 } })).toThrow(/Received: toy, which has none/);
  });
});
