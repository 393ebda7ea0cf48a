/** @file Tasks and contexts for evaluators under test: what was reported is kept. */
import { createRng } from "../../src/base/rng.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { EvaluationContext, Task, TrialMetrics } from "../../src/evaluators/evaluator.ts";
import type { Network } from "../../src/network/index.ts";

export const task: Task = {
  trial: 3,
  attempt: 0,
  phase: "search",
  genotype: {},
  skeleton: {},
  recipe: {},
  seed: 11,
  limits: {},
};

export interface Recorded {
  readonly step: number;
  readonly values: readonly number[];
  readonly metrics?: TrialMetrics;
}

export function contextFor(
  network: Network,
  answer: (step: number) => "continue" | "stop" = () => "continue",
  signal: AbortSignal = new AbortController().signal,
): EvaluationContext & { readonly reports: readonly Recorded[]; readonly beats: number[] } {
  const reports: Recorded[] = [];
  const beats: number[] = [];
  return {
    network,
    signal,
    reports,
    beats,
    rng: createRng(11),
    logger: silentLogger,
    heartbeat: ({ fraction }) => beats.push(fraction),
    report(report) {
      reports.push(report);
      return Promise.resolve(answer(report.step));
    },
  };
}
