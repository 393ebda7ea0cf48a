/**
 * @file A training that can go on: weights, what the optimizer keeps beside them, their average where there is one, and how far it came, in one
 * safetensors file. Written under a temporary name and
 * renamed, so a file under its own name is whole, whenever the process was killed. 32-bit values are kept as they are: a resumed training
 * has the same bits as one that was not interrupted.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { CellwrightError, messageOf } from "../base/errors.ts";
import type { SessionState } from "../engines/engine.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../export/index.ts";
import { weightSpecs, type Network, type Weights, type WeightSpec } from "../network/index.ts";
import { writeWhole } from "../storage/whole-files.ts";

/** One epoch's figures. */
export interface EpochSummary {
  /** From 1. */
  readonly epoch: number;
  /** Means over the epoch's training batches. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** On the evaluated split. */
  readonly loss: number;
  readonly accuracy: number;
}

/** What is done of an epoch that is not over: sums over its training batches so far. */
export interface EpochPart {
  /** Batches trained on. */
  readonly steps: number;
  /** Of each batch's mean loss times its size. */
  readonly lossSum: number;
  readonly correct: number;
  /** Images. */
  readonly seen: number;
}

export interface Checkpoint {
  /** What it is a training of; one of another identity is not gone on with. */
  readonly identity: string;
  /** Finished epochs, in order. */
  readonly history: readonly EpochSummary[];
  /** Where it was taken in the middle of an epoch: the one after `history`. */
  readonly part?: EpochPart;
  readonly state: SessionState;
}

const historySchema = z.array(
  z.object({
    epoch: z.number(),
    trainLoss: z.number(),
    trainAccuracy: z.number(),
    loss: z.number(),
    accuracy: z.number(),
  }),
);

const partSchema = z.object({ steps: z.number(), lossSum: z.number(), correct: z.number(), seen: z.number() });

function tensorsOf(network: Network, prefix: string, values: Weights): [string, SafetensorsTensor][] {
  return weightSpecs(network).flatMap(({ name, shape }) => {
    const data = values.get(name);
    return data === undefined ? [] : [[prefix + name, { shape, data }] as [string, SafetensorsTensor]];
  });
}

/** What the images were divided by in training, and their classes: a model is of no use without. */
export interface WeightsPreprocessing {
  /** Per channel, on the scale 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly classes: readonly string[];
}

/**
 * Writes trained weights as `weights.safetensors` files are: by weight name, in the order of `weightSpecs`; the preprocessing as JSON text in
 * the metadata under `preprocessing`.
 */
export async function writeWeights(
  file: string,
  network: Network,
  weights: Weights,
  preprocessing?: WeightsPreprocessing,
): Promise<void> {
  const metadata = {
    network: network.name,
    ...(preprocessing && { preprocessing: JSON.stringify(preprocessing) }),
  };
  await writeWhole(file, encodeSafetensors(new Map(tensorsOf(network, "", weights)), metadata));
}

export async function writeCheckpoint(file: string, network: Network, checkpoint: Checkpoint): Promise<void> {
  const { weights, slots, average } = checkpoint.state;
  const tensors = new Map([
    ...tensorsOf(network, "weights/", weights),
    ...[...slots].flatMap(([slot, values]) => tensorsOf(network, `${slot}/`, values)),
    ...(average ? tensorsOf(network, "average/", average) : []),
  ]);
  const metadata = {
    identity: checkpoint.identity,
    history: JSON.stringify(checkpoint.history),
    ...(checkpoint.part && { part: JSON.stringify(checkpoint.part) }),
  };
  await writeWhole(file, encodeSafetensors(tensors, metadata));
}

/** Returns the checkpoint of a file, or undefined if there is none. Throws `data` if it is none or belongs to another network. */
export async function readCheckpoint(file: string, network: Network): Promise<Checkpoint | undefined> {
  if (!existsSync(file)) return undefined;
  const { tensors, metadata } = decodeSafetensors(await readFile(file), file);
  const specs = weightSpecs(network);
  const take = (area: string, which: readonly WeightSpec[]): Weights =>
    new Map(
      which.map(({ name, shape }) => {
        const tensor = tensors.get(`${area}/${name}`);
        if (tensor === undefined || tensor.shape.join() !== shape.join())
          throw new CellwrightError(
            "data",
            `${file}  Expected ${area}/${name} of shape [${shape.join(", ")}]. Received: ${tensor === undefined ? "nothing" : `[${tensor.shape.join(", ")}]`}.`,
          );
        return [name, tensor.data] as const;
      }),
    );
  const trainable = specs.filter((spec) => spec.trainable);
  // Whatever the optimizer keeps beside the weights is there by its slot's name; a session refuses another optimizer's.
  const areas = new Set(Array.from(tensors.keys(), (name) => name.slice(0, name.indexOf("/"))));
  const slotNames = [...areas].filter((area) => area !== "weights" && area !== "average");
  const state = {
    weights: take("weights", specs),
    slots: new Map(slotNames.map((slot) => [slot, take(slot, trainable)])),
    ...(areas.has("average") && { average: take("average", specs) }),
  };
  try {
    const history = historySchema.parse(JSON.parse(metadata["history"] ?? ""));
    const part = metadata["part"] === undefined ? undefined : partSchema.parse(JSON.parse(metadata["part"]));
    return { identity: metadata["identity"] ?? "", history, ...(part && { part }), state };
  } catch (error) {
    throw new CellwrightError(
      "data",
      `${file}  Expected the metadata of a checkpoint. Received: ${messageOf(error)}.`,
      {
        cause: error,
      },
    );
  }
}
