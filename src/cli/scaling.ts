/** @file A found architecture at larger sizes, as a table: what depth, width and input become, and what that costs. */
import { canonicalJson } from "../base/canonical-json.ts";
import { formatBytes, formatCount, formatMacs } from "../base/units.ts";
import type { Network } from "../network/index.ts";
import { grownNumbers } from "../scale/rounding.ts";
import {
  networkAt,
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
  /** Of one image's forward pass, measured. */
  readonly latencyMs?: number;
  /** Of training, by the engine's estimate. */
  readonly memoryBytes?: number;
  /** The largest that fits the budget. */
  readonly isChosen: boolean;
}

/** Returns what `scaleTo` takes, for a genotype of a study or another candidate. */
export function scaleSubject(
  definition: Pick<StudyDefinition, "space" | "skeleton">,
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
  request: {
    readonly phis?: readonly number[];
    readonly budget?: ScaleBudget;
    /** What was searched, where the subject has been changed for a target since. */
    readonly searched?: ScaleSubject<SkeletonBase>;
    /** The largest that fits, where it is known. */
    readonly best?: ScaledSize;
  },
): readonly ScaleRow[] {
  const { searched: original = subject, budget } = request;
  const rows = [row(original, sizeAsSearched(original), "searched", false)];
  for (const phi of request.phis ?? []) rows.push(row(subject, scaleTo(subject, phi), phiText(phi), false));
  const best = request.best ?? (budget === undefined ? undefined : largestThatFits(subject, budget));
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

/** What a row's networks are measured by. */
export interface Meter {
  /** Bytes of training at a batch size. */
  readonly memoryOf?: ((network: Network) => number) | undefined;
  /** Milliseconds of a forward pass. */
  readonly latencyOf?: ((network: Network) => Promise<number>) | undefined;
}

/** Returns the rows with what the meter says of each. */
export async function measuredRows(
  subject: ScaleSubject<SkeletonBase>,
  rows: readonly ScaleRow[],
  { memoryOf, latencyOf }: Meter,
): Promise<readonly ScaleRow[]> {
  const measured: ScaleRow[] = [];
  for (const one of rows) {
    const network = networkAt(subject, one.size);
    const latencyMs = await latencyOf?.(network);
    const memoryBytes = memoryOf?.(network);
    measured.push({
      ...one,
      ...(latencyMs !== undefined && { latencyMs }),
      ...(memoryBytes !== undefined && { memoryBytes }),
    });
  }
  return measured;
}

/** Returns the lines of the table and of what rounding did, row by row. */
export function scaleTableLines(
  rows: readonly ScaleRow[],
  options: { readonly dim?: (text: string) => string; readonly width?: number; readonly notesOf?: "all" | "last" } = {},
): string[] {
  const has = { latency: hasLatency(rows), memory: hasMemory(rows) };
  const table = renderTable(
    scaleTitles(rows).map((title) => (title === "" ? { title } : { title, align: "right" as const })),
    rows.map((one) => scaleCells(one, has)),
    options,
  );
  const chosen = rows.findLast((one) => one.isChosen) ?? rows.at(-1);
  const { dim = String, width = Infinity, notesOf = "last" } = options;
  const noted = notesOf === "all" ? rows : rows.filter((one) => one === chosen);
  return [
    ...table,
    ...noted
      .filter(({ size }) => size.notes.length > 0)
      .flatMap(({ label, size }) => wrap(`phi ${label}: ${size.notes.join(", ")}`, width).map((line) => dim(line))),
  ];
}

/** Returns the titles of the table's columns. */
export function scaleTitles(rows: readonly ScaleRow[]): string[] {
  return [
    "phi",
    "depth",
    "width",
    "input",
    "params",
    "MACs",
    ...(hasLatency(rows) ? ["latency"] : []),
    ...(hasMemory(rows) ? ["memory"] : []),
    "",
  ];
}

function hasLatency(rows: readonly ScaleRow[]): boolean {
  return rows.some(({ latencyMs }) => latencyMs !== undefined);
}

function hasMemory(rows: readonly ScaleRow[]): boolean {
  return rows.some(({ memoryBytes }) => memoryBytes !== undefined);
}

/** Returns a row as texts, under `scaleTitles`. */
export function scaleCells(
  one: ScaleRow,
  has: { readonly latency: boolean; readonly memory: boolean } = { latency: false, memory: false },
): string[] {
  return [
    one.label,
    one.depth === undefined ? "" : numberText(one.depth),
    one.width === undefined ? "" : numberText(one.width),
    one.input.length === 0 ? "" : one.input.slice(0, 2).join("x"),
    formatCount(one.size.params),
    formatMacs(one.size.macs).replace(/MAC$/, ""),
    ...(has.latency ? [one.latencyMs === undefined ? "" : latencyText(one.latencyMs)] : []),
    ...(has.memory ? [one.memoryBytes === undefined ? "" : formatBytes(one.memoryBytes)] : []),
    one.isChosen ? "<- largest that fits" : "",
  ];
}

/** `3.21 ms`: three digits, which is more than a busy machine repeats. */
export function latencyText(ms: number): string {
  return `${Number(ms.toPrecision(3))} ms`;
}

/** Cells and filters are whole; multipliers have two digits. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

function isSame(a: ScaleRow, b: ScaleRow): boolean {
  return canonicalJson(a.size.skeleton) === canonicalJson(b.size.skeleton);
}

function row(subject: ScaleSubject<SkeletonBase>, size: ScaledSize, label: string, isChosen: boolean): ScaleRow {
  const scale = subject.space.scaleSkeleton;
  const grown =
    scale === undefined ? [] : grownNumbers(scale as never, size.skeleton, { depth: 1, width: 1, resolution: 1 });
  const on = (axis: "depth" | "width"): number | undefined => grown.find((number) => number.axis === axis)?.rounded;
  // Where the skeleton holds a multiplier, what it makes of all stages together says more.
  const layers = subject.space
    .roundedNumbers?.(subject.genotype, size.skeleton)
    .find(({ axis }) => axis === "depth")
    ?.rounded.reduce((sum, count) => sum + count, 0);
  const [depth, width] = [layers ?? on("depth"), on("width")];
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
