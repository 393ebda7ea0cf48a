/**
 * @file A cell as shapes, in the manner of the figures of the NASNet paper (section 3.1): inputs below, a block's operations side by side and their
 * combiner above them, the concatenation on top. Parts that a difference marks are told by colour, by the line and by a sign.
 */
import { stateName, type CellStructure } from "./cell-structure.ts";
import { type CellMarks, type Mark } from "./cell-diff.ts";
import type { Panel } from "./frame.ts";
import { combinerRise, layoutCell, sizes } from "./layout.ts";
import { operationStyle } from "./operation-style.ts";
import { box, frameOf, markStyles } from "./marks.ts";
import { faintInk, fitText, ink, label, LETTER, round, type Point, type Shape } from "./picture.ts";

/** Returns the drawing of a cell. */
export function cellPanel(cell: CellStructure, marks?: CellMarks): Panel {
  const { width, height, edges, blocks, inputs, output } = layoutCell(cell);
  const edgeMark = (edge: (typeof edges)[number]): Mark | undefined =>
    edge.to === "output" ? marks?.outputs.get(edge.state) : marks?.edges.get(`${edge.block}.${edge.step}`);
  const shapes = [
    // Marked lines lie over the others.
    ...edges
      .toSorted((a, b) => Number(edgeMark(a) !== undefined) - Number(edgeMark(b) !== undefined))
      .flatMap((edge) => arrow(edge.points, edgeMark(edge))),
    ...blocks.flatMap(({ steps, combiner }, b) => {
      const block = cell.blocks[b] as CellStructure["blocks"][number];
      const drawn = steps.length === 0 ? [{ x: combiner.x, y: combiner.y + combinerRise }] : steps;
      return [
        ...drawn.map((step) => stalk(step, combiner, drawn.length === 1)),
        ...drawn.flatMap((step, s) =>
          operation(step, block.steps[s]?.operation ?? "zero", marks?.operations.get(`${b}.${s}`)),
        ),
        ...(drawn.length === 1 ? [] : combinerMark(combiner, block.combiner, marks?.combiners.get(b))),
      ];
    }),
    ...inputs.flatMap((point, state) => inputBox(point, stateName(cell, state))),
    box(output, output.width, sizes.outputHeight, { fill: "#2f2f2f", stroke: ink, radius: 6 }),
    label(output, cell.outputs.length === 1 ? "output" : "concat", { fill: "#ffffff", bold: true }),
  ];
  return { width, height, shapes };
}

/** A smooth line that leaves and arrives upright, straight along its lanes. */
function arrow(points: readonly Point[], mark: Mark | undefined): readonly Shape[] {
  const [first, ...rest] = points;
  if (first === undefined) return [];
  let d = `M${round(first.x)} ${round(first.y)}`;
  let from = first;
  for (const to of rest) {
    const middle = (from.y + to.y) / 2;
    d +=
      Math.abs(from.x - to.x) < 0.5
        ? `L${round(to.x)} ${round(to.y)}`
        : `C${round(from.x)} ${round(middle)} ${round(to.x)} ${round(middle)} ${round(to.x)} ${round(to.y)}`;
    from = to;
  }
  const style = mark && markStyles[mark];
  const [colour, wide] = style === undefined ? [faintInk, 4] : [style.colour, 7];
  const head = `M${round(from.x - wide)} ${round(from.y + wide + 3)}L${round(from.x)} ${round(from.y)}L${round(from.x + wide)} ${round(from.y + wide + 3)}Z`;
  return [
    {
      kind: "path",
      d,
      fill: "none",
      stroke: colour,
      width: style === undefined ? 1.6 : 4,
      ...(style?.dash && { dash: style.dash }),
    },
    { kind: "path", d: head, fill: colour },
  ];
}

