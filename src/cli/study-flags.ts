/** @file Flags that stand for keys of a study: each named as its key, each laid over the study's file. */
import { Option, type Command } from "commander";
import type { Json } from "../base/canonical-json.ts";
import type { StudyReference } from "../study/definition.ts";
import { numberFlag, wholeNumberFlag, wordFlag } from "./numbers.ts";

interface StudyFlag {
  /** Path of the key in the study. */
  readonly key: string;
  readonly flags: string;
  readonly what: string;
  /** What the built-in study has, and why. */
  readonly fallback: string;
  readonly parse: (text: string) => Json;
  /** Whether `resume` takes it too: it changes neither what is measured nor what is proposed. */
  readonly onResume: boolean;
}

const FLAGS: readonly StudyFlag[] = [
  {
    key: "budget.trials",
    flags: "--trials <n>",
    what: "trials to finish",
    fallback: "none: the time limit decides",
    parse: wholeNumberFlag("--trials", 1),
    onResume: true,
  },
  {
    key: "budget.hours",
    flags: "--hours <n>",
    what: "wall time of searching, over all resumes",
    fallback: "1/15, four minutes: enough to see a search work",
    parse: numberFlag("--hours", { above: 0 }),
    onResume: true,
  },
  {
    key: "budget.target",
    flags: "--target <value>",
    what: "stop when the first objective has reached this",
    fallback: "none",
    parse: numberFlag("--target"),
    onResume: true,
  },
  {
    key: "workers",
    flags: "--workers <n>",
    what: "worker processes",
    fallback: "one per core, or one per GPU with tfjs-node-gpu: more would only wait",
    parse: wholeNumberFlag("--workers", 1),
    onResume: true,
  },
  {
    key: "parallelism",
    flags: "--parallelism <n>",
    what: "trials in flight; 1 makes proposals independent of timing",
    fallback: "the number of workers",
    parse: wholeNumberFlag("--parallelism", 1),
    onResume: true,
  },
  {
    key: "engine",
    flags: "--engine <name>",
    what: "auto, native, tfjs or reference",
    fallback: "auto: the fastest there is",
    parse: wordFlag("--engine", ["auto", "native", "tfjs", "reference"]),
    onResume: true,
  },
  {
    key: "seed",
    flags: "--seed <n>",
    what: "seed of everything random",
    fallback: "0: the same study for everyone",
    parse: wholeNumberFlag("--seed", 0),
    onResume: false,
  },
  {
    key: "evaluator.epochs",
    flags: "--epochs <n>",
    what: "epochs of each trial",
    fallback: "3: ranks settle early, accuracy later",
    parse: wholeNumberFlag("--epochs", 1),
    onResume: false,
  },
  {
    key: "evaluator.train",
    flags: "--train <n>",
    what: "training images of each trial",
    fallback: "3,000: a trial takes half a minute",
    parse: wholeNumberFlag("--train", 1),
    onResume: false,
  },
  {
    key: "evaluator.validation",
    flags: "--validation <n>",
    what: "validation images; four times as many halve the noise",
    fallback: "1,000",
    parse: wholeNumberFlag("--validation", 1),
    onResume: false,
  },
  {
    key: "evaluator.batchSize",
    flags: "--batch-size <n>",
    what: "images per training step",
    fallback: "the recipe's",
    parse: wholeNumberFlag("--batch-size", 1),
    onResume: false,
  },
  {
    key: "evaluator.learningRate",
    flags: "--learning-rate <x>",
    what: "peak of the cosine",
    fallback: "the recipe's",
    parse: numberFlag("--learning-rate", { above: 0 }),
    onResume: false,
  },
  {
    key: "skeleton.cellsPerStack",
    flags: "--cells-per-stack <n>",
    what: "N in the paper",
    fallback: "1: small networks rank almost as large ones do, in less time",
    parse: wholeNumberFlag("--cells-per-stack", 1),
    onResume: false,
  },
  {
    key: "skeleton.filters",
    flags: "--filters <n>",
    what: "F in the paper",
    fallback: "8, for the same reason",
    parse: wholeNumberFlag("--filters", 1),
    onResume: false,
  },
  {
    key: "constraints.maxParams",
    flags: "--max-params <n>",
    what: "reject larger candidates untrained (500k, 2M)",
    fallback: "none",
    parse: numberFlag("--max-params", { above: 0 }),
    onResume: false,
  },
  {
    key: "constraints.maxMacs",
    flags: "--max-macs <n>",
    what: "reject costlier candidates untrained (20M)",
    fallback: "none",
    parse: numberFlag("--max-macs", { above: 0 }),
    onResume: false,
  },
  {
    key: "constraints.maxMemory",
    flags: "--max-memory <bytes>",
    what: "reject candidates untrained that need more memory for one image (4Mi)",
    fallback: "none",
    parse: numberFlag("--max-memory", { above: 0 }),
    onResume: false,
  },
  {
    key: "constraints.maxLatencyMs",
    flags: "--max-latency-ms <n>",
    what: "reject candidates untrained that take longer for one image, measured here",
    fallback: "none",
    parse: numberFlag("--max-latency-ms", { above: 0 }),
    onResume: false,
  },
  {
    key: "limits.memoryBytes",
    flags: "--memory-bytes <n>",
    what: "memory of one trial (2Gi)",
    fallback: "none: the estimate is in each trial's log",
    parse: numberFlag("--memory-bytes", { above: 0 }),
    onResume: true,
  },
  {
    key: "limits.timeMs",
    flags: "--time-ms <n>",
    what: "time of one trial in milliseconds",
    fallback: "none",
    parse: numberFlag("--time-ms", { above: 0 }),
    onResume: true,
  },
  {
    key: "baseline",
    flags: "--baseline <id>",
    what: "the network that the winner is compared with (resnet-20-cifar), or none",
    fallback: "ResNet-18's form for CIFAR-10, as wide as the winner is costly",
    parse: (text) => (text === "none" ? false : text),
    onResume: true,
  },
  {
    key: "failedTrials",
    flags: "--failed-trials <what>",
    what: "skip or stop",
    fallback: "skip: a trial may fail, the search goes on",
    parse: wordFlag("--failed-trials", ["skip", "stop"]),
    onResume: true,
  },
  {
    key: "maxFailedShare",
    flags: "--max-failed-share <x>",
    what: "stop with an error above this share of failed trials",
    fallback: "0.5: then it is not the trials",
    parse: numberFlag("--max-failed-share", { min: 0, max: 1 }),
    onResume: true,
  },
];

