/** @file Which instruction set and vector width a network is planned for. */
import { CellwrightError, expected } from "../../base/errors.ts";
import type { Network } from "../../network/network.ts";
import type { SessionOptions } from "../engine.ts";
import type { NativeTarget } from "./binding.ts";
import type { Draft } from "./plan/draft.ts";
import type { ParameterLayout } from "./plan/plan.ts";
import { draftNetwork, outlineOf, type DraftedPlan, type Outline } from "./plan/planner.ts";
import type { SessionPlans } from "./session.ts";

/** How much slower a multiply-add is at half the target's width: measured on NASNet-A at 16 filters. */
const HALF_WIDTH_COST = 1.15;

/** Returns the targets of that name (`avx2`, `avx512:8`), else of the best. Throws `engine` naming those there are. */
export function chooseTargets(targets: readonly NativeTarget[], wanted: string | undefined): readonly NativeTarget[] {
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
export function planSession(
  network: Network,
  targets: readonly NativeTarget[],
  session: Pick<SessionOptions, "batchSize" | "loss" | "training">,
  fuse = true,
): { readonly target: NativeTarget; readonly plans: SessionPlans; readonly outline: Outline } {
  const trains = session.training ?? true;
  const outline = outlineOf(network);
  const draftFor = (target: NativeTarget, training: boolean, parameters?: ParameterLayout): DraftedPlan =>
    draftNetwork(network, {
      batchSize: session.batchSize,
      vectorWidth: target.width,
      ...session.loss,
      training,
      fuse,
      outline,
      ...(parameters && { parameters }),
    });
  const [widest, ...narrower] = targets.toSorted((a, b) => b.width - a.width) as [NativeTarget, ...NativeTarget[]];
  const widestPlan = draftFor(widest, trains);
  let best = { target: widest, plan: widestPlan, cost: flopsOf(widestPlan.draft) };
  for (const target of fillsVectors(widestPlan.draft) ? [] : narrower) {
    const plan = draftFor(target, trains);
    const cost = flopsOf(plan.draft) * HALF_WIDTH_COST;
    if (cost < best.cost) best = { target, plan, cost };
  }
  const { target } = best;
  const plan = best.plan.finish();
  const evaluation = trains ? draftFor(target, false, plan.parameters).finish() : plan;
  return { target, plans: { ...(trains && { training: plan }), evaluation }, outline };
}

/** Whether half the width would leave as many lanes without a channel, and so could not be cheaper. */
function fillsVectors({ planes, vectorWidth }: Draft): boolean {
  return planes.every((plane) => 2 * plane.lanes > vectorWidth);
}

function flopsOf({ ops }: Draft): number {
  return ops.reduce((sum, op) => sum + op.flops, 0);
}
