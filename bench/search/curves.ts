/**
 * @file Curves of searches: the means of all controllers in one picture, and the spread of each in a picture of its own beside the others. The scale is logarithmic, as near
 * the end all are near the best; what is nearer than a hundredth of a percent point is drawn there.
 */
import type { SKRSContext2D } from "@napi-rs/canvas";
import { axis, faintInk, gridColour, heading, ink, renderPng } from "../../src/charts/canvas.ts";
import { PAGE_HEAD, pagePng, setFont } from "../../src/charts/page.ts";
import { meanOf, quantileOf } from "./statistics.ts";

export interface Curve {
  readonly name: string;
  /** By search, by step: smaller is better. Infinite before there is a value. */
  readonly runs: readonly (readonly number[])[];
}

export interface CurvePage {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  readonly y: string;
  readonly xOf: (index: number) => number;
}

const FLOOR = 0.01;
/** Apart for those who see fewer colours too, by lightness and dash. */
const STYLES = [
  { colour: "#8a8a86", dash: [3, 5] },
  { colour: "#7db9de", dash: [] },
  { colour: "#005f94", dash: [] },
  { colour: "#b58900", dash: [10, 6] },
  { colour: "#3f7d20", dash: [] },
  { colour: "#7a3b8f", dash: [14, 5, 3, 5] },
  { colour: "#1a1a1a", dash: [8, 4] },
  { colour: "#8c564b", dash: [2, 3] },
  { colour: "#5f9ea0", dash: [12, 4] },
  { colour: "#c2185b", dash: [] },
] as const;
/** Of the model, by name: it is to be found at once in every picture. */
const MODEL = { colour: "#b34700", dash: [] } as const;

function styleOf(
  curves: readonly Curve[],
  name: string,
): { readonly colour: string; readonly dash: readonly number[] } {
  if (name.endsWith("model-based")) return name === "model-based" ? MODEL : { ...MODEL, dash: [10, 6] };
  const others = curves.filter((one) => !one.name.endsWith("model-based"));
  return STYLES[others.findIndex((one) => one.name === name) % STYLES.length]!;
}

const at = ({ runs }: Curve, index: number): readonly number[] => runs.map((run) => run[index] as number);

/** Returns a PNG of the means. */
export function comparisonPng(curves: readonly Curve[], { title, subtitle, x, y, xOf }: CurvePage): Uint8Array {
  const steps = curves[0]?.runs[0]?.length ?? 0;
  return renderPng<"scatter">(
    {
      type: "scatter",
      data: {
        datasets: curves.map((curve) => {
          const { colour, dash } = styleOf(curves, curve.name);
          return {
            label: curve.name,
            data: Array.from({ length: steps }, (_, index) => ({
              x: xOf(index),
              y: Math.max(FLOOR, meanOf(at(curve, index))),
            })).filter((point) => Number.isFinite(point.y)),
            showLine: true,
            pointRadius: 0,
            pointStyle: "line" as const,
            borderColor: colour,
            borderDash: [...dash],
            borderWidth: curve.name === "model-based" ? 4.5 : 3,
          };
        }),
      },
      options: {
        scales: {
          x: axis(x, { min: 0, max: xOf(steps - 1) }),
          y: axis(y, {
            type: "logarithmic",
            min: FLOOR,
            max: 10,
            ticks: { callback: (value: number | string) => (isTick(Number(value)) ? String(value) : "") },
          }),
        },
        plugins: heading(title, subtitle),
      } as never,
    },
    { width: 1360, height: 900 },
  );
}

const TICKS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const isTick = (value: number): boolean => TICKS.some((tick) => Math.abs(value / tick - 1) < 1e-6);

const PANEL = { width: 420, height: 300, left: 66, right: 18, top: 40, bottom: 44 } as const;
const COLUMNS = 3;

/** Returns a PNG with a panel for each: its mean as a line, half of its searches in the darker band, four in five in the lighter one; random's mean in grey. */
export function spreadPng(curves: readonly Curve[], { title, subtitle, x, y, xOf }: CurvePage): Uint8Array {
  const steps = curves[0]?.runs[0]?.length ?? 0;
  const rows = Math.ceil(curves.length / COLUMNS);
  const page = { width: COLUMNS * PANEL.width + 40, height: PAGE_HEAD + rows * PANEL.height + 60, title, subtitle };
  return pagePng(page, (context) => {
    const chance = curves.find(({ name }) => name === "random");
    for (const [index, curve] of curves.entries()) {
      const [left, top] = [(index % COLUMNS) * PANEL.width, PAGE_HEAD + Math.floor(index / COLUMNS) * PANEL.height];
      context.save();
      context.translate(left, top);
      panel(context, curve, chance, styleOf(curves, curve.name).colour, steps, xOf);
      context.restore();
    }
    setFont(context, 19);
    context.fillStyle = ink;
    context.textAlign = "center";
    context.fillText(`${x}; upwards ${y}, logarithmic`, page.width / 2, page.height - 22);
  });
}

function panel(
  context: SKRSContext2D,
  curve: Curve,
  chance: Curve | undefined,
  colour: string,
  steps: number,
  xOf: (index: number) => number,
): void {
  const [wide, high] = [PANEL.width - PANEL.left - PANEL.right, PANEL.height - PANEL.top - PANEL.bottom];
  const [least, most] = [Math.log(FLOOR), Math.log(10)];
  const across = (value: number): number => PANEL.left + (value / xOf(steps - 1)) * wide;
  const down = (value: number): number => {
    const share = (Math.log(Math.min(10, Math.max(FLOOR, value))) - least) / (most - least);
    return PANEL.top + (1 - share) * high;
  };
  setFont(context, 18, "bold");
  context.fillStyle = ink;
  context.textAlign = "left";
  context.fillText(curve.name, PANEL.left, PANEL.top - 12);
  setFont(context, 15);
  context.fillStyle = faintInk;
  context.strokeStyle = gridColour;
  context.lineWidth = 1;
  for (const tick of TICKS) {
    line(context, [
      [PANEL.left, down(tick)],
      [PANEL.left + wide, down(tick)],
    ]);
    context.textAlign = "right";
    context.fillText(String(tick), PANEL.left - 8, down(tick) + 5);
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const value = share * xOf(steps - 1);
    context.textAlign = "center";
    context.fillText(value.toFixed(0), across(value), PANEL.top + high + 22);
  }
  const along = (of: (values: readonly number[]) => number, from: Curve): readonly (readonly [number, number])[] =>
    Array.from({ length: steps }, (_, index) => [across(xOf(index)), down(of(at(from, index)))] as const);
  context.fillStyle = colour;
  for (const [low, strength] of [
    [0.1, 0.18],
    [0.25, 0.3],
  ] as const) {
    context.globalAlpha = strength;
    const outline = [
      ...along((values) => quantileOf(values, low), curve),
      ...along((values) => quantileOf(values, 1 - low), curve).toReversed(),
    ];
    context.beginPath();
    for (const [px, py] of outline) context.lineTo(px, py);
    context.fill();
  }
  context.globalAlpha = 1;
  if (chance !== undefined && chance !== curve) {
    context.strokeStyle = "#8a8a86";
    context.lineWidth = 2;
    context.setLineDash([3, 4]);
    line(context, along(meanOf, chance));
    context.setLineDash([]);
  }
  context.strokeStyle = colour;
  context.lineWidth = 3;
  line(context, along(meanOf, curve));
}

function line(context: SKRSContext2D, points: readonly (readonly [number, number])[]): void {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}
