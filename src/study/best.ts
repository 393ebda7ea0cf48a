/** @file The winner's folder, `best/`: genotype, network, PyTorch code, weights and model card. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CellwrightError, expected } from "../base/errors.ts";
import { describeGenotype } from "../../search-spaces/index.ts";
import { decodeSafetensors, exportPyTorch, type CardResult } from "../export/index.ts";
import { initializeWeights, serializeNetwork, weightSpecs } from "../network/index.ts";
import type { Network, Weights } from "../network/network.ts";
import type { RetrainRecord } from "../storage/storage.ts";
import { writeFolderAtomic } from "./atomic-files.ts";
import type { RankedTrial } from "./ranking.ts";
import { retrainDir } from "./retrain.ts";
import type { Study } from "./study.ts";

export interface BestModel {
  readonly ranked: RankedTrial;
  readonly network: Network;
  readonly weights: Weights;
  /** Which retraining the weights are from, or undefined: the weights are the seed's, untrained. */
  readonly retraining: RetrainRecord | undefined;
  readonly preprocessing: Preprocessing | undefined;
}

/** Returns a trial's network with the weights of its best retraining, or untrained ones if it has none. `number` absent: the winner. Throws `config` if there is no complete trial. */
export async function loadModel(study: Study, number?: number): Promise<BestModel> {
  const top = await study.top();
  const ranked = number === undefined ? top[0] : top.find((entry) => entry.trial.number === number);
  if (ranked === undefined)
    throw new CellwrightError(
      "config",
      expected(
        `study ${study.name}`,
        number === undefined ? "at least one complete trial" : `a complete trial ${number}`,
        "none",
      ),
    );
  const network = study.definition.space.decode(ranked.trial.proposal.genotype, study.definition.skeleton)
    .network as Network;
  const sign = study.objectives[0]?.direction === "minimize" ? -1 : 1;
  const retrainings = (await study.storage.retrains())
    .filter((record) => record.trial === ranked.trial.number && record.state === "complete")
    .toSorted((a, b) => sign * ((b.values?.[0] ?? 0) - (a.values?.[0] ?? 0)));
  for (const retraining of retrainings) {
    const read = await readWeights(
      join(retrainDir(study.dir, ranked.trial.number, retraining.seed), "weights.safetensors"),
      network,
    );
    if (read !== undefined) return { ranked, network, ...read, retraining };
  }
  return {
    ranked,
    network,
    weights: initializeWeights(network, ranked.trial.seed),
    preprocessing: undefined,
    retraining: undefined,
  };
}

/** Reads and checks a weights file. Undefined if it is not there; throws `data` if it does not fit the network. */
async function readWeights(
  file: string,
  network: Network,
): Promise<{ weights: Weights; preprocessing: Preprocessing | undefined } | undefined> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new CellwrightError("data", `${file}: ${error.message}`, { cause: error });
  });
  if (bytes === undefined) return undefined;
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const weights = new Map<string, Float32Array>();
  for (const spec of weightSpecs(network)) {
    const tensor = tensors.get(spec.name);
    if (tensor === undefined || tensor.shape.join() !== spec.shape.join())
      throw new CellwrightError(
        "data",
        expected(
          `${file}: ${spec.name}`,
          `a tensor [${spec.shape.join(", ")}]`,
          tensor === undefined ? undefined : tensor.shape,
        ),
      );
    weights.set(spec.name, tensor.data);
  }
  return { weights, preprocessing: readPreprocessing(metadata["preprocessing"], file) };
}

/** Returns the PyTorch export of a model: files by relative path. */
export function exportModel(study: Study, model: BestModel): Map<string, string | Uint8Array> {
  const { ranked, network, weights, retraining, preprocessing } = model;
  const { trial } = ranked;
  const objective = study.objectives[0]?.name ?? "value";
  const results: CardResult[] = [];
  if (ranked.retrainedMean !== undefined)
    results.push({
      what: `validation ${objective} after retraining`,
      mean: ranked.retrainedMean,
      seeds: ranked.retrained.length,
      ...spread(ranked.retrained),
    });
  if (trial.values?.[0] !== undefined)
    results.push({ what: `validation ${objective} in the search (proxy)`, mean: trial.values[0], seeds: 1 });
  return exportPyTorch(network, weights, {
    name: `${study.definition.space.name}-${study.name}-${trial.number}`,
    description: `Found by Cellwright: trial ${trial.number} of the study ${study.name}, space ${study.definition.space.name}, ${study.facts.controller}.`,
    ...(preprocessing && {
      normalization: { mean: preprocessing.mean, std: preprocessing.std },
      classes: preprocessing.classes,
    }),
    card: {
      data: study.facts.data,
      results,
      genotype: describeGenotype(study.definition.space, trial.proposal.genotype),
      training:
        retraining === undefined
          ? "untrained: the study has not retrained this trial yet"
          : `retrained for ${retraining.epochs} epochs, seed ${retraining.seed}`,
    },
  });
}

/** Writes `best/` anew, whole. Returns its path. */
export async function writeBest(study: Study): Promise<{ dir: string; model: BestModel }> {
  const model = await loadModel(study);
  const { space } = study.definition;
  const files = exportModel(study, model);
  files.set(
    "genotype.json",
    `${JSON.stringify({ space: space.name, version: space.version, skeleton: { ...space.skeleton, ...study.definition.skeleton }, genotype: model.ranked.trial.proposal.genotype }, null, 2)}\n`,
  );
  files.set("network.json", serializeNetwork(model.network));
  const dir = join(study.dir, "best");
  await writeFolderAtomic(dir, files);
  return { dir, model };
}

function spread(values: readonly number[]): { deviation?: number } {
  if (values.length < 2) return {};
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) };
}

const preprocessingSchema = z.object({
  mean: z.array(z.number()),
  std: z.array(z.number()),
  classes: z.array(z.string()),
});

/** What the training subtracted, divided by and predicted, as it is kept in the weights file's metadata. */
export type Preprocessing = z.infer<typeof preprocessingSchema>;

function readPreprocessing(text: string | undefined, file: string): Preprocessing | undefined {
  if (text === undefined) return undefined;
  try {
    return preprocessingSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CellwrightError(
      "data",
      expected(`${file}: metadata preprocessing`, "mean, std and classes as JSON", text),
      { cause: error },
    );
  }
}
