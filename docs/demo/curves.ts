/** @file The curves: loss and accuracy over the steps, drawn as they come, in the page's colours. */
import {
  Chart,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
  type ChartDataset,
  type ChartOptions,
  type LinearScaleOptions,
  type Point,
} from "chart.js";
import { find, percent } from "./dom.ts";
import type { Evaluation, Step } from "./trainer.ts";

Chart.register(LinearScale, LineController, LineElement, PointElement, Tooltip);

/** Steps that a mean is taken of. */
export const WINDOW = 25;

export interface Curves {
  begin(totalSteps: number): void;
  add(step: Step, means: Means): void;
  evaluate(evaluation: Evaluation): void;
  clear(): void;
}

/** Over the last steps. */
export interface Means {
  readonly loss: number;
  readonly accuracy: number;
}

/** Opens both charts. `chance` is the accuracy of guessing. */
export function openCurves(chance: number): Curves {
  const lossCanvas = find("loss-chart", HTMLCanvasElement);
  const accuracyCanvas = find("accuracy-chart", HTMLCanvasElement);
  const data = { steps: [], mean: [], heldOut: [], trained: [], accuracy: [] } as Record<
    "steps" | "mean" | "heldOut" | "trained" | "accuracy",
    Point[]
  >;
  const guessing: Point[] = [
    { x: 0, y: chance },
    { x: 1, y: chance },
  ];
  const loss = new Chart(lossCanvas, {
    type: "line",
    data: {
      datasets: [
        line("mean of 25 steps", data.mean, { borderWidth: 2.6, order: 1 }),
        line("held-out", data.heldOut, { borderWidth: 2, borderDash: [5, 4], pointRadius: 3, order: 0 }),
        line("step", data.steps, { borderWidth: 1, order: 2 }),
      ],
    },
    options: options(
      {
        suggestedMin: 1.2,
        // In the first steps batch norm's moving statistics know little of the pictures, and the held-out loss is anything: the axis is for the training's.
        afterDataLimits: (axis) => {
          axis.max = data.steps.reduce((most, { y }) => Math.max(most, y ?? 0), 2.4);
        },
      },
      (value) => value.toFixed(1),
      false,
    ),
  });
  const accuracy = new Chart(accuracyCanvas, {
    type: "line",
    data: {
      datasets: [
        line("training, mean of 25 steps", data.trained, { borderWidth: 2.6, order: 1 }),
        line("held-out", data.accuracy, { borderWidth: 2, borderDash: [5, 4], pointRadius: 3, order: 0 }),
        line("guessing", guessing, { borderWidth: 1, order: 2 }),
      ],
    },
    options: options({ min: 0, suggestedMax: 0.6 }, (value) => percent(value), true),
  });

  function style(): void {
    const colours = getComputedStyle(document.documentElement);
    const colour = (name: string): string => colours.getPropertyValue(name).trim();
    const paints = [
      [loss, ["--blue", "--orange", "--blue-pale"]],
      [accuracy, ["--blue", "--orange", "--faint"]],
    ] as const;
    for (const [chart, names] of paints) {
      chart.data.datasets.forEach((dataset, i) => {
        dataset.borderColor = colour(names[i] ?? "--ink");
        dataset.backgroundColor = colour(names[i] ?? "--ink");
      });
      for (const scale of Object.values(chart.options.scales ?? {})) {
        Object.assign(scale?.grid ?? {}, { color: colour("--edge") });
        Object.assign(scale?.ticks ?? {}, { color: colour("--faint") });
        Object.assign((scale as { title?: object } | undefined)?.title ?? {}, { color: colour("--faint") });
      }
    }
  }

  let isDue = false;
  /** However many steps there are between two frames, the charts are drawn once. */
  function draw(): void {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      loss.update("none");
      accuracy.update("none");
    });
  }

  function restyle(): void {
    Chart.defaults.font.family = getComputedStyle(document.documentElement).fontFamily;
    style();
    draw();
  }
  restyle();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  // A canvas does not wait for a typeface.
  void document.fonts.load("12px B612").then(restyle, restyle);

  function span(totalSteps: number): void {
    for (const chart of [loss, accuracy]) Object.assign(chart.options.scales?.["x"] ?? {}, { max: totalSteps });
    (guessing[1] as Point).x = totalSteps;
  }

  function clear(): void {
    for (const points of Object.values(data)) points.length = 0;
    lossCanvas.ariaLabel = "Loss against steps: nothing yet";
    accuracyCanvas.ariaLabel = "Accuracy against steps: nothing yet";
    draw();
  }

  return {
    begin(totalSteps) {
      clear();
      span(totalSteps);
    },
    add({ step, loss }, means) {
      data.steps.push({ x: step, y: loss });
      data.mean.push({ x: step, y: means.loss });
      data.trained.push({ x: step, y: means.accuracy });
      draw();
    },
    evaluate({ step, loss, accuracy }) {
      data.heldOut.push({ x: step, y: loss });
      data.accuracy.push({ x: step, y: accuracy });
      lossCanvas.ariaLabel = `Loss against steps: after ${step} steps ${loss.toFixed(2)} on held-out pictures, ${(data.mean.at(-1)?.y ?? loss).toFixed(2)} in training`;
      accuracyCanvas.ariaLabel = `Accuracy against steps: after ${step} steps ${percent(accuracy, 1)} on held-out pictures`;
      draw();
    },
    clear,
  };
}

function line(
  label: string,
  data: Point[],
  look: Partial<ChartDataset<"line", Point[]>>,
): ChartDataset<"line", Point[]> {
  return { label, data, pointRadius: 0, pointHitRadius: 4, ...look };
}

function options(
  y: Partial<Pick<LinearScaleOptions, "min" | "suggestedMin" | "suggestedMax" | "afterDataLimits">>,
  format: (value: number) => string,
  isLowest: boolean,
): ChartOptions<"line"> {
  return {
    animation: false,
    maintainAspectRatio: false,
    normalized: true,
    parsing: false,
    interaction: { mode: "nearest", axis: "x", intersect: false },
    scales: {
      x: {
        type: "linear",
        min: 0,
        max: 1000,
        grid: {},
        ticks: { maxRotation: 0 },
        title: { display: isLowest, text: "steps" },
      },
      // Both axes are as wide, so that a step is at the same place in both charts.
      y: {
        type: "linear",
        ...y,
        grid: {},
        ticks: { maxTicksLimit: 7, callback: (value) => format(Number(value)) },
        afterFit: (axis) => {
          axis.width = 46;
        },
      },
    },
    plugins: {
      tooltip: {
        callbacks: {
          title: ([item]) => `step ${item?.parsed.x ?? ""}`,
          label: ({ dataset, parsed }) => `${dataset.label}: ${(parsed.y ?? 0).toFixed(3)}`,
        },
      },
    },
  };
}
