/** @file Public entry `cellwright/evaluators`: what a trial measures, and the data sets it is measured on. */
export { cifar10, cifar100, defineDataset, fashionMnist, idx, imageFolder, mnist, synthetic } from "../data/index.ts";
export type { Dataset, DatasetDefinition, ImageSet } from "../data/index.ts";
export type {
  EvaluationContext,
  Evaluator,
  Outcome,
  PrepareContext,
  Provision,
  Task,
  TrialMetrics,
} from "./evaluator.ts";
export {
  defineEvaluator,
  functional,
  type Candidate,
  type EvaluatorSpec,
  type FunctionalOptions,
  type Measured,
} from "./functional.ts";
export { type Measure, type ProxyTrainingOptions } from "./proxy-options.ts";
export { proxyTraining } from "./proxy-training.ts";
export {
  findNasBench101,
  nasBench101Epochs,
  nasBench101Table,
  readNasBench101,
  type NasBench101Epochs,
  type NasBench101TableOptions,
} from "./tabular/nas-bench-101.ts";
export {
  findNasBench201,
  nasBench201Table,
  readNasBench201,
  type NasBench201TableOptions,
} from "./tabular/nas-bench-201.ts";
export { countQueries, type Answer, type QueryCounter } from "./tabular/queries.ts";
export { columnOf, readTable, type ResultTable, type TableColumns } from "./tabular/table.ts";
export { tabular, type TableKey, type TabularOptions, type ValueColumns } from "./tabular/tabular.ts";
