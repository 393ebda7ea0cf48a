/** @file The baseline: which network it is, how it is trained, what is not done again, and what is refused before a search. */
import { describe, expect, it } from "vitest";
import { costOf, inferShapes } from "../../../src/network/index.ts";
import type { Task } from "../../../src/evaluators/evaluator.ts";
import type { StudyDefinition } from "../../../src/study/definition.ts";
import { runnerFor } from "../../../src/study/trial-runner.ts";
import { validateDefinition } from "../../../src/study/validate-definition.ts";
import { complete, type FakeTask } from "../../support/fake-executor.ts";
import { collect, fakeEvaluator, fakeStudies } from "../../support/fake-study.ts";
import { toySpace } from "../../support/toy-space.ts";

const studies = fakeStudies();
const trainer = { ...fakeEvaluator(), options: { epochs: 2 }, trainsNetworks: true } as const;

/** A study of five trials, of which the later ones are better; `onBaseline` ends what trains the baseline. */
async function searched(
  definition: Partial<StudyDefinition> = {},
  onBaseline: (task: FakeTask) => void = ({ end }) => end(complete(0.3)),
) {
  const opened = await studies.open(
    { evaluator: trainer, ...definition },
    { workers: 2, onTask: (task) => (task.task.network ? onBaseline(task) : task.end(complete(task.task.trial / 10))) },
  );
  await collect(opened.study.run());
  const tasks = (): Task[] => opened.executor.tasks.filter(({ network }) => network !== undefined);
  return { ...opened, tasks };
}

