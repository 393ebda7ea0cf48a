/** @file The tensors of a file as a network's weights: all of them and no others, each of its shape. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Network, Weights } from "../network/network.ts";
import { weightSpecs } from "../network/weights.ts";
import type { SafetensorsTensor } from "./safetensors.ts";

/** Returns the weights in the network's order. Throws `data` naming file and tensor: one that is missing, misshapen or surplus. */
export function matchingWeights(
  network: Network,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  file: string,
): Weights {
  const weights = new Map<string, Float32Array>();
  for (const { name, shape } of weightSpecs(network)) {
    const tensor = tensors.get(name);
    if (tensor === undefined)
      throw new CellwrightError("data", expected(`${file}: ${name}`, "a tensor of that name", undefined));
    if (tensor.shape.length !== shape.length || shape.some((side, axis) => side !== tensor.shape[axis]))
      throw new CellwrightError("data", expected(`${file}: ${name}`, `shape [${shape.join(", ")}]`, tensor.shape));
    weights.set(name, tensor.data);
  }
  const surplus = [...tensors.keys()].find((name) => !weights.has(name));
  if (surplus !== undefined)
    throw new CellwrightError("data", expected(`${file}: ${surplus}`, "weights of the network alone", surplus));
  return weights;
}
