/** @file A user's function as evaluator, and an evaluator written out. */
import { describe, expect, test } from "vitest";
import { defineEvaluator, functional, type Outcome } from "../../../src/evaluators/index.ts";
import { costOf } from "../../../src/network/index.ts";
import { contextFor, task } from "../../support/evaluation.ts";
import { smallNetwork } from "../../support/small-training.ts";

describe("functional", () => {
  const context = () => contextFor(smallNetwork);

  test("takes a number, a list or a record", async () => {
    const one = functional("params", ({ network }) => costOf(network).params);
    expect(await one.evaluate(task, context())).toMatchObject({
      state: "complete",
      values: [costOf(smallNetwork).params],
    });
    const two = functional("pair", () => [1, 2], { measures: ["a", "b"] });
    expect(await two.evaluate(task, context())).toMatchObject({ values: [1, 2], metrics: { a: 1, b: 2 } });
    const named = functional("record", async () => ({ b: 2, a: 1, extra: 3 }), { measures: ["a", "b"] });
    expect(await named.evaluate(task, context())).toMatchObject({ values: [1, 2], metrics: { extra: 3 } });
  });

  test("reports, and is pruned when it was told to stop", async () => {
    const evaluator = functional("curve", async ({ report }) => {
      for (let step = 1; step <= 5; step++) if ((await report(step, step / 10)) === "stop") return step / 10;
      return 0.9;
    });
    const all = context();
    expect(await evaluator.evaluate(task, all)).toMatchObject({ state: "complete", values: [0.9] });
    expect(all.reports.map(({ step, values }) => [step, ...values])).toEqual([
      [1, 0.1],
      [2, 0.2],
      [3, 0.3],
      [4, 0.4],
      [5, 0.5],
    ]);
    const stopped = contextFor(smallNetwork, (step) => (step === 2 ? "stop" : "continue"));
    expect(await evaluator.evaluate(task, stopped)).toMatchObject({ state: "pruned", values: [0.2] });
  });

  test("what is returned after the trial was stopped does not pass for a result", async () => {
    const evaluator = functional("early", ({ signal }) => (signal.aborted ? 0.1 : 0.9));
    const stopped = { ...context(), signal: AbortSignal.abort() };
    expect(await evaluator.evaluate(task, stopped)).toMatchObject({
      state: "failed",
      reason: "stopped before its end",
    });
    expect(await evaluator.evaluate(task, context())).toMatchObject({ state: "complete", values: [0.9] });
  });

  test("a value that is missing or not finite fails the trial, naming it", async () => {
    expect(await functional("nan", () => Number.NaN).evaluate(task, context())).toMatchObject({
      state: "failed",
      reason: "value was not finite: NaN",
    });
    const short = functional("short", () => [1], { measures: ["a", "b"] });
    expect(await short.evaluate(task, context())).toMatchObject({
      state: "failed",
      reason: "the evaluator's outcome  Expected 2 values (a, b). Received: 1.",
    });
    const unnamed = functional("unnamed", () => ({ a: 1 }), { measures: ["a", "b"] });
    expect(await unnamed.evaluate(task, context())).toMatchObject({ state: "failed", reason: "b was not finite: NaN" });
  });

  test("what is no measurement is told as what was expected", async () => {
    for (const [nothing, word] of [
      [undefined, "nothing"],
      [null, "null"],
      ["0.9", '"0.9"'],
    ] as const) {
      const forgetful = functional("forgetful", (() => nothing) as never, { measures: ["a", "b"] });
      await expect(forgetful.evaluate(task, context())).rejects.toThrow(
        `the measuring function  Expected a number, a list, or a record with a, b. Received: ${word}.`,
      );
    }
    const early = functional("early", async ({ report }) => {
      await report(1, undefined as never);
      return 1;
    });
    await expect(early.evaluate(task, context())).rejects.toThrow("Received: nothing.");
  });

  test("its key follows name, measures, options and version", () => {
    const fn = () => 1;
    const keys = [
      functional("a", fn),
      functional("b", fn),
      functional("a", fn, { version: 2 }),
      functional("a", fn, { options: { size: 3 } }),
      functional("a", fn, { measures: ["accuracy"] }),
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(5);
    expect(functional("a", () => 2).key).toBe(keys[0]);
  });

  test("an evaluator that returns or throws at once does so in its promise", async () => {
    const spec = { name: "at once", measures: ["x"] };
    const returns = defineEvaluator({
      ...spec,
      evaluate: (() => ({ state: "complete", values: [1], metrics: {} })) as never,
    });
    expect(await returns.evaluate(task, context()).catch(String)).toMatchObject({ values: [1] });
    const throws = defineEvaluator({
      ...spec,
      evaluate: () => {
        throw new Error("at once");
      },
    });
    expect(await throws.evaluate(task, context()).catch((error: Error) => error.message)).toBe("at once");
  });

  test("an evaluator written out is held to its measures, in its outcome and in its reports", async () => {
    const outcomeOf = (outcome: Outcome) =>
      defineEvaluator({ name: "own", measures: ["a", "b"], evaluate: async () => outcome }).evaluate(task, context());
    const metrics = { x: 1 };
    for (const [values, reason] of [
      [[1], "the evaluator's outcome  Expected 2 values (a, b). Received: 1."],
      [[1, 2, 3], "the evaluator's outcome  Expected 2 values (a, b). Received: 3."],
      [[1, Number.NaN], "b was not finite: NaN"],
      [[Number.NEGATIVE_INFINITY, 1], "a was not finite: -Infinity"],
    ] as const)
      for (const state of ["complete", "pruned"] as const)
        expect(await outcomeOf({ state, values, metrics })).toEqual({ state: "failed", reason, metrics });
    for (const fine of [
      { state: "complete", values: [1, 2], metrics },
      { state: "pruned", metrics },
      { state: "failed", reason: "its own", metrics },
    ] as const)
      expect(await outcomeOf(fine)).toEqual(fine);
    // What is none is the executor's to name.
    expect(await outcomeOf(42 as never)).toBe(42);
    const reporting = defineEvaluator({
      name: "own",
      measures: ["a", "b"],
      async evaluate(_, { report }) {
        await report({ step: 1, values: [1] });
        return { state: "pruned", metrics };
      },
    });
    await expect(reporting.evaluate(task, context())).rejects.toThrow(
      "the evaluator's report  Expected 2 values (a, b). Received: 1.",
    );
  });

  test("complains of wrong options", () => {
    expect(() => functional("a", 3 as never)).toThrow("evaluator  Expected a function of a candidate. Received: 3.");
    expect(() => functional("a", () => 1, { measures: [] })).toThrow("evaluator.measures  Expected at least one name.");
    expect(() => defineEvaluator({ name: "", measures: ["x"], evaluate: 1 as never })).toThrow(
      'evaluator.name  Expected a name. Received: "".\nevaluator.evaluate  Expected a function of a task. Received: 1.',
    );
  });
});
