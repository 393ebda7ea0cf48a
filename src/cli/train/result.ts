/** @file What came of a training: the files it leaves at its end, and what is printed of it. */
import { basename, join, relative } from "node:path";
import type { Json } from "../../base/canonical-json.ts";
import { formatCount, formatDuration, formatEpochs } from "../../base/units.ts";
import { mistakesOf } from "../../charts/confusion.ts";
import { costOf } from "../../network/index.ts";
import { writeWhole } from "../../storage/whole-files.ts";
import type { OpenTraining } from "../../study/training/open.ts";
import type { TrainingEnding } from "../../study/training/events.ts";
import { recipeRecord } from "../../training/index.ts";
import { accuracyError } from "../statistics.ts";
import { bestEpoch } from "../live/training-state.ts";

type Complete = Extract<TrainingEnding, { state: "complete" }>;

/** A finished training as JSON, numbers raw. */
export interface TrainingSummary {
  readonly [key: string]: Json | undefined;
  readonly run: string;
  readonly test: {
    readonly images: number;
    readonly accuracy: number;
    /** Null with five classes or fewer. */
    readonly topFive: number | null;
    readonly loss: number;
    readonly perClass: readonly { readonly name: string; readonly accuracy: number | null }[];
    readonly mistakes: readonly { readonly truth: string; readonly taken: string; readonly count: number }[];
  };
  readonly elapsedMs: number;
}

/** Pairs of classes that a summary names. */
const MISTAKES = 5;

/** Returns the summary of a finished training. */
export function trainingSummary(run: OpenTraining, { history, test }: Complete): TrainingSummary {
  const { config, network, dataset, storage } = run;
  const { params, macs } = costOf(network);
  const { classes } = dataset.train;
  const best = bestEpoch(history);
  const last = history.at(-1);
  return {
    run: run.name,
    network: { name: config.subject, params, macs },
    data: { name: dataset.name, train: dataset.train.size, held: run.split === "test" ? 0 : dataset.validation.size },
    recipe: { preset: config.recipeName, ...recipeRecord(config.recipe) },
    ...(config.origin !== undefined && { origin: JSON.parse(JSON.stringify(config.origin)) as Json }),
    ...(config.teacher !== undefined && { teacher: config.teacher.dir }),
    epochs: config.epochs,
    seed: config.seed,
    engine: config.beganOn,
    ...(last !== undefined && {
      last: { trainLoss: last.trainLoss, trainAccuracy: last.trainAccuracy, [run.split]: last.accuracy },
    }),
    ...(best !== undefined && { best: { epoch: best.epoch, [run.split]: best.accuracy } }),
    test: {
      images: test.count,
      accuracy: test.accuracy,
      topFive: "accuracy" in test.topFive ? test.topFive.accuracy : null,
      loss: test.crossEntropy,
      perClass: test.perClass.map((accuracy, k) => ({ name: classes[k] ?? String(k), accuracy: accuracy ?? null })),
      mistakes: mistakesOf(test.confusion, test.classes)
        .slice(0, MISTAKES)
        .map(({ truth, predicted, count }) => ({
          truth: classes[truth] ?? "",
          taken: classes[predicted] ?? "",
          count,
        })),
    },
    elapsedMs: storage.run.elapsedMs,
  };
}

/** What a finished training leaves, for people. */
const FILES = ["weights.safetensors", "network.json", "summary.json", "metrics.csv", "charts/", "tensorboard/"];

/** Writes `summary.json` and the pictures in `charts/` beside what the training left. */
export async function writeResult(run: OpenTraining, summary: TrainingSummary, { test }: Complete): Promise<void> {
  const { classAccuracyPng, confusionPng, trainingCurvesPng } = await import("../../charts/index.ts");
  const { config, dataset, storage, dir } = run;
  const { classes } = dataset.train;
  // Of a file or folder the name alone: pictures travel.
  const title = `${basename(config.subject)} on ${dataset.name}`;
  const subtitle = `${(100 * test.accuracy).toFixed(2)} % of ${formatCount(test.count)} test images, after ${formatEpochs(config.epochs)}`;
  const points = storage.epochs().map(({ epoch, figures }) => ({ epoch, ...figures }));
  const pictures = [
    [
      "curves",
      trainingCurvesPng(points, { title, subtitle: `${config.recipeName}, seed ${config.seed}`, evaluated: run.split }),
    ],
    ["classes", classAccuracyPng(test.perClass, { title, subtitle, classes, mean: test.accuracy })],
    ["confusion", confusionPng(test.confusion, { title, subtitle, classes })],
  ] as const;
  for (const [name, picture] of pictures) await writeWhole(join(dir, "charts", `${name}.png`), picture);
  await writeWhole(join(dir, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
}

/** Returns the lines of a finished training. */
export function resultLines(
  { test, elapsedMs }: TrainingSummary,
  dir: string,
  style: {
    readonly green: (text: string) => string;
    readonly dim: (text: string) => string;
    readonly bold: (text: string) => string;
  },
): string[] {
  const { images, accuracy, topFive, loss, perClass, mistakes } = test;
  const error = accuracyError(accuracy, images);
  const worst = perClass
    .flatMap(({ name, accuracy: own }) => (own === null ? [] : [{ name, own }]))
    .toSorted((a, b) => a.own - b.own)
    .slice(0, 3);
  const label = (text: string): string => style.dim(text.padEnd(11));
  return [
    `${label("test")}top-1 ${style.green(accuracy.toFixed(4))} ± ${error.toFixed(4)}${topFive === null ? "" : `   top-5 ${topFive.toFixed(4)}`}   loss ${loss.toFixed(4)}   on ${formatCount(images)} images`,
    `${label("hardest")}${worst.map(({ name, own }) => `${name} ${own.toFixed(4)}`).join(", ")}`,
    ...(mistakes.length === 0
      ? []
      : [
          `${label("mistaken")}${mistakes
            .slice(0, 3)
            .map(({ truth, taken, count }) => `${truth} for ${taken} (${count})`)
            .join(", ")}`,
        ]),
    `${label("took")}${formatDuration(elapsedMs)}`,
    `${label("left")}${style.bold(`${relative(process.cwd(), dir) || "."}/`)}  ${FILES.join(", ")}`,
  ];
}
