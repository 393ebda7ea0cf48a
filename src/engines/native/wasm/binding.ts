/**
 * @file The kernels in WebAssembly behind the interface of the compiled ones: for platforms that no binary fits, and for browsers. A session has an
 * instance with a memory of its own. Whatever is written into that memory is measured first, as native/src/addon.cc does, so nothing wrong can reach the
 * kernels; should they trap all the same, that is an error of the engine and ends the session. Runs anywhere: nothing here is Node's.
 */
import { CellwrightError, messageOf } from "../../../base/errors.ts";
import type { NativeBinding, NativeHandle, NativeResult, NativeTarget } from "../binding.ts";
import { nativeFlags } from "../flags.ts";
import { UPDATE_NUMBERS } from "../update.ts";
import type { WasmExports, WasmFactory } from "./module.ts";

/** Areas of native/src/wasm.cc, behind those that every session has. */
const AREAS = 5;
const IMAGES = 5;
const TARGETS = 6;
const MASKS = 7;
const UPLOADS = 8;
const LABELS = 9;
const LOGITS = 10;
const NUMBERS = 11;

/** Flags of native/src/wasm.cc. */
const flagsOf = (
  flags: Readonly<Record<"labelled" | "targeted" | "trains" | "updates", boolean>>,
  of: number,
): number =>
  (flags.labelled ? 1 : 0) |
  (flags.targeted ? 2 : 0) |
  (flags.trains ? 4 : 0) |
  (flags.updates ? 8 : 0) |
  (of & nativeFlags.adds ? 16 : 0) |
  (of & nativeFlags.moves ? 32 : 0) |
  (of & nativeFlags.averaged ? 64 : 0);

/** What the engine names this target. */
export const wasmTarget = "wasm";

/** One open session. */
class WasmSession {
  /** Absent once the session is closed. */
  kernels: WasmExports | undefined;
  isBusy = false;
  readonly batch: number;
  readonly imageFloats: number;

  constructor(kernels: WasmExports) {
    this.kernels = kernels;
    this.batch = kernels.size(LABELS);
    this.imageFloats = kernels.size(IMAGES) / this.batch;
  }
}

/** Returns a binding over instances that `instantiate` makes. */
export function createWasmBinding(instantiate: WasmFactory): NativeBinding {
  // A memory never shrinks: one that is free again is used before another is made, so sessions that follow each other take the room of the largest.
  let idle: WasmExports | undefined;

  function take(): WasmExports {
    const kernels = idle ?? create();
    idle = undefined;
    return kernels;
  }

  function create(): WasmExports {
    try {
      return instantiate();
    } catch (error) {
      return fail(`Expected memory for an instance of the kernels. Received: ${messageOf(error)}`, error);
    }
  }

  let widths: readonly number[] | undefined;
  function targets(): readonly NativeTarget[] {
    if (widths === undefined) {
      const kernels = take();
      const found: number[] = [];
      for (let width = kernels.width(0); width !== 0; width = kernels.width(found.length)) found.push(width);
      widths = found;
      idle = kernels;
    }
    return widths.map((width) => ({ name: wasmTarget, width }));
  }

  /** Returns the kernels of a session at rest. */
  function atRest(session: NativeHandle): WasmExports {
    const { kernels, isBusy } = session instanceof WasmSession ? session : { kernels: undefined, isBusy: false };
    if (kernels === undefined || isBusy) return fail("Expected an open session that is not at work.");
    return kernels;
  }

  /** Calls the kernels. A trap leaves nothing to go on with: the instance is dropped. */
  function guard<T>(session: WasmSession, call: () => T): T {
    try {
      return call();
    } catch (error) {
      session.kernels = undefined;
      return fail(`The WebAssembly kernels stopped, and the session is closed. Received: ${messageOf(error)}`, error);
    }
  }

  function area(session: NativeHandle, which: number, values: Float32Array): Float32Array {
    const kernels = atRest(session);
    if (!(values instanceof Float32Array)) return fail("Expected a Float32Array.");
    const size = Number.isInteger(which) && which >= 0 && which < AREAS ? kernels.size(which) : 0;
    if (size !== values.length) return fail(`Expected ${size} values. Received: ${values.length}.`);
    return floats(kernels, which);
  }

  return {
    targets,
    open(target, width, train, evaluate, segments, cleared, threads, extras) {
      if (target !== wasmTarget || !targets().some((known) => known.width === width))
        return fail(`Expected a target that this machine has. Received: ${target} of width ${width}.`);
      if (!Number.isInteger(threads) || threads < 1 || threads > 64)
        return fail(`Expected 1 to 64 threads. Received: ${threads}.`);
      if (!Number.isInteger(extras)) return fail(`Expected extras from 0 to 3. Received: ${extras}.`);
      const lists = [train, evaluate, segments, cleared].map((words) => words ?? new Float64Array(0));
      for (const words of lists)
        if (!(words instanceof Float64Array)) return fail("Expected a program as a Float64Array.");
      const kernels = take();
      let complaint: string | undefined;
      try {
        complaint = openProgram(kernels, width, lists as unknown as FourLists, extras);
      } catch (error) {
        // The instance is dropped.
        return fail(`The WebAssembly kernels stopped on a program. Received: ${messageOf(error)}`, error);
      }
      if (complaint === undefined) return new WasmSession(kernels) as unknown as NativeHandle;
      idle = kernels;
      return fail(complaint);
    },
    close(session) {
      if (!(session instanceof WasmSession) || session.kernels === undefined) return;
      const { kernels } = session;
      if (session.isBusy) fail("Expected no step under way.");
      guard(session, () => kernels.close());
      session.kernels = undefined;
      idle = kernels;
    },
    read(session, which, into) {
      into.set(area(session, which, into));
    },
    write(session, which, from) {
      area(session, which, from).set(from);
    },
    run(handle, images, size, labels, targets, masks, uploads, numbers, examples, flags) {
      const kernels = atRest(handle);
      const session = handle as unknown as WasmSession;
      const isFloats = [images, targets ?? images, masks ?? images, uploads ?? images].every(
        (values) => values instanceof Float32Array,
      );
      if (!isFloats || !(labels === null || labels instanceof Int32Array))
        return fail("Expected arrays of the right types.");
      if (!(numbers === null || (numbers instanceof Float64Array && numbers.length === UPDATE_NUMBERS)))
        return fail(`Expected ${UPDATE_NUMBERS} numbers of the optimizer.`);
      if (!(examples >= 1) || !Number.isInteger(flags)) return fail("Expected a number of examples, and flags.");
      if ((flags & nativeFlags.profile) !== 0) return fail("Expected kernels with a clock to profile.");
      const fits = Number.isInteger(size) && size >= 1 && size <= session.batch;
      if (!fits || images.length !== size * session.imageFloats || (labels !== null && labels.length !== size))
        return fail("Expected a batch that fits the session.");
      const classes = kernels.size(LOGITS) / session.batch;
      if (targets !== null && (labels === null || targets.length !== size * classes))
        return fail("Expected a batch that fits the session.");
      const trains = masks !== null;
      const factors = uploads?.length ?? 0;
      if (trains && (!labels || masks.length !== kernels.size(MASKS) || factors !== kernels.size(UPLOADS)))
        return fail("Expected labels and masks that fit the program.");

      floats(kernels, IMAGES).set(images);
      if (labels) new Int32Array(kernels.memory.buffer, kernels.at(LABELS) >>> 0, size).set(labels);
      if (targets) floats(kernels, TARGETS).set(targets);
      if (trains) floats(kernels, MASKS).set(masks);
      if (trains && uploads) floats(kernels, UPLOADS).set(uploads);
      if (numbers) new Float64Array(kernels.memory.buffer, kernels.at(NUMBERS) >>> 0, UPDATE_NUMBERS).set(numbers);
      const given = { labelled: labels !== null, targeted: targets !== null, trains, updates: numbers !== null };
      const all = flagsOf(given, flags);
      session.isBusy = true;
      return turn().then((): NativeResult => {
        session.isBusy = false;
        const complaint = guard(session, () => kernels.run(size, examples, all));
        if (complaint !== 0) return fail(text(kernels, complaint));
        const result = { loss: kernels.loss(), correct: kernels.correct() };
        if (trains) return result;
        return { ...result, logits: floats(kernels, LOGITS).slice(0, size * classes) };
      });
    },
    bytes(session) {
      return session instanceof WasmSession ? (session.kernels?.bytes() ?? 0) : 0;
    },
  };
}

