/** @file What the search came to prefer: the share of each operation among the proposals, over time. */
import type { Plugin } from "chart.js";
import { operationStyle } from "../draw/index.ts";
import { axis, fontFamily, heading, ink, renderPng } from "./canvas.ts";

export interface OperationsOptions {
  readonly title: string;
  readonly subtitle?: string;
}

/** Returns the share of each operation in windows of consecutive trials: one row per window, shares in the order of `names`, each row summing to 1. */
export function operationShares(
  trials: readonly (readonly string[])[],
  names: readonly string[],
  windows = 24,
): { readonly end: number; readonly shares: readonly number[] }[] {
  const count = Math.min(windows, Math.max(1, Math.floor(trials.length / 5)));
  if (trials.length === 0) return [];
  return Array.from({ length: count }, (_, window) => {
    const end = Math.round(((window + 1) * trials.length) / count);
    const used = trials.slice(Math.round((window * trials.length) / count), end).flat();
    return {
      end,
      shares: names.map((name) =>
        used.length === 0 ? 0 : used.filter((operation) => operation === name).length / used.length,
      ),
    };
  });
}

/** Returns a PNG of stacked shares. `trials` lists each trial's operations, in the order of proposing; each band is labelled where it ends. */
export function operationsPng(
  trials: readonly (readonly string[])[],
  names: readonly string[],
  options: OperationsOptions,
): Uint8Array {
  const rows = operationShares(trials, names);
  const last = rows.at(-1)?.shares ?? [];
  const labels: Plugin<"line"> = {
    id: "labels",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      ctx.save();
      ctx.fillStyle = ink;
      ctx.font = `18px '${fontFamily()}'`;
      let below = 0;
      // Thin bands would print over each other: a label keeps its distance from the one below it.
      let lastY = Infinity;
      names.forEach((name, index) => {
        const share = last[index] ?? 0;
        const y = scales["y"]?.getPixelForValue(below + share / 2) ?? 0;
        below += share;
        if (share === 0) return;
        const at = Math.min(y, lastY - 19);
        ctx.fillText(operationStyle(name).label, chartArea.right + 12, at + 6);
        lastY = at;
      });
      ctx.restore();
    },
  };
  return renderPng<"line">({
    type: "line",
    data: {
      datasets: names.map((name, index) => {
        const { fill, stroke } = operationStyle(name);
        return {
          label: name,
          data: rows.map((row) => ({ x: row.end, y: row.shares[index] ?? 0 })),
          fill: index === 0 ? "origin" : "-1",
          backgroundColor: fill,
          borderColor: stroke,
          borderWidth: 1.4,
          pointRadius: rows.length === 1 ? 3 : 0,
        };
      }),
    },
    options: {
      scales: {
        x: axis("trials proposed", {
          min: rows[0]?.end ?? 0,
          max: Math.max(1, trials.length),
          ticks: { precision: 0, maxTicksLimit: 10 },
        }),
        y: axis("share of operations", {
          stacked: true,
          min: 0,
          max: 1,
          ticks: { callback: (value: number | string) => `${Math.round(Number(value) * 100)}%` },
        }),
      },
      plugins: { ...heading(options.title, options.subtitle, false), filler: { propagate: false } },
    } as never,
    plugins: [labels, room],
  });
}

/** Makes room on the right for the labels. */
const room: Plugin<"line"> = {
  id: "room",
  beforeLayout(chart) {
    (chart.options.layout as { padding: Record<string, number> }).padding = {
      left: 18,
      right: 150,
      top: 14,
      bottom: 14,
    };
  },
};
