/** @file Flags that stand for keys of a study: each named as its key, each laid over the study's file. */
import { Option, type Command } from "commander";
import type { Json } from "../base/canonical-json.ts";
import type { StudyReference } from "../study/definition.ts";
import { numberFlag, wholeNumberFlag, wordFlag } from "./numbers.ts";

interface StudyFlag {
  /** Path of the key in the study. */
  readonly key: string;
  readonly flags: string;
  readonly description: string;
  readonly parse: (text: string) => Json;
  /** Whether `resume` takes it too: it changes neither what is measured nor what is proposed. */
  readonly onResume: boolean;
}

const FLAGS: readonly StudyFlag[] = [
  {
    key: "budget.trials",
    flags: "--trials <n>",
    description: "trials to finish; default none: the time limit decides",
    parse: wholeNumberFlag("--trials", 1),
    onResume: true,
  },
  {
    key: "budget.hours",
    flags: "--hours <n>",
    description: "wall time of searching, over all resumes; the built-in study has 1/12 (5 minutes)",
    parse: numberFlag("--hours", { above: 0 }),
    onResume: true,
  },
  {
    key: "budget.target",
    flags: "--target <value>",
    description: "stop when the first objective has reached this; default none",
    parse: numberFlag("--target"),
    onResume: true,
  },
  {
    key: "workers",
    flags: "--workers <n>",
    description: "worker processes; default one per core, or one per GPU with tfjs-node-gpu: more would only wait",
    parse: wholeNumberFlag("--workers", 1),
    onResume: true,
  },
  {
    key: "parallelism",
    flags: "--parallelism <n>",
    description: "trials in flight; default the number of workers. 1 makes proposals independent of timing",
    parse: wholeNumberFlag("--parallelism", 1),
    onResume: true,
  },
  {
    key: "engine",
    flags: "--engine <name>",
    description: "auto, native, tfjs or reference; default auto: the fastest there is",
    parse: wordFlag("--engine", ["auto", "native", "tfjs", "reference"]),
    onResume: true,
  },
  {
    key: "seed",
    flags: "--seed <n>",
    description: "seed of everything random; default 0: the same study for everyone",
    parse: wholeNumberFlag("--seed", 0),
    onResume: false,
  },
  {
    key: "evaluator.epochs",
    flags: "--epochs <n>",
    description: "epochs of each trial; default 4: ranks settle early, accuracy later",
    parse: wholeNumberFlag("--epochs", 1),
    onResume: false,
  },
  {
    key: "evaluator.train",
    flags: "--train <n>",
    description: "training images of each trial; default what the study's data set says",
    parse: wholeNumberFlag("--train", 1),
    onResume: false,
  },
  {
    key: "evaluator.validation",
    flags: "--validation <n>",
    description: "validation images; default what the study's data set says. Four times as many halve the noise",
    parse: wholeNumberFlag("--validation", 1),
    onResume: false,
  },
  {
    key: "evaluator.batchSize",
    flags: "--batch-size <n>",
    description: "images per training step; default the recipe's",
    parse: wholeNumberFlag("--batch-size", 1),
    onResume: false,
  },
  {
    key: "evaluator.learningRate",
    flags: "--learning-rate <x>",
    description: "peak of the cosine; default the recipe's",
    parse: numberFlag("--learning-rate", { above: 0 }),
    onResume: false,
  },
  {
    key: "skeleton.cellsPerStack",
    flags: "--cells-per-stack <n>",
    description: "N in the paper; default the study's. Small ranks almost as large does, in less time",
    parse: wholeNumberFlag("--cells-per-stack", 1),
    onResume: false,
  },
  {
    key: "skeleton.filters",
    flags: "--filters <n>",
    description: "F in the paper; default the study's",
    parse: wholeNumberFlag("--filters", 1),
    onResume: false,
  },
  {
    key: "constraints.maxParams",
    flags: "--max-params <n>",
    description: "reject larger candidates untrained (500k, 2M); default none",
    parse: numberFlag("--max-params", { above: 0 }),
    onResume: false,
  },
  {
    key: "constraints.maxMacs",
    flags: "--max-macs <n>",
    description: "reject costlier candidates untrained (20M); default none",
    parse: numberFlag("--max-macs", { above: 0 }),
    onResume: false,
  },
  {
    key: "limits.memoryBytes",
    flags: "--memory-bytes <n>",
    description: "memory of one trial (2Gi); default none: the estimate is shown with each trial",
    parse: numberFlag("--memory-bytes", { above: 0 }),
    onResume: true,
  },
  {
    key: "limits.timeMs",
    flags: "--time-ms <n>",
    description: "time of one trial in milliseconds; default none",
    parse: numberFlag("--time-ms", { above: 0 }),
    onResume: true,
  },
  {
    key: "failedTrials",
    flags: "--failed-trials <what>",
    description: "skip or stop; default skip: a trial may fail, the search goes on",
    parse: wordFlag("--failed-trials", ["skip", "stop"]),
    onResume: true,
  },
  {
    key: "maxFailedShare",
    flags: "--max-failed-share <x>",
    description: "stop with an error above this share of failed trials; default 0.5: then it is not the trials",
    parse: numberFlag("--max-failed-share", { min: 0, max: 1 }),
    onResume: true,
  },
];

/** Adds the flags of `search`, or those that `resume` takes. */
export function withStudyFlags(command: Command, on: "search" | "resume"): Command {
  for (const flag of FLAGS) {
    if (on === "resume" && !flag.onResume) continue;
    command.addOption(new Option(flag.flags, `${flag.description} (key ${flag.key})`).argParser(flag.parse));
  }
  return command;
}

/** Returns the overrides that the given flags come to. */
export function overridesOf(options: Readonly<Record<string, unknown>>): StudyReference["overrides"] {
  const overrides: Record<string, Json> = {};
  for (const { key, flags } of FLAGS) {
    const value = options[new Option(flags).attributeName()] as Json | undefined;
    if (value === undefined) continue;
    const [head = "", tail] = key.split(".");
    if (tail === undefined) overrides[head] = value;
    else overrides[head] = { ...(overrides[head] as Record<string, Json> | undefined), [tail]: value };
  }
  return overrides;
}
