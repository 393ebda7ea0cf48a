/** @file A user's function as evaluator, and an evaluator written out. */
import { describe, expect, test } from "vitest";
import { defineEvaluator, functional } from "../../../src/evaluators/index.ts";
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
      reason: "b was not finite: undefined",
    });
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

  test("complains of wrong options", () => {
    expect(() => functional("a", 3 as never)).toThrow("evaluator  Expected a function of a candidate. Received: 3.");
    expect(() => functional("a", () => 1, { measures: [] })).toThrow("evaluator.measures  Expected at least one name.");
    expect(() => defineEvaluator({ name: "", measures: ["x"], evaluate: 1 as never })).toThrow(
      'evaluator.name  Expected a name. Received: "".\nevaluator.evaluate  Expected a function of a task. Received: 1.',
    );
  });
});
