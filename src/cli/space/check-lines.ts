/** @file What `space check` found, for people and for scripts. */
import { describeGenotype } from "../../../search-spaces/index.ts";
import { formatBytes, formatCount, formatMacs, formatMany } from "../../base/units.ts";
import { refusalText, type RefusalCounts } from "../../search/constraints.ts";
import type { SpaceCheck } from "../../search/check-space.ts";
import type { FoundSpace } from "./find-space.ts";
import { genotypeDrawing } from "./genotype-lines.ts";
import { histogram } from "./histogram.ts";

const MEASURES = [
  ["params", "params", formatCount],
  ["macs", "MACs", (value: number): string => formatMacs(value).replace(/\s*MAC$/, "")],
  ["memory", "memory", formatBytes],
] as const;

/** Bins of a histogram. */
const BINS = 24;
/** Duplicates that are named. */
const NAMED = 3;

/** Returns the lines for people. `dim` sets explanations off, `bold` what is wrong. */
export function checkLines(
  { space, source }: FoundSpace,
  check: SpaceCheck,
  paint: { readonly dim: (text: string) => string; readonly bold: (text: string) => string },
): readonly string[] {
  const { dim, bold } = paint;
  const row = (title: string, text: string, note = ""): string =>
    `  ${title.padEnd(12)} ${text}${note === "" ? "" : dim(`  ${note}`)}`;
  const { genotypes, failed, duplicates, repeated } = check;
  const size = genotypes === undefined ? "infinitely many (a float is decided)" : formatMany(genotypes);
  return [
    `${bold(space.name)} version ${space.version}${dim(`  ${source}`)}`,
    row("genotypes", size, `${check.decisions} ${check.decisions === 1 ? "decision" : "decisions"}`),
    row("samples", `${check.samples - failed.length} of ${check.samples} decode`, `seed ${check.seed}`),
    ...(check.refused === undefined ? [] : [constraintsRow(check, check.refused, row)]),
    row(
      "duplicates",
      duplicates.length === 0 ? "none" : duplicatesText(duplicates),
      repeated === 0 ? "" : `${repeated} were drawn before as they are`,
    ),
    ...spreadLines(check, dim),
    ...check.findings
      .filter(({ kind }) => kind === "constant")
      .map(({ path }) => row("note", `${path} has one value: there is nothing to decide`)),
    "",
    ...(check.problems.length === 0 ? ["Nothing wrong."] : check.problems.map((problem) => bold(problem))),
    ...firstFailureLines(space, check),
  ];
}

/** Returns the same as plain JSON. */
export function checkJson({ space, source }: FoundSpace, check: SpaceCheck): object {
  const [first] = check.failed;
  const spreads = Object.entries(check.spreads).map(([measure, { min, median, max }]) => [
    measure,
    { min, median, max },
  ]);
  return {
    space: space.name,
    version: space.version,
    hash: space.hash,
    source,
    genotypes: check.genotypes?.toString() ?? null,
    decisions: check.decisions,
    samples: check.samples,
    seed: check.seed,
    failed: check.failed.length,
    ...(first && {
      firstFailure: {
        sample: first.number,
        reason: first.reason,
        genotype: first.genotype,
        text: describeGenotype(space, first.genotype),
      },
    }),
    ...(check.refused && { refused: check.refused }),
    suspects: check.suspects,
    repeated: check.repeated,
    duplicates: check.duplicates,
    ...(Object.fromEntries(spreads) as object),
    findings: check.findings,
    problems: check.problems,
  };
}

function constraintsRow(
  { samples, failed }: SpaceCheck,
  counts: RefusalCounts,
  row: (title: string, text: string, note: string) => string,
): string {
  const good = samples - failed.length;
  return row("constraints", `${good - counts.refused} of ${good} meet them`, refusalText(counts));
}

function duplicatesText(duplicates: SpaceCheck["duplicates"]): string {
  const pairs = duplicates.slice(0, NAMED).map(({ number, of }) => `${number} = ${of}`);
  const more = duplicates.length > NAMED ? ", …" : "";
  return `${duplicates.length} ${duplicates.length === 1 ? "sample computes" : "samples compute"} what another does (${pairs.join(", ")}${more})`;
}

function spreadLines({ spreads }: SpaceCheck, dim: (text: string) => string): readonly string[] {
  const rows = MEASURES.flatMap(([measure, title, format]) => {
    const spread = spreads[measure];
    if (spread === undefined) return [];
    const { min, median, max, values } = spread;
    return [[title, format(min), format(median), format(max), histogram(values, BINS)] as const];
  });
  if (rows.length === 0) return [];
  const widths = [1, 2, 3].map((column) => Math.max(8, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(widths[i - 1] ?? 0))).join(" ");
  return [
    dim(`  ${line(["", "min", "median", "max"])}`),
    ...rows.map(([title, min, median, max, bars]) => `  ${line([title, min, median, max])}  ${bars}`),
    dim("  memory is one image's forward pass: weights, and the most that is live at once"),
  ];
}

function firstFailureLines(space: FoundSpace["space"], check: SpaceCheck): readonly string[] {
  const [first] = check.failed;
  if (first === undefined) return [];
  const suspects =
    check.suspects.length === 0
      ? []
      : [`Only ${check.failed.length === 1 ? "it" : "they"} took ${check.suspects.slice(0, NAMED).join(", ")}.`];
  return [
    ...suspects,
    "",
    `sample ${first.number}: ${first.reason}`,
    ...genotypeDrawing(space, first.genotype).map((line) => `  ${line}`),
  ];
}
