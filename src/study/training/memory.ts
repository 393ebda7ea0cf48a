/**
 * @file How many images a training works on at once: the recipe's batch, or the largest half, quarter … of it whose session fits the memory. The parts'
 * gradients are averaged, so the recipe's batch is kept; batch norm alone sees a part at a time.
 */
import { totalmem } from "node:os";
import { CellwrightError } from "../../base/errors.ts";
import { formatBytes } from "../../base/units.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Network } from "../../network/index.ts";
import { partSizes } from "../../training/parts.ts";
import { engineOptions, type Recipe } from "../../training/recipe.ts";

/** Share of the machine's memory that a training may take unless told otherwise: the rest is the system's and its other programs'. */
export const MEMORY_SHARE = 0.75;

/** Returns that share of the machine's memory, or of what this process is held to, in bytes. */
export function usualMemory(): number {
  const held = process.constrainedMemory();
  const machine = totalmem();
  return Math.floor(MEMORY_SHARE * (held > 0 && held < machine ? held : machine));
}

export interface PartChoice {
  /** The most images at once. */
  readonly largestPart: number;
  /** Parts that a batch is cut into. */
  readonly parts: number;
  /** Of the whole process, as estimated. */
  readonly bytes: number;
}

/**
 * Returns the largest part of `batch` that fits into `maxBytes` beside what the process holds already (`baseBytes`). Throws `config` where not even
 * two images do, saying what they need.
 */
export function choosePart(
  engine: Engine,
  networks: { readonly network: Network; readonly teacher?: Network | undefined },
  recipe: Recipe,
  batch: number,
  baseBytes: number,
  maxBytes: number,
): PartChoice {
  const { network, teacher } = networks;
  const { optimizer, averageDecay } = engineOptions(recipe);
  const kept = { optimizer, ...(averageDecay !== undefined && { averageDecay }) };
  const needs = (part: number): number =>
    baseBytes +
    engine.estimateMemory(network, part, kept).bytes +
    (teacher === undefined ? 0 : engine.estimateMemory(teacher, part).bytes);
  const least = Math.min(2, batch);
  for (let parts = 1; ; parts *= 2) {
    const largestPart = partSizes(batch, Math.max(least, Math.ceil(batch / parts)))[0] ?? batch;
    const bytes = needs(largestPart);
    if (bytes <= maxBytes) return { largestPart, parts: Math.ceil(batch / largestPart), bytes };
    if (largestPart <= least)
      throw new CellwrightError(
        "config",
        `--max-memory  Expected ${formatBytes(bytes)} or more, which ${network.name} needs for ${least} images at a time. Received: ${formatBytes(maxBytes)}.`,
      );
  }
}
