/** @file The flags of `train`: each a key of a training's options, or of its recipe, laid over the file's. */
import { Option, type Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import { engineChoices } from "../../engines/choose.ts";
import { datasetNames } from "../../data/named.ts";
import type { TrainingOptions } from "../../study/training/options.ts";
import { optimizerNames, recipeNames, recipeSources, scheduleNames, type Recipe } from "../../training/index.ts";
import { numberFlag, wholeNumberFlag, wordFlag } from "../numbers.ts";

interface TrainFlag {
  /** Path of the key: `epochs`, or `recipe.learningRate`. */
  readonly key: string;
  readonly flags: string;
  readonly what: string;
  readonly parse: (text: string) => unknown;
}

const yesNo =
  (flag: string) =>
  (text: string): boolean =>
    wordFlag(flag, ["yes", "no"])(text) === "yes";

const asText = (text: string): string => text;

/** `filters=32,cellsPerStack=6,auxiliary=true`. */
function skeletonFlag(text: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const at = part.indexOf("=");
      if (at <= 0) throw new CellwrightError("config", expected("--skeleton", "key=value, parted by commas", text));
      const value = part.slice(at + 1).trim();
      try {
        return [part.slice(0, at).trim(), JSON.parse(value) as unknown];
      } catch {
        return [part.slice(0, at).trim(), value];
      }
    }),
  );
}

const general: readonly TrainFlag[] = [
  {
    key: "name",
    flags: "--name <name>",
    what: "folder under --results; default the network's and the data set's names",
    parse: asText,
  },
  {
    key: "dataset",
    flags: "--dataset <name>",
    what: `${datasetNames.join(", ")}, or a folder (of pictures, a subfolder for each class, or of MNIST's four files); default what fits the network's images: mnist for grey ones, cifar-10 or cifar-100 for 32x32 in colour`,
    parse: asText,
  },
  {
    key: "imageSize",
    flags: "--image-size <pixels>",
    what: "side that a folder's pictures are decoded to, the network's input with them; default what the network was made for",
    parse: wholeNumberFlag("--image-size", 1),
  },
  { key: "train", flags: "--train <n>", what: "training images; default all", parse: wholeNumberFlag("--train", 10) },
  {
    key: "validation",
    flags: "--validation <n>",
    what: "images held out of training to judge epochs by; 0 trains on all and shows the test split's accuracy instead, which then chooses nothing; default 5,000",
    parse: wholeNumberFlag("--validation", 0),
  },
  {
    key: "skeleton",
    flags: "--skeleton <keys>",
    what: "size of a space's candidate: cellsPerStack=6,filters=32,auxiliary=true; default the space's own",
    parse: skeletonFlag,
  },
  {
    key: "epochs",
    flags: "--epochs <n>",
    what: "length; default what the recipe was made for",
    parse: wholeNumberFlag("--epochs", 1),
  },
  {
    key: "seed",
    flags: "--seed <n>",
    what: "seed of weights, order, crops and masks; default 0",
    parse: wholeNumberFlag("--seed", 0),
  },
  {
    key: "engine",
    flags: "--engine <name>",
    what: `${engineChoices.join(", ")}; default auto: the fastest there is`,
    parse: wordFlag("--engine", engineChoices),
  },
  {
    key: "maxMemory",
    flags: "--max-memory <bytes>",
    what: "memory of the training (4Gi): where a batch does not fit, it is halved until it does and its parts' gradients averaged; default 3/4 of the machine's",
    parse: numberFlag("--max-memory", { above: 0 }),
  },
  {
    key: "microBatch",
    flags: "--micro-batch <n>",
    what: "images at once, whatever fits: the batch's gradients are averaged over such parts; default the batch",
    parse: wholeNumberFlag("--micro-batch", 1),
  },
  {
    key: "teacher",
    flags: "--teacher <dir>",
    what: "folder of a trained network (results/big): its soft targets are mixed with the labels (distillation); default none",
    parse: asText,
  },
];

const RECIPE_HEADING = "Recipe (keys recipe.…; each default is the recipe's):";

