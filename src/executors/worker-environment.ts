/** @file The environment of a worker: its own GPU or none, and one thread, because every core has a worker of its own. */
import type { WorkerSlot } from "./executor.ts";

const ONE_THREAD = [
  "OMP_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "MKL_NUM_THREADS",
  "TF_NUM_INTRAOP_THREADS",
  "TF_NUM_INTEROP_THREADS",
] as const;

/** Returns the parent's environment with what binds a worker to its slot. */
export function workerEnvironment(parent: NodeJS.ProcessEnv, slot: WorkerSlot): NodeJS.ProcessEnv {
  return {
    TF_CPP_MIN_LOG_LEVEL: "2",
    ...parent,
    ...Object.fromEntries(ONE_THREAD.map((name) => [name, "1"])),
    CELLWRIGHT_WORKER: String(slot.index),
    // nvidia-smi counts by bus; CUDA would count by speed unless told.
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    // Empty: no GPU at all.
    CUDA_VISIBLE_DEVICES: slot.gpu === undefined ? "" : String(slot.gpu),
    // Several workers may share a GPU: each takes what it needs, not all there is.
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
  };
}
