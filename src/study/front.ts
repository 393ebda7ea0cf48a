/** @file The Pareto front of a study with several objectives, and how it grew: its size and its hypervolume. */
import type { Objective } from "../search/controller.ts";
import { hypervolumeShare, objectiveBox, type ObjectiveBox } from "../search/hypervolume.ts";
import { paretoFront } from "../search/pareto.ts";
import type { TrialRecord } from "../storage/storage.ts";

/** The front after so many complete trials. */
export interface FrontSize {
  /** Complete trials, without duplicates, in the order of finishing. */
  readonly trials: number;
  readonly size: number;
  /** Share of the box, from 0 to 1. */
  readonly hypervolume: number;
}

export interface StudyFront extends FrontSize {
  /** The trials that no other betters in one objective without losing in another, the best of the first objective first. */
  readonly front: readonly TrialRecord[];
  /** The worst value of each objective over all complete trials, which is the reference point, and the best: hypervolumes are shares of it. It grows with the study. */
  readonly box: ObjectiveBox;
  /** At a fifth of the trials, two fifths … all. */
  readonly overTime: readonly FrontSize[];
}

/** How often a report looks back. */
const LOOKS = 5;

/** Returns the front, or undefined of a study with one objective or without a complete trial. Of three objectives O(looks trials² log trials) at worst. */
export function studyFront(trials: readonly TrialRecord[], objectives: readonly Objective[]): StudyFront | undefined {
  if (objectives.length < 2) return undefined;
  const complete = trials
    .filter(
      ({ state, duplicateOf, values }) => state === "complete" && duplicateOf === undefined && values !== undefined,
    )
    .toSorted((a, b) => (a.finishedMs ?? 0) - (b.finishedMs ?? 0) || a.number - b.number);
  const directions = objectives.map(({ direction }) => direction);
  const points = complete.map(({ values = [] }) => values);
  const box = objectiveBox(points, directions);
  if (box === undefined) return undefined;
  const after = (count: number): FrontSize & { readonly front: readonly TrialRecord[] } => {
    const indices = paretoFront(points.slice(0, count), directions);
    const volume = hypervolumeShare(
      indices.map((index) => points[index]!),
      directions,
      box,
    );
    return {
      trials: count,
      size: indices.length,
      hypervolume: volume,
      front: indices.map((index) => complete[index]!),
    };
  };
  const counts = Array.from({ length: LOOKS }, (_, look) => Math.ceil(((look + 1) * complete.length) / LOOKS));
  const overTime = [...new Set(counts)].map((count) => {
    const { trials: seen, size, hypervolume } = after(count);
    return { trials: seen, size, hypervolume };
  });
  return { ...after(complete.length), box, overTime };
}
