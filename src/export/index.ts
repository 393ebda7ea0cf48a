/** @file What the upper floors take from here: files made of a network and its weights. */
export { exportPyTorch, type PyTorchOptions } from "./pytorch/export-pytorch.ts";
export type { CardResult, ModelCardFacts } from "./pytorch/model-card.ts";
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type SafetensorsTensor } from "./safetensors.ts";
