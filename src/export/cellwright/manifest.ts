/**
 * @file model.json of a Cellwright model: what the folder holds, and everything about the model that network and weights don't tell. The published JSON Schema
 * (docs/schemas/model.schema.json) is made of this, so an editor and the reader agree.
 */
import { z } from "zod";
import { CellwrightError, describe, expected } from "../../base/errors.ts";
import type { ExportOptions } from "../exporter.ts";

/** What `format` says in every version. */
export const FORMAT = "cellwright-model";
/** The version that is written. Older ones are read (see read.ts). */
export const FORMAT_VERSION = 1;

const text = z.string("a text");
const numbers = z.array(z.number("a number"), "a list of numbers");
const count = z.number("a whole number of 0 or more").int("a whole number").min(0, "a whole number of 0 or more");

function record<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, `an object with ${Object.keys(shape).join(", ")}`);
}

const cardResult = record({
  what: text,
  mean: z.number("a number"),
  deviation: z.number("a number").optional(),
  seeds: count,
});

const card = record({
  task: text.optional(),
  data: text.optional(),
  training: text.optional(),
  recipe: text.optional(),
  results: z.array(cardResult, "a list of results").optional(),
  latency: text.optional(),
  search: text.optional(),
  genotype: text.optional(),
  drawing: text.optional(),
  licence: text.optional(),
  more: z.record(z.string(), text, "an object of texts").optional(),
});

const weights = record({
  file: z.literal("weights.safetensors", '"weights.safetensors"'),
  sha256: z
    .string("64 hex digits")
    .regex(/^[0-9a-f]{64}$/, "64 hex digits")
    .describe("Of the file's bytes."),
});

/** The whole file. */
export const manifestSchema = record({
  $schema: text.describe("For editors; not read.").optional(),
  format: z.literal(FORMAT, `"${FORMAT}"`),
  formatVersion: z.literal(FORMAT_VERSION, String(FORMAT_VERSION)),
  name: text.min(1, "a name").optional().describe("Default: the network's name."),
  description: text.optional(),
  preprocessing: record({
    mean: numbers.describe("Per channel, on the scale 0 to 1: subtracted after bytes are divided by 255."),
    std: numbers.describe("Per channel: divided by, after that."),
  })
    .optional()
    .describe("Absent: bytes are divided by 255 and no more."),
  classes: z.array(text, "a list of names").optional().describe("Class names, in the order of the logits."),
  epochs: count.optional().describe("Epochs that the weights were trained for. Absent: they are first values."),
  card: card.optional().describe("What the model card says besides."),
  counts: record({
    params: count.describe("Trainable parameters."),
    total: count.describe("With the moving statistics of batch normalisation."),
    macs: count.describe("Multiply-accumulates for one image."),
  }),
  network: z.literal("network.json", '"network.json"'),
  weights: weights.optional().describe("Absent: the model is an architecture alone."),
  genotype: z.literal("genotype.json", '"genotype.json"').optional().describe("Absent: the network is of no space."),
});

/** A Cellwright model's model.json. */
export type Manifest = z.infer<typeof manifestSchema>;

/** genotype.json: what was decided, and in which space. */
export const candidateSchema = record({
  space: text.min(1, "a name"),
  version: count,
  skeleton: z.record(z.string(), z.json("JSON"), "an object").describe("Laid over the space's default skeleton."),
  genotype: z.record(z.string(), z.number("a number"), "an object from decision path to number"),
});

/** Returns `value` checked by `schema`. Throws `data` with a line for each problem: `model.json: card.results[0].mean  Expected a number. Received: "high".` */
export function checked<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => `${placeIn(file, [...issue.path, key])}  Expected no such key.`);
    return [`${placeIn(file, issue.path)}  Expected ${issue.message}. Received: ${describe(at(value, issue.path))}.`];
  });
  throw new CellwrightError("data", lines.join("\n"), { cause: result.error });
}

/** Returns the value of a JSON file. Throws `data` naming it. */
export function parsedJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    const start = new TextDecoder().decode(bytes.subarray(0, 60));
    throw new CellwrightError("data", expected(file, "JSON", start), { cause });
  }
}

/** Returns the JSON Schema (draft 2020-12) of model.json. */
export function manifestJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(manifestSchema, { io: "input" });
  return {
    $schema,
    title: "Cellwright model",
    description: "model.json of a model that `cellwright export --to cellwright` writes and `cellwright import` reads.",
    ...rest,
  };
}

/** A card in the order in which it is read back, so that what is read is written the same. */
function inOrder(facts: NonNullable<ExportOptions["card"]>): Manifest["card"] {
  const given: Readonly<Record<string, unknown>> = { ...facts };
  const keys = Object.keys(card.shape).filter((key) => given[key] !== undefined);
  return Object.fromEntries(keys.map((key) => [key, given[key]])) as Manifest["card"];
}

/** What an export's options are in the manifest's own keys. */
export function manifestOptions(options: ExportOptions): Partial<Manifest> {
  const { name, description, normalization, classes, epochs, card: facts } = options;
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(normalization !== undefined && {
      preprocessing: { mean: [...normalization.mean], std: [...normalization.std] },
    }),
    ...(classes !== undefined && { classes: [...classes] }),
    ...(epochs !== undefined && { epochs }),
    ...(facts !== undefined && { card: inOrder(facts) }),
  };
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

function placeIn(file: string, path: readonly PropertyKey[]): string {
  const inside = path.reduce<string>(
    (all, key) => (typeof key === "number" ? `${all}[${key}]` : all === "" ? String(key) : `${all}.${String(key)}`),
    "",
  );
  return inside === "" ? file : `${file}: ${inside}`;
}
