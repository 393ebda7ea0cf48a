/** @file What a search for coefficients has found so far: each point with what was measured of it, and the coefficients that won. */
import type { ScaleCoefficients } from "../../scale/factors.ts";
import type { ScalingPlan, ScalingPoint } from "../../scale/scaling-plan.ts";
import type { TrialRecord } from "../../storage/storage.ts";
import type { Study } from "../study.ts";
import { scalingOf } from "./space.ts";

/** A point and its trial. */
export interface ScalingRow {
  readonly index: number;
  readonly point: ScalingPoint;
  /** Absent where its turn has not come. */
  readonly trial?: TrialRecord;
  /** First objective, of a complete trial. */
  readonly value?: number;
  /** The best of the grid. */
  readonly isChosen: boolean;
}

export interface ScalingResults {
  readonly study: string;
  /** What grows, as its user calls it. */
  readonly target: string;
  readonly plan: ScalingPlan;
  /** In the plan's order, then those at further levels that were tried. */
  readonly rows: readonly ScalingRow[];
  /** Of the best of the grid so far; absent before any of it has completed. */
  readonly chosen?: ScaleCoefficients;
  /** Whether every point of the grid has been tried. */
  readonly isGridDone: boolean;
  readonly measure: string;
}

/** Returns what a study has found, or undefined where it is no search for coefficients. */
export async function scalingResults(
  study: Pick<Study, "name" | "definition" | "storage" | "objectives">,
): Promise<ScalingResults | undefined> {
  const scaling = scalingOf(study.definition.space);
  if (scaling === undefined) return undefined;
  const { plan, target, search, pointAt } = scaling;
  const trials = await study.storage.trials();
  const byPoint = new Map(trials.map((trial) => [trial.proposal.genotype["point"] ?? -1, trial]));
  const sign = study.objectives[0]?.direction === "minimize" ? -1 : 1;
  const valueAt = (index: number): number | undefined => {
    const trial = byPoint.get(index);
    return trial?.state === "complete" ? trial.values?.[0] : undefined;
  };
  // As the controller chooses, which goes on with it.
  const [chosenIndex] = search.candidates
    .filter((index) => valueAt(index) !== undefined)
    .toSorted((a, b) => sign * ((valueAt(b) ?? 0) - (valueAt(a) ?? 0)) || a - b);
  const tried = [...byPoint.keys()].filter((index) => index >= plan.points.length).toSorted((a, b) => a - b);
  const rows = [...plan.points.keys(), ...tried].map((index): ScalingRow => {
    const trial = byPoint.get(index);
    const value = valueAt(index);
    return {
      index,
      point: pointAt(index),
      ...(trial !== undefined && { trial }),
      ...(value !== undefined && { value }),
      isChosen: index === chosenIndex,
    };
  });
  const chosen = chosenIndex === undefined ? undefined : pointAt(chosenIndex).coefficients;
  return {
    study: study.name,
    target,
    plan,
    rows,
    ...(chosen !== undefined && { chosen }),
    isGridDone: plan.grid.every((index) => {
      const trial = byPoint.get(index);
      return trial !== undefined && trial.state !== "running";
    }),
    measure: study.objectives[0]?.name ?? "value",
  };
}
