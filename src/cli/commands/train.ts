/** @file `cellwright train`: one network on a data set, to the end of a recipe. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import { formatBytes, formatCount, formatMacs, formatEpochs } from "../../base/units.ts";
import { costOf } from "../../network/index.ts";
import { epochShape } from "../../data/index.ts";
import { trainingData, usualData } from "../../study/training/data.ts";
import { usualMemory } from "../../study/training/memory.ts";
import { createTraining, describeEngine, resumeTraining, type OpenTraining } from "../../study/training/open.ts";
import { chooseRecipe, checkTrainingOptions, readTrainingFile, usualRecipe } from "../../study/training/options.ts";
import { completeTraining, runTraining, standingOf } from "../../study/training/run.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { Interrupted, PrintedFailure, exitCodes } from "../failure.ts";
import { listenForInterrupts } from "../interrupts.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { watchTraining } from "../live/watch-training.ts";
import { numberFlag, wholeNumberFlag } from "../numbers.ts";
import { checkResultsDir } from "../open-study.ts";
import { resultsFlag } from "../results-flag.ts";
import { progressIo } from "../run-study.ts";
import { subjectText } from "../subject-text.ts";
import { givenFlags, withGivenFlags, withTrainFlags } from "../train/flags.ts";
import { resultLines, trainingSummary, writeResult, type TrainingSummary } from "../train/result.ts";
import { changedText, trainingSubject } from "../train/subject.ts";

interface TrainCommandOptions extends Readonly<Record<string, unknown>> {
  readonly results: string;
  readonly config?: string;
  readonly resume?: string;
  readonly data?: string;
  readonly threads?: number;
  readonly checkpointMinutes?: number;
  readonly json?: boolean;
}

/** Little is lost by a kill then, and of a network of 100 MB little is spent on writing. */
const CHECKPOINT_MINUTES = 5;

export function addTrain(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "train",
    "Trains one network by a recipe, with checkpoints from which it goes on after Ctrl-C or a crash, and tests it.",
    [
      ["train lenet-5 --validation 0", "LeNet-5 on MNIST"],
      ["train resnet-20-cifar --epochs 100", "a network by name, on CIFAR-10"],
      ["train nasnet-cifar10 --recipe nasnet-paper", "a study's winner"],
      ["train nasnet-a --skeleton filters=32,cellsPerStack=6,auxiliary=true", "a published genotype at its size"],
      ["train large.json --dataset cifar100 --max-memory 4Gi", "what scale --out wrote"],
      ["train --config train.yaml --seed 1", "keys from a file, flags over them"],
      ["train --resume lenet-5-mnist", "where it stopped, to the same bits"],
    ],
  )
    .argument("[network]", `${subjectText}; or a network.json (key network)`)
    .option("--config <file>", "keys in YAML or JSON, each named as its flag: a training to keep and repeat")
    .option("--resume <run>", "go on with a run from its last checkpoint; what it is comes from the run")
    .option("--data <dir>", "folder with data sets; default $CELLWRIGHT_DATA, ./data, ../shared/data, then a download")
    .option(
      "--threads <n>",
      "threads of the native engine, the same bits with any number; default one for each core (key threads)",
      wholeNumberFlag("--threads", 1),
    )
    .option(
      "--checkpoint-minutes <n>",
      `minutes between checkpoints, also within an epoch: what a crash costs at most; 0 after every step; default ${CHECKPOINT_MINUTES} (key checkpointMinutes)`,
      numberFlag("--checkpoint-minutes", { min: 0 }),
    );
  withTrainFlags(withJson(withResults(command))).action(
    async (target: string | undefined, options: TrainCommandOptions) => {
      const shown = progressIo(io, options.json === true);
      const { run, checkpointMinutes } = await openRun(target, options, shown);
      try {
        const summary = await follow(run, checkpointMinutes, shown, io);
        if (options.json === true) printJson(io, { ...summary, dir: run.dir });
      } finally {
        run.close();
      }
    },
  );
}

