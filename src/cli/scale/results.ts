/** @file What a search for coefficients found, for people: the grid, the comparison at equal cost. */
import { formatCount, formatMacs } from "../../base/units.ts";
import { growthOf } from "../../scale/coefficient-grid.ts";
import type { ScaleCoefficients } from "../../scale/factors.ts";
import type { ScalingResults, ScalingRow } from "../../study/scaling/results.ts";
import type { Study } from "../../study/study.ts";
import { validationImages } from "../candidates.ts";
import { formatValue } from "../live/live-lines.ts";
import { accuracyError, differenceP } from "../statistics.ts";
import { renderTable, wrap } from "../table.ts";

/** Methods in the order that they are shown in. */
export const METHODS = ["compound", "depth", "width", "resolution"] as const;

/** `1.2, 1.1, 1.15`. */
export function coefficientText({ alpha, beta, gamma }: ScaleCoefficients): string {
  return [alpha, beta, gamma].map((value) => String(Number(value.toFixed(4)))).join(", ");
}

interface TableOptions {
  readonly images: number | undefined;
  readonly width?: number;
  readonly dim?: (text: string) => string;
}

/** Images that a study's accuracy is measured on; undefined where it measures something else. */
export function imagesOf(study: Pick<Study, "definition" | "objectives">): number | undefined {
  return study.objectives[0]?.name === "accuracy" ? validationImages(study.definition.evaluator) : undefined;
}

/** Returns the grid as a table, in its order, and what is to be said of it. */
export function gridLines(results: ScalingResults, options: TableOptions): string[] {
  const { plan, rows, measure } = results;
  const grid = rows.filter(({ index }) => plan.grid.includes(index));
  const cells = grid.map((row) => {
    const { coefficients = { alpha: 1, beta: 1, gamma: 1 }, size, same } = row.point;
    return [
      row.trial === undefined ? "" : String(row.trial.number),
      String(coefficients.alpha),
      String(coefficients.beta),
      String(coefficients.gamma),
      growthOf(coefficients).toFixed(2),
      formatCount(size.params),
      formatMacs(size.macs).replace(/MAC$/, ""),
      timesText(row),
      valueText(row, options.images),
      [
        ...(row.isChosen ? ["<- chosen"] : []),
        ...(row.point.isOnTarget ? [] : ["off the level"]),
        ...(same.length > 0 ? [`and ${same.length} that round${same.length === 1 ? "s" : ""} to it`] : []),
      ].join(", "),
    ];
  });
  const right = { align: "right" as const };
  const table = renderTable(
    [
      ...["trial", "alpha", "beta", "gamma", "a*b^2*g^2", "params", "MACs", "of 2x"].map((title) => ({
        title,
        ...right,
      })),
      { title: measure },
      { title: "" },
    ],
    cells,
    options,
  );
  const off = grid.filter(({ point }) => !point.isOnTarget).length;
  const percent = Math.round(plan.macsTolerance * 100);
  const level = `twice the multiply-accumulates (${formatMacs(2 * plan.searchedMacs)})`;
  const notes =
    off === 0
      ? []
      : [
          off === grid.length
            ? `Rounding left every point more than ${percent}% off ${level}: all may be chosen, none is a comparison at equal cost.`
            : `Off the level: rounding left ${off === 1 ? "it" : "them"} more than ${percent}% from ${level}; trained, but not to be chosen.`,
        ];
  return [...table, ...say(notes, options)];
}

/** Returns compound scaling beside each axis alone, level by level. */
export function comparisonLines(results: ScalingResults, options: TableOptions): string[] {
  const compared = comparedRows(results);
  const cells = compared.map((row) => {
    const { method, level, size, coefficients } = row.point;
    const { depth, width, resolution } = size.factors;
    return [
      level === 0 ? "" : `${2 ** level}x`,
      method === "searched"
        ? "as searched"
        : coefficients === undefined
          ? `${method} alone`
          : `compound (${coefficientText(coefficients)})`,
      ...[depth, width, resolution].map((factor) => factor.toFixed(2)),
      formatCount(size.params),
      formatMacs(size.macs).replace(/MAC$/, ""),
      level === 0 ? "" : timesText(row),
      valueText(row, options.images),
      row.point.isOnTarget ? "" : "off the level",
    ];
  });
  const right = (title: string) => ({ title, align: "right" as const });
  const table = renderTable(
    [
      right("level"),
      { title: "grown" },
      ...["depth", "width", "input", "params", "MACs", "of level"].map(right),
      { title: results.measure },
      { title: "" },
    ],
    cells,
    options,
  );
  const { lacking } = results.plan;
  return [
    ...table,
    ...say(
      [
        ...verdicts(results, options.images),
        ...(lacking.length === 0 ? [] : [`The space does not grow so far by one axis: no ${lacking.join(", no ")}.`]),
      ],
      options,
    ),
  ];
}

function say(notes: readonly string[], { width = Infinity, dim = String }: TableOptions): string[] {
  return notes.flatMap((note) => wrap(note, width).map((line) => dim(line)));
}

/** What was searched, then level by level the chosen coefficients and each axis. */
export function comparedRows({ rows, chosen }: ScalingResults): readonly ScalingRow[] {
  const isCompared = ({ point, isChosen }: ScalingRow): boolean =>
    point.method !== "compound" ||
    isChosen ||
    (point.level > 1 && chosen !== undefined && point.coefficients !== undefined && isSame(point.coefficients, chosen));
  const order = ["searched", ...METHODS];
  return rows
    .filter(isCompared)
    .toSorted((a, b) => a.point.level - b.point.level || order.indexOf(a.point.method) - order.indexOf(b.point.method));
}

function isSame(a: ScaleCoefficients, b: ScaleCoefficients): boolean {
  return a.alpha === b.alpha && a.beta === b.beta && a.gamma === b.gamma;
}

/** Says at each level whether noise can tell compound scaling from the best of the axes alone. */
function verdicts(results: ScalingResults, images: number | undefined): string[] {
  if (images === undefined) return [];
  const compared = comparedRows(results).filter(({ value, point }) => value !== undefined && point.isOnTarget);
  const levels = [...new Set(compared.map(({ point }) => point.level))].filter((level) => level > 0);
  return levels.flatMap((level) => {
    const here = compared.filter(({ point }) => point.level === level);
    const compound = here.find(({ point }) => point.method === "compound");
    const [best] = here
      .filter(({ point }) => point.method !== "compound")
      .toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0));
    if (compound?.value === undefined || best?.value === undefined) return [];
    const p = differenceP(compound.value, best.value, images);
    const difference = 100 * (compound.value - best.value);
    const far = `${Math.abs(difference).toFixed(1)} points ${difference < 0 ? "behind" : "ahead of"} ${best.point.method} alone`;
    return [
      `At ${2 ** level}x compound scaling is ${far}, the best of the others; ${formatCount(images)} validation images can${p > 0.05 ? "not" : ""} tell it (p = ${p.toPrecision(2)}); one seed each.`,
    ];
  });
}

function valueText({ value, trial }: ScalingRow, images: number | undefined): string {
  if (value === undefined) return trial === undefined || trial.state === "running" ? "-" : trial.state;
  return images === undefined ? formatValue(value) : `${value.toFixed(3)} ± ${accuracyError(value, images).toFixed(3)}`;
}

function timesText({ point }: ScalingRow): string {
  return `${Math.round(100 * point.macsRatio)}%`;
}
