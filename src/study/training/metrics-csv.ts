/** @file `metrics.csv`: a row for each epoch, for a spreadsheet. */
import type { Figures } from "../../storage/training-storage.ts";

const COLUMNS = [
  "trainLoss",
  "trainAccuracy",
  "loss",
  "accuracy",
  "learningRate",
  "imagesPerSecond",
  "elapsedSeconds",
] as const;

/** Returns the table of epochs. `split` says what loss and accuracy are of: `validation` or `test`. */
export function metricsCsv(
  epochs: readonly { readonly epoch: number; readonly figures: Figures }[],
  split: string,
): string {
  const title = (column: string): string =>
    (column === "loss" || column === "accuracy" ? `${split}_${column}` : column).replace(
      /[A-Z]/g,
      (c) => `_${c.toLowerCase()}`,
    );
  const rows = epochs.map(({ epoch, figures }) => [epoch, ...COLUMNS.map((column) => figures[column] ?? "")].join(","));
  return `${[["epoch", ...COLUMNS.map(title)].join(","), ...rows].join("\n")}\n`;
}
