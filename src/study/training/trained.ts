/** @file A trained network in a folder, as a training run or a retraining leaves it: `network.json` and `weights.safetensors`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CellwrightError, messageOf } from "../../base/errors.ts";
import { sha256Hex } from "../../base/hash.ts";
import { decodeSafetensors, matchingWeights } from "../../export/index.ts";
import type { Network, Weights } from "../../network/index.ts";
import { readNetworkText } from "../network-file.ts";

export interface TrainedNetwork {
  readonly network: Network;
  readonly weights: Weights;
  /** Of the weights' file. */
  readonly hash: string;
  /** Of the weights' file, by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads a folder's network and weights. `place` is who asks: `--teacher`. Throws `data` naming what is missing or wrong. */
export async function readTrained(dir: string, place: string): Promise<TrainedNetwork> {
  const read = async (name: string): Promise<Buffer> => {
    const file = join(dir, name);
    return await readFile(file).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" || error.code === "ENOTDIR" ? "no such file" : messageOf(error);
      throw new CellwrightError(
        "data",
        `${place}  Expected the folder of a trained network, with network.json and weights.safetensors. Received: ${file}: ${why}.`,
        { cause: error },
      );
    });
  };
  const network = readNetworkText((await read("network.json")).toString("utf8"), join(dir, "network.json"));
  const bytes = await read("weights.safetensors");
  const file = join(dir, "weights.safetensors");
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const weights = matchingWeights(network, tensors, file);
  return { network, weights, hash: sha256Hex(bytes).slice(0, 16), metadata };
}
