/** @file Entry of the storage floor: where a study is kept. */
export { openStorage, type NewStudy, type OpenStorageOptions } from "./open.ts";
export type { RetrainRecord, StepRecord, Storage, StudyRecord, TrialRecord, TrialState } from "./storage.ts";
