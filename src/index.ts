/** @file Public entry `cellwright`: define a study, run it, take it by hand. */
export { CellwrightError, type ErrorCode } from "./base/errors.ts";
export { mnasnetReward, type MnasnetRewardOptions } from "./search/mnasnet-reward.ts";
export { defineStudy, maximize, minimize } from "./study/define.ts";
export type {
  Budget,
  Constraints,
  PrunerOptions,
  RetrainOptions,
  StudyDefinition,
  StudyFileDefinition,
  StudyFileInput,
  StudyInput,
  StudyReference,
} from "./study/definition.ts";
export type { StudyEvent, StudyFacts } from "./study/events.ts";
export type { ExecutorChoice } from "./study/execution.ts";
export { cellSpace } from "./study/cell-space/define.ts";
export { loadSpace } from "./study/load-space.ts";
export { loadStudy, studyReference } from "./study/load.ts";
export { defaultStudyName, openStudy, type OpenOptions } from "./study/open.ts";
export { rankAll, rankTrials, type RankedTrial } from "./study/ranking.ts";
export { runStudy, type RunOptions } from "./study/run.ts";
export type { AskedTrial, RunSignals, Study, StudyStatus } from "./study/study.ts";
export type { RetrainRecord, StepRecord, TrialRecord } from "./storage/storage.ts";
export type { Evaluator, EvaluationContext, Outcome, Task, TrialMetrics } from "./evaluators/evaluator.ts";
export {
  scalingDefinition,
  scalingReference,
  type ScalingOrigin,
  type ScalingSource,
  type ScalingSpec,
} from "./study/scaling/definition.ts";
export { scalingResults, type ScalingResults, type ScalingRow } from "./study/scaling/results.ts";
