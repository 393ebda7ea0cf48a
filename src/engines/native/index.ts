/**
 * @file The native engine: plans a network in TypeScript, runs the plan in C++ with the vector instructions that this machine has. One
 * thread a session in a search, where a pool of workers keeps the cores busy; several for one network that is trained alone, to the same bits.
 */
import { CellwrightError, expected } from "../../base/errors.ts";
import type { Network } from "../../network/network.ts";
import type { Engine, SessionOptions } from "../engine.ts";
import { loadBinding, type NativeTarget } from "./binding.ts";
import { planNetwork, type PlanOptions } from "./plan/planner.ts";
import type { Plan } from "./plan/plan.ts";
import { openSession, type SessionPlans } from "./session.ts";

export interface NativeEngineOptions {
  /** `avx512`, `avx2` or `plain`, with `:8` or `:16` for one vector width. Absent: the best that this machine has. For tests and benchmarks. */
  readonly target?: string;
  /**
   * Threads that work on one step together, 1 to 64. Default 1. More than the plan's shares of the batch (8, fewer for networks with many parameters)
   * have nothing to do in training. Results are the same to the bit for any number.
   */
  readonly threads?: number;
}

const labels: Readonly<Record<string, string>> = {
  avx512: "AVX-512",
  avx2: "AVX2",
  neon: "NEON",
  plain: "baseline instructions",
};

/** How much slower a multiply-add is at half the target's width: measured on NASNet-A at 16 filters. */
const HALF_WIDTH_COST = 1.15;

/** Opens the engine. Throws `engine` where the kernels were neither built nor shipped for this platform, or `target` is not to be had. */
export async function openNativeEngine(options: NativeEngineOptions = {}): Promise<Engine> {
  const binding = loadBinding();
  const usable = chooseTargets(binding.targets(), options.target);
  const [best] = usable as [NativeTarget];
  const threads = options.threads ?? 1;
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw new CellwrightError("engine", expected("threads", "a whole number from 1 to 64", threads));
  return {
    name: "native",
    target: labels[best.name] ?? best.name,
    async open(network, session) {
      const { target, plans } = planSession(network, usable, session);
      return openSession(binding, target, network, session, plans, threads);
    },
    estimateMemory(network, batchSize) {
      const { plans } = planSession(network, usable, { batchSize, loss: { labelSmoothing: 0, auxiliaryWeight: 0 } });
      return { bytes: bytesOf(plans, threads) };
    },
  };
}

function chooseTargets(targets: readonly NativeTarget[], wanted: string | undefined): readonly NativeTarget[] {
  const [best] = targets;
  const [name, width] = wanted?.split(":") ?? [best?.name];
  const usable = targets.filter(
    (target) => target.name === name && (width === undefined || target.width === Number(width)),
  );
  if (usable.length > 0) return usable;
  const have = targets.map((target) => `${target.name}:${target.width}`).join(", ");
  throw new CellwrightError("engine", expected("target", `one of ${have}`, wanted));
}

/** Plans for every vector width of the target and takes the cheaper: padded channels against wider vectors. */
function planSession(
  network: Network,
  targets: readonly NativeTarget[],
  session: Pick<SessionOptions, "batchSize" | "loss" | "training">,
): { readonly target: NativeTarget; readonly plans: SessionPlans } {
  const widest = Math.max(...targets.map((target) => target.width));
  const candidates = targets.map((target) => {
    const options: Omit<PlanOptions, "training" | "parameters"> = {
      batchSize: session.batchSize,
      vectorWidth: target.width,
      ...session.loss,
    };
    const plans = plansOf(network, options, session.training ?? true);
    const cost = flopsOf(plans.training ?? plans.evaluation) * (target.width === widest ? 1 : HALF_WIDTH_COST);
    return { target, plans, cost };
  });
  return candidates.reduce((a, b) => (b.cost < a.cost ? b : a));
}

function plansOf(
  network: Network,
  options: Omit<PlanOptions, "training" | "parameters">,
  trains: boolean,
): SessionPlans {
  if (!trains) return { evaluation: planNetwork(network, { ...options, training: false }) };
  const training = planNetwork(network, { ...options, training: true });
  const evaluation = planNetwork(network, { ...options, training: false, parameters: training.parameters });
  return { training, evaluation };
}

function flopsOf(plan: Plan): number {
  return plan.ops.reduce((sum, op) => sum + op.flops, 0);
}

function bytesOf({ training, evaluation }: SessionPlans, threads: number): number {
  const plans = training ? [training, evaluation] : [evaluation];
  const largest = (size: (plan: Plan) => number): number => Math.max(...plans.map(size));
  const total = (size: (plan: Plan) => number): number => plans.reduce((sum, plan) => sum + size(plan), 0);
  // Parameters, gradients of every share, momentum; the batch as given; factors of drop path and dropout are small beside it.
  const { parameters, batchSize, imageFloats } = evaluation;
  const floats =
    largest((plan) => plan.arenaFloats) +
    total((plan) => plan.scratchFloats) * threads +
    parameters.floats * (training ? 2 + training.shares : 1) +
    batchSize * imageFloats +
    largest((plan) => plan.statisticsFloats);
  // What one image passes through in turn is every thread's own.
  const passing = largest((plan) =>
    plan.buffers.reduce((sum, { perImage, imageFloats }) => sum + (perImage ? 0 : imageFloats), 0),
  );
  const sums = largest((plan) => plan.sumsDoubles * plan.shares);
  return 4 * (floats + passing * (threads - 1)) + 8 * sums;
}