/** From an operation's head to its combiner, or for an operation alone to where a combiner would end. */
function stalk(from: Point, to: Point, isAlone: boolean): Shape {
  const y = from.y - sizes.operationHeight / 2;
  const line = { kind: "path", fill: "none", stroke: faintInk, width: 1.6 } as const;
  const side = Math.sign(Math.round(from.x - to.x));
  if (side === 0)
    return { ...line, d: `M${round(from.x)} ${round(y)}V${round(to.y + (isAlone ? -1 : 1) * sizes.combinerRadius)}` };
  const end = { x: to.x + side * sizes.combinerRadius, y: to.y };
  return {
    ...line,
    d: `M${round(from.x)} ${round(y)}C${round(from.x)} ${round(to.y + combinerRise / 6)} ${round(from.x)} ${round(end.y)} ${round(end.x)} ${round(end.y)}`,
  };
}

function operation(at: Point, name: string, mark: Mark | undefined): readonly Shape[] {
  const { label: text, shape, fill, stroke } = operationStyle(name);
  const { operationWidth: w, operationHeight: h } = sizes;
  const base = { fill, stroke, radius: 3 };
  const shapes: Readonly<Record<typeof shape, readonly Shape[]>> = {
    box: [box(at, w, h, base)],
    double: [box(at, w, h, base), box(at, w - 7, h - 7, { fill: "none", stroke, radius: 1, width: 1 })],
    tilted: [
      {
        kind: "path",
        d: `M${round(at.x - w / 2 + 9)} ${round(at.y - h / 2)}h${w - 9}l-9 ${h}h${-(w - 9)}Z`,
        fill,
        stroke,
        width: 1.8,
      },
    ],
    round: [box(at, w, h, { ...base, radius: h / 2 })],
    dashed: [box(at, w, h, { ...base, dash: [5, 4] })],
  };
  const fitted = fitText(text, shape === "tilted" ? w - 20 : w - 6);
  // A name that had to be cut can still be read by pointing at it.
  const written = label(at, fitted.text, { size: fitted.size, ...(fitted.text !== text && { whole: text }) });
  return [...shapes[shape], written, ...(mark === undefined ? [] : frameOf(at, w, h, mark))];
}

function combinerMark(at: Point, combiner: string, mark: Mark | undefined): readonly Shape[] {
  const framed = (wide: number, high: number): readonly Shape[] =>
    mark === undefined ? [] : frameOf(at, wide, high, mark);
  if (combiner === "concat")
    return [
      box(at, 62, 24, { fill: "#2f2f2f", stroke: ink, radius: 4 }),
      label(at, "concat", { fill: "#ffffff", size: 13.5 }),
      ...framed(62, 24),
    ];
  const radius = sizes.combinerRadius;
  return [
    { kind: "circle", ...at, radius, fill: "#ffffff", stroke: ink, width: 1.8 },
    {
      kind: "path",
      d: `M${round(at.x - 6)} ${round(at.y)}h12M${round(at.x)} ${round(at.y - 6)}v12`,
      fill: "none",
      stroke: ink,
      width: 1.8,
    },
    ...framed(2 * radius, 2 * radius),
  ];
}

/** `h-1` is written as the paper does, h with a small i−1. */
function inputBox(at: Point, name: string): readonly Shape[] {
  const frame = box(at, sizes.inputWidth, sizes.inputHeight, { fill: "#e9e9e4", stroke: ink, radius: 6 });
  const [, before] = /^h(?:-(\d+))?$/.exec(name) ?? [];
  if (!/^h(-\d+)?$/.test(name)) return [frame, label(at, name)];
  const index = before === undefined ? "i" : `i−${before}`;
  const middle = at.x - (index.length * 12.5 * LETTER) / 2 + 5;
  const text = { kind: "text", fill: ink, italic: true } as const;
  return [
    frame,
    { ...text, x: middle, y: at.y + 4, text: "h", size: 17, anchor: "end" },
    { ...text, x: middle + 0.5, y: at.y + 8, text: index, size: 12.5, anchor: "start" },
  ];
}