describe("a study's baseline", () => {
  it("is ResNet-18's form for CIFAR-10 at the winner's multiply-accumulates, for the space's images and classes", async () => {
    const { study } = await searched({ skeleton: { classes: 7 } });
    const plan = (await study.baseline())?.plan;
    // The winner has a few hundred: no ResNet is that small.
    expect(plan).toMatchObject({ name: "resnet-18-cifar, width 1", phase: "search", epochs: 2, seeds: 1 });
    expect(plan?.winner.number).toBe(4);
    const network = plan?.network as NonNullable<typeof plan>["network"];
    const shapes = inferShapes(network);
    expect([shapes.get("input"), shapes.get(network.outputs.logits)]).toEqual([[4, 4, 3], [7]]);
    expect(costOf(network)).toMatchObject({ params: plan?.params, macs: plan?.macs });
  });

  it("is trained as the winner was: by the search's recipe, or by the retraining's for as long and as often", async () => {
    const once = await searched();
    const events = await collect(once.study.trainBaseline());
    expect(once.tasks()).toMatchObject([{ trial: 4, phase: "search", epochs: 2 }]);
    expect(events.map((event) => event.kind)).toEqual(["retrain-started", "retrain-finished"]);
    expect(events[0]).toMatchObject({ baseline: "resnet-18-cifar, width 1", index: 1, of: 1 });
    expect((await once.study.baseline())?.trained).toMatchObject({ phase: "search", epochs: 2, values: [0.3] });

    const again = await searched({ name: "again", retrain: { top: 2, epochs: 6, seeds: 3 } });
    await collect(again.study.retrain());
    await collect(again.study.trainBaseline());
    expect(again.tasks()).toMatchObject([1, 2, 3].map(() => ({ trial: 4, phase: "retrain", epochs: 6 })));
    expect(new Set(again.tasks().map(({ seed }) => seed)).size).toBe(3);
    expect(new Set(again.tasks().map(({ dir }) => dir)).size).toBe(3);
    expect((await again.study.baseline())?.trained?.values).toEqual([0.3, 0.3, 0.3]);
  });

  it("is not trained again, but for what failed or was stopped; another length is another training", async () => {
    const stop = new AbortController();
    let seen = 0;
    const { study, tasks } = await searched({ retrain: { top: 1, epochs: 6, seeds: 3 } }, ({ end }) => {
      seen++;
      if (seen === 1) end({ state: "failed", reason: "out of memory", metrics: {} });
      else if (seen === 2) end(complete(0.4));
      else if (seen === 3) stop.abort();
      else end(complete(0.5));
    });
    await collect(study.retrain());
    await collect(study.trainBaseline({ signal: stop.signal }));
    expect((await study.storage.baselines()).map(({ state }) => state).toSorted()).toEqual(["complete", "failed"]);
    expect((await study.baseline())?.left).toBe(2);
    await collect(study.trainBaseline());
    expect(tasks()).toHaveLength(5);
    expect((await study.baseline())?.trained?.values.toSorted()).toEqual([0.4, 0.5, 0.5]);
    await collect(study.trainBaseline());
    expect(tasks()).toHaveLength(5);
    await collect(study.retrain({ epochs: 9, seeds: 1 }));
    expect(await study.baseline()).toMatchObject({ left: 1, plan: { epochs: 9 } });
    expect((await study.baseline())?.trained).toBeUndefined();
  });

  it("is none where the study says so, where nothing has won, and where no network is trained", async () => {
    for (const [name, definition] of Object.entries({
      declined: { baseline: false },
      measured: { evaluator: fakeEvaluator() },
    } as const)) {
      const { study, tasks } = await searched({ name, ...definition });
      expect(await study.baseline()).toBeUndefined();
      await collect(study.trainBaseline());
      expect(tasks()).toEqual([]);
    }
    const { study } = await studies.open({ name: "unsearched", evaluator: trainer });
    expect(await study.baseline()).toBeUndefined();
  });

  it("outlives its study's closing", async () => {
    const { study, definition } = await searched();
    await collect(study.trainBaseline());
    await study.close();
    const { study: later } = await studies.open(definition, { mode: "resume" });
    expect((await later.baseline())?.trained?.values).toEqual([0.3]);
    expect((await later.storage.baselines())[0]).toMatchObject({ state: "complete", metrics: { accuracy: 0.3 } });
  });

  it("goes to the evaluator in the genotype's place", async () => {
    const { study } = await searched();
    const plan = (await study.baseline())?.plan;
    const seen: string[] = [];
    const evaluator = {
      ...trainer,
      evaluate: async (_: Task, { network }: { readonly network: { readonly name: string } }) => {
        seen.push(network.name);
        return complete(1);
      },
    };
    const runner = runnerFor({ ...study.definition, evaluator }, {});
    const task = { trial: 4, attempt: 0, phase: "search", genotype: plan?.winner.proposal.genotype ?? {} } as const;
    const io = { report: async () => "continue" as const, heartbeat: () => {}, signal: new AbortController().signal };
    const common = { ...task, skeleton: {}, recipe: {}, seed: 0, limits: {} };
    await runner.run({ ...common, ...(plan && { network: plan.network }) }, io);
    await runner.run(common, io);
    expect(seen).toEqual(["resnet-18-cifar, width 1", "toy"]);
  });
});

describe("a baseline by name", () => {
  const problem = (definition: Partial<StudyDefinition>): string => {
    const { controller } = { controller: { name: "none", options: {}, create: () => ({}) } };
    try {
      validateDefinition({ space: toySpace, controller, evaluator: trainer, ...definition }, "study");
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  it("has to be one, for the study's images and classes, with an evaluator that trains it", () => {
    expect(problem({ baseline: "resnet-19" })).toMatch(
      /^study: baseline {2}Expected the id of a network.*"resnet-19"\. Did you mean resnet-18\?$/,
    );
    expect(problem({ baseline: "resnet20cifar" })).toMatch(
      /Received: "resnet20cifar"\. Did you mean resnet-20-cifar\?$/,
    );
    expect(problem({ baseline: true as never })).toMatch(/baseline {2}Expected the id of a network, or false for none/);
    expect(problem({ baseline: "resnet-20-cifar" })).toBe(
      "study: baseline  Expected a network for images of [4, 4, 3] and 10 classes, as the study's are. Received: resnet-20-cifar, for images of [32, 32, 3] and 10 classes.",
    );
    expect(problem({ baseline: "resnet-20-cifar", evaluator: fakeEvaluator() })).toMatch(
      /baseline {2}Expected an evaluator that trains networks, such as proxyTraining\. Received: "toy"\./,
    );
    expect(problem({ baseline: false })).toBe("");
  });
});
