/** @file How the marked parts of a difference look: told by colour, by the line and by a sign, so that no one of them is needed. */
import type { Mark } from "./cell-diff.ts";
import { label, type Point, type Shape } from "./picture.ts";

/** How marked parts look. The colours are Okabe and Ito's. */
export const markStyles: Readonly<
  Record<Mark, { readonly colour: string; readonly sign: string; readonly dash?: readonly number[] }>
> = {
  added: { colour: "#0072b2", sign: "+" },
  removed: { colour: "#c04a00", sign: "−", dash: [7, 4] },
  changed: { colour: "#a3457c", sign: "~" },
};

/** A heavy outline around a marked part, its sign at the corner. */
export function frameOf(at: Point, wide: number, high: number, mark: Mark): readonly Shape[] {
  const { colour, sign, dash } = markStyles[mark];
  const corner = { x: at.x + wide / 2 + 1, y: at.y - high / 2 - 1 };
  return [
    box(at, wide + 6, high + 6, { fill: "none", stroke: colour, radius: 6, width: 4, ...(dash && { dash }) }),
    { kind: "circle", ...corner, radius: 10, fill: colour, stroke: "#ffffff", width: 1.5 },
    label(corner, sign, { fill: "#ffffff", size: 15, bold: true }),
  ];
}

/** A rectangle around a point. */
export function box(
  at: Point,
  wide: number,
  high: number,
  style: {
    readonly fill: string;
    readonly stroke: string;
    readonly radius: number;
    readonly dash?: readonly number[];
    readonly width?: number;
  },
): Shape {
  return { kind: "rect", x: at.x, y: at.y, wide, high, width: 1.8, ...style };
}
