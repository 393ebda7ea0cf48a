/** @file Retraining: who is retrained, how often, and what is not done again. */
import { describe, expect, it } from "vitest";
import { complete, type FakeTask } from "../../support/fake-executor.ts";
import { collect, fakeStudies } from "../../support/fake-study.ts";

const studies = fakeStudies();

/** A study of five trials, of which the later ones are better; `onRetrain` ends the tasks of a retraining. */
async function searched(onRetrain: (task: FakeTask) => void, workers = 1) {
  const opened = await studies.open(
    { retrain: { top: 2, epochs: 3, seeds: 2 } },
    {
      workers,
      onTask: (task) => (task.task.phase === "retrain" ? onRetrain(task) : task.end(complete(task.task.trial / 10))),
    },
  );
  await collect(opened.study.run());
  const retrains = () =>
    opened.executor.tasks
      .filter(({ phase }) => phase === "retrain")
      .map(({ trial, epochs, seed }) => ({ trial, epochs, seed }));
  return { study: opened.study, executor: opened.executor, retrains };
}

describe("retraining", () => {
  it("takes the best, each as often as there are seeds, every time with another seed, and ranks by the mean", async () => {
    const { study, retrains } = await searched(({ task, end }) => end(complete(task.trial === 3 ? 0.9 : 0.8)));
    await collect(study.retrain());
    expect(retrains().map(({ trial, epochs }) => [trial, epochs])).toEqual([
      [4, 3],
      [4, 3],
      [3, 3],
      [3, 3],
    ]);
    expect(new Set(retrains().map(({ seed }) => seed)).size).toBe(4);
    expect((await study.top()).map(({ trial, retrainedMean }) => [trial.number, retrainedMean])).toEqual([
      [3, 0.9],
      [4, 0.8],
      [2, undefined],
      [1, undefined],
      [0, undefined],
    ]);
    // Nothing is left to do; for other epochs there is.
    await collect(study.retrain());
    expect(retrains()).toHaveLength(4);
    await collect(study.retrain({ epochs: 5, top: 1, seeds: 1 }));
    expect(retrains().slice(4)).toMatchObject([{ trial: 4, epochs: 5 }]);
  });

  it("goes on after an interrupt with what is not complete, a failed one too", async () => {
    const stop = new AbortController();
    let seen = 0;
    const { study, retrains } = await searched(({ end }) => {
      seen++;
      if (seen === 2) end({ state: "failed", reason: "out of memory", metrics: {} });
      else if (seen === 3) stop.abort();
      else end(complete(0.9));
    });
    await collect(study.retrain({ signal: stop.signal }));
    expect((await study.storage.retrains()).map(({ state }) => state).toSorted()).toEqual([
      "complete",
      "failed",
      "running",
    ]);
    const [done] = retrains();
    await collect(study.retrain());
    expect(retrains().filter(({ seed }) => seed === done?.seed)).toHaveLength(1);
    expect((await study.storage.retrains()).map(({ state }) => state)).toEqual(Array(4).fill("complete"));
  });

  it("names a trial that is not complete, and a study without any", async () => {
    const { study } = await searched(() => {});
    await expect(collect(study.retrain({ trials: [9] }))).rejects.toThrow(
      "retrain --trial  Expected the number of a complete trial. Received: 9.",
    );
    const none = await studies.open({ name: "none" });
    await expect(collect(none.study.retrain({ epochs: 1 }))).rejects.toThrow("Expected at least one complete trial");
  });
});
