/** @file Public entry `cellwright/training`: the training loop, recipes, schedules, checkpoints. */
export {
  readCheckpoint,
  writeCheckpoint,
  writeWeights,
  type Checkpoint,
  type EpochPart,
  type EpochSummary,
} from "./checkpoint.ts";
export {
  createMetrics,
  measureMetrics,
  type ClassificationMetrics,
  type MeasureOptions,
  type MetricsAccumulator,
  type TopFive,
} from "./metrics.ts";
export {
  mergeRecipe,
  optimizerNames,
  recipeNames,
  recipeRecord,
  recipes,
  recipeSources,
  scheduleNames,
  type Recipe,
  type RecipeName,
} from "./recipe.ts";
export { recipeText } from "./recipe-text.ts";
export { dropPathRateAt, learningRateAt, type Span } from "./schedule.ts";
export type { Teacher } from "./teacher.ts";
export { train, type StepFigures, type TrainingState, type TrainOptions, type TrainResult } from "./train.ts";
export { readEventFile, readScalars, type ScalarPoint, type ScalarsRead } from "./tensorboard/reader.ts";
export { openEventWriter, type EventWriter, type EventWriterOptions } from "./tensorboard/writer.ts";
export { type ScalarValue, type TensorboardEvent } from "./tensorboard/events.ts";
