/** @file The report as Markdown: what was searched, what it cost, what won, how to go on. */
import { formatCount, formatDuration, formatMacs, formatEpochs } from "../../base/units.ts";
import { cellText } from "../../draw/index.ts";
import { refusalText } from "../../search/constraints.ts";
import type { TrialRecord } from "../../storage/storage.ts";
import { refusedOf } from "../../study/refusals.ts";
import { scalingOf } from "../../study/scaling/space.ts";
import { accuracyImages, studyCells, type Candidate } from "../candidates.ts";
import { failureReasons } from "../failure-reasons.ts";
import { formatValue } from "../live/live-lines.ts";
import { headLine } from "../head-line.ts";
import { resultsFlag } from "../results-flag.ts";
import { scaleCells } from "../scaling.ts";
import { comparisonLines, gridLines, imagesOf } from "../scale/results.ts";
import { baselineRow, baselineVerdict, indistinguishable, retrainedText, topRows } from "../top-table.ts";
import type { ReportData } from "./report-data.ts";

/** Pictures that the report shows, by their path beside it. */
export interface ReportPictures {
  readonly cells: readonly { readonly path: string; readonly title: string }[];
  readonly charts: readonly { readonly path: string; readonly title: string }[];
}

/** Returns the text of report.md. `hasExport` says whether best/ holds a model. */
export function reportMarkdown(data: ReportData, pictures: ReportPictures, hasExport: boolean): string {
  const { study } = data;
  const sections = [
    `# ${study.name}`,
    opening(data),
    winnerSection(data, pictures),
    bestSection(data),
    frontSection(data),
    baselineSection(data),
    pictureSection("How the search went", pictures.charts),
    costSection(data),
    scaleSection(data),
    scalingSection(data),
    failureSection(data),
    goOnSection(data, hasExport),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function opening(data: ReportData): string {
  const { study, trials, finished, winner, measure, searchBest, elapsedMs } = data;
  const best =
    winner === undefined || searchBest === undefined
      ? "No trial has completed yet."
      : `The best reached ${measure} ${formatValue(searchBest.value)} (trial ${searchBest.trial}).`;
  const again = winner === undefined || winner.retrained.length === 0 ? "" : ` ${retrainVerdict(winner, data)}`;
  return `${headLine(study, enginesOf(trials)[0])}\n\n${count(finished.length, "trial")} in ${formatDuration(elapsedMs)} of searching. ${best}${again}`;
}

function retrainVerdict({ trial, retrained }: Candidate, { searchBest, top }: ReportData): string {
  const who = searchBest?.trial === trial ? "it" : `trial ${trial}`;
  const isAlone = top.filter((other) => other.retrained.length > 0).length === 1;
  const verb = isAlone ? "reached" : who === "it" ? "stayed ahead with" : "came out ahead with";
  return `Retrained for longer ${who} ${verb} ${retrainedText(retrained)}.`;
}

function winnerSection({ study, winner, measure, top }: ReportData, { cells }: ReportPictures): string {
  if (winner === undefined) return "";
  const retrained = winner.retrained.length === 0 ? "" : `, ${retrainedText(winner.retrained)} after retraining`;
  const others = top.length > 1 ? "" : " It is the only one that completed.";
  const lines = [
    "## What won",
    "",
    `Trial ${winner.trial}: ${measure} ${formatValue(winner.value)} in the search${retrained}${winner.params === undefined ? "" : `, ${formatCount(winner.params)} parameters`}.${others}`,
    "",
    ...cells.map(({ path, title }) => `![${title}](${path})`),
    ...(cells.length > 0 ? [""] : []),
    "```",
    ...studyCells(study.definition, winner.genotype).map((cell) => cellText(cell)),
    JSON.stringify(winner.genotype),
    "```",
  ];
  return lines.join("\n");
}

function bestSection({ study, top, measure, baseline }: ReportData): string {
  if (top.length === 0) return "";
  const note = indistinguishable(top, accuracyImages(study));
  const title =
    top.length === 1
      ? "## The best"
      : `## The best ${["", "", "two", "three", "four", "five"][top.length] ?? top.length}`;
  return [
    title,
    "",
    table(
      ["rank", "trial", measure, "params", "MACs", "retrained"],
      [...topRows(top), ...(baseline === undefined ? [] : [baselineRow(baseline)])].map((row) => row.slice(0, 6)),
    ),
    "",
    "```",
    ...top.map(({ trial, text }) => `${String(trial).padStart(4)}  ${text.replaceAll("   ", "\n      ")}`),
    "```",
    ...(note === undefined ? [] : ["", note]),
  ].join("\n");
}

/** Most trials of a front that are listed: the best of the first objective, the rest evenly. */
const LISTED = 12;

function frontSection({ study, front }: ReportData): string {
  if (front === undefined) return "";
  const { objectives } = study;
  const all = front.front;
  const listed =
    all.length <= LISTED
      ? all
      : Array.from({ length: LISTED }, (_, index) => all[Math.round((index * (all.length - 1)) / (LISTED - 1))]!);
  const names = objectives.map(
    ({ name, direction }) => `${name} (${direction === "maximize" ? "more" : "less"} is better)`,
  );
  const shown = listed.length === all.length ? "" : ` ${listed.length} of them:`;
  const point = (values: readonly number[]): string =>
    values.map((value, index) => `${objectives[index]?.name} ${formatObjective(value)}`).join(", ");
  return [
    "## The front",
    "",
    `Of ${count(front.trials, "complete trial")}, ${front.size} ${front.size === 1 ? "is" : "are"} bettered by no other in one objective without being worse in another.${shown}`,
    "",
    table(
      ["trial", ...names],
      listed.map(({ number, values = [] }) => [String(number), ...values.map((value) => formatObjective(value))]),
    ),
    "",
    table(
      ["complete trials", "on the front", "hypervolume"],
      front.overTime.map(({ trials, size, hypervolume }) => [
        formatCount(trials),
        String(size),
        hypervolume.toFixed(3),
      ]),
    ),
    "",
    `The hypervolume is what the front dominates of the box between the worst values of all complete trials, which are the reference point (${point(front.box.worst)}), and the best (${point(front.box.best)}), each objective divided by its extent.`,
  ].join("\n");
}

/** Costs are counts or times, measures mostly shares. */
function formatObjective(value: number): string {
  return Math.abs(value) >= 1000 ? formatCount(Math.round(value)) : formatValue(value);
}

function baselineSection({ study, winner, measure, baseline }: ReportData): string {
  if (winner === undefined || baseline === undefined) return "";
  const { name, params, macs, epochs, phase, values } = baseline;
  const own = phase === "retrain" ? retrainedText(winner.retrained) : formatValue(winner.value);
  const reached = phase === "retrain" ? retrainedText(values) : formatValue(values[0] ?? Number.NaN);
  const long = formatEpochs(epochs);
  const verdict = baselineVerdict(winner, baseline, accuracyImages(study));
  return [
    "## Against a network made by hand",
    "",
    `${name} (${formatCount(params)} parameters, ${formatMacs(macs)}), trained for ${long} by the winner's recipe on the same images, reached ${measure} ${reached}; trial ${winner.trial} reached ${own}.${verdict === undefined ? "" : ` ${verdict}`}`,
  ].join("\n");
}

function pictureSection(title: string, pictures: readonly { readonly path: string; readonly title: string }[]): string {
  if (pictures.length === 0) return "";
  return [`## ${title}`, "", ...pictures.map((picture) => `![${picture.title}](${picture.path})`)].join("\n");
}

function costSection({ study, trials, elapsedMs, measure, direction }: ReportData): string {
  const by = (state: TrialRecord["state"]): number =>
    trials.filter((trial) => trial.state === state && trial.duplicateOf === undefined).length;
  const trained = trials.filter((trial) => trial.duplicateOf === undefined);
  const sum = (key: "trainMs" | "imagesTrained"): number =>
    trained.reduce((total, trial) => total + (trial.metrics[key] ?? 0), 0);
  const refused = refusedOf(trials);
  const trainMs = sum("trainMs");
  const { workers } = study.facts;
  const engines = enginesOf(trained);
  const peak = Math.max(0, ...trained.map((trial) => trial.metrics.peakMemoryBytes ?? 0));
  const rows = [
    ["wall time of the search", formatDuration(elapsedMs)],
    [
      "trials",
      `${by("complete")} complete, ${by("pruned")} pruned, ${by("failed")} failed, ${trials.filter((trial) => trial.duplicateOf !== undefined).length} duplicates that took a stored result`,
    ],
    ...(refused.refused === 0
      ? []
      : [["refused by the constraints, untrained", `${formatCount(refused.refused)} (${refusalText(refused)})`]]),
    ["images trained", formatCount(sum("imagesTrained"))],
    ...(trainMs > 0 && elapsedMs > 0
      ? [
          [
            "images per second",
            `${formatCount(Math.round((sum("imagesTrained") / trainMs) * 1000))} per worker while training, ${formatCount(Math.round((sum("imagesTrained") / elapsedMs) * 1000))} in all`,
          ],
          ["share of the workers' time in training", `${((trainMs / (elapsedMs * workers)) * 100).toFixed(0)}%`],
        ]
      : []),
    ...(engines.length === 0 ? [] : [["engine", engines.join(", ")]]),
    ...(peak === 0 ? [] : [["largest worker", `${formatCount(Math.round(peak / 2 ** 20))} MiB`]]),
    ...againstRandom(study, trials, measure, direction),
  ];
  return ["## What it cost", "", table(["", ""], rows)].join("\n");
}

/** What trials ran on, each once. */
function enginesOf(trials: readonly TrialRecord[]): string[] {
  return [...new Set(trials.flatMap((trial) => (trial.metrics.engine === undefined ? [] : [trial.metrics.engine])))];
}

/** The first proposals of evolution are random: what they reached is random search's share of the result. */
function againstRandom(
  study: ReportData["study"],
  trials: readonly TrialRecord[],
  measure: string,
  direction: "maximize" | "minimize",
): string[][] {
  const size = study.definition.controller.options["populationSize"];
  if (typeof size !== "number" || trials.length <= size) return [];
  const values = (list: readonly TrialRecord[]): number[] =>
    list.flatMap((trial) => (trial.state === "complete" && trial.values?.[0] !== undefined ? [trial.values[0]] : []));
  const random = values(trials.filter((trial) => trial.number < size));
  const evolved = values(trials.filter((trial) => trial.number >= size));
  if (random.length === 0 || evolved.length === 0) return [];
  const best = (list: readonly number[]): number => (direction === "maximize" ? Math.max(...list) : Math.min(...list));
  return [
    [
      `best ${measure} of the first ${size} (random) trials, of the ${evolved.length} after them`,
      `${formatValue(best(random))}, ${formatValue(best(evolved))}`,
    ],
  ];
}

function scaleSection({ scaled }: ReportData): string {
  if (scaled.length === 0) return "";
  const rows = scaled.map((one) => scaleCells(one));
  const notes = scaled.findLast((row) => row.isChosen)?.size.notes ?? [];
  return [
    "## The same cell, larger",
    "",
    "Compound scaling with EfficientNet's coefficients (depth 1.2, width 1.1, resolution 1.15 to the power of phi), up to ten times the multiply-accumulates.",
    "",
    table(["phi", "depth", "width", "input", "params", "MACs", ""], rows),
    ...(notes.length === 0 ? [] : ["", `${notes.join(", ")}.`]),
  ].join("\n");
}

function scalingSection({ study, scaling }: ReportData): string {
  if (scaling === undefined) return "";
  const options = { images: imagesOf(study) };
  return [
    `## How ${scaling.target} should grow`,
    "",
    "A grid of coefficients at phi = 1 (depth grows by alpha, width by beta, resolution by gamma), each trained at about twice the multiply-accumulates:",
    "",
    "```",
    ...gridLines(scaling, options),
    "```",
    "",
    "The best of it beside each axis alone, at equal multiply-accumulates:",
    "",
    "```",
    ...comparisonLines(scaling, options),
    "```",
  ].join("\n");
}

function failureSection({ trials }: ReportData): string {
  const reasons = failureReasons(trials);
  if (reasons.length === 0) return "";
  const rows = reasons
    .slice(0, 10)
    .map(({ reason, trials: numbers }) => [
      reason,
      String(numbers.length),
      numbers.slice(0, 8).join(", ") + (numbers.length > 8 ? ", …" : ""),
    ]);
  return ["## What failed", "", table(["reason", "trials", "numbers"], rows)].join("\n");
}

function goOnSection({ study, winner }: ReportData, hasExport: boolean): string {
  const commands = goOnCommands(study, winner !== undefined);
  const width = Math.max(...commands.map(({ command }) => command.length));
  const lines = commands.map(({ command, what }) => `${command.padEnd(width)}   # ${what}`);
  const best = hasExport
    ? [
        "",
        "`best/` holds the winner's genotype, its network as JSON, and its PyTorch export: `model.py`, `weights.safetensors` and a model card.",
      ]
    : [];
  return ["## To go on", "", "```sh", ...lines, "```", ...best].join("\n");
}

/** Returns the commands that a finished search is followed by. */
export function goOnCommands(
  { name, dir, definition }: Pick<ReportData["study"], "name" | "dir" | "definition">,
  hasBest: boolean,
): { readonly command: string; readonly what: string }[] {
  const flag = resultsFlag(dir);
  const scaling = scalingOf(definition.space);
  if (scaling !== undefined)
    return [
      ...(definition.budget === undefined ? [] : [resumeCommand(name, definition.budget, flag)]),
      {
        command: `npx cellwright scale ${scaling.target} --max-macs 600M${flag}`,
        what: "at larger sizes, by these coefficients",
      },
    ];
  return [
    resumeCommand(name, definition.budget ?? {}, flag),
    ...(hasBest
      ? [
          {
            command: `npx cellwright retrain ${name} --top 5 --epochs 50${flag}`,
            what: "train the five best for longer",
          },
          { command: `npx cellwright draw ${name}${flag}`, what: "the best cells as SVG and text" },
          { command: `npx cellwright scale ${name} --max-macs 600M${flag}`, what: "the best cell at larger sizes" },
          { command: `npx cellwright export ${name} --to pytorch --out my-model${flag}`, what: "model.py and weights" },
        ]
      : []),
  ];
}

/** To search on, every limit that there is has to be raised: to twice what it was, and to an hour at least. */
function resumeCommand(
  name: string,
  { trials, hours }: { readonly trials?: number; readonly hours?: number },
  flag: string,
): { readonly command: string; readonly what: string } {
  const more = hours === undefined ? undefined : Math.max(1, Number((2 * hours).toPrecision(3)));
  const flags = [
    ...(trials === undefined ? [] : [`--trials ${2 * trials}`]),
    ...(more === undefined ? [] : [`--hours ${more}`]),
  ];
  const limits = [
    ...(trials === undefined ? [] : [`${formatCount(2 * trials)} trials`]),
    ...(more === undefined ? [] : [more === 1 ? "one hour" : formatDuration(more * 3_600_000)]),
  ];
  return {
    command: `${["npx cellwright resume", name, ...flags].join(" ")}${flag}`,
    what: limits.length === 0 ? "search on" : `search on, to ${limits.join(" or ")} in all`,
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function count(n: number, what: string): string {
  return `${formatCount(n)} ${n === 1 ? what : `${what}s`}`;
}
