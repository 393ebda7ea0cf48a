/**
 * @file Which engine runs a network: the GPU where there is one that can be used, else our native engine (its binary, else in
 * WebAssembly), else TensorFlow.js where that is installed, else the reference.
 */
import { spawnSync } from "node:child_process";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import type { Engine } from "./engine.ts";
import { openNativeEngine } from "./native/index.ts";
import { openReferenceEngine } from "./reference/index.ts";
import { openTfjsEngine } from "./tfjs/index.ts";
import { findTfjs, tfjsBackends } from "./tfjs/load.ts";

/** What a user may ask for. */
export const engineChoices = ["auto", "native", "tfjs", "reference"] as const;
export type EngineChoice = (typeof engineChoices)[number];

/** Says whether this process may use an NVIDIA GPU, and why not. Asks nvidia-smi, which may take a second. */
export function findGpu(env: NodeJS.ProcessEnv = process.env): { readonly visible: boolean; readonly reason: string } {
  const allowed = env["CUDA_VISIBLE_DEVICES"]?.trim();
  if (allowed === "" || allowed === "-1" || allowed === "none")
    return { visible: false, reason: `CUDA_VISIBLE_DEVICES=${allowed} hides every GPU` };
  // SIGKILL: an nvidia-smi that hangs in the driver ignores the polite one.
  const run = spawnSync("nvidia-smi", ["--list-gpus"], { encoding: "utf8", env, timeout: 5000, killSignal: "SIGKILL" });
  if (run.error) return { visible: false, reason: "nvidia-smi does not run: no NVIDIA driver" };
  if (run.status !== 0 || !/GPU \d+/.test(run.stdout)) return { visible: false, reason: "nvidia-smi finds no GPU" };
  return { visible: true, reason: run.stdout.trim().split("\n")[0] ?? "" };
}

/** TensorFlow.js in plain JavaScript is not among them: it takes four times longer than the reference. */
const worthwhile = tfjsBackends.filter((backend) => backend !== "cpu");

/** One thing that `auto` would take, in its order. */
interface Candidate {
  readonly what: string;
  readonly open: () => Promise<Engine>;
}

function candidates(options: OpenOptions): readonly Candidate[] {
  const list: Candidate[] = [];
  // nvidia-smi is asked only where its answer matters.
  if (findTfjs("tfjs-node-gpu").installed && findGpu().visible)
    list.push({ what: "tfjs on the GPU", open: () => openTfjsEngine("tfjs-node-gpu") });
  list.push(
    { what: "native", open: () => openNativeEngine(options) },
    ...worthwhile.map((backend) => ({ what: `tfjs on ${backend}`, open: () => openTfjsEngine(backend) })),
    { what: "reference", open: async () => openReferenceEngine() },
  );
  return list;
}

export interface OpenOptions {
  /**
   * How many threads the native engine has work on one network together, 1 or more (64 at most are used); other engines have rules of their own. Default 1,
   * which suits many networks trained at once. Results are the same to the bit for any number.
   */
  readonly threads?: number;
}

/** As many threads as `NativeEngineOptions` allows. */
const MOST_THREADS = 64;

/**
 * Opens an engine. `auto` takes TensorFlow.js on a GPU that is visible where @tensorflow/tfjs-node-gpu is installed, else `native`, else `tfjs` (not in plain
 * JavaScript), else `reference`. Throws `engine` where the one asked for can't run here, or threads are no whole number of 1 or more; `config` for another name.
 */
export async function openEngine(choice: EngineChoice, options: OpenOptions = {}): Promise<Engine> {
  const { threads = 1 } = options;
  const usable = { threads: Math.min(threads, MOST_THREADS) };
  switch (choice) {
    case "native":
      return openNativeEngine(usable);
    case "tfjs":
      return openTfjsEngine();
    case "reference":
      return openReferenceEngine();
    case "auto":
      break;
    default:
      throw new CellwrightError("config", expected("engine", `one of ${engineChoices.join(", ")}`, choice));
  }
  const failures: string[] = [];
  for (const { what, open } of candidates(usable)) {
    try {
      return await open();
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}`);
    }
  }
  throw new CellwrightError("engine", `Expected an engine that runs here. Received: ${failures.join("; ")}.`);
}