/** Adds the flags of `search`, or those that `resume` takes. */
export function withStudyFlags(command: Command, on: "search" | "resume"): Command {
  for (const flag of FLAGS) {
    if (on === "resume" && !flag.onResume) continue;
    // A study that is resumed has had its defaults already.
    const fallback = on === "search" ? `; default ${flag.fallback}` : "";
    command.addOption(new Option(flag.flags, `${flag.what}${fallback} (key ${flag.key})`).argParser(flag.parse));
  }
  return command;
}

/** Adds the flags of some keys of the study, for a command that begins one of another kind. */
export function withFlagsOf(command: Command, keys: readonly string[]): Command {
  for (const { key, flags, what, parse } of FLAGS)
    if (keys.includes(key)) command.addOption(new Option(flags, `${what} (key ${key})`).argParser(parse));
  return command;
}

/** Returns the overrides that the given flags come to; with `keys` only of these. */
export function overridesOf(
  options: Readonly<Record<string, unknown>>,
  keys?: readonly string[],
): StudyReference["overrides"] {
  const overrides: Record<string, Json> = {};
  for (const { key, flags } of FLAGS) {
    if (keys !== undefined && !keys.includes(key)) continue;
    const value = options[new Option(flags).attributeName()] as Json | undefined;
    if (value === undefined) continue;
    const [head = "", tail] = key.split(".");
    if (tail === undefined) overrides[head] = value;
    else overrides[head] = { ...(overrides[head] as Record<string, Json> | undefined), [tail]: value };
  }
  return overrides;
}
