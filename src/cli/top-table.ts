/** @file The table of the best: values with their spread, and a word on what noise cannot tell apart. */
import { formatCount, formatMacs } from "../base/units.ts";
import type { Candidate } from "./candidates.ts";
import { formatValue } from "./live/live-lines.ts";
import { differenceP, spread } from "./statistics.ts";
import { renderTable } from "./table.ts";

export interface TopTableOptions {
  /** Name of the first objective. */
  readonly measure: string;
  /** Images behind an accuracy, where known. */
  readonly images?: number | undefined;
  readonly width?: number;
  readonly dim?: (text: string) => string;
}

/** Returns the rows as texts, for the terminal and for the report. */
export function topRows(candidates: readonly Candidate[]): string[][] {
  return candidates.map((candidate) => [
    String(candidate.rank),
    String(candidate.trial),
    candidate.error === undefined
      ? formatValue(candidate.value)
      : `${candidate.value.toFixed(3)} ± ${candidate.error.toFixed(3)}`,
    candidate.params === undefined ? "" : formatCount(candidate.params),
    candidate.macs === undefined ? "" : formatMacs(candidate.macs).replace(/MAC$/, ""),
    retrainedText(candidate.retrained),
    candidate.text,
  ]);
}

/** Returns the lines of the table and its footnote. */
export function topTable(candidates: readonly Candidate[], options: TopTableOptions): string[] {
  const columns = [
    { title: "rank", align: "right" as const },
    { title: "trial", align: "right" as const },
    { title: options.measure },
    { title: "params", align: "right" as const },
    { title: "MACs", align: "right" as const },
    { title: "retrained" },
    { title: "cell" },
  ];
  const layout = {
    ...(options.width !== undefined && { width: options.width }),
    ...(options.dim !== undefined && { dim: options.dim }),
  };
  const note = indistinguishable(candidates, options.images);
  const table = renderTable(columns, topRows(candidates), layout);
  return note === undefined ? table : [...table, (options.dim ?? String)(note)];
}

/** `0.831 (3 seeds)`, or a dash. */
export function retrainedText(values: readonly number[]): string {
  if (values.length === 0) return "-";
  const { mean, deviation } = spread(values);
  if (deviation === undefined) return `${mean.toFixed(4)} (1 seed)`;
  return `${mean.toFixed(3)} ± ${deviation.toFixed(3)} (${values.length} seeds)`;
}

/** Says which candidates the noise of the measurement cannot tell from the first, or undefined if it can all. */
export function indistinguishable(candidates: readonly Candidate[], images: number | undefined): string | undefined {
  if (images === undefined || candidates.length === 0) return undefined;
  const best = candidates.reduce((a, b) => (b.value > a.value ? b : a));
  const alike = candidates.filter((other) => other !== best && differenceP(best.value, other.value, images) > 0.05);
  const error = `± is the standard error of ${formatCount(images)} validation images.`;
  if (alike.length === 0) return error;
  const trials = alike.map(({ trial }) => trial);
  const smallest = Math.min(...alike.map((other) => differenceP(best.value, other.value, images)));
  const which =
    trials.length === 1 ? `trial ${trials[0]}` : `trials ${trials.slice(0, -1).join(", ")} and ${trials.at(-1)}`;
  return `${error} By the search alone ${which} can't be told from trial ${best.trial} (p ${smallest < 0.995 ? `> ${smallest.toFixed(2)}` : "= 1"}).`;
}
