/** @file Studies of the toy space over an executor that ends tasks as a test says, in a folder that goes away after each test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { manualClock, type Clock } from "../../src/base/clock.ts";
import type { Evaluator } from "../../src/evaluators/evaluator.ts";
import type { Network } from "../../src/network/index.ts";
import type { Controller, ControllerDefinition, ControllerEvent } from "../../src/search/controller.ts";
import type { StudyDefinition } from "../../src/study/definition.ts";
import type { StudyEvent } from "../../src/study/events.ts";
import { openStudy } from "../../src/study/open.ts";
import type { Study } from "../../src/study/study.ts";
import { complete, fakeExecutor, type FakeTask } from "./fake-executor.ts";
import { toySpace } from "./toy-space.ts";

/** An evaluator that is never called, as the executor is a fake. */
export function fakeEvaluator(measures: readonly string[] = ["accuracy"]): Evaluator {
  return {
    name: "toy",
    key: "toy",
    measures,
    options: {},
    evaluate: () => Promise.reject(new Error("not called: the executor is a fake")),
  };
}

/** Proposes what `propose` says, by number. What it says is not checked: a user's controller is plain code. */
export function scripted(
  propose: (number: number) => unknown,
  tell: (event: ControllerEvent) => void = () => {},
): ControllerDefinition {
  return { name: "scripted", options: {}, create: (): Controller => ({ ask: propose as Controller["ask"], tell }) };
}

/** Distinct networks for 81 trials. */
export const spread = (number: number) => ({
  genotype: { a: 1 + (number % 9), b: 1 + (Math.floor(number / 9) % 9), twin: 0 },
});

export interface FakeStudyOptions {
  readonly mode?: "create" | "resume";
  readonly onTask?: (task: FakeTask) => void;
  readonly workers?: number;
  readonly clock?: Clock;
  readonly measureLatency?: (network: Network) => Promise<number>;
}

/** Returns a way to open studies; whatever is still open after a test is closed, and its folder removed. */
export function fakeStudies() {
  let resultsDir = "";
  let opened: Study[] = [];
  beforeEach(async () => {
    resultsDir = await mkdtemp(join(tmpdir(), "cellwright-study-"));
  });
  afterEach(async () => {
    for (const study of opened) await study.close();
    opened = [];
    await rm(resultsDir, { recursive: true, force: true });
  });
  return {
    get dir() {
      return resultsDir;
    },
    async open(definition: Partial<StudyDefinition> = {}, options: FakeStudyOptions = {}) {
      const {
        mode = "create",
        onTask = (task) => task.end(complete(0.5)),
        workers = 1,
        clock = manualClock(),
      } = options;
      const executor = fakeExecutor(workers, onTask);
      const whole: StudyDefinition = {
        name: "s",
        space: toySpace,
        controller: scripted(spread),
        evaluator: fakeEvaluator(),
        budget: { trials: 5 },
        ...definition,
      };
      const study = await openStudy({
        mode,
        name: whole.name ?? "s",
        resultsDir,
        clock,
        executor,
        definition: whole,
        ...(options.measureLatency && { measureLatency: options.measureLatency }),
      });
      opened.push(study);
      return { study, executor, definition: whole };
    },
  };
}

/** Returns all events of a search. */
export async function collect(events: AsyncIterable<StudyEvent>): Promise<StudyEvent[]> {
  const all: StudyEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
