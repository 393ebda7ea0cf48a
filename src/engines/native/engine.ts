/** @file The native engine over kernels that have been loaded, whichever they are: plans a network, opens sessions, says what they need. Runs anywhere. */
import { CellwrightError, expected } from "../../base/errors.ts";
import type { Engine } from "../engine.ts";
import { keptBeside } from "../optimizer.ts";
import type { NativeBinding, NativeTarget } from "./binding.ts";
import { chooseTargets, planSession } from "./choose-plan.ts";
import type { Plan } from "./plan/plan.ts";
import { openSession, type SessionPlans } from "./session.ts";
import { wasmTarget } from "./wasm/binding.ts";

export interface NativeEngineOptions {
  /** `avx512`, `avx2`, `plain` or `wasm`, with `:4`, `:8` or `:16` for one vector width. Absent: the best that this machine has. For tests and benchmarks. */
  readonly target?: string;
  /**
   * Threads that work on one step together, 1 to 64. Default 1. More than the plan's shares of the batch (8, fewer for networks with many parameters)
   * have nothing to do in training; WebAssembly runs on one, whatever is asked for. Results are the same to the bit for any number.
   */
  readonly threads?: number;
  /** Whether plans fuse operations. Default true. Without it a network is computed one node after the other, to compare with. */
  readonly fuse?: boolean;
}

const labels: Readonly<Record<string, string>> = {
  avx512: "AVX-512",
  avx2: "AVX2",
  neon: "NEON",
  plain: "baseline instructions",
  [wasmTarget]: "WebAssembly",
};

/** Returns the engine on loaded kernels. Throws `engine` where `target` is not among them. */
export function createNativeEngine(binding: NativeBinding, options: NativeEngineOptions = {}): Engine {
  const usable = chooseTargets(binding.targets(), options.target);
  const [best] = usable as [NativeTarget];
  const asked = options.threads ?? 1;
  if (!Number.isInteger(asked) || asked < 1 || asked > 64)
    throw new CellwrightError("engine", expected("threads", "a whole number from 1 to 64", asked));
  const threads = best.name === wasmTarget ? 1 : asked;
  return {
    name: "native",
    target: labels[best.name] ?? best.name,
    async open(network, session) {
      const { target, plans, outline } = planSession(network, usable, session, options.fuse);
      return openSession(binding, target, network, session, plans, outline.shapes, threads);
    },
    estimateMemory(network, batchSize, kept) {
      const loss = { labelSmoothing: 0, auxiliaryWeight: 0 };
      const { plans } = planSession(network, usable, { batchSize, loss }, options.fuse);
      return { bytes: bytesOf(plans, threads, keptBeside(kept)) };
    },
  };
}

function bytesOf({ training, evaluation }: SessionPlans, threads: number, beside: number): number {
  const plans = training ? [training, evaluation] : [evaluation];
  const largest = (size: (plan: Plan) => number): number => Math.max(...plans.map(size));
  const total = (size: (plan: Plan) => number): number => plans.reduce((sum, plan) => sum + size(plan), 0);
  // Parameters, gradients of every share, slots of the optimizer and the average; the batch as given; factors of drop path and dropout are small beside it.
  const { parameters, batchSize, imageFloats } = evaluation;
  const floats =
    largest((plan) => plan.arenaFloats) +
    total((plan) => plan.scratchFloats) * threads +
    parameters.floats * (training ? 1 + training.shares + beside : 1) +
    batchSize * imageFloats +
    largest((plan) => plan.statisticsFloats);
  // What one image passes through in turn is every thread's own.
  const passing = largest((plan) =>
    plan.buffers.reduce((sum, { perImage, imageFloats }) => sum + (perImage ? 0 : imageFloats), 0),
  );
  const sums = largest((plan) => plan.sumsDoubles * plan.shares);
  return 4 * (floats + passing * (threads - 1)) + 8 * sums;
}
