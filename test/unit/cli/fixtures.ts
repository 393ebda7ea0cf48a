/** @file A study that never ran, and streams to print to: what the terminal code is tested with. */
import { createColors } from "picocolors";
import type { CliIo, OutStream } from "../../../src/cli/io.ts";
import type { TrialRecord } from "../../../src/storage/storage.ts";
import type { StudyEvent, StudyFacts } from "../../../src/study/events.ts";
import type { Study } from "../../../src/study/study.ts";

export const facts: StudyFacts = {
  space: "nasnet",
  spaceSize: "5.2e36",
  controller: "aging evolution",
  data: "cifar10",
  evaluator: "proxy-training",
  workers: 2,
  engine: "auto",
  budget: { trials: 10 },
};

/** A trial that ended, or with state `running` did not. */
export function trial(number: number, more: Partial<TrialRecord> = {}): TrialRecord {
  return {
    number,
    proposal: { genotype: {} },
    state: "complete",
    values: [0.5],
    metrics: { params: 72_370, macs: 8_200_000 },
    canonicalId: `id${number}`,
    resultKey: "key",
    seed: number,
    attempts: 1,
    startedMs: 0,
    finishedMs: 1000 * (number + 1),
    ...more,
  };
}

/** The parts of a study that the live view reads. */
export function fakeStudy(trials: readonly TrialRecord[] = [], elapsedMs = 0): Study {
  return {
    name: "cells",
    dir: "/tmp/results/cells",
    facts,
    objectives: [{ name: "accuracy", direction: "maximize" }],
    definition: { evaluator: { options: { data: { name: "cifar10", train: 10_000, validation: 2_000 }, epochs: 4 } } },
    storage: { trials: async () => trials, study: { elapsedMs } },
  } as unknown as Study;
}

/** A stream that remembers. */
export function memoryStream(
  options: { readonly isTTY?: boolean; readonly columns?: number } = {},
): OutStream & { readonly text: () => string } {
  let text = "";
  return {
    write(more) {
      text += more;
    },
    isTTY: options.isTTY ?? false,
    columns: options.columns ?? 100,
    text: () => text,
  };
}

/** An io whose clock stands still unless moved. */
export function memoryIo(
  options: { readonly isTTY?: boolean; readonly columns?: number; readonly color?: boolean } = {},
): CliIo & {
  readonly out: ReturnType<typeof memoryStream>;
  readonly err: ReturnType<typeof memoryStream>;
  clock: { nowMs: number };
} {
  const clock = { nowMs: 0 };
  return {
    out: memoryStream(options),
    err: memoryStream(options),
    colors: createColors(options.color ?? false),
    errColors: createColors(options.color ?? false),
    env: {},
    now: () => clock.nowMs,
    clock,
  };
}

/** Events in a row, a second apart on `clock`. */
export async function* eventStream(
  events: readonly StudyEvent[],
  clock: { nowMs: number },
): AsyncGenerator<StudyEvent> {
  for (const event of events) {
    clock.nowMs += 1_000;
    yield await Promise.resolve(event);
  }
}
