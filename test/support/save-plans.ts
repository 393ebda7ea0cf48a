/**
 * @file Saves what sessions of the native engine open and run, as files for native/runner: programs, parameters, the first batches and what they gave.
 * It watches the binding from outside; the product knows nothing of it.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { NativeBinding, NativeHandle, NativeResult } from "../../src/engines/native/binding.ts";
import { nativeAreas, nativeExtras, nativeFlags, type NativeArea } from "../../src/engines/native/flags.ts";
import { encodeSavedPlan, type SavedPlan, type SavedRun } from "../../src/engines/native/saved-plan.ts";

/** Runs kept of one session: rounding grows from step to step, and files stay small. */
const MOST_RUNS = 5;

interface Watched {
  readonly target: string;
  readonly plan: Omit<SavedPlan, "parameters" | "second" | "average" | "runs">;
  /** What runs start from, by area. */
  readonly start: Map<NativeArea, Float32Array>;
  readonly runs: SavedRun[];
  /** Something happened that a file does not hold (weights were replaced), or enough was kept. */
  isOver: boolean;
}

/** What was saved so far. */
export interface PlanSaver {
  /** Writes every session that ran something, one file each, and returns the files. Sessions go on unwatched. */
  save(folder: string): string[];
  /** Gives the binding its own functions back. */
  stop(): void;
}

/** Watches a binding until `stop`: its functions are wrapped in place, as engines hold on to the object. `nameOf` names a session as it opens; one without a name is not watched. */
export function watchPlans(binding: NativeBinding, nameOf: () => string | undefined): PlanSaver {
  const original = { ...binding };
  let watched = new Map<NativeHandle, Watched>();
  let count = 0;

  const open: NativeBinding["open"] = (target, width, train, evaluate, segments, cleared, threads, extras) => {
    const handle = original.open(target, width, train, evaluate, segments, cleared, threads, extras);
    const name = nameOf();
    if (name === undefined) return handle;
    const plan = {
      name,
      vectorWidth: width,
      training: train?.slice() ?? new Float64Array(0),
      evaluation: evaluate.slice(),
      segments: segments?.slice() ?? new Float64Array(0),
      cleared: cleared?.slice() ?? new Float64Array(0),
    };
    // Zeros until weights are written, as in C++.
    const zeros = () => new Float32Array(evaluate[5] as number);
    const start = new Map<NativeArea, Float32Array>([[nativeAreas.parameters, zeros()]]);
    if ((extras & nativeExtras.secondSlot) !== 0) start.set(nativeAreas.secondSlot, zeros());
    if ((extras & nativeExtras.average) !== 0) start.set(nativeAreas.average, zeros());
    watched.set(handle, { target, plan, start, runs: [], isOver: false });
    return handle;
  };
  const write: NativeBinding["write"] = (handle, area, from) => {
    original.write(handle, area, from);
    const session = watched.get(handle);
    if (session === undefined) return;
    if (session.start.has(area) && session.runs.length === 0) session.start.set(area, from.slice());
    else session.isOver = true;
  };
  const run: NativeBinding["run"] = (handle, images, size, labels, ...rest) => {
    const [targets, masks, uploads, numbers, examples, flags] = rest;
    const session = watched.get(handle);
    const inputs = {
      size,
      images: images.slice(),
      labels: labels?.slice() ?? new Int32Array(0),
      targets: targets?.slice() ?? new Float32Array(0),
      examples,
      adds: (flags & nativeFlags.adds) !== 0,
      moves: (flags & nativeFlags.moves) !== 0,
      averaged: (flags & nativeFlags.averaged) !== 0,
      masks: masks?.slice() ?? new Float32Array(0),
      uploads: uploads?.slice() ?? new Float32Array(0),
      ...(numbers ? { update: numbers.slice() } : {}),
    };
    const trains = masks !== null;
    // What doesn't fit throws here, as it does unwatched.
    const running = original.run(handle, images, size, labels, ...rest);
    if (session === undefined || session.isOver) return running;
    return running.then((result) => {
      const kind = trains ? (numbers ? "step" : "gradients") : "evaluate";
      session.runs.push({ ...inputs, kind, loss: result.loss, results: resultsOf(handle, session, trains, result) });
      session.isOver = session.runs.length >= MOST_RUNS;
      return result;
    });
  };
  function resultsOf(handle: NativeHandle, session: Watched, trains: boolean, result: NativeResult): Float32Array {
    if (!trains) return result.logits?.slice() ?? new Float32Array(0);
    const gradients = new Float32Array(session.start.get(nativeAreas.parameters)?.length ?? 0);
    original.read(handle, nativeAreas.gradients, gradients);
    return gradients;
  }
  Object.assign(binding, { open, write, run });

  return {
    save(folder) {
      mkdirSync(folder, { recursive: true });
      const files = [...watched.values()]
        .filter((session) => session.runs.length > 0)
        .map(({ plan, target, start, runs }) => {
          const of = (area: NativeArea): Float32Array => start.get(area) ?? new Float32Array(0);
          const { parameters, secondSlot, average } = nativeAreas;
          const from = { parameters: of(parameters), second: of(secondSlot), average: of(average) };
          const file = path.join(folder, `${String(count++).padStart(5, "0")}-${target}-${plan.vectorWidth}.plan`);
          writeFileSync(`${file}.part`, encodeSavedPlan({ ...plan, ...from, runs }));
          renameSync(`${file}.part`, file);
          return file;
        });
      watched = new Map();
      return files;
    },
    stop() {
      Object.assign(binding, original);
    },
  };
}
