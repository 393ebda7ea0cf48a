/** @file What the upper floors take from here: files made of a network and its weights. */
export { exportCellwright } from "./cellwright/export-cellwright.ts";
export { candidateSchema } from "./cellwright/manifest.ts";
export { modelFiles, readCellwrightModel, readNetworkJson, type CellwrightModel } from "./cellwright/read.ts";
export type { ExportCandidate, Exporter, ExportOptions } from "./exporter.ts";
export { foldBatchNorm } from "./fold-batch-norm.ts";
export { exportKeras } from "./keras/export-keras.ts";
export { matchingWeights } from "./matching-weights.ts";
export type { CardResult, ModelCardFacts } from "./model-card.ts";
export { exportOnnx } from "./onnx/export-onnx.ts";
export { exportPyTorch } from "./pytorch/export-pytorch.ts";
export type { ExportTraining, TrainingNumbers } from "./pytorch/training.ts";
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type SafetensorsTensor } from "./safetensors.ts";
export { exporters, exportTargets, type ExportTarget } from "./targets.ts";
export { exportTfjs, type TfjsForm } from "./tfjs/export-tfjs.ts";
export { exportTimm, timmArchitecture } from "./timm/export-timm.ts";
