/** @file How a search went: every trial as a dot, the best so far as a line. */
import { axis, heading, renderPng } from "./canvas.ts";

/** A finished trial, in the order of finishing. */
export interface TrialPoint {
  readonly trial: number;
  readonly state: "complete" | "pruned" | "failed";
  /** First objective; absent for most failed ones. */
  readonly value?: number;
}

export interface BestSoFarOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** Name of the first objective: `accuracy`. */
  readonly measure: string;
  readonly direction: "maximize" | "minimize";
}

/** Returns the best value after each trial; trials without one repeat it. */
export function bestSoFar(points: readonly TrialPoint[], direction: "maximize" | "minimize"): (number | undefined)[] {
  let best: number | undefined;
  return points.map(({ state, value }) => {
    const better =
      value !== undefined && (best === undefined || (direction === "maximize" ? value > best : value < best));
    if (state === "complete" && better) best = value;
    return best;
  });
}

/** Height of the row of failed trials, as a share of the chart's. */
const FOOT = 0.025;

/** Returns a PNG. Empty studies give an empty chart. */
export function bestSoFarPng(points: readonly TrialPoint[], options: BestSoFarOptions): Uint8Array {
  const best = bestSoFar(points, options.direction);
  const dots = (state: TrialPoint["state"]): { x: number; y: number }[] =>
    points.flatMap((point, index) => {
      if (point.state !== state) return [];
      // On an axis of their own, whatever the values are: at the foot, where they can't be taken for one.
      if (state === "failed") return [{ x: index + 1, y: FOOT }];
      return point.value === undefined || !Number.isFinite(point.value) ? [] : [{ x: index + 1, y: point.value }];
    });
  const line = best.flatMap((y, index) => (y === undefined ? [] : [{ x: index + 1, y }]));
  const pruned = dots("pruned");
  const failed = dots("failed");
  return renderPng<"scatter">({
    type: "scatter",
    data: {
      datasets: [
        {
          label: "best so far",
          data: line,
          showLine: true,
          stepped: true,
          pointRadius: 0,
          pointStyle: "line",
          borderColor: "#005f94",
          borderWidth: 4,
          order: 0,
        },
        {
          label: "trial",
          data: dots("complete"),
          pointRadius: 6,
          pointStyle: "circle",
          backgroundColor: "rgba(0, 95, 148, 0.28)",
          borderColor: "#005f94",
          borderWidth: 1.4,
          order: 2,
        },
        ...(pruned.length === 0
          ? []
          : [
              {
                label: "pruned",
                data: pruned,
                pointRadius: 7,
                pointStyle: "triangle" as const,
                backgroundColor: "#ffffff",
                borderColor: "#b34700",
                borderWidth: 1.8,
                order: 1,
              },
            ]),
        ...(failed.length === 0
          ? []
          : [
              {
                label: "failed",
                data: failed,
                pointRadius: 7,
                yAxisID: "foot",
                pointStyle: "crossRot" as const,
                backgroundColor: "#1a1a1a",
                borderColor: "#1a1a1a",
                borderWidth: 2.4,
                order: 1,
              },
            ]),
      ],
    },
    options: {
      scales: {
        x: axis("trials finished", {
          min: 0,
          max: Math.max(1, points.length) + 0.5,
          ticks: { precision: 0, maxTicksLimit: 11, includeBounds: false },
        }),
        y: axis(options.measure, failed.length === 0 ? {} : { grace: "8%" }),
        ...(failed.length > 0 && { foot: { type: "linear", display: false, min: 0, max: 1 } }),
      },
      plugins: heading(options.title, options.subtitle),
    } as never,
  });
}
