/** @file `ask` and `tell`: at once, told wrongly, after a kill, beside a search. */
import { describe, expect, it } from "vitest";
import { maximize, minimize } from "../../../src/study/define.ts";
import type { AskedTrial, Study } from "../../../src/study/study.ts";
import { collect, fakeEvaluator, fakeStudies } from "../../support/fake-study.ts";

const studies = fakeStudies();

async function ask(study: Study): Promise<AskedTrial> {
  const trial = await study.ask();
  if (typeof trial === "string") throw new Error(`Expected a trial. Received: ${trial}.`);
  return trial;
}

describe("ask and tell", () => {
  it("may be called at once: every trial once, events whole", async () => {
    const { study } = await studies.open();
    const asked = await Promise.all([ask(study), ask(study), ask(study), ask(study)]);
    expect(asked.map(({ number }) => number)).toEqual([0, 1, 2, 3]);
    await Promise.all(asked.toReversed().map(async ({ number }) => study.tell(number, { accuracy: number / 10 })));
    const events = await study.storage.events();
    expect(events.map((event) => (event.kind === "started" ? event.number : event.trial.number))).toEqual([
      0, 1, 2, 3, 3, 2, 1, 0,
    ]);
  });

  it("leave a trial open that was told wrongly, whatever was wrong", async () => {
    const { study } = await studies.open({
      evaluator: fakeEvaluator(["accuracy", "macs"]),
      objectives: [minimize("macs"), maximize("accuracy")],
    });
    const { number } = await ask(study);
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ accuracy: 1 }, /^tell\(0\): macs {2}Expected a finite number\. Received: nothing\.$/],
      [{ accuracy: Number.NaN, macs: 1 }, /^tell\(0\): accuracy {2}Expected a finite number\. Received: NaN\.$/],
      [{ accuracy: "high", macs: 1 }, /accuracy {2}Expected a finite number\. Received: "high"/],
      [null, /result {2}Expected values by objective name, or an outcome\. Received: null/],
      [{ state: "done" }, /state {2}Expected "complete", "pruned" or "failed"/],
      [
        { state: "complete", values: [1] },
        /values {2}Expected 2 finite numbers, one per objective \(macs, accuracy\)\. Received: \[1\]/,
      ],
      [{ state: "pruned", values: [1, "x"] }, /values {2}Expected 2 finite numbers/],
      [{ state: "failed" }, /reason {2}Expected a text\. Received: nothing/],
      [{ state: "failed", reason: "no", metrics: { list: [1] } }, /metrics {2}Expected an object of numbers/],
    ];
    for (const [result, message] of wrong)
      await expect(study.tell(number, result as never)).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(message),
      });
    expect(await study.tell(number, { accuracy: 0.5, macs: 7 })).toMatchObject({ state: "complete", values: [7, 0.5] });
    const pruned = await ask(study);
    expect(await study.tell(pruned.number, { state: "pruned", values: [3, 0.1], metrics: {} })).toMatchObject({
      state: "pruned",
      values: [3, 0.1],
    });
    const failed = await ask(study);
    expect(await study.tell(failed.number, { state: "failed", reason: "no", metrics: {} })).toMatchObject({
      state: "failed",
      reason: "no",
    });
  });

  it("go on with every trial that an earlier run left unfinished before a new one", async () => {
    const first = await studies.open();
    const left = [await ask(first.study), await ask(first.study), await ask(first.study)];
    await first.study.close();
    const { study } = await studies.open({}, { mode: "resume" });
    const again = [await ask(study), await ask(study), await ask(study), await ask(study)];
    expect(again.slice(0, 3)).toEqual(left);
    expect(again[3]?.number).toBe(3);
  });

  it("and a search take turns: neither begins while the other is at it", async () => {
    let release: () => void = () => {};
    const { study } = await studies.open(
      { budget: { trials: 3 } },
      { onTask: ({ end }) => void (release = () => end({ state: "complete", values: [0.5], metrics: {} })) },
    );
    const { number } = await ask(study);
    await expect(collect(study.run())).rejects.toThrow(
      'run  Expected every trial that was taken with ask to be told. Received: "trial 0 open".',
    );
    await study.tell(number, { accuracy: 0.1 });
    for await (const event of study.run()) {
      if (event.kind !== "trial-started") continue;
      await expect(study.ask()).rejects.toThrow(
        "ask  Expected a study that is not at work. Received: one that is searching.",
      );
      await expect(collect(study.run())).rejects.toThrow(/^run {2}Expected a study that is not at work/);
      await expect(collect(study.retrain({ epochs: 1 }))).rejects.toThrow(/^retrain {2}Expected a study/);
      setImmediate(() => release());
    }
    // The first by hand, two by the loop, and by hand again after what the loop has told.
    expect((await study.storage.trials()).map(({ state }) => state)).toEqual(["complete", "complete", "complete"]);
    expect((await ask(study)).number).toBe(3);
  });
});