interface OpenRun {
  readonly run: OpenTraining;
  readonly checkpointMinutes: number;
}

async function openRun(target: string | undefined, options: TrainCommandOptions, io: CliIo): Promise<OpenRun> {
  const machine = {
    ...(options.data !== undefined && { dataDir: options.data }),
    onProgress: (message: string) => print(io, message),
  };
  const { results, resume, config } = options;
  if (resume !== undefined) {
    const more = [
      ...(target === undefined ? [] : [target]),
      ...(config === undefined ? [] : ["--config"]),
      ...givenFlags(options),
    ];
    if (more.length > 0)
      throw new CellwrightError(
        "config",
        expected(
          "--resume",
          "the run alone, beside --threads, --checkpoint-minutes, --data and --json",
          more.join(", "),
        ),
      );
    const run = await resumeTraining(resume, results, { ...machine, threads: options.threads ?? usualThreads() });
    return { run, checkpointMinutes: options.checkpointMinutes ?? CHECKPOINT_MINUTES };
  }
  const file = config === undefined ? {} : await readTrainingFile(config);
  const keys = checkTrainingOptions(
    {
      ...withGivenFlags(file, options),
      ...(target !== undefined && { network: target }),
      ...(options.threads !== undefined && { threads: options.threads }),
      ...(options.checkpointMinutes !== undefined && { checkpointMinutes: options.checkpointMinutes }),
    },
    "train",
  );
  if (keys.network === undefined)
    throw new CellwrightError("config", expected("train", "what to train, such as resnet-20-cifar", undefined));
  await checkResultsDir(results);
  const subject = await trainingSubject(keys.network, { results, skeleton: keys.skeleton ?? {} });
  const dataset = keys.dataset ?? usualData(subject.sizes);
  if (dataset === undefined)
    throw new CellwrightError(
      "config",
      expected("--dataset", `a data set for images of ${subject.sizes.input.join(" x ")}`, undefined),
    );
  const request = {
    name: dataset,
    // Pictures are made as large as the network takes them.
    pictures: pictureShape(subject.sizes.input, keys.imageSize),
    ...(keys.train !== undefined && { train: keys.train }),
    ...(keys.validation !== undefined && { validation: keys.validation }),
  };
  const { definition } = trainingData(request);
  const sizes = { input: definition.inputShape, classes: definition.classes };
  const network = subject.madeFor(sizes);
  const changed = changedText(subject.sizes, sizes);
  if (changed !== undefined) print(io, io.colors.dim(`${keys.network} made for ${definition.name}: ${changed}`));
  const chosen = chooseRecipe(keys, usualRecipe(definition.inputShape[2]));
  const run = await createTraining(
    {
      name: keys.name ?? folderName(keys.network, definition.name),
      resultsDir: results,
      subject: keys.network,
      network,
      origin: await subject.originOf(network),
      data: request,
      ...chosen,
      seed: keys.seed ?? 0,
      engine: keys.engine ?? "auto",
      threads: keys.threads ?? usualThreads(),
      ...(keys.maxMemory !== undefined && { maxMemory: keys.maxMemory }),
      ...(keys.microBatch !== undefined && { microBatch: keys.microBatch }),
      ...(keys.teacher !== undefined && { teacher: keys.teacher }),
    },
    machine,
  );
  sayPart(run, keys.maxMemory, io);
  return { run, checkpointMinutes: keys.checkpointMinutes ?? CHECKPOINT_MINUTES };
}

function pictureShape(input: readonly number[], side: number | undefined): readonly number[] {
  return side === undefined ? input : [side, side, input[2] ?? 3];
}

/** The native engine takes up to 64. */
function usualThreads(): number {
  return Math.min(64, availableParallelism());
}

/** `my-cells.yaml@3` on MNIST is `my-cells-3-mnist`. */
function folderName(network: string, data: string): string {
  const stem = (network.split("/").at(-1) ?? network).replace(/\.(json|ya?ml|[cm]?[jt]s)(?=@|$)/, "");
  return `${stem}-${data}`.replace(/[^\w.-]+/g, "-");
}

