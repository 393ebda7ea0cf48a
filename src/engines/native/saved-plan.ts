/**
 * @file A session's programs with parameters, batches and what they gave, as one file that native/runner runs without Node: for sanitizers, valgrind,
 * emulators and profilers. native/runner/saved_plan.cc reads it and believes nothing of it.
 *
 * Little-endian; every array begins at a multiple of eight bytes. `CWPLAN\x1a\n`, version, vector width, runs, bytes of the name (32 bits each), then
 * 64-bit counts of the words of training and evaluation, segments, cleared positions, parameters, second slot and average, then those arrays. Of every run: kind,
 * size, flags and zero (32 bits), counts of images, labels, targets, masks, factors and results (64 bits), loss, examples and the numbers of the optimizer
 * (doubles), then those arrays. Version 1 had one optimizer and no targets; it is refused.
 */
import { CellwrightError, expected } from "../../base/errors.ts";
import { UPDATE_NUMBERS } from "./update.ts";

/** One call of a session, and what it gave. */
export interface SavedRun {
  /** `gradients` trains without an update. */
  readonly kind: "evaluate" | "gradients" | "step";
  readonly size: number;
  /** Shape `[size, h, w, c]`. */
  readonly images: Float32Array;
  /** Empty where an evaluation had none. */
  readonly labels: Int32Array;
  /** Shape `[size, classes]`; empty for none. */
  readonly targets: Float32Array;
  /** Shape `[masks, batch size]`. */
  readonly masks: Float32Array;
  readonly uploads: Float32Array;
  /** Those of all batches of the step. */
  readonly examples: number;
  /** Of a `step`: as `updateNumbers` has them. */
  readonly update?: Float64Array;
  /** As in `nativeFlags`. */
  readonly adds: boolean;
  readonly moves: boolean;
  readonly averaged: boolean;
  readonly loss: number;
  /** Logits of an evaluation, packed gradients of anything else; empty where they were not kept. */
  readonly results: Float32Array;
}

export interface SavedPlan {
  /** ASCII; anything else becomes a question mark. */
  readonly name: string;
  readonly vectorWidth: number;
  /** Words of `encodePlan`; empty in a session for evaluation only. */
  readonly training: Float64Array;
  readonly evaluation: Float64Array;
  /** Triples: first parameter, length, whether weight decay applies. */
  readonly segments: Float64Array;
  readonly cleared: Float64Array;
  /** Packed, before the first run. */
  readonly parameters: Float32Array;
  /** Of the optimizer's second slot and of the average, before the first run; empty where the session has none. The first slot begins at zero. */
  readonly second: Float32Array;
  readonly average: Float32Array;
  /** In order: each goes on from the parameters that the one before left. */
  readonly runs: readonly SavedRun[];
}

const MAGIC = "CWPLAN\u001A\n";
const VERSION = 2;
const kinds = { evaluate: 0, gradients: 1, step: 2 } as const;
const MOST_RUNS = 1024;
const MOST_NAME = 4096;

/** Returns the file. Throws `engine` where it would not be read back: too many runs, or a name too long. */
export function encodeSavedPlan(plan: SavedPlan): Uint8Array {
  const name = plan.name.replaceAll(/[^\u0020-\u007E]/gu, "?");
  if (plan.runs.length > MOST_RUNS)
    throw new CellwrightError("engine", expected(`${name}: runs`, `at most ${MOST_RUNS}`, plan.runs.length));
  if (name.length > MOST_NAME)
    throw new CellwrightError("engine", expected("name", `at most ${MOST_NAME} characters`, name.length));
  const parts: Uint8Array[] = [];
  const { training, evaluation, segments, cleared, parameters, second, average } = plan;
  parts.push(ascii(MAGIC), words32([VERSION, plan.vectorWidth, plan.runs.length, name.length]));
  const arrays = [training, evaluation, segments, cleared, parameters, second, average];
  parts.push(counts64(arrays), padded(ascii(name)), ...arrays.map(bytesOf));
  for (const run of plan.runs) {
    const values = [run.images, run.labels, run.targets, run.masks, run.uploads, run.results];
    const flags = (run.adds ? 1 : 0) + (run.moves ? 2 : 0) + (run.averaged ? 4 : 0);
    parts.push(words32([kinds[run.kind], run.size, flags, 0]), counts64(values));
    const update = run.update ?? new Float64Array(UPDATE_NUMBERS);
    parts.push(doubles([run.loss, run.examples, ...update]), ...values.map(bytesOf));
  }
  return concatenated(parts);
}

type Values = Float64Array | Float32Array | Int32Array;

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.codePointAt(0) as number);
}

function words32(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}

function counts64(arrays: readonly Values[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * arrays.length));
  for (const [i, { length }] of arrays.entries()) view.setBigUint64(8 * i, BigInt(length), true);
  return new Uint8Array(view.buffer);
}

function doubles(values: readonly number[]): Uint8Array {
  return bytesOf(Float64Array.from(values));
}

/** The numbers, little-endian whatever the machine is, and zeros up to a multiple of eight bytes. */
function bytesOf(values: Values): Uint8Array {
  const width = values.BYTES_PER_ELEMENT;
  const view = new DataView(new ArrayBuffer(Math.ceil((width * values.length) / 8) * 8));
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (values instanceof Float64Array) view.setFloat64(i * width, value, true);
    else if (values instanceof Float32Array) view.setFloat32(i * width, value, true);
    else view.setInt32(i * width, value, true);
  }
  return new Uint8Array(view.buffer);
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  whole.set(bytes);
  return whole;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
