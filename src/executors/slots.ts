/** @file How many workers there are and what each may use: one per core, or n per GPU. */
import { availableParallelism } from "node:os";
import { CellwrightError, expected } from "../base/errors.ts";
import { formatBytes } from "../base/units.ts";
import type { WorkerSlot } from "./executor.ts";
import { discoverGpus, hasGpuLibrary, type Gpu } from "./gpus.ts";

export interface SlotOptions {
  /** How many workers; default one per core, or `perGpu` for each GPU. */
  readonly workers?: number | undefined;
  /** Indices of the GPUs to use; `[]` for none. Default: those discovered, if TensorFlow.js for GPUs is installed. */
  readonly gpus?: readonly number[] | undefined;
  /** Workers that share a GPU. Default 1. */
  readonly perGpu?: number | undefined;
  /** Default: what the system grants this process. */
  readonly cores?: number | undefined;
}

/** What this machine has, for the assignment and for `doctor`. */
export interface Machine {
  readonly cores: number;
  readonly gpus: readonly Gpu[];
  /** Whether `@tensorflow/tfjs-node-gpu` is installed. */
  readonly gpuLibrary: boolean;
  /** What discovery had to say. */
  readonly note?: string;
}

/** Looks at the machine. */
export async function inspectMachine(): Promise<Machine> {
  const { gpus, note } = await discoverGpus();
  return { cores: availableParallelism(), gpus, gpuLibrary: hasGpuLibrary(), ...(note !== undefined && { note }) };
}

/** Returns the slots of this machine's workers. Throws `config` on a GPU that is not there and on counts below 1. */
export async function assignSlots(options: SlotOptions = {}): Promise<readonly WorkerSlot[]> {
  return planSlots(options, await inspectMachine());
}

/**
 * Returns the slots for a machine: with GPUs, `perGpu` workers on each (or `workers` of them dealt out in turn); without, one per core. A GPU
 * without the library that trains on it is left alone unless it was asked for, because a CPU worker per core is then the faster choice.
 */
export function planSlots(options: SlotOptions, machine: Machine): readonly WorkerSlot[] {
  const { workers, perGpu = 1, cores = machine.cores } = options;
  for (const [place, value] of Object.entries({ workers, perGpu, cores }))
    if (value !== undefined && (!Number.isInteger(value) || value < 1))
      throw new CellwrightError("config", expected(place, "a whole number of 1 or more", value));
  const gpus = chooseGpus(options, machine);
  const count = workers ?? (gpus.length > 0 ? gpus.length * perGpu : cores);
  return Array.from({ length: count }, (_, index) => {
    const gpu = gpus[index % gpus.length];
    return gpu === undefined ? { index } : { index, gpu };
  });
}

/** Says for people what each worker uses and why: one line per worker, and one per thing that stands in the way. */
export function describeSlots(slots: readonly WorkerSlot[], machine: Machine): readonly string[] {
  const lines = slots.map(({ index, gpu }) => {
    if (gpu === undefined) return `worker ${index}  CPU`;
    const found = machine.gpus.find((each) => each.index === gpu);
    return found === undefined
      ? `worker ${index}  GPU ${gpu}`
      : `worker ${index}  GPU ${gpu} (${found.name}, ${formatBytes(found.memoryBytes)})`;
  });
  if (machine.note !== undefined) lines.push(machine.note);
  if (machine.gpus.length > 0 && !machine.gpuLibrary)
    lines.push("The GPUs are not used: npm i @tensorflow/tfjs-node-gpu (needs CUDA and cuDNN) to train on them.");
  return lines;
}

function chooseGpus({ gpus }: SlotOptions, machine: Machine): readonly number[] {
  if (gpus === undefined) return machine.gpuLibrary ? machine.gpus.map(({ index }) => index) : [];
  const known = machine.gpus.map(({ index }) => index);
  for (const gpu of gpus)
    if (!known.includes(gpu))
      throw new CellwrightError(
        "config",
        `gpus  Expected ${known.length === 0 ? "no GPU, since none was found" : `GPUs of this machine (${known.join(", ")})`}. Received: ${gpu}.${machine.note === undefined ? "" : ` ${machine.note}.`}`,
      );
  if (new Set(gpus).size !== gpus.length)
    throw new CellwrightError(
      "config",
      expected("gpus", "each GPU once (perGpu sets how many workers share one)", gpus),
    );
  return gpus;
}
