/** @file The proof of an export by the runtime that it is for: logits of 32 images beside ours. What holds for every target; each has its own checker. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { createRng } from "../../base/rng.ts";
import type { ExportOptions } from "../../export/index.ts";
import { inferShapes, type Network, type Weights } from "../../network/index.ts";

/** How far a runtime's logits are from ours. */
export type ExportCheck =
  | {
      readonly checked: true;
      /** Largest between two logits, and the largest magnitude of ours. */
      readonly difference: number;
      readonly largest: number;
      readonly images: number;
      /** `torch 2.13`. */
      readonly runtime: string;
      /** Trainable parameters as the runtime counts them, where it can. */
      readonly params?: number;
      /** Median of a batch-1 forward there, where it was measured. */
      readonly latencyMs?: number;
    }
  | {
      readonly checked: false;
      readonly reason: string;
      /** Whether the runtime was there and could not run what was exported. */
      readonly broken: boolean;
    };

/** What a checker is given. */
export interface CheckSubject {
  /** Folder that was exported. */
  readonly dir: string;
  readonly network: Network;
  readonly weights: Weights;
  /** What the exporter was told. */
  readonly options?: ExportOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Images and our logits for them. */
export interface GivenLogits {
  /** Row-major `[n, h, w, c]`, normally distributed: what normalised images look like. Where a network takes vectors, h and w are 1. */
  readonly images: Float32Array;
  readonly imageShape: readonly [number, number, number, number];
  /** What the images were made of, for a model that takes bytes. */
  readonly bytes?: Uint8Array;
  /** Row-major `[n, classes]`. */
  readonly logits: Float32Array;
}

/** Runs an exported folder where it is meant to run. Never throws: where the runtime is missing the reason is in the answer. */
export type ExportChecker = (subject: CheckSubject) => Promise<ExportCheck>;

/** Images that an export is checked on. */
export const checkImages = 32;

/** Returns a checker that computes our logits, hands them to `run` with an empty folder to work in, and turns what is thrown into an answer. */
export function checker(
  run: (subject: CheckSubject, given: GivenLogits, folder: string) => Promise<ExportCheck>,
): ExportChecker {
  return async (subject) => {
    const folder = await mkdtemp(join(tmpdir(), "cellwright-"));
    try {
      return await run(subject, await ourLogits(subject), folder);
    } catch (error) {
      return { checked: false, reason: messageOf(error).split("\n")[0] ?? "", broken: false };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

/** Returns the answer for a runtime's logits. `theirs` is row-major `[n, classes]`. */
export function compared(
  given: GivenLogits,
  theirs: ArrayLike<number>,
  more: { readonly runtime: string; readonly params?: number; readonly latencyMs?: number },
): ExportCheck {
  const { logits } = given;
  // A missing logit must not look like agreement; Math.max keeps NaN.
  let difference = theirs.length === logits.length ? 0 : Number.NaN;
  for (let i = 0; i < logits.length; i++)
    difference = Math.max(difference, Math.abs((logits[i] as number) - (theirs[i] ?? Number.NaN)));
  return { checked: true, difference, largest: largestOf(logits), images: given.imageShape[0], ...more };
}

/** Returns the largest magnitude. */
export function largestOf(values: Float32Array): number {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** Returns the logits of 32 images, row-major `[32, classes]`, by the fastest engine. */
export async function logitsOf(network: Network, weights: Weights, images: Float32Array): Promise<Float32Array> {
  const { openEngine } = await import("../../engines/index.ts");
  const engine = await openEngine("auto");
  const session = await engine.open(network, {
    batchSize: checkImages,
    seed: 0,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    weights,
    training: false,
  });
  try {
    return Float32Array.from(await session.predict(images, checkImages));
  } finally {
    await session.close();
  }
}

async function ourLogits({ network, weights, options }: CheckSubject): Promise<GivenLogits> {
  const input = network.nodes.find((node) => node.op === "input");
  const shape = (input === undefined ? undefined : inferShapes(network).get(input.id)) ?? [0];
  const [height, width, channels] = shape.length === 3 ? shape : [1, 1, shape[0]];
  const rng = createRng("export/check");
  const count = checkImages * height * width * channels;
  const bytes = options?.bytes === true ? Uint8Array.from({ length: count }, () => rng.int(256)) : undefined;
  const { mean, std } = options?.normalization ?? {};
  const images =
    bytes === undefined
      ? Float32Array.from({ length: count }, () => rng.normal())
      : Float32Array.from(bytes, (byte, i) => (byte / 255 - (mean?.[i % channels] ?? 0)) / (std?.[i % channels] ?? 1));
  const logits = await logitsOf(network, weights, images);
  return { images, imageShape: [checkImages, height, width, channels], ...(bytes !== undefined && { bytes }), logits };
}

/** Float32 sums in another order differ by less: more is a fault. */
const AGREEMENT = 1e-4;

/** Whether the runtime's logits are ours; undefined where that could not be checked. */
export function agrees(check: ExportCheck): boolean | undefined {
  if (!check.checked) return check.broken ? false : undefined;
  // Written so that NaN does not agree.
  return shareOf(check) <= AGREEMENT;
}

function shareOf({ difference, largest }: { readonly difference: number; readonly largest: number }): number {
  return difference / Math.max(largest, Number.MIN_VALUE);
}

/** Returns the line that says how the check went. `title` is the target's: `PyTorch`. */
export function checkText(check: ExportCheck, title: string): string {
  if (!check.checked)
    return `${check.broken ? `DOES NOT RUN IN ${title.toUpperCase()}` : `not checked against ${title}`}: ${check.reason}`;
  const share = shareOf(check);
  const verdict = agrees(check) === true ? "logits agree with ours" : "LOGITS DIFFER FROM OURS";
  const latency = check.latencyMs === undefined ? "" : ` · ${check.latencyMs.toPrecision(3)} ms for one image there`;
  return `${verdict}: ${share.toExponential(0)} of their largest on ${check.images} images (${check.runtime})${latency}`;
}
