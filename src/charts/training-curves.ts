/** @file How a training went: loss, accuracy and learning rate by epoch, one above the other over the same epochs. */
import type { ChartConfiguration, DefaultDataPoint } from "chart.js";
import { axis, chartSize, heading, renderPng } from "./canvas.ts";

/** Figures of an epoch, as a training's history holds them; what is absent or not finite is a gap in its line. */
export interface CurvePoint {
  /** From 1. */
  readonly epoch: number;
  readonly trainLoss?: number;
  readonly trainAccuracy?: number;
  /** On the evaluated split. */
  readonly loss?: number;
  readonly accuracy?: number;
  readonly learningRate?: number;
}

export interface TrainingCurvesOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** Name of the evaluated split. Default `validation`. */
  readonly evaluated?: string;
}

const TRAIN = "#b34700";
const EVALUATED = "#005f94";
const RATE = "#5c5c5c";
/** A loss that falls this far is shown by its logarithm: its end would be a flat line. */
const WIDE = 30;

type Figure = Exclude<keyof CurvePoint, "epoch">;

/** Returns the points of one line; a figure that is not there is NaN, which parts it. */
function line(points: readonly CurvePoint[], figure: Figure): { x: number; y: number }[] {
  return points.map((point) => {
    const value = point[figure];
    return { x: point.epoch, y: value !== undefined && Number.isFinite(value) ? value : NaN };
  });
}

/** Returns the epoch of the best accuracy on the evaluated split, the first of equals; undefined without any. */
export function bestEpoch(points: readonly CurvePoint[]): CurvePoint | undefined {
  let best: CurvePoint | undefined;
  for (const point of points)
    if (Number.isFinite(point.accuracy) && (point.accuracy as number) > (best?.accuracy ?? -Infinity)) best = point;
  return best;
}

/** Returns a PNG. The best epoch of the evaluated split is ringed. A training without epochs gives an empty chart. */
export function trainingCurvesPng(points: readonly CurvePoint[], options: TrainingCurvesOptions): Uint8Array {
  const { evaluated = "validation" } = options;
  const best = bestEpoch(points);
  const has = (figure: Figure): boolean => line(points, figure).some(({ y }) => !Number.isNaN(y));
  const losses = [...line(points, "trainLoss"), ...line(points, "loss")].map(({ y }) => y).filter((y) => y > 0);
  const isWide = losses.length > 0 && Math.max(...losses) > WIDE * Math.min(...losses);
  // A line through one point is not to be seen.
  const dot = points.length < 3 ? 6 : 0;
  const look = (figure: Figure, label: string, yAxisID: string, colour: string, isDashed: boolean) =>
    has(figure)
      ? [
          {
            label,
            yAxisID,
            data: line(points, figure),
            showLine: true,
            pointRadius: dot,
            pointStyle: "line" as const,
            borderColor: colour,
            backgroundColor: colour,
            borderWidth: isDashed ? 3 : 3.6,
            borderDash: isDashed ? [9, 6] : [],
            order: 2,
          },
        ]
      : [];
  const first = points[0]?.epoch ?? 1;
  const lowest = Math.min(1, ...points.flatMap(({ accuracy = 1, trainAccuracy = 1 }) => [accuracy, trainAccuracy]));
  const percent = (value: number | string): string => `${Number((Number(value) * 100).toFixed(2))}%`;
  const panel = (title: string, weight: number, more: Readonly<Record<string, unknown>>) =>
    axis(title, { axis: "y", position: "left", stack: "panels", stackWeight: weight, offset: true, ...more });
  const config: ChartConfiguration<"scatter", DefaultDataPoint<"scatter">> = {
    type: "scatter",
    data: {
      datasets: [
        ...look("trainLoss", "training", "loss", TRAIN, true),
        ...look("loss", evaluated, "loss", EVALUATED, false),
        ...look("trainAccuracy", "training", "accuracy", TRAIN, true),
        ...look("accuracy", evaluated, "accuracy", EVALUATED, false),
        ...look("learningRate", "learning rate", "rate", RATE, false),
        ...(best === undefined
          ? []
          : [
              {
                label: `best: ${percent(best.accuracy as number)} in epoch ${best.epoch}`,
                yAxisID: "accuracy",
                data: [{ x: best.epoch, y: best.accuracy as number }],
                pointRadius: 9,
                pointStyle: "circle" as const,
                backgroundColor: "#ffffff",
                borderColor: EVALUATED,
                borderWidth: 3,
                order: 1,
              },
            ]),
      ],
    },
    options: {
      scales: {
        x: axis("epoch", {
          // One epoch stands in the middle.
          ...(points.length === 1
            ? { min: first - 0.5, max: first + 0.5 }
            : { min: first, max: Math.max(2, ...points.map(({ epoch }) => epoch)) }),
          ticks: { precision: 0, maxTicksLimit: 13, includeBounds: false, maxRotation: 0 },
        }),
        // The last one is on top.
        ...(has("learningRate") && { rate: panel("rate", 1.4, { min: 0, ticks: { maxTicksLimit: 4 } }) }),
        accuracy: panel("accuracy", 3, {
          suggestedMin: lowest > 0.5 ? undefined : 0,
          max: 1,
          ticks: { maxTicksLimit: 6, callback: percent },
        }),
        loss: panel("loss", 3, isWide ? { type: "logarithmic" } : { ticks: { maxTicksLimit: 6 }, beginAtZero: true }),
      },
      plugins: withOneOfEach(heading(options.title, options.subtitle)),
    } as never,
  };
  return renderPng<"scatter">(config, { ...chartSize, height: chartSize.height + (has("learningRate") ? 240 : 100) });
}

/** Training and evaluation have a line in two panels and one entry in the legend. */
function withOneOfEach(plugins: Record<string, unknown>): Record<string, unknown> {
  const legend = plugins["legend"] as { labels: Record<string, unknown> };
  return {
    ...plugins,
    legend: {
      ...legend,
      labels: {
        ...legend.labels,
        sort: (a: { readonly datasetIndex: number }, b: { readonly datasetIndex: number }) =>
          a.datasetIndex - b.datasetIndex,
        filter: (
          item: { readonly text: string; readonly datasetIndex: number },
          data: { readonly datasets: readonly { readonly label?: string }[] },
        ) => data.datasets.findIndex(({ label }) => label === item.text) === item.datasetIndex,
      },
    },
  };
}
