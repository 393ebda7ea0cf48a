/**
 * @file What a cell space may say in JSON or YAML, without code: operations by name, the cells that choose among them, and the skeleton that they are
 * stacked on. The published JSON Schema (docs/schemas/cell-space.schema.json) is made of this and of nothing else, so an editor and the loader agree.
 */
import { z } from "zod";
import { numberBetween, oneOf, wholeNumber, yesOrNo } from "../../data/options.ts";

/** An object of exactly these keys. Messages complete "Expected …". */
function record<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, `an object with ${Object.keys(shape).join(", ")}`);
}

const nameText = "a name of letters, digits, _ and -";
/** As decisions are named: `declaration.ts` says why. */
const name = z
  .string(nameText)
  .regex(/^(?!__proto__$)[\w-]+$/, nameText)
  .meta({ id: "name" });

const kernel = wholeNumber(1).describe("Side of the window, in pixels.");
const dilation = wholeNumber(1)
  .describe("Pixels from one row or column of the window to the next. Default 1.")
  .optional();

const identity = record({ kind: z.literal("identity") }).meta({
  id: "identity",
  description: "Passes its input on; where stride or channels forbid that, activation, 1x1 convolution and batch norm.",
});
const none = record({ kind: z.literal("none") }).meta({
  id: "none",
  description: "Zeros: as if the edge were not there.",
});
const conv = record({ kind: z.literal("conv"), kernel, dilation }).meta({
  id: "conv",
  description: "Activation, convolution, batch norm.",
});
const factorized = record({ kind: z.literal("factorized"), kernel }).meta({
  id: "factorized",
  description: "A 1 x kernel convolution and then a kernel x 1, each with its activation and batch norm.",
});
const separable = record({
  kind: z.literal("separable"),
  kernel,
  dilation,
  repeats: wholeNumber(1).describe("How often it is applied. Default 2, as in NASNet.").optional(),
}).meta({ id: "separable", description: "A depthwise and a 1x1 convolution with one activation and batch norm." });
const maxPool = record({ kind: z.literal("max-pool"), kernel }).meta({
  id: "max-pool",
  description: "The largest of each window.",
});
const avgPool = record({ kind: z.literal("avg-pool"), kernel }).meta({
  id: "avg-pool",
  description: "The mean of each window, padding not counted.",
});

const kinds = [identity, none, conv, factorized, separable, maxPool, avgPool] as const;
const kindText = (names: readonly string[]): string =>
  `an operation whose kind is one of ${names.map((each) => JSON.stringify(each)).join(", ")}`;
const simpleNames = kinds.map(({ shape }) => shape.kind.value);
const layer = z.discriminatedUnion("kind", kinds, kindText(simpleNames));

/** One of the operations that a file may name. */
const operation = z.discriminatedUnion(
  "kind",
  [
    ...kinds,
    record({
      kind: z.literal("sequence"),
      layers: z
        .array(layer, "a list of operations")
        .min(1, "at least one operation")
        .describe("In order; a stride is the first one's."),
    }).meta({ id: "sequence", description: "An operation of your own: others, one after another." }),
  ],
  kindText([...simpleNames, "sequence"]),
);

const combiners = z
  .array(oneOf(["add", "concat"]), 'a list of "add" and "concat"')
  .min(1, "at least one combiner")
  .describe(
    'How the two results of a block become one. Default ["add"]; with a single one there is nothing to decide.',
  );

const cell = record({
  blocks: wholeNumber(1, 20).describe(
    "B in the NASNet paper: each takes two earlier states and an operation for either.",
  ),
  combiners: combiners.optional(),
  operations: z
    .array(name, "a list of operations by name")
    .min(1, "at least one operation")
    .describe("Those that this cell may choose. Default all.")
    .optional(),
}).meta({ id: "cell" });

const block = record({
  leftInput: wholeNumber(0).describe("0 the cell's current input, 1 the previous cell's, 2 + b the output of block b."),
  rightInput: wholeNumber(0),
  leftOperation: name,
  rightOperation: name,
  combiner: oneOf(["add", "concat"]).describe("Default the cell's first.").optional(),
}).meta({ id: "block" });
const namedCell = record({ blocks: z.array(block, "a list of blocks") });

const side = wholeNumber(1);
const skeleton = record({
  input: z
    .tuple([side, side, side], "a list of height, width, channels")
    .describe("Height, width, channels. Default [32, 32, 3]."),
  classes: wholeNumber(1).describe("Default 10."),
  cellsPerStack: wholeNumber(1).describe("N in the paper: Normal cells in each stack. Default 2."),
  filters: wholeNumber(1).describe("F: filters of the first stack's cells; each reduction doubles them. Default 16."),
  stacks: wholeNumber(1).describe("Stacks of Normal cells; a Reduction cell stands between two. Default 3."),
  stem: oneOf(["cifar", "imagenet"]).describe(
    "cifar: one 3x3 convolution. imagenet: an eighth of the size. Default cifar.",
  ),
  stemMultiplier: z
    .number("a number above 0")
    .positive("a number above 0")
    .describe("Filters of the stem: times F for cifar, times 32 for imagenet. Default 3."),
  skipReductionLayerInput: yesOrNo().describe(
    "Whether a cell after a reduction gets as previous what the reduction itself got. Default false.",
  ),
  auxiliary: yesOrNo().describe("Whether there is an auxiliary head, for training only. Default false."),
  dropPath: yesOrNo().describe(
    "Whether operations' results are dropped in training; the rate is the recipe's. Default true.",
  ),
  dropout: numberBetween(0, 1).describe("Rate before the classifier. Default 0."),
  batchNorm: record({
    epsilon: z.number("a number above 0").positive("a number above 0"),
    momentum: numberBetween(0, 1),
  }),
}).partial();

/** The whole file. */
export const cellSpaceSchema = record({
  $schema: z.string("the address of a JSON Schema").describe("For editors; not read.").optional(),
  name: name.describe("Names the space in studies and reports."),
  version: wholeNumber(1)
    .describe("Goes up when a stored candidate would become another network. Default 1.")
    .optional(),
  operations: z
    .record(name, operation, "an object from name to operation")
    .refine((value) => Object.keys(value).length > 0, "at least one operation")
    .describe(
      "What the cells choose among, by names of your own. The one called identity is never dropped in training.",
    ),
  cells: record({
    normal: cell.describe("Keeps the size of the image."),
    reduction: cell
      .describe("Halves it. Default: the normal cell, with stride 2, and nothing of its own to decide.")
      .optional(),
  }),
  skeleton: skeleton.describe("What is given, not searched. A study may override single keys.").optional(),
  named: z
    .record(name, record({ normal: namedCell, reduction: namedCell.optional() }), "an object from name to cells")
    .describe("Candidates worth a name.")
    .optional(),
});

/** A cell space as its file says it. */
export type CellSpaceFile = z.infer<typeof cellSpaceSchema>;

/** One operation as a file says it. */
export type OperationFile = z.infer<typeof operation>;

/** Returns the JSON Schema (draft 2020-12) of such a file. */
export function cellSpaceJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(cellSpaceSchema, { io: "input" });
  return {
    $schema,
    title: "Cellwright cell space",
    description: "Operations, cells and skeleton of a search space, without code.",
    ...rest,
  };
}
