/** @file A network in a JSON file: as `scale --out`, a study's `best/` or a training run leaves it. */
import { readFile } from "node:fs/promises";
import { CellwrightError, messageOf } from "../base/errors.ts";
import { readNetworkJson } from "../export/index.ts";
import type { Network } from "../network/index.ts";

/** Whether a target is the file of a network: JSON, and no cell space, which is told from a network by what it says. */
export async function isNetworkFile(target: string): Promise<boolean> {
  if (!target.endsWith(".json")) return false;
  const text = await readFile(target, "utf8").catch(() => "");
  try {
    const value = JSON.parse(text) as { readonly operations?: unknown; readonly cells?: unknown } | null;
    return value?.operations === undefined || value.cells === undefined;
  } catch {
    return true;
  }
}

/** Reads a network. Throws `data` where there is none, else what is wrong with it, each problem after the file. */
export async function readNetworkFile(file: string): Promise<Network> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw noNetwork(file, error.code === "ENOENT" ? "no such file" : messageOf(error), error);
  });
  return readNetworkText(text, file);
}

/** Returns the network of a JSON text. Throws `data` for a text that is none, else what is wrong with the network, each problem after `file`. */
export function readNetworkText(text: string, file: string): Network {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw noNetwork(file, messageOf(error), error);
  }
  return readNetworkJson(value, file);
}

function noNetwork(file: string, received: string, cause: unknown): CellwrightError {
  return new CellwrightError("data", `${file}  Expected a network as JSON. Received: ${received}.`, { cause });
}