type FourLists = readonly [Float64Array, Float64Array, Float64Array, Float64Array];

/** Opens programs in an instance. Returns a complaint, if there is one. */
function openProgram(kernels: WasmExports, width: number, lists: FourLists, extras: number): string | undefined {
  const addresses: number[] = [];
  try {
    for (const words of lists) {
      const address = kernels.allocate(Math.max(8, words.byteLength)) >>> 0;
      if (address === 0) return "Expected memory for a program. Received none.";
      addresses.push(address);
      new Float64Array(kernels.memory.buffer, address, words.length).set(words);
    }
    const [train, evaluate, segments, cleared] = addresses as [number, number, number, number];
    const [a, b, c, d] = lists;
    const sizes = [a.length, b.length, c.length, d.length] as const;
    const complaint = kernels.open(
      width,
      train,
      sizes[0],
      evaluate,
      sizes[1],
      segments,
      sizes[2],
      cleared,
      sizes[3],
      extras,
    );
    return complaint === 0 ? undefined : text(kernels, complaint);
  } finally {
    for (const address of addresses) kernels.release(address);
  }
}

/** Returns an area as it is now: views end where memory grows. */
function floats(kernels: WasmExports, which: number): Float32Array {
  return new Float32Array(kernels.memory.buffer, kernels.at(which) >>> 0, kernels.size(which));
}

/** Returns the text that ends in a zero byte at `address`. */
function text(kernels: WasmExports, address: number): string {
  const bytes = new Uint8Array(kernels.memory.buffer, address >>> 0);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** Lets whatever else waits run first: the step itself holds the thread. */
async function turn(): Promise<void> {
  later ??= typeof setImmediate === "function" ? setImmediate : byMessage();
  await new Promise<void>(later);
}

let later: ((call: () => void) => void) | undefined;

/** A browser has no `setImmediate`, and makes each timer that follows others wait 4 ms: messages don't. */
function byMessage(): (call: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.addEventListener("message", () => waiting.shift()?.());
  port1.start();
  return (call) => {
    waiting.push(call);
    port2.postMessage(undefined);
  };
}

function fail(message: string, cause?: unknown): never {
  throw new CellwrightError("engine", message, { cause });
}
