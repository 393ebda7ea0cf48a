/**
 * @file Saves what sessions of the native engine open and run, as files for native/runner: programs, parameters, the first batches and what they gave.
 * It watches the binding from outside; the product knows nothing of it.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { NativeBinding, NativeHandle, NativeResult } from "../../src/engines/native/binding.ts";
import { encodeSavedPlan, type SavedPlan, type SavedRun } from "../../src/engines/native/saved-plan.ts";

/** Runs kept of one session: rounding grows from step to step, and files stay small. */
const MOST_RUNS = 3;
const PARAMETERS = 0;
const GRADIENTS = 2;

interface Watched {
  readonly target: string;
  readonly plan: Omit<SavedPlan, "parameters" | "runs">;
  parameters: Float32Array;
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

  const open: NativeBinding["open"] = (target, width, train, evaluate, segments, cleared, threads) => {
    const handle = original.open(target, width, train, evaluate, segments, cleared, threads);
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
    const parameters = new Float32Array(evaluate[5] as number);
    watched.set(handle, { target, plan, parameters, runs: [], isOver: false });
    return handle;
  };
  const write: NativeBinding["write"] = (handle, area, from) => {
    original.write(handle, area, from);
    const session = watched.get(handle);
    if (session === undefined) return;
    if (area === PARAMETERS && session.runs.length === 0) session.parameters = from.slice();
    else session.isOver = true;
  };
  const run: NativeBinding["run"] = (handle, images, size, labels, masks, uploads, numbers, profile) => {
    const session = watched.get(handle);
    const inputs = {
      size,
      images: images.slice(),
      labels: labels?.slice() ?? new Int32Array(0),
      masks: masks?.slice() ?? new Float32Array(0),
      uploads: uploads?.slice() ?? new Float32Array(0),
      ...(numbers ? { update: numbers.slice() } : {}),
    };
    const trains = masks !== null;
    // What doesn't fit throws here, as it does unwatched.
    const running = original.run(handle, images, size, labels, masks, uploads, numbers, profile);
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
    const gradients = new Float32Array(session.parameters.length);
    original.read(handle, GRADIENTS, gradients);
    return gradients;
  }
  Object.assign(binding, { open, write, run });

  return {
    save(folder) {
      mkdirSync(folder, { recursive: true });
      const files = [...watched.values()]
        .filter((session) => session.runs.length > 0)
        .map(({ plan, target, parameters, runs }) => {
          const file = path.join(folder, `${String(count++).padStart(5, "0")}-${target}-${plan.vectorWidth}.plan`);
          writeFileSync(`${file}.part`, encodeSavedPlan({ ...plan, parameters, runs }));
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
