/** @file The table of the best: values with their spread, and a word on what noise cannot tell apart. */
import { formatCount, formatMacs } from "../base/units.ts";
import type { Baseline } from "../study/baseline-plan.ts";
import type { AccuracyImages, Candidate } from "./candidates.ts";
import { formatValue } from "./live/live-lines.ts";
import { differenceP, spread } from "./statistics.ts";
import { renderTable, wrap } from "./table.ts";

export interface TopTableOptions {
  /** Name of the first objective. */
  readonly measure: string;
  readonly images: AccuracyImages;
  /** What the winner is compared with; stands below the others. */
  readonly baseline?: Baseline | undefined;
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

/** Returns the row of the baseline, under the same titles. */
export function baselineRow({ name, values, params, macs, phase }: Baseline): string[] {
  const [value] = values;
  return [
    "",
    "baseline",
    phase === "search" && value !== undefined ? formatValue(value) : "",
    formatCount(params),
    formatMacs(macs).replace(/MAC$/, ""),
    phase === "retrain" ? retrainedText(values) : "-",
    name,
  ];
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
    { title: "cell", optional: true },
  ];
  const layout = {
    ...(options.width !== undefined && { width: options.width }),
    ...(options.dim !== undefined && { dim: options.dim }),
  };
  const note = indistinguishable(candidates, options.images);
  const { baseline } = options;
  const rows = [...topRows(candidates), ...(baseline === undefined ? [] : [baselineRow(baseline)])];
  const table = renderTable(columns, rows, layout);
  if (note === undefined) return table;
  return [...table, ...wrap(note, options.width ?? Infinity).map((line) => (options.dim ?? String)(line))];
}

/** `0.831 (3 seeds)`, or a dash. */
export function retrainedText(values: readonly number[]): string {
  if (values.length === 0) return "-";
  const { mean, deviation } = spread(values);
  if (deviation === undefined) return `${mean.toFixed(4)} (1 seed)`;
  return `${mean.toFixed(3)} ± ${deviation.toFixed(3)} (${values.length} seeds)`;
}

/** Says which candidates the noise of the measurements cannot tell from the first, or undefined where nothing is known of it. */
export function indistinguishable(
  candidates: readonly Candidate[],
  { search, retrain }: AccuracyImages,
): string | undefined {
  if (search === undefined || candidates.length === 0) return undefined;
  const again = candidates.filter(({ retrained }) => retrained.length > 0);
  return [
    `± is the standard error of ${formatCount(search)} validation images.`,
    alikeText("By the search alone", candidates, ({ value }) => value, search),
    // Seeds share their images, so that a mean over them is no surer of these than one of them.
    ...(retrain === undefined
      ? []
      : [alikeText("After retraining", again, ({ retrained }) => spread(retrained).mean, retrain)]),
  ]
    .filter((text) => text !== "")
    .join(" ");
}

function alikeText(
  when: string,
  candidates: readonly Candidate[],
  valueOf: (candidate: Candidate) => number,
  images: number,
): string {
  const [first, ...rest] = candidates.toSorted((a, b) => valueOf(b) - valueOf(a));
  if (first === undefined) return "";
  const p = (other: Candidate): number => differenceP(valueOf(first), valueOf(other), images);
  const alike = candidates.filter((other) => rest.includes(other) && p(other) > 0.05);
  if (alike.length === 0) return "";
  const trials = alike.map(({ trial }) => trial);
  const smallest = Math.min(...alike.map(p));
  // Rounded down, so that what is said to be larger is.
  const bound = Math.floor(smallest * 100) / 100;
  const which =
    trials.length === 1 ? `trial ${trials[0]}` : `trials ${trials.slice(0, -1).join(", ")} and ${trials.at(-1)}`;
  return `${when} ${which} can't be told from trial ${first.trial} (p ${smallest < 0.995 ? `> ${bound.toFixed(2)}` : "= 1"}).`;
}

/** Says where noise can't tell the baseline from the winner, or undefined where it can or nothing is known of it. */
export function baselineVerdict(
  winner: Candidate,
  { phase, values }: Baseline,
  { search, retrain }: AccuracyImages,
): string | undefined {
  const images = phase === "retrain" ? retrain : search;
  if (images === undefined || values.length === 0) return undefined;
  const own = phase === "retrain" ? spread(winner.retrained).mean : winner.value;
  const p = differenceP(own, spread(values).mean, images);
  if (p <= 0.05) return undefined;
  return `${formatCount(images)} validation images can't tell the two apart (p ${p < 0.995 ? `> ${(Math.floor(p * 100) / 100).toFixed(2)}` : "= 1"}).`;
}
