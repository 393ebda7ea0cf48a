/** @file How well each class is told: a bar per class, the best first, with the mean over all images as a line. */
import { faintInk, gridColour, ink } from "./canvas.ts";
import { fittedText, PAGE_HEAD, pagePng, setFont } from "./page.ts";

export interface ClassAccuracyOptions {
  readonly title: string;
  readonly subtitle?: string;
  readonly classes: readonly string[];
  /** Accuracy over all images, 0 to 1. */
  readonly mean: number;
}

/** One class with its accuracy. */
export interface ClassBar {
  readonly name: string;
  readonly accuracy: number;
}

/** More bars than this are too many for a picture: the worst are shown. */
export const MOST_BARS = 120;

/** Returns the bars, the best class first, of equal ones in the order of the classes; classes without images have none. `left` are not shown. */
export function classBars(
  accuracies: readonly (number | undefined)[],
  classes: readonly string[],
): { readonly bars: readonly ClassBar[]; readonly left: number } {
  const all = accuracies
    .flatMap((accuracy, k) => (accuracy === undefined ? [] : [{ name: classes[k] ?? String(k), accuracy }]))
    .toSorted((a, b) => b.accuracy - a.accuracy);
  const left = Math.max(0, all.length - MOST_BARS);
  return { bars: all.slice(left), left };
}

const ROW = 27;
const ROWS = 40;
const NAME = 190;
const VALUE = 76;
const MARGIN = 34;
const GAP = 36;

/** Returns a PNG with up to three columns of bars. */
export function classAccuracyPng(
  accuracies: readonly (number | undefined)[],
  options: ClassAccuracyOptions,
): Uint8Array {
  const { bars, left } = classBars(accuracies, options.classes);
  const columns = Math.max(1, Math.ceil(bars.length / ROWS));
  const rows = Math.ceil(bars.length / columns);
  const width = columns === 1 ? 1000 : columns * 500;
  const column = (width - 2 * MARGIN - (columns - 1) * GAP) / columns;
  const barWidth = column - NAME - VALUE;
  const height = PAGE_HEAD + 20 + rows * ROW + 70;
  const note = left > 0 ? `the ${bars.length} worst of ${bars.length + left} classes` : undefined;
  const parts = [options.subtitle, note].filter((part) => part !== undefined);
  const page = { width, height, title: options.title, subtitle: parts.length === 0 ? undefined : parts.join(", ") };
  return pagePng(page, (context) => {
    const top = PAGE_HEAD + 20;
    for (let c = 0; c < columns; c++) {
      const from = MARGIN + c * (column + GAP) + NAME;
      const shown = bars.slice(c * rows, (c + 1) * rows);
      const bottom = top + shown.length * ROW;
      context.lineWidth = 1;
      for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
        const x = Math.round(from + tick * barWidth) + 0.5;
        context.strokeStyle = tick === 0 ? faintInk : gridColour;
        context.beginPath();
        context.moveTo(x, top);
        context.lineTo(x, bottom);
        context.stroke();
      }
      shown.forEach(({ name, accuracy }, row) => {
        const y = top + row * ROW;
        const isBelow = accuracy < options.mean;
        context.fillStyle = isBelow ? "#b34700" : "#005f94";
        context.fillRect(from, y + 4, accuracy * barWidth, ROW - 8);
        setFont(context, 18);
        context.fillStyle = ink;
        context.textAlign = "right";
        context.fillText(fittedText(context, name, NAME - 14), from - 10, y + 20);
        // In a column of their own: behind their bars the dashed line would cross them.
        context.fillText(`${(accuracy * 100).toFixed(1)}%`, from + barWidth + VALUE, y + 20);
      });
      const x = from + options.mean * barWidth;
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.setLineDash([7, 5]);
      context.beginPath();
      context.moveTo(x, top - 4);
      context.lineTo(x, bottom + 4);
      context.stroke();
      context.setLineDash([]);
    }
    setFont(context, 19);
    context.textAlign = "center";
    context.fillStyle = faintInk;
    const mean = `dashed line: ${(options.mean * 100).toFixed(1)}% of all images; orange: classes below it`;
    context.fillText(mean, width / 2, top + rows * ROW + 44);
  });
}
