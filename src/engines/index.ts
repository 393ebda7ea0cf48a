/** @file Public entry `cellwright/engines`: open the engine that fits this machine, and say which there are. */
export { engineChoices, openEngine, type EngineChoice, type OpenOptions } from "./choose.ts";
export type {
  AdamWOptions,
  Batch,
  Engine,
  InferenceOptions,
  LossOptions,
  MemoryEstimate,
  MemoryOptions,
  OptimizerOptions,
  RmsPropOptions,
  Session,
  SessionOptions,
  SessionState,
  SgdOptions,
  StepOptions,
  StepResult,
} from "./engine.ts";
export { dropoutMask, dropPathMask, partOfStep } from "./masks.ts";
export { openNativeEngine } from "./native/index.ts";
export { profileNative, type KernelProfile, type NativeProfile } from "./native/profile.ts";
export { slotsOf, type OptimizerSlot } from "./optimizer.ts";
export { openReferenceEngine } from "./reference/index.ts";
export { autoEngineWarning, describeEngines, slowEngineWarning, type EngineReport } from "./report.ts";
export { openTfjsEngine, tfjsBackends, type TfjsBackend } from "./tfjs/index.ts";
