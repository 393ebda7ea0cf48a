/**
 * @file A cell as SVG, in the manner of the figures of the NASNet paper (section 3.1): inputs below, a pair of operations and their
 * combiner per block, the concatenation on top. The picture brings its own light ground, so it reads the same on a dark page.
 */
import { titleOf } from "./cell-text.ts";
import type { CellStructure } from "./cell-structure.ts";
import { combinerRise, layoutCell, sizes, type Point } from "./layout.ts";
import { operationStyle } from "./operation-style.ts";

const INK = "#1a1a1a";
const FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
const TITLE_HEIGHT = 36;

export interface DrawOptions {
  /** Default: the cell's name. */
  readonly title?: string;
  /** A line under the title. */
  readonly subtitle?: string;
}

/** Returns an SVG document. Equal cells give equal text. */
export function drawCellSvg(cell: CellStructure, options: DrawOptions = {}): string {
  const layout = layoutCell(cell);
  const title = options.title ?? titleOf(cell);
  const head = TITLE_HEIGHT + (options.subtitle === undefined ? 0 : 20);
  const width = Math.ceil(
    Math.max(layout.width, 8.2 * Math.max(title.length * 1.25, options.subtitle?.length ?? 0) + 2 * sizes.margin),
  );
  const height = Math.ceil(layout.height + head);
  const left = (width - layout.width) / 2;
  const { output } = layout;
  const parts = [
    ...layout.edges.map((edge) => curve(edge.points)),
    ...layout.blocks.flatMap((block, b) => {
      const { left, right, combiner } = cell.blocks[b] as CellStructure["blocks"][number];
      return [
        stalk(block.left, block.combiner),
        stalk(block.right, block.combiner),
        operation(block.left, left.operation),
        operation(block.right, right.operation),
        combinerMark(block.combiner, combiner),
      ];
    }),
    ...layout.inputs.map((point, state) => inputBox(point, state)),
    box(output, output.width, sizes.outputHeight, { fill: "#2f2f2f", stroke: INK, radius: 6 }),
    label(output, cell.outputs.length === 1 ? "output" : "concat", { fill: "#ffffff", bold: true }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${FONT}">`,
    `<title>${escape(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="#fcfcfa" stroke="#bdbdb8"/>`,
    `<text x="${width / 2}" y="30" text-anchor="middle" font-size="20" font-weight="bold" fill="${INK}">${escape(title)}</text>`,
    ...(options.subtitle === undefined
      ? []
      : [
          `<text x="${width / 2}" y="52" text-anchor="middle" font-size="14.5" fill="#4a4a4a">${escape(options.subtitle)}</text>`,
        ]),
    `<g transform="translate(${round(left)} ${head})">`,
    ...parts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** A smooth line that leaves and arrives upright, straight along its lanes. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let path = `M${round(first.x)} ${round(first.y)}`;
  let from = first;
  for (const to of rest) {
    const middle = (from.y + to.y) / 2;
    path +=
      Math.abs(from.x - to.x) < 0.5
        ? `L${round(to.x)} ${round(to.y)}`
        : `C${round(from.x)} ${round(middle)} ${round(to.x)} ${round(middle)} ${round(to.x)} ${round(to.y)}`;
    from = to;
  }
  const tip = `<path d="M${round(from.x - 4)} ${round(from.y + 7)}L${round(from.x)} ${round(from.y)}L${round(from.x + 4)} ${round(from.y + 7)}Z" fill="#4a4a4a"/>`;
  return `<path d="${path}" fill="none" stroke="#4a4a4a" stroke-width="1.6"/>${tip}`;
}

/** From an operation's head to its combiner. */
function stalk(from: Point, to: Point): string {
  const y = from.y - sizes.operationHeight / 2;
  const end = { x: to.x + Math.sign(from.x - to.x) * sizes.combinerRadius, y: to.y };
  return `<path d="M${round(from.x)} ${round(y)}C${round(from.x)} ${round(to.y + combinerRise / 6)} ${round(from.x)} ${round(end.y)} ${round(end.x)} ${round(end.y)}" fill="none" stroke="#4a4a4a" stroke-width="1.6"/>`;
}

function operation(at: Point, name: string): string {
  const { label: text, shape, fill, stroke } = operationStyle(name);
  const { operationWidth: w, operationHeight: h } = sizes;
  const shapes = {
    box: box(at, w, h, { fill, stroke, radius: 3 }),
    double:
      box(at, w, h, { fill, stroke, radius: 3 }) +
      box(at, w - 7, h - 7, { fill: "none", stroke, radius: 1, thin: true }),
    tilted: `<path d="M${round(at.x - w / 2 + 9)} ${round(at.y - h / 2)}h${w - 9}l-9 ${h}h${-(w - 9)}Z" fill="${fill}" stroke="${stroke}" stroke-width="1.8"/>`,
    round: box(at, w, h, { fill, stroke, radius: h / 2 }),
    dashed: box(at, w, h, { fill, stroke, radius: 3, dashed: true }),
  };
  const fitted = fitText(text, w - 6);
  const written = label(at, fitted.text, { size: fitted.size });
  // A name that had to be cut can still be read by pointing at it.
  return shapes[shape] + (fitted.text === text ? written : `<g><title>${escape(text)}</title>${written}</g>`);
}

/** Average width of a letter, as a share of the font's size. */
const LETTER = 0.56;

/** Returns the text in the largest size that fits a width, cut if none does. */
function fitText(text: string, width: number): { readonly text: string; readonly size: number } {
  const smallest = 10.5;
  const size = [15, 12.5, smallest].find((each) => text.length * each * LETTER <= width);
  if (size !== undefined) return { text, size };
  return { text: `${text.slice(0, Math.floor(width / (smallest * LETTER)) - 1)}…`, size: smallest };
}

function combinerMark(at: Point, combiner: string): string {
  if (combiner === "concat")
    return (
      box(at, 62, 24, { fill: "#2f2f2f", stroke: INK, radius: 4 }) +
      label(at, "concat", { fill: "#ffffff", size: 13.5 })
    );
  return `<circle cx="${round(at.x)}" cy="${round(at.y)}" r="${sizes.combinerRadius}" fill="#ffffff" stroke="${INK}" stroke-width="1.8"/><path d="M${round(at.x - 6)} ${round(at.y)}h12M${round(at.x)} ${round(at.y - 6)}v12" stroke="${INK}" stroke-width="1.8"/>`;
}

function inputBox(at: Point, state: number): string {
  const index = state === 0 ? "i" : `i−${state}`;
  const text = `<text x="${round(at.x)}" y="${round(at.y + 4)}" text-anchor="middle" font-size="17" font-style="italic" fill="${INK}">h<tspan font-size="12.5" dy="4">${index}</tspan></text>`;
  return box(at, sizes.inputWidth, sizes.inputHeight, { fill: "#e9e9e4", stroke: INK, radius: 6 }) + text;
}

function box(
  at: Point,
  width: number,
  height: number,
  style: { fill: string; stroke: string; radius: number; dashed?: boolean; thin?: boolean },
): string {
  const dash = style.dashed === true ? ' stroke-dasharray="5 4"' : "";
  return `<rect x="${round(at.x - width / 2)}" y="${round(at.y - height / 2)}" width="${round(width)}" height="${round(height)}" rx="${style.radius}" fill="${style.fill}" stroke="${style.stroke}" stroke-width="${style.thin === true ? 1 : 1.8}"${dash}/>`;
}

function label(at: Point, text: string, options: { fill?: string; size?: number; bold?: boolean } = {}): string {
  const { fill = INK, size = 15, bold = false } = options;
  return `<text x="${round(at.x)}" y="${round(at.y + size * 0.36)}" text-anchor="middle" font-size="${size}"${bold ? ' font-weight="bold"' : ""} fill="${fill}">${escape(text)}</text>`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