/** Says where a batch is cut to fit the memory. */
function sayPart({ part, config, network, dataset }: OpenTraining, maxMemory: number | undefined, io: CliIo): void {
  if (part === undefined || part.parts === 1) return;
  const { batch } = epochShape(dataset.train.size, config.recipe.batchSize);
  const limit = formatBytes(maxMemory ?? usualMemory());
  const norm = network.nodes.some(({ op }) => op === "batchNorm") ? "; batch norm sees a part at a time" : "";
  print(
    io,
    io.colors.yellow(
      `a batch of ${batch} goes through in ${part.parts} parts of at most ${part.largestPart}, their gradients averaged: ${formatBytes(part.bytes)} of ${limit}${norm}`,
    ),
  );
}

/** `resnet-20-cifar · 272,474 params · 40.8 MMAC · cifar10 45,000/5,000 · bag-of-tricks, 200 epochs · native (AVX-512)`. */
function headOf(run: OpenTraining): string {
  const { config, dataset, network, engine } = run;
  const { params, macs } = costOf(network);
  const held = run.split === "test" ? "" : `/${formatCount(dataset.validation.size)}`;
  return [
    config.subject,
    `${formatCount(params)} params`,
    formatMacs(macs),
    `${dataset.name} ${formatCount(dataset.train.size)}${held}`,
    `${config.recipeName}, ${formatEpochs(config.epochs)}`,
    describeEngine(engine),
  ].join(" · ");
}

/** Trains to the end and prints what came of it. Throws `Interrupted` where Ctrl-C ended it, everything kept. */
async function follow(run: OpenTraining, checkpointMinutes: number, shown: CliIo, io: CliIo): Promise<TrainingSummary> {
  const { colors } = shown;
  const stored = run.storage.run.result as TrainingSummary | undefined;
  if (stored !== undefined) {
    print(shown, `${run.name} is done already`);
    for (const line of resultLines(stored, run.dir, colors)) print(shown, line);
    return stored;
  }
  for (const warning of run.warnings) print(shown, colors.yellow(warning));
  const { config, dataset } = run;
  const standing = await standingOf(run);
  const { steps: stepsPerEpoch } = epochShape(dataset.train.size, config.recipe.batchSize);
  const title = { name: run.name, head: headOf(run), split: run.split };
  const watch = watchTraining(shown, title, { epochs: config.epochs, stepsPerEpoch, ...standing });
  if (standing.state !== undefined) watch.say(`goes on after ${standingText(standing.history.length, standing.steps)}`);
  const interrupts = listenForInterrupts((line) => {
    watch.say(colors.yellow(line));
    watch.stopping();
  });
  try {
    const ending = await runTraining(run, { checkpointMinutes, signal: interrupts.signal, observe: watch.observe });
    watch.done();
    if (ending.state === "stopped") {
      print(
        shown,
        `stopped after ${standingText(ending.epochs, ending.steps)}. Go on by \`cellwright train --resume ${run.name}${resultsFlag(run.dir)}\``,
      );
      throw new Interrupted();
    }
    if (ending.state === "failed") {
      io.err.write(
        `${io.errColors.red(`${run.name} failed: ${ending.reason}`)}\nA lower --learning-rate, a longer --warmup-epochs or a --clip-norm may mend it.\n`,
      );
      throw new PrintedFailure(exitCodes.yours);
    }
    const summary = trainingSummary(run, ending);
    await writeResult(run, summary, ending);
    await completeTraining(run, summary);
    for (const line of resultLines(summary, run.dir, colors)) print(shown, line);
    return summary;
  } finally {
    watch.done();
    interrupts.dispose();
  }
}

function standingText(epochs: number, steps: number): string {
  const whole = formatEpochs(epochs);
  return steps === 0 ? whole : `${whole} and ${formatCount(steps)} ${steps === 1 ? "step" : "steps"}`;
}
