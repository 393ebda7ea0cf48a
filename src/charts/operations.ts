/** @file What the search came to prefer: the share of each operation among the proposals, over time. */
import type { Plugin } from "chart.js";
import { operationStyle } from "../draw/index.ts";
import { axis, fontFamily, heading, ink, renderPng, widthOfText } from "./canvas.ts";

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
  const texts = fittedLabels(names.map((name) => operationStyle(name).label));
  const labels: Plugin<"line"> = {
    id: "labels",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      ctx.save();
      ctx.fillStyle = ink;
      ctx.font = labelFont();
      let below = 0;
      // Thin bands would print over each other: a label keeps its distance from the one below it.
      let lastY = Infinity;
      names.forEach((name, index) => {
        const share = last[index] ?? 0;
        const y = scales["y"]?.getPixelForValue(below + share / 2) ?? 0;
        below += share;
        if (share === 0) return;
        const at = Math.min(y, lastY - 19);
        ctx.fillText(texts[index]?.text ?? name, chartArea.right + 12, at + 6);
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
    plugins: [labels, room(Math.max(0, ...texts.map(({ width }) => width)))],
  });
}

/** Pixels: a longer label is cut, an ellipsis last. */
const MAX_LABEL_WIDTH = 260;

function labelFont(): string {
  return `18px '${fontFamily()}'`;
}

/** Returns each label as it is drawn, with its width. */
function fittedLabels(labels: readonly string[]): { readonly text: string; readonly width: number }[] {
  const widthOf = (text: string): number => widthOfText(text, labelFont());
  return labels.map((label) => {
    let text = label;
    for (let length = label.length - 1; length > 0 && widthOf(text) > MAX_LABEL_WIDTH; length--)
      text = `${label.slice(0, length)}…`;
    return { text, width: widthOf(text) };
  });
}

/** Makes room on the right for labels of a width. */
function room(width: number): Plugin<"line"> {
  return {
    id: "room",
    beforeLayout(chart) {
      const padding = { left: 18, right: Math.max(50, Math.ceil(width) + 26), top: 14, bottom: 14 };
      (chart.options.layout as { padding: Record<string, number> }).padding = padding;
    },
  };
}
