/** @file Training runs in lists: how far each is, the best of them, the best epochs of one. */
import { formatDuration } from "../../base/units.ts";
import type { StandingEpoch, TrainingStanding } from "../../study/training/standing.ts";
import { formatValue } from "../live/live-lines.ts";
import { renderTable } from "../table.ts";

interface Style {
  readonly width?: number;
  readonly dim?: (text: string) => string;
}

/** Returns a run as JSON, numbers raw. */
export function standingJson({ done, ...rest }: TrainingStanding): Readonly<Record<string, unknown>> {
  const last = done.at(-1);
  const best = bestEpochs(done)[0];
  return { kind: "training", ...rest, epoch: done.length, ...(last && { last }), ...(best && { best }) };
}

/** Returns the accuracy that a run is listed with, and what it was measured on; undefined before its first epoch is over. */
export function standingAccuracy({
  testAccuracy,
  done,
  split,
}: TrainingStanding): { readonly accuracy: number; readonly of: "validation" | "test" } | undefined {
  if (testAccuracy !== undefined) return { accuracy: testAccuracy, of: "test" };
  const last = done.at(-1);
  return last && { accuracy: last.accuracy, of: split };
}

/** Returns the table of runs: `training  network  data  epoch  accuracy  state`. */
export function standingTable(runs: readonly TrainingStanding[], style: Style): string[] {
  return renderTable(
    [
      { title: "training" },
      { title: "network" },
      { title: "data" },
      { title: "epoch", align: "right" },
      { title: "accuracy", align: "right" },
      { title: "" },
      { title: "state" },
    ],
    runs.map((run) => {
      const known = standingAccuracy(run);
      return [
        run.name,
        run.network,
        run.data,
        epochText(run),
        known === undefined ? "-" : formatValue(known.accuracy),
        known?.of ?? "",
        run.state,
      ];
    }),
    style,
  );
}

/** Returns the lines of one run. */
export function standingLines(run: TrainingStanding, style: { readonly dim: (text: string) => string }): string[] {
  const [best] = bestEpochs(run.done);
  const known = standingAccuracy(run);
  const rows = [
    ["training", run.name],
    ["folder", run.dir],
    ["network", `${run.network} on ${run.data}, by ${run.recipe}`],
    ["epoch", epochText(run)],
    ["accuracy", known === undefined ? "none yet" : `${formatValue(known.accuracy)} on ${known.of} images`],
    ...(best === undefined
      ? []
      : [["best", `${formatValue(best.accuracy)} on ${run.split} images  epoch ${best.epoch}`]]),
    ["state", run.state === "stopped" ? `stopped: \`cellwright train --resume ${run.dir}\` goes on` : run.state],
    ["trained", formatDuration(run.elapsedMs)],
  ];
  return rows.map(([key = "", value = ""]) => `${style.dim(key.padEnd(10))} ${value}`);
}

/** Returns epochs by their accuracy, the best first; of equal ones the earlier. */
export function bestEpochs(done: readonly StandingEpoch[]): readonly StandingEpoch[] {
  return done.toSorted((a, b) => b.accuracy - a.accuracy || a.epoch - b.epoch);
}

/** Returns the table of a run's epochs. */
export function epochTable(run: TrainingStanding, epochs: readonly StandingEpoch[], style: Style): string[] {
  const right = "right" as const;
  return renderTable(
    [
      { title: "rank", align: right },
      { title: "epoch", align: right },
      { title: `${run.split} accuracy`, align: right },
      { title: "loss", align: right },
      { title: "training loss", align: right },
    ],
    epochs.map(({ epoch, accuracy, loss, trainLoss }, index) => [
      String(index + 1),
      String(epoch),
      formatValue(accuracy),
      loss.toFixed(4),
      trainLoss.toFixed(4),
    ]),
    style,
  );
}

function epochText({ done, epochs }: TrainingStanding): string {
  return `${done.length}/${epochs}`;
}
