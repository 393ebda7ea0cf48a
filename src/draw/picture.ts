/**
 * @file A picture as data: shapes on a light ground of its own, so that it reads the same on a dark page. It is written as SVG here and painted as PNG by
 * `src/charts`, from the same shapes.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Lines and filling; no stroke without `width`. */
interface Paint {
  readonly fill: string;
  readonly stroke?: string;
  readonly width?: number;
  /** Lengths of strokes and gaps. */
  readonly dash?: readonly number[];
}

export type Shape =
  | (Paint & {
      readonly kind: "rect";
      /** Of the centre. */
      readonly x: number;
      readonly y: number;
      readonly wide: number;
      readonly high: number;
      readonly radius: number;
    })
  | (Paint & { readonly kind: "circle"; readonly x: number; readonly y: number; readonly radius: number })
  /** `d` as SVG writes paths. */
  | (Paint & { readonly kind: "path"; readonly d: string })
  | {
      readonly kind: "text";
      readonly x: number;
      /** Of the baseline. */
      readonly y: number;
      readonly text: string;
      readonly size: number;
      readonly anchor: "start" | "middle" | "end";
      readonly fill: string;
      readonly bold?: boolean;
      readonly italic?: boolean;
      /** What `text` is short for: shown to who points at it. */
      readonly whole?: string;
    }
  | { readonly kind: "group"; readonly x: number; readonly y: number; readonly shapes: readonly Shape[] };

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** What it shows, for who can't see it. */
  readonly title: string;
  readonly shapes: readonly Shape[];
}

export const ink = "#1a1a1a";
export const faintInk = "#4a4a4a";
export const ground = "#fcfcfa";

/** Average width of a letter, as a share of the font's size. */
export const LETTER = 0.56;

/** The face of the pictures, for SVG. */
const FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/** A text centred on a point. */
export function label(
  at: Point,
  text: string,
  options: { readonly fill?: string; readonly size?: number; readonly bold?: boolean; readonly whole?: string } = {},
): Shape {
  const { fill = ink, size = 15, bold = false, whole } = options;
  const base = { kind: "text", x: at.x, y: at.y + size * 0.36, text, size, anchor: "middle", fill } as const;
  return { ...base, ...(bold && { bold }), ...(whole !== undefined && { whole }) };
}

/** Returns the text in the largest size that fits a width, cut if none does. */
export function fitText(
  text: string,
  width: number,
  sizes: readonly number[] = [15, 12.5, 10.5],
): { readonly text: string; readonly size: number } {
  const size = sizes.find((each) => text.length * each * LETTER <= width);
  if (size !== undefined) return { text, size };
  const smallest = sizes.at(-1) ?? 10.5;
  return { text: `${text.slice(0, Math.max(0, Math.floor(width / (smallest * LETTER)) - 1))}…`, size: smallest };
}

/** Returns an SVG document. Equal pictures give equal text. */
export function pictureSvg({ width, height, title, shapes }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${FONT}">`,
    `<title>${escape(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="${ground}" stroke="#bdbdb8"/>`,
    ...shapes.map(shapeSvg),
    "</svg>",
    "",
  ].join("\n");
}

function shapeSvg(shape: Shape): string {
  switch (shape.kind) {
    case "group":
      return [
        `<g transform="translate(${round(shape.x)} ${round(shape.y)})">`,
        ...shape.shapes.map(shapeSvg),
        "</g>",
      ].join("\n");
    case "rect": {
      const { x, y, wide, high, radius } = shape;
      return `<rect x="${round(x - wide / 2)}" y="${round(y - high / 2)}" width="${round(wide)}" height="${round(high)}" rx="${radius}"${paint(shape)}/>`;
    }
    case "circle":
      return `<circle cx="${round(shape.x)}" cy="${round(shape.y)}" r="${shape.radius}"${paint(shape)}/>`;
    case "path":
      return `<path d="${shape.d}"${paint(shape)}/>`;
    default: {
      const { x, y, text, size, anchor, fill, bold, italic, whole } = shape;
      const face = `${bold === true ? ' font-weight="bold"' : ""}${italic === true ? ' font-style="italic"' : ""}`;
      const written = `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}"${face} fill="${fill}">${escape(text)}</text>`;
      return whole === undefined ? written : `<g><title>${escape(whole)}</title>${written}</g>`;
    }
  }
}

function paint({ fill, stroke, width, dash }: Paint): string {
  const line = stroke === undefined ? "" : ` stroke="${stroke}" stroke-width="${width ?? 1}"`;
  return ` fill="${fill}"${line}${dash === undefined ? "" : ` stroke-dasharray="${dash.join(" ")}"`}`;
}

/** A coordinate as pictures write it: tenths of a pixel. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
