/** @file EfficientNet-B0 to B7 as released: not powers of the paper's coefficients, but a table set by hand (tensorflow/tpu, efficientnet_builder.py). */
import { efficientnet, efficientnetSkeletons } from "../../../search-spaces/index.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import { formatCount, formatMacs } from "../../base/units.ts";
import { scaleBy, type ScaledSize, type ScaleSubject } from "../../scale/scale.ts";
import type { SkeletonBase } from "../../space/space.ts";
import { renderTable } from "../table.ts";

/** One of the eight models. */
export interface OfficialRow {
  /** `B0`. */
  readonly label: string;
  readonly width: number;
  readonly depth: number;
  readonly resolution: number;
  readonly dropout: number;
  readonly size: Omit<ScaledSize, "phi">;
}

const NAME = /^efficientnet-b([0-7])$/;

/**
 * Returns the eight models, for another target's classes and channels where they are given. Throws `config` for anything but an EfficientNet: others have no table of
 * their own.
 */
export function officialRows(
  target: string,
  subject: ScaleSubject<SkeletonBase>,
  change: { readonly classes?: number; readonly channels?: number },
): readonly OfficialRow[] {
  if (!NAME.test(target))
    throw new CellwrightError(
      "config",
      expected("--phi official", "efficientnet-b0, whose B0 to B7 were released", target),
    );
  return efficientnetSkeletons.map((skeleton, i) => {
    const { width = 1, depth = 1, input, dropout = 0 } = skeleton;
    const [rows, columns, channels] = input ?? efficientnet.skeleton.input;
    const own = {
      ...skeleton,
      ...(change.classes !== undefined && { classes: change.classes }),
      input: [rows, columns, change.channels ?? channels],
    };
    const size = scaleBy({ ...subject, skeleton: own }, { depth: 1, width: 1, resolution: 1 });
    return { label: `B${i}`, width, depth, resolution: rows, dropout, size };
  });
}

/** Returns the index of the model that a name means. */
export function officialIndex(target: string): number {
  return Number(NAME.exec(target)?.[1] ?? 0);
}

/** Returns the table, and what rounding made of the multipliers. */
export function officialLines(
  rows: readonly OfficialRow[],
  options: { readonly dim?: (text: string) => string; readonly width?: number },
): string[] {
  const { dim = String } = options;
  const right = (title: string) => ({ title, align: "right" as const });
  const table = renderTable(
    ["", "width", "depth", "input", "dropout", "params", "MACs"].map(right),
    rows.map(({ label, width, depth, resolution, dropout, size }) => [
      label,
      width.toFixed(1),
      depth.toFixed(1),
      `${resolution}x${resolution}`,
      dropout.toFixed(1),
      formatCount(size.params),
      formatMacs(size.macs).replace(/MAC$/, ""),
    ]),
    options,
  );
  const notes = rows.flatMap(({ label, size }) => size.notes.map((note) => `${label}: ${note}`));
  return [...table, ...notes.map(dim)];
}
