/**
 * @file Chart.js on a canvas without a browser: one place that knows both. Text is set in B612 (a typeface made to be read in cockpits; OFL),
 * which travels as a package, so that charts look alike everywhere and a machine without fonts draws text too.
 */
import { createRequire } from "node:module";
import { createCanvas, GlobalFonts } from "@napi-rs/canvas";
import {
  Chart,
  registerables,
  type ChartConfiguration,
  type ChartType,
  type DefaultDataPoint,
  type Plugin,
} from "chart.js";

/** Pixels. At half of it everything is still to be read. */
export const chartSize = { width: 1360, height: 800 } as const;

export const ink = "#1a1a1a";
export const faintInk = "#5c5c5c";
export const gridColour = "#e2e2de";
/** A light ground: a picture without one is unreadable on a dark page. */
export const groundColour = "#fcfcfa";

const FAMILY = "Cellwright B612";
let family: string | undefined;

/** Returns the font family to draw with: the bundled one, or whatever the machine calls sans-serif. */
export function fontFamily(): string {
  family ??= registerFonts() ? FAMILY : "sans-serif";
  return family;
}

function registerFonts(): boolean {
  try {
    const require = createRequire(import.meta.url);
    return ["400", "700"].every((weight) => {
      const file = require.resolve(`@fontsource/b612/files/b612-latin-${weight}-normal.woff`);
      return GlobalFonts.registerFromPath(file, FAMILY) !== null;
    });
  } catch {
    return false;
  }
}

/** Returns how wide a text is drawn in a font (`18px 'Name'`), in pixels. */
export function widthOfText(text: string, font: string): number {
  const context = createCanvas(1, 1).getContext("2d");
  context.font = font;
  return context.measureText(text).width;
}

Chart.register(...registerables);

/** A light ground: a picture without one is unreadable on a dark page. */
const ground: Plugin = {
  id: "ground",
  beforeDraw({ ctx, width, height }) {
    ctx.save();
    ctx.fillStyle = groundColour;
    ctx.fillRect(0, 0, width, height);
    ctx.restore();
  },
};

/** Returns the PNG of a chart. */
export function renderPng<T extends ChartType>(
  config: ChartConfiguration<T, DefaultDataPoint<T>>,
  size: { readonly width: number; readonly height: number } = chartSize,
): Uint8Array {
  const canvas = createCanvas(size.width, size.height);
  Chart.defaults.font.family = fontFamily();
  Chart.defaults.font.size = 21;
  Chart.defaults.color = ink;
  const chart = new Chart(canvas.getContext("2d") as never, {
    ...config,
    // A dot on the edge is drawn whole.
    data: { ...config.data, datasets: config.data.datasets.map((dataset) => ({ clip: 12, ...dataset })) },
    options: Object.assign({}, config.options, {
      animation: false,
      responsive: false,
      devicePixelRatio: 1,
      layout: { padding: { left: 18, right: 50, top: 14, bottom: 14 } },
    }) as never,
    plugins: [ground as never, ...(config.plugins ?? [])],
  });
  const png = canvas.toBuffer("image/png");
  chart.destroy();
  return new Uint8Array(png);
}

/** Options of an axis with a title. */
export function axis(title: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    type: "linear",
    title: { display: true, text: title, font: { size: 22 }, padding: 8 },
    grid: { color: gridColour },
    border: { color: faintInk },
    ticks: { maxTicksLimit: 9, maxRotation: 0 },
    ...more,
  };
}

/** Options of title and legend. */
export function heading(title: string, subtitle: string | undefined, legend = true): Record<string, unknown> {
  return {
    title: {
      display: true,
      text: title,
      font: { size: 27, weight: "bold" },
      padding: { top: 4, bottom: subtitle === undefined ? 14 : 4 },
    },
    subtitle: {
      display: subtitle !== undefined,
      text: subtitle ?? "",
      font: { size: 20 },
      color: faintInk,
      padding: { bottom: 12 },
    },
    legend: {
      display: legend,
      position: "bottom",
      labels: { usePointStyle: true, padding: 26, boxHeight: 11, font: { size: 21 } },
    },
    tooltip: { enabled: false },
  };
}
