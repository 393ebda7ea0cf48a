/** @file What is different between two networks, stage by stage: for candidates of spaces that have no cells. Stages are compared by the name of their first. */
import type { Network } from "../network/index.ts";
import type { Mark } from "./cell-diff.ts";
import { operationsText, stagesOf, type Stage } from "./network-stages.ts";
import { stageRows } from "./network-text.ts";

/** Marked stages by their place, and how many there are, those of one name once. */
export interface StageDifference {
  readonly before: ReadonlyMap<number, Mark>;
  readonly after: ReadonlyMap<number, Mark>;
  readonly count: number;
}

/** Returns what sets the stages of two networks apart. */
export function diffStages(before: readonly Stage[], after: readonly Stage[]): StageDifference {
  const old = marksOf(before, after, "removed");
  const young = marksOf(after, before, "added");
  const removed = [...old.values()].filter((mark) => mark === "removed").length;
  return { before: old, after: young, count: removed + young.size };
}

function marksOf(
  stages: readonly Stage[],
  others: readonly Stage[],
  alone: "added" | "removed",
): ReadonlyMap<number, Mark> {
  const counterparts = new Map(others.map((stage) => [stage.names[0], facts(stage, others)]));
  return new Map(
    stages.flatMap((stage, place): [number, Mark][] => {
      const counterpart = counterparts.get(stage.names[0]);
      if (counterpart === undefined) return [[place, alone]];
      return counterpart === facts(stage, stages) ? [] : [[place, "changed"]];
    }),
  );
}

/** All that is said of a stage. */
function facts(stage: Stage, all: readonly Stage[]): string {
  const reads = stage.reads.map((place) => all[place]?.names[0]);
  return JSON.stringify([stage.names.length, stage.shape, stage.params, operationsText(stage, 99), reads]);
}

/** Returns both networks in lines, as `diff` writes them: `-` only in the first, `+` only in the second, both else. */
export function networkDiffText(before: Network, after: Network): string {
  const [old, young] = [stagesOf(before), stagesOf(after)];
  const marks = diffStages(old, young);
  const [oldRows, youngRows] = [stageRows(old), stageRows(young)];
  const lines: string[] = [];
  let next = 0;
  const upTo = (end: number): void => {
    for (; next < end; next++) if (marks.before.has(next)) lines.push(`- ${oldRows[next]}`);
  };
  for (const [place, stage] of young.entries()) {
    const counterpart = old.findIndex(({ names }) => names[0] === stage.names[0]);
    if (counterpart >= 0) upTo(counterpart + 1);
    lines.push(`${marks.after.has(place) ? "+" : " "} ${youngRows[place]}`);
  }
  upTo(old.length);
  return [after.name, ...lines].join("\n");
}
