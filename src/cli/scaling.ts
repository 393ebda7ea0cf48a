/** @file A found architecture at larger sizes, as a table: what depth, width and input become, and what that costs. */
import { canonicalJson } from "../base/canonical-json.ts";
import { formatCount, formatMacs } from "../base/units.ts";
import type { Network } from "../network/index.ts";
import { grownNumbers } from "../scale/rounding.ts";
import {
  scaleTo,
  sizeAsSearched,
  largestThatFits,
  type ScaleBudget,
  type ScaledSize,
  type ScaleSubject,
} from "../scale/scale.ts";
import type { Genotype, SkeletonBase, Space } from "../space/space.ts";
import type { StudyDefinition } from "../study/definition.ts";
import { renderTable, wrap } from "./table.ts";

/** One size, with what its axes are called in the space. */
export interface ScaleRow {
  readonly label: string;
  readonly size: ScaledSize;
  readonly depth?: number;
  readonly width?: number;
  readonly input: readonly number[];
  /** The largest that fits the budget. */
  readonly isChosen: boolean;
}

/** Returns what `scaleTo` takes, for a genotype of a study. */
export function scaleSubject(
  definition: StudyDefinition,
  genotype: Genotype,
  more: Pick<ScaleSubject<SkeletonBase>, "target" | "coefficients"> = {},
): ScaleSubject<SkeletonBase> {
  return {
    space: definition.space as Space<SkeletonBase, Network>,
    genotype,
    ...(definition.skeleton !== undefined && { skeleton: definition.skeleton }),
    ...more,
  };
}

/** Returns the architecture as searched, at whole steps of phi, and the largest that fits the budget if there is one. */
export function scaleRows(
  subject: ScaleSubject<SkeletonBase>,
  request: { readonly phis?: readonly number[]; readonly budget?: ScaleBudget },
): readonly ScaleRow[] {
  const rows = [row(subject, sizeAsSearched(subject), "searched", false)];
  for (const phi of request.phis ?? []) rows.push(row(subject, scaleTo(subject, phi), phiText(phi), false));
  if (request.budget === undefined) return rows;
  const best = largestThatFits(subject, request.budget);
  if (best === undefined) return rows;
  // The steps on the way, so that it can be seen how size grows: five at most.
  const step = Math.max(1, Math.ceil(best.phi / 5));
  if (request.phis === undefined)
    for (let phi = 0; phi < best.phi; phi += step) rows.push(row(subject, scaleTo(subject, phi), phiText(phi), false));
  const chosen = row(subject, best, phiText(best.phi), true);
  // A step that rounds to what another row shows says nothing new.
  const searched = rows[0];
  const kept = rows.filter(
    (other) => other === searched || (!isSame(other, chosen) && !(searched !== undefined && isSame(other, searched))),
  );
  return [...kept, chosen];
}

/** Returns the lines of the table and of what rounding did. */
export function scaleTableLines(
  rows: readonly ScaleRow[],
  options: { readonly dim?: (text: string) => string; readonly width?: number } = {},
): string[] {
  const table = renderTable(
    [
      { title: "phi", align: "right" },
      { title: "depth", align: "right" },
      { title: "width", align: "right" },
      { title: "input", align: "right" },
      { title: "params", align: "right" },
      { title: "MACs", align: "right" },
      { title: "" },
    ],
    rows.map(scaleCells),
    options,
  );
  const chosen = rows.findLast((one) => one.isChosen) ?? rows.at(-1);
  const notes = chosen?.size.notes ?? [];
  if (notes.length === 0) return table;
  const { dim = String, width = Infinity } = options;
  return [...table, ...wrap(`phi ${chosen?.label}: ${notes.join(", ")}`, width).map((line) => dim(line))];
}

/** Returns a row as texts. */
export function scaleCells(one: ScaleRow): string[] {
  return [
    one.label,
    one.depth === undefined ? "" : String(one.depth),
    one.width === undefined ? "" : String(one.width),
    one.input.length === 0 ? "" : one.input.slice(0, 2).join("x"),
    formatCount(one.size.params),
    formatMacs(one.size.macs).replace(/MAC$/, ""),
    one.isChosen ? "<- largest that fits" : "",
  ];
}

function isSame(a: ScaleRow, b: ScaleRow): boolean {
  return canonicalJson(a.size.skeleton) === canonicalJson(b.size.skeleton);
}

function row(subject: ScaleSubject<SkeletonBase>, size: ScaledSize, label: string, isChosen: boolean): ScaleRow {
  const scale = subject.space.scaleSkeleton;
  const grown =
    scale === undefined ? [] : grownNumbers(scale as never, size.skeleton, { depth: 1, width: 1, resolution: 1 });
  const on = (axis: "depth" | "width"): number | undefined => grown.find((number) => number.axis === axis)?.rounded;
  const [depth, width] = [on("depth"), on("width")];
  const input = size.skeleton["input"];
  return {
    label,
    size,
    ...(depth !== undefined && { depth }),
    ...(width !== undefined && { width }),
    input: Array.isArray(input) ? (input as number[]) : [],
    isChosen,
  };
}

function phiText(phi: number): string {
  return String(Number(phi.toFixed(2)));
}
