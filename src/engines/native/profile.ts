/**
 * @file Where a training step's time goes: the plan's own count of FLOPs and bytes beside the measured time of every kind of operation, and how far
 * each is from the bound that limits it on this machine (the roofline of Williams, Waterman and Patterson 2009).
 */
import { nativeFlags } from "./flags.ts";
import { updateNumbers } from "./update.ts";
import { createRng } from "../../base/rng.ts";
import { initializeWeights } from "../../network/initialize.ts";
import type { Network } from "../../network/network.ts";
import { inferShapes } from "../../network/shapes.ts";
import { loadBinding, type NativePeaks } from "./binding.ts";
import { chooseTargets, planSession } from "./choose-plan.ts";
import type { PlanOpKind } from "./plan/plan.ts";
import { openHandle, packedPositions, packWeights } from "./session.ts";
import { makeMasks, makeUploads } from "./factors.ts";

/** What all operations of one kind take in one step of a batch. */
export interface KernelProfile {
  readonly kind: PlanOpKind;
  readonly operations: number;
  readonly ms: number;
  /** By the plan: a multiply-add is two. */
  readonly flops: number;
  /** By the plan: what is read and written in the arena, whether it comes from memory or is in cache. */
  readonly bytes: number;
  /** The least that this machine could take, by its peak or by its memory. */
  readonly boundMs: number;
  readonly boundBy: "arithmetic" | "memory";
}

export interface NativeProfile {
  readonly target: string;
  readonly vectorWidth: number;
  readonly batch: number;
  /** Of one core. */
  readonly peaks: NativePeaks;
  /** Largest first. */
  readonly kernels: readonly KernelProfile[];
  /** The whole step, update included. */
  readonly stepMs: number;
}

const STEPS = 5;

/**
 * Times every operation of a training step on random images, one thread, the median of five steps. Undefined where the kernels have no clock, as in
 * WebAssembly. `target` as in `NativeEngineOptions`; throws `engine` where it isn't there.
 */
export async function profileNative(
  network: Network,
  options: { readonly batch: number; readonly target?: string },
): Promise<NativeProfile | undefined> {
  const { batch } = options;
  const binding = loadBinding(options.target);
  const loss = { labelSmoothing: 0, auxiliaryWeight: 0.4 };
  const usable = chooseTargets(binding.targets(), options.target);
  const { target, plans } = planSession(network, usable, { batchSize: batch, loss });
  const plan = plans.training;
  const peaks = binding.peaks?.(target.name, target.width);
  if (plan === undefined || peaks === undefined) return undefined;
  const handle = openHandle(binding, target, plans, plan.parameters, network.name, 1);
  try {
    const positions = packedPositions(plan.parameters, target.width);
    binding.write(handle, 0, packWeights(initializeWeights(network, 0), positions, plan.parameters.floats));
    const rng = createRng("profile");
    const images = Float32Array.from({ length: batch * plan.imageFloats }, () => rng.normal());
    const classes = inferShapes(network).get(network.outputs.logits)?.[0] ?? 1;
    const labels = Int32Array.from({ length: batch }, () => rng.int(classes));
    const optimizer = { momentum: 0.9, nesterov: true, weightDecay: 5e-4, clipNorm: 5 };
    const runs: { readonly ms: number; readonly times: Float64Array }[] = [];
    for (let step = 0; step <= STEPS; step++) {
      const masks = makeMasks(plan, 0, { learningRate: 0.001, dropPathRate: 0, step }, batch);
      const uploads = makeUploads(plan, 0, { learningRate: 0.001, dropPathRate: 0, step }, batch);
      const begun = performance.now();
      const numbers = updateNumbers({ optimizer }, { learningRate: 0.001, step });
      const flags = nativeFlags.profile;
      const run = binding.run(handle, images, batch, labels, null, masks, uploads, numbers, batch, flags);
      const { opNanoseconds } = await run;
      const ms = performance.now() - begun;
      // The first step finds cold memory.
      if (step > 0 && opNanoseconds !== undefined) runs.push({ ms, times: opNanoseconds });
    }
    const kinds = new Map<PlanOpKind, { operations: number; flops: number; bytes: number; times: number[] }>();
    for (const [index, op] of plan.ops.entries()) {
      const kind = kinds.get(op.kind) ?? { operations: 0, flops: 0, bytes: 0, times: runs.map(() => 0) };
      kind.operations++;
      kind.flops += op.flops * batch;
      kind.bytes += op.bytes * batch;
      for (const [run, { times }] of runs.entries()) kind.times[run] = (kind.times[run] ?? 0) + (times[index] ?? 0);
      kinds.set(op.kind, kind);
    }
    const kernels = [...kinds].map(([kind, { operations, flops, bytes, times }]): KernelProfile => {
      const arithmeticMs = (1000 * flops) / peaks.flopsPerSecond;
      const memoryMs = (1000 * bytes) / peaks.bytesPerSecond;
      const ms = median(times) / 1e6;
      const boundMs = Math.max(arithmeticMs, memoryMs);
      return {
        kind,
        operations,
        ms,
        flops,
        bytes,
        boundMs,
        boundBy: arithmeticMs >= memoryMs ? "arithmetic" : "memory",
      };
    });
    return {
      target: target.name,
      vectorWidth: target.width,
      batch,
      peaks,
      kernels: kernels.sort((a, b) => b.ms - a.ms),
      stepMs: median(runs.map(({ ms }) => ms)),
    };
  } finally {
    binding.close(handle);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
