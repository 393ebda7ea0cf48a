/** @file What quality costs: every complete trial by its size, and the Pareto front. */
import type { Plugin } from "chart.js";
import { formatSi } from "../base/units.ts";
import { paretoFront } from "../search/index.ts";
import { axis, fontFamily, heading, ink, renderPng } from "./canvas.ts";

export interface CostPoint {
  readonly trial: number;
  /** Parameters or multiply-accumulates; smaller is better. */
  readonly cost: number;
  /** First objective. */
  readonly value: number;
}

export interface ParetoOptions {
  readonly title: string;
  readonly subtitle?: string;
  readonly cost: string;
  readonly measure: string;
  readonly direction: "maximize" | "minimize";
}

/** Returns the points that no other betters in one without being worse in the other, by rising cost; of equal points the first. */
export function frontOf<T extends CostPoint>(points: readonly T[], direction: "maximize" | "minimize"): T[] {
  const indices = paretoFront(
    points.map((point) => [point.cost, point.value] as const),
    ["minimize", direction],
  );
  const front = indices.map((index) => points[index] as T);
  return front.filter((point, index) => point.cost !== front[index - 1]?.cost);
}

/** Returns a PNG. Front points carry their trial's number. */
export function paretoPng(points: readonly CostPoint[], options: ParetoOptions): Uint8Array {
  const front = frontOf(points, options.direction);
  const onFront = new Set(front);
  const costs = points.map((point) => point.cost).filter((cost) => cost > 0);
  const wide = costs.length > 0 && Math.max(...costs) > 30 * Math.min(...costs);
  const at = (point: CostPoint): { x: number; y: number } => ({ x: point.cost, y: point.value });
  const numbers: Plugin<"scatter"> = {
    id: "numbers",
    afterDatasetsDraw(chart) {
      const { ctx, scales } = chart;
      ctx.save();
      ctx.fillStyle = ink;
      ctx.font = `bold 18px '${fontFamily()}'`;
      let last = { x: -Infinity, y: -Infinity };
      // From the best down: it is the one to be named where there is room for one alone.
      for (const point of front.toReversed()) {
        const x = scales["x"]?.getPixelForValue(point.cost) ?? 0;
        const y = scales["y"]?.getPixelForValue(point.value) ?? 0;
        if (Math.abs(x - last.x) < 42 && Math.abs(y - last.y) < 24) continue;
        const text = String(point.trial);
        // Left of its point, where the front leaves room; right of it where the axis doesn't.
        const isLeft = x - 9 - ctx.measureText(text).width > chart.chartArea.left + 4;
        ctx.textAlign = isLeft ? "right" : "left";
        ctx.fillText(text, isLeft ? x - 9 : x + 12, y - 11);
        last = { x, y };
      }
      ctx.restore();
    },
  };
  return renderPng<"scatter">({
    type: "scatter",
    data: {
      datasets: [
        {
          label: "Pareto front (with the trial's number)",
          data: front.map(at),
          showLine: true,
          stepped: "before",
          pointRadius: 9,
          pointStyle: "rectRot",
          backgroundColor: "#b34700",
          borderColor: "#b34700",
          borderWidth: 3,
          order: 0,
        },
        {
          label: "trial",
          data: points.filter((point) => !onFront.has(point)).map(at),
          pointRadius: 6,
          pointStyle: "circle",
          backgroundColor: "rgba(0, 95, 148, 0.28)",
          borderColor: "#005f94",
          borderWidth: 1.4,
          order: 1,
        },
      ],
    },
    options: {
      scales: {
        x: axis(options.cost, {
          type: wide ? "logarithmic" : "linear",
          ticks: {
            maxTicksLimit: 8,
            maxRotation: 0,
            callback: (value: number | string) =>
              formatSi(Number(value)).replace(/\.0+(?= )|(\.\d*[1-9])0+(?= )/, "$1"),
          },
        }),
        y: axis(options.measure),
      },
      plugins: heading(options.title, options.subtitle),
    } as never,
    plugins: [numbers],
  });
}
