/** @file What `cellwright train` left, as a subject: the network with its weights and all that its card can say. */
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { CellwrightError } from "../base/errors.ts";
import { formatCount } from "../base/units.ts";
import { DATABASE } from "../study/training/open.ts";
import { readTrained } from "../study/training/trained.ts";
import { recipeNames, recipeSources } from "../training/index.ts";
import { preprocessing } from "./candidates.ts";
import type { Subject } from "./subject.ts";

/** Of `summary.json`, what a model card says. */
const summarySchema = z.object({
  network: z.object({ name: z.string() }),
  data: z.object({ name: z.string(), train: z.number() }),
  recipe: z.object({ preset: z.string() }),
  epochs: z.number(),
  seed: z.number(),
  engine: z.string(),
  test: z.object({ images: z.number(), accuracy: z.number() }),
});

/** Returns where a training run is: under `results` by its name, or a folder by its path; undefined where there is none. */
export async function findRunFolder(target: string, results: string): Promise<string | undefined> {
  const isRun = async (dir: string): Promise<boolean> =>
    await stat(join(dir, DATABASE)).then(
      (file) => file.isFile(),
      () => false,
    );
  if (target === "") return undefined;
  const kept = join(results, target);
  if (!target.includes("/") && (await isRun(kept))) return kept;
  return (await isRun(target)) ? target : undefined;
}

/** Reads a finished run. Throws `config` for one that is not finished, `data` naming the file that is broken. */
export async function readRun(dir: string): Promise<Subject> {
  const file = join(dir, "summary.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined)
    throw new CellwrightError(
      "config",
      `${dir}  Expected a training that is finished. Received: one that is not. Go on with it by \`cellwright train --resume ${dir}\`.`,
    );
  const { network, weights, metadata } = await readTrained(dir, dir);
  const summary = parsed(text, file);
  const { mean, std, classes } = preprocessing(metadata["preprocessing"]);
  const { data, recipe, epochs, seed, engine, test } = summary;
  const lasted = `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
  const name = basename(dir);
  const preset = recipeNames.find((one) => one === recipe.preset);
  const source = preset === undefined ? "" : ` (${recipeSources[preset].source})`;
  return {
    name,
    subtitle: `${summary.network.name} trained on ${data.name} for ${lasted}`,
    folder: dir,
    network: () => network,
    model: {
      weights,
      options: {
        name,
        description: `${summary.network.name}, trained on ${data.name} for ${lasted}.`,
        epochs,
        ...(mean !== undefined && std !== undefined && { normalization: { mean, std } }),
        ...(classes !== undefined && { classes }),
        card: {
          data: `${data.name}, ${formatCount(data.train)} training images`,
          training: `${lasted}, seed ${seed}, ${engine}`,
          recipe: `${recipe.preset}${source}`,
          results: [{ what: `accuracy on ${formatCount(test.images)} test images`, mean: test.accuracy, seeds: 1 }],
        },
      },
    },
  };
}

function parsed(text: string, file: string): z.infer<typeof summarySchema> {
  try {
    return summarySchema.parse(JSON.parse(text));
  } catch (error) {
    const received = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new CellwrightError("data", `${file}  Expected the summary of a training. Received: ${received}.`, {
      cause: error,
    });
  }
}
