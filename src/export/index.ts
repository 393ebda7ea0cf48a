/** @file What the upper floors take from here: files made of a network and its weights. */
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type SafetensorsTensor } from "./safetensors.ts";
