/** @file How an architecture should grow: compound scaling against depth, width and resolution alone, by what each costs (after Tan and Le 2019, arXiv 1905.11946, figure 8). */
import type { Plugin } from "chart.js";
import { formatSi } from "../base/units.ts";
import { axis, faintInk, heading, ink, renderPng } from "./canvas.ts";

/** One trained network. */
export interface GrowthPoint {
  /** Multiply-accumulates of one image. */
  readonly macs: number;
  readonly value: number;
  /** Half the height of its bar: one standard error, where it is known. */
  readonly error?: number;
  /** False where rounding left its cost off the level it is to be compared at: drawn hollow. */
  readonly isOnTarget: boolean;
}

export interface GrowthSeries {
  readonly method: "compound" | "depth" | "width" | "resolution";
  /** For the legend: `compound (1.2, 1.1, 1.15)`. */
  readonly label: string;
  readonly points: readonly GrowthPoint[];
}

export interface ScalingChartOptions {
  readonly title: string;
  readonly subtitle?: string;
  readonly measure: string;
}

/** Told apart by shape and colour; no pair of them is one to those who see fewer colours. */
const STYLES = {
  compound: { colour: "#b34700", shape: "rectRot", radius: 14, width: 4, dash: [] },
  depth: { colour: "#005f94", shape: "circle", radius: 7, width: 2.4, dash: [10, 6] },
  width: { colour: "#3f7d20", shape: "triangle", radius: 8, width: 2.4, dash: [3, 5] },
  resolution: { colour: "#7a3b8f", shape: "rect", radius: 7, width: 2.4, dash: [14, 5, 3, 5] },
} as const;

const GROUND = "#fcfcfa";

/**
 * Returns a PNG: each method a line from the architecture as searched, by rising cost; the other points of the grid stand behind as small dots. Bars are one
 * standard error either way.
 */
export function scalingPng(
  searched: GrowthPoint | undefined,
  series: readonly GrowthSeries[],
  grid: readonly GrowthPoint[],
  options: ScalingChartOptions,
): Uint8Array {
  const ordered = series.map(({ points, ...rest }) => ({
    ...rest,
    points: [...(searched === undefined ? [] : [searched]), ...points.toSorted((a, b) => a.macs - b.macs)],
  }));
  const everything = [...ordered.flatMap(({ points }) => points), ...grid];
  const macs = everything.map((point) => point.macs);
  const [least, most] = [Math.min(...macs), Math.max(...macs)];
  const reach =
    (sign: number) =>
    (point: GrowthPoint): number =>
      point.value + sign * (point.error ?? 0);
  const [low, high] = [Math.min(...everything.map(reach(-1))), Math.max(...everything.map(reach(1)))];
  const room = (high - low || 0.1) * 0.06;
  return renderPng<"scatter">({
    type: "scatter",
    data: {
      datasets: [
        ...ordered.map(({ method, label, points }) => {
          const { colour, shape, radius, width, dash } = STYLES[method];
          return {
            label,
            data: points.map(at),
            showLine: true,
            borderColor: colour,
            borderWidth: width,
            borderDash: [...dash],
            pointStyle: shape,
            // What all begin with is drawn once, over them.
            pointRadius: points.map((point) => (point === searched ? 0 : radius)),
            pointBorderWidth: 2.4,
            pointBorderColor: colour,
            pointBackgroundColor: points.map(({ isOnTarget }) => (isOnTarget ? colour : GROUND)),
            backgroundColor: colour,
            // Large and behind: where an axis alone is the same network, both are to be seen.
            order: method === "compound" ? 2 : 1,
          };
        }),
        ...(searched === undefined
          ? []
          : [
              {
                label: "as searched",
                data: [at(searched)],
                pointStyle: "circle" as const,
                pointRadius: 10,
                backgroundColor: ink,
                borderColor: ink,
                order: 0,
              },
            ]),
        ...(grid.length === 0
          ? []
          : [
              {
                label: "other points of the grid",
                data: grid.map(at),
                pointStyle: "circle" as const,
                pointRadius: 5,
                backgroundColor: "rgba(92, 92, 92, 0.35)",
                borderColor: faintInk,
                borderWidth: 1.2,
                order: 3,
              },
            ]),
      ],
    },
    options: {
      scales: {
        x: axis("multiply-accumulates for one image", {
          type: "logarithmic",
          min: least / 1.1,
          max: most * 1.12,
          afterBuildTicks: (scale: { ticks: { value: number }[] }) => {
            scale.ticks = levelTicks(searched?.macs ?? least, most).map((value) => ({ value }));
          },
          ticks: {
            maxRotation: 0,
            autoSkip: false,
            callback: (value: number | string) => {
              const times = Math.round(Number(value) / (searched?.macs ?? least));
              return `${formatSi(Number(value))}${times > 1 ? ` (${times}x)` : ""}`;
            },
          },
        }),
        y: axis(options.measure, {
          min: low - room,
          max: high + room,
          ticks: { maxTicksLimit: 9, includeBounds: false },
        }),
      },
      plugins: heading(options.title, options.subtitle),
    } as never,
    plugins: [errorBars(ordered)],
  });
}

function at({ macs, value }: GrowthPoint): { x: number; y: number } {
  return { x: macs, y: value };
}

/** What was searched and its doublings: the levels that methods are compared at. */
function levelTicks(searched: number, most: number): number[] {
  const doublings = Math.max(1, Math.round(Math.log2(most / searched)));
  return Array.from({ length: doublings + 1 }, (_, level) => searched * 2 ** level);
}

/** Draws the bars behind the points. */
function errorBars(series: readonly GrowthSeries[]): Plugin<"scatter"> {
  return {
    id: "errorBars",
    beforeDatasetsDraw({ ctx, scales }) {
      const [x, y] = [scales["x"], scales["y"]];
      if (x === undefined || y === undefined) return;
      ctx.save();
      for (const [index, { method, points }] of series.entries()) {
        ctx.lineWidth = 1.8;
        for (const [i, { macs, value, error }] of points.entries()) {
          if (error === undefined) continue;
          // The point that all share has one bar.
          const isShared = i === 0 && series.every((other) => other.points[0] === points[0]);
          if (isShared && index > 0) continue;
          ctx.strokeStyle = isShared ? ink : STYLES[method].colour;
          const left = x.getPixelForValue(macs);
          const [top, bottom] = [y.getPixelForValue(value + error), y.getPixelForValue(value - error)];
          ctx.beginPath();
          ctx.moveTo(left, top);
          ctx.lineTo(left, bottom);
          ctx.moveTo(left - 6, top);
          ctx.lineTo(left + 6, top);
          ctx.moveTo(left - 6, bottom);
          ctx.lineTo(left + 6, bottom);
          ctx.stroke();
        }
      }
      ctx.restore();
    },
  };
}
