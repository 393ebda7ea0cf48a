/** @file Entry of the executors floor: where a trial runs. */
export type { CreateRunner, Executor, PoolOptions, Runner, RunningTask, TaskObserver, WorkerSlot } from "./executor.ts";
export { discoverGpus, hasGpuLibrary, type DiscoveryOptions, type Gpu, type GpuDiscovery } from "./gpus.ts";
export { openInlineExecutor, type InlineOptions } from "./inline.ts";
export { openProcessPool } from "./process-pool.ts";
export { assignSlots, describeSlots, inspectMachine, planSlots, type Machine, type SlotOptions } from "./slots.ts";
