/** @file What the upper floors take from here: files made of a network and its weights. */
export type { Exporter, ExportOptions } from "./exporter.ts";
export { foldBatchNorm } from "./fold-batch-norm.ts";
export { exportKeras } from "./keras/export-keras.ts";
export type { CardResult, ModelCardFacts } from "./model-card.ts";
export { exportOnnx } from "./onnx/export-onnx.ts";
export { exportPyTorch } from "./pytorch/export-pytorch.ts";
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type SafetensorsTensor } from "./safetensors.ts";
export { exporters, exportTargets, type ExportTarget } from "./targets.ts";
