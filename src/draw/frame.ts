/** @file Drawings put together to one picture: in rows on one ground, below a title, with a legend. */
import { markStyles } from "./marks.ts";
import { faintInk, ink, label, type Picture, type Shape } from "./picture.ts";

/** A drawing that stands in a larger one. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

const TITLE_HEIGHT = 36;
const SUBTITLE_HEIGHT = 20;
const PANEL_TITLE_HEIGHT = 26;
/** Between two panels. */
const GAP = 12;

/** A panel with its own title above it. */
export function titled({ width, height, shapes }: Panel, title: string): Panel {
  const wide = Math.max(width, title.length * 9 + 24);
  return {
    width: wide,
    height: height + PANEL_TITLE_HEIGHT,
    shapes: [
      label({ x: wide / 2, y: PANEL_TITLE_HEIGHT / 2 + 4 }, title, { size: 16, bold: true }),
      { kind: "group", x: (wide - width) / 2, y: PANEL_TITLE_HEIGHT, shapes },
    ],
  };
}

/** What the marks mean. */
export function legend(before: string, after: string, changed: string): Panel {
  const entries = [
    { mark: "removed", text: `only in ${before}` },
    { mark: "added", text: `only in ${after}` },
    { mark: "changed", text: changed },
  ] as const;
  const shapes: Shape[] = [];
  let x = 20;
  for (const { mark, text } of entries) {
    const { colour, sign, dash } = markStyles[mark];
    const at = { x: x + 12, y: 20 };
    shapes.push(
      { kind: "circle", ...at, radius: 10, fill: colour, stroke: "#ffffff", width: 1.5 },
      label(at, sign, { fill: "#ffffff", bold: true }),
      { kind: "path", d: `M${x + 28} 20h34`, fill: "none", stroke: colour, width: 4, ...(dash && { dash }) },
      { kind: "text", x: x + 70, y: 25, text, size: 14.5, anchor: "start", fill: ink },
    );
    x += 70 + text.length * 8 + 28;
  }
  return { width: x, height: 40, shapes };
}

/** Panels in rows below a title, on one ground. */
export function framed(
  rows: readonly (readonly Panel[])[],
  { title, subtitle }: { readonly title: string; readonly subtitle?: string },
  foot?: Panel,
): Picture {
  const head = TITLE_HEIGHT + (subtitle === undefined ? 0 : SUBTITLE_HEIGHT);
  const rowWidth = (row: readonly Panel[]): number =>
    row.reduce((sum, panel) => sum + panel.width, 0) + GAP * (row.length - 1);
  const width = Math.ceil(
    Math.max(...rows.map(rowWidth), foot?.width ?? 0, 8.2 * Math.max(title.length * 1.25, subtitle?.length ?? 0) + 48),
  );
  const shapes: Shape[] = [
    { kind: "text", x: width / 2, y: 30, text: title, size: 20, anchor: "middle", fill: ink, bold: true },
  ];
  if (subtitle !== undefined)
    shapes.push({ kind: "text", x: width / 2, y: 52, text: subtitle, size: 14.5, anchor: "middle", fill: faintInk });
  let y = head;
  for (const row of rows) {
    const high = Math.max(...row.map(({ height }) => height));
    let x = (width - rowWidth(row)) / 2;
    for (const panel of row) {
      // The inputs of all stand on one line.
      shapes.push({ kind: "group", x, y: y + high - panel.height, shapes: panel.shapes });
      x += panel.width + GAP;
    }
    y += high;
  }
  if (foot !== undefined) {
    shapes.push({ kind: "group", x: (width - foot.width) / 2, y, shapes: foot.shapes });
    y += foot.height;
  }
  return { width, height: Math.ceil(y), title, shapes };
}