const recipe: readonly TrainFlag[] = (
  [
    ["optimizer", "<name>", optimizerNames.join(", "), wordFlag("--optimizer", optimizerNames)],
    ["batchSize", "<n>", "images of one update", wholeNumberFlag("--batch-size", 1)],
    ["learningRate", "<x>", "peak of the schedule", numberFlag("--learning-rate", { min: 0 })],
    ["finalLearningRate", "<x>", "where it ends", numberFlag("--final-learning-rate", { min: 0 })],
    ["schedule", "<name>", scheduleNames.join(", "), wordFlag("--schedule", scheduleNames)],
    [
      "warmupEpochs",
      "<n>",
      "linear growth to the peak: large rates diverge on first values",
      numberFlag("--warmup-epochs", { min: 0 }),
    ],
    [
      "decayEpochs",
      "<n>",
      "epochs between the falls of step and exponential",
      numberFlag("--decay-epochs", { above: 0 }),
    ],
    ["decayRate", "<x>", "by which they fall", numberFlag("--decay-rate", { above: 0, max: 1 })],
    ["momentum", "<x>", "of SGD and RMSProp; AdamW's beta1", numberFlag("--momentum", { min: 0, max: 1 })],
    ["nesterov", "<yes|no>", "the gradient where momentum leads to: SGD alone", yesNo("--nesterov")],
    ["squareDecay", "<x>", "RMSProp's rho, AdamW's beta2", numberFlag("--square-decay", { min: 0, max: 1 })],
    ["epsilon", "<x>", "of RMSProp and AdamW", numberFlag("--epsilon", { above: 0, max: 1 })],
    [
      "weightDecay",
      "<x>",
      "of kernels; biases and batch norm do not decay",
      numberFlag("--weight-decay", { min: 0, max: 1 }),
    ],
    [
      "labelSmoothing",
      "<x>",
      "share of the labels given to all classes",
      numberFlag("--label-smoothing", { min: 0, max: 1 }),
    ],
    ["mixup", "<alpha>", "images and labels mixed in pairs; 0 for none", numberFlag("--mixup", { min: 0 })],
    ["cutout", "<pixels>", "side of a square set to the mean; 0 for none", wholeNumberFlag("--cutout", 0)],
    [
      "cropPadding",
      "<pixels>",
      "around an image before a random crop; 0 for none",
      wholeNumberFlag("--crop-padding", 0),
    ],
    ["flip", "<yes|no>", "mirrors half of the images: not for digits", yesNo("--flip")],
    [
      "autoAugment",
      "<yes|no>",
      "AutoAugment's policy for CIFAR-10, after crop and mirror: colour images alone",
      yesNo("--auto-augment"),
    ],
    [
      "dropPathRate",
      "<x>",
      "at the end of training, for networks that have drop path",
      numberFlag("--drop-path-rate", { min: 0, max: 0.95 }),
    ],
    [
      "dropout",
      "<x>",
      "before the classifier; 0 as the network has it",
      numberFlag("--dropout", { min: 0, max: 0.95 }),
    ],
    [
      "auxiliaryWeight",
      "<x>",
      "of the auxiliary head's loss, for networks that have one",
      numberFlag("--auxiliary-weight", { min: 0 }),
    ],
    [
      "emaDecay",
      "<x>",
      "keeps an average of the weights and tests it; 0 for none",
      numberFlag("--ema-decay", { min: 0, max: 0.999999 }),
    ],
    ["clipNorm", "<x>", "largest norm of the gradient; 0 for any", numberFlag("--clip-norm", { min: 0 })],
    ["zeroLastGamma", "<yes|no>", "begins residual branches at nothing", yesNo("--zero-last-gamma")],
    ["distillWeight", "<x>", "share of the teacher's targets", numberFlag("--distill-weight", { min: 0, max: 1 })],
    ["distillTemperature", "<x>", "softens them", numberFlag("--distill-temperature", { above: 0 })],
  ] as const satisfies readonly (readonly [keyof Recipe, string, string, (text: string) => unknown])[]
).map(([key, argument, what, parse]) => ({
  key: `recipe.${key}`,
  flags: `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${argument}`,
  what,
  parse,
}));

/** Adds the flags that decide a run's bits: those that a resume reads from the run instead. */
export function withTrainFlags(command: Command): Command {
  const names = recipeNames.map((name) => `${name} (${recipeSources[name].source})`).join("; ");
  const add = ({ key, flags, what, parse }: TrainFlag, isRecipe: boolean): void => {
    const option = new Option(flags, isRecipe ? what : `${what} (key ${key})`).argParser(parse);
    command.addOption(isRecipe ? option.helpGroup(RECIPE_HEADING) : option);
  };
  for (const flag of general) add(flag, false);
  command.addOption(
    new Option("--recipe <name>", `${names}; default bag-of-tricks, for grey images lenet-mnist (key recipe)`)
      .argParser(wordFlag("--recipe", recipeNames))
      .helpGroup(RECIPE_HEADING),
  );
  for (const flag of recipe) add(flag, true);
  return command;
}

/** Returns a file's options with the flags that were given laid over them. */
export function withGivenFlags(base: TrainingOptions, given: Readonly<Record<string, unknown>>): TrainingOptions {
  const valueOf = ({ flags }: TrainFlag): unknown => given[new Option(flags).attributeName()];
  const top = Object.fromEntries(
    general.map((flag) => [flag.key, valueOf(flag)] as const).filter(([, value]) => value !== undefined),
  );
  const changes = Object.fromEntries(
    recipe
      .map((flag) => [flag.key.slice("recipe.".length), valueOf(flag)] as const)
      .filter(([, value]) => value !== undefined),
  );
  const named = given["recipe"] as string | undefined;
  const before = typeof base.recipe === "string" ? { preset: base.recipe } : (base.recipe ?? {});
  // Another recipe by flag is that recipe: a file's changes were to its own.
  const merged = { ...(named === undefined ? before : { preset: named }), ...changes };
  return { ...base, ...top, ...(Object.keys(merged).length > 0 && { recipe: merged }) };
}

/** Returns the flags of those that were given that a resume does not take, as they are typed. */
export function givenFlags(given: Readonly<Record<string, unknown>>): readonly string[] {
  return [...general, ...recipe, { flags: "--recipe <name>" }].flatMap(({ flags }) =>
    given[new Option(flags).attributeName()] === undefined ? [] : [flags.split(" ")[0] ?? flags],
  );
}
