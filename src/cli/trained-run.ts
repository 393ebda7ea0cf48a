/** @file What `cellwright train` left, as a subject: the network with its weights and all that its card can say. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { CellwrightError } from "../base/errors.ts";
import { formatCount, formatEpochs } from "../base/units.ts";
import { DATABASE } from "../study/training/open.ts";
import { trainingStanding, type TrainingStanding } from "../study/training/standing.ts";
import { readTrainingFacts } from "../study/training/summary.ts";
import { readTrained } from "../study/training/trained.ts";
import { recipeText } from "../training/index.ts";
import { preprocessing } from "./candidates.ts";
import { candidateOf } from "./models.ts";
import { foldersWith } from "./open-study.ts";
import type { Subject } from "./subject.ts";

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

/** Returns the training runs of a folder, the latest changed first, and what is wrong with those that can't be read. */
export async function trainingRuns(
  results: string,
): Promise<{ readonly runs: readonly TrainingStanding[]; readonly broken: readonly unknown[] }> {
  const runs: TrainingStanding[] = [];
  const broken: unknown[] = [];
  for (const name of await foldersWith(DATABASE, results)) {
    try {
      const standing = trainingStanding(join(results, name));
      if (standing !== undefined) runs.push(standing);
    } catch (error) {
      broken.push(error);
    }
  }
  return { runs, broken };
}

/** Returns how far a run is, by its name under `results` or its folder; undefined where there is none. Throws `storage` for a broken one. */
export async function findStanding(target: string, results: string): Promise<TrainingStanding | undefined> {
  const dir = await findRunFolder(target, results);
  return dir === undefined ? undefined : trainingStanding(dir);
}

/** Reads a finished run. Throws `config` for one that is not finished, `data` naming the file that is broken. */
export async function readRun(dir: string): Promise<Subject> {
  const facts = await readTrainingFacts(dir);
  if (facts === undefined)
    throw new CellwrightError(
      "config",
      `${dir}  Expected a training that is finished. Received: one that is not. Go on with it by \`cellwright train --resume ${dir}\`.`,
    );
  const { network, weights, metadata } = await readTrained(dir, dir);
  const { mean, std, classes } = preprocessing(metadata["preprocessing"]);
  const { data, recipe, epochs, seed, engine, test, origin } = facts;
  const lasted = formatEpochs(epochs);
  const name = basename(dir);
  const candidate = origin?.candidate;
  const known = candidateOf({ network, options: candidate ? { candidate } : {} }, dir, join(dir, "summary.json"));
  return {
    name,
    foundBy: async () => origin?.foundBy ?? `not known: ${join(dir, "summary.json")} does not say`,
    ...(typeof known !== "string" && { candidate: known }),
    subtitle: `${facts.network.name} trained on ${data.name} for ${lasted}`,
    folder: dir,
    network: () => network,
    model: {
      weights,
      options: {
        name,
        description: `${facts.network.name}, trained on ${data.name} for ${lasted}.`,
        epochs,
        ...(mean !== undefined && std !== undefined && { normalization: { mean, std } }),
        ...(classes !== undefined && { classes }),
        ...(candidate !== undefined && { candidate }),
        card: {
          data: `${data.name}, ${formatCount(data.train)} training images`,
          training: `${lasted}, seed ${seed}, ${engine}`,
          recipe: recipeText(recipe) ?? recipe.preset,
          results: [{ what: `accuracy on ${formatCount(test.images)} test images`, mean: test.accuracy, seeds: 1 }],
        },
      },
    },
  };
}
