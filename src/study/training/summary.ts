/** @file What a finished training says of itself, read back: the part of `summary.json` that others need. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CellwrightError } from "../../base/errors.ts";
import { originSchema } from "./config.ts";

const schema = z.object({
  network: z.object({ name: z.string() }),
  data: z.object({ name: z.string(), train: z.number() }),
  recipe: z.looseObject({ preset: z.string() }),
  epochs: z.number(),
  seed: z.number(),
  engine: z.string(),
  test: z.object({ images: z.number(), accuracy: z.number() }),
  origin: originSchema.optional(),
});

/** What was trained on how many images, by which recipe, and its accuracy on the test images. */
export type TrainingFacts = z.infer<typeof schema>;

/** Reads a run's summary; undefined where the training has not come to its end. Throws `data` naming the file where it is broken. */
export async function readTrainingFacts(dir: string): Promise<TrainingFacts | undefined> {
  const file = join(dir, "summary.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const received = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new CellwrightError("data", `${file}  Expected the summary of a training. Received: ${received}.`, {
      cause: error,
    });
  }
}
