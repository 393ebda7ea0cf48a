/** @file A study's candidates as tables, drawings and exports need them: the trial, its network, its cells, what is known of its quality. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { amoebanetOutputs, nasnetOutputs, pnasOutputs } from "../../search-spaces/index.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { cellLine, cellsOf, type CellStructure, type OutputsOf } from "../draw/index.ts";
import { decodeSafetensors, matchingWeights } from "../export/index.ts";
import { costOf, type Network, type Weights } from "../network/index.ts";
import type { Evaluator } from "../evaluators/evaluator.ts";
import type { Genotype, SkeletonBase } from "../space/space.ts";
import type { TrialRecord } from "../storage/storage.ts";
import type { StudyDefinition } from "../study/definition.ts";
import type { RankedTrial } from "../study/ranking.ts";
import { retrainDir } from "../study/retrain.ts";
import type { Study } from "../study/study.ts";
import { accuracyError } from "./statistics.ts";

/** One line of `top`. */
export interface Candidate {
  readonly rank: number;
  readonly trial: number;
  readonly value: number;
  /** Standard error of `value`, where it is an accuracy over a known number of images. */
  readonly error?: number;
  readonly params?: number;
  readonly macs?: number;
  /** First objective of each retraining. */
  readonly retrained: readonly number[];
  readonly genotype: Genotype;
  /** The cells in one line, or the decisions where the space has no cells. */
  readonly text: string;
}

/** Returns the best `count` candidates, in their final order. */
export async function topCandidates(study: Study, count: number): Promise<readonly Candidate[]> {
  const images = validationImages(study.definition.evaluator);
  const measuresAccuracy = study.objectives[0]?.name === "accuracy";
  return (await study.top())
    .slice(0, count)
    .map((ranked) => candidate(study, ranked, measuresAccuracy ? images : undefined));
}

function candidate(study: Study, { rank, trial, retrained }: RankedTrial, images: number | undefined): Candidate {
  const value = trial.values?.[0] ?? Number.NaN;
  const sizes = sizesOf(study.definition, trial);
  const { genotype } = trial.proposal;
  return {
    rank,
    trial: trial.number,
    value,
    ...(images !== undefined && { error: accuracyError(value, images) }),
    ...sizes,
    retrained,
    genotype,
    text: genotypeLine(study.definition, genotype),
  };
}

function sizesOf(definition: StudyDefinition, trial: TrialRecord): { params?: number; macs?: number } {
  const { params, macs } = trial.metrics;
  if (params !== undefined && macs !== undefined) return { params, macs };
  const cost = costOf(networkOf(definition, trial.proposal.genotype));
  return { params: cost.params, macs: cost.macs };
}

/** Images that an accuracy is measured on, where its evaluator says so. */
export function validationImages(evaluator: Pick<Evaluator, "options">): number | undefined {
  const data = evaluator.options["data"] as { readonly validation?: unknown } | undefined;
  return typeof data?.validation === "number" ? data.validation : undefined;
}

/** What a retraining measures with: its own evaluator where the study gives it one. */
export function retrainEvaluator({ retrain, evaluator }: StudyDefinition): Evaluator {
  return retrain?.evaluator ?? evaluator;
}

/** Images behind accuracies, where they are known. */
export interface AccuracyImages {
  readonly search?: number | undefined;
  readonly retrain?: number | undefined;
}

/** Images behind each accuracy of a study, for what noise can tell apart; nothing where it measures something else. */
export function accuracyImages({ definition, objectives }: Study): AccuracyImages {
  if (objectives[0]?.name !== "accuracy") return {};
  return {
    search: validationImages(definition.evaluator),
    retrain: validationImages(retrainEvaluator(definition)),
  };
}

/** Decodes a genotype on the study's skeleton. */
export function networkOf(definition: StudyDefinition, genotype: Genotype, skeleton: SkeletonBase = {}): Network {
  return definition.space.decode(genotype, { ...definition.skeleton, ...skeleton }).network as Network;
}

/** What the cells of a space put out, where that isn't always their loose ends. */
const outputsOf: Readonly<Record<string, OutputsOf>> = {
  amoebanet: amoebanetOutputs,
  nasnet: nasnetOutputs,
  pnas: pnasOutputs,
};

/** Returns the cells of a genotype of the study's space, with the outputs that its space gives them. */
export function studyCells(definition: Pick<StudyDefinition, "space">, genotype: Genotype): CellStructure[] {
  return cellsOf(definition.space, genotype, outputsOf[definition.space.name]);
}

/** Returns a genotype in one line. */
export function genotypeLine(definition: Pick<StudyDefinition, "space">, genotype: Genotype): string {
  const cells = studyCells(definition, genotype);
  if (cells.length > 0) return cells.map((cell) => `${cell.name}: ${cellLine(cell)}`).join("   ");
  return definition.space
    .active(genotype)
    .map((decision) => {
      const taken = genotype[decision.path];
      return `${decision.path}=${decision.kind === "choice" ? (decision.options[taken ?? -1]?.name ?? "?") : taken}`;
    })
    .join(" ");
}

/** Returns a trial of the study: the one named, or the best. Throws `config` naming what there is. */
export async function chosenTrial(study: Study, number: number | undefined): Promise<TrialRecord> {
  if (number !== undefined) {
    const trial = await study.storage.trial(number);
    if (trial !== undefined) return trial;
    const count = (await study.storage.trials()).length;
    throw new CellwrightError(
      "config",
      expected(
        "--trial",
        count === 0 ? "a trial, of which there is none yet" : `a trial from 0 to ${count - 1}`,
        number,
      ),
    );
  }
  const [best] = await study.top();
  if (best === undefined)
    throw new CellwrightError(
      "config",
      `${study.name}  Expected a study with at least one complete trial. Received: none yet.`,
    );
  return best.trial;
}

/** What a retraining left. */
export interface TrainedWeights {
  readonly weights: Weights;
  readonly epochs: number;
  readonly seed: number;
  readonly value?: number;
  /** Of all its retrainings as long as this one, a seed each. */
  readonly values: readonly number[];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly classes?: readonly string[];
}

/**
 * Returns the weights of the best retraining of a trial, whose network is given, or undefined if it was not retrained. Throws `data` for a file that is broken or has another
 * network's weights.
 */
export async function trainedWeights(
  study: Study,
  trial: number,
  network: Network,
): Promise<TrainedWeights | undefined> {
  const sign = study.objectives[0]?.direction === "minimize" ? -1 : 1;
  const records = (await study.storage.retrains())
    .filter((record) => record.trial === trial && record.state === "complete")
    .toSorted((a, b) => b.epochs - a.epochs || sign * ((b.values?.[0] ?? -Infinity) - (a.values?.[0] ?? -Infinity)));
  for (const record of records) {
    const file = join(retrainDir(study.dir, trial, record.epochs, record.seed), "weights.safetensors");
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) continue;
    const { tensors, metadata } = decodeSafetensors(bytes, file);
    const weights = matchingWeights(network, tensors, file);
    const value = record.values?.[0];
    const values = records.flatMap((one) => (one.epochs === record.epochs ? (one.values?.slice(0, 1) ?? []) : []));
    return {
      weights,
      epochs: record.epochs,
      seed: record.seed,
      values,
      ...(value !== undefined && { value }),
      ...preprocessing(metadata["preprocessing"]),
    };
  }
  return undefined;
}

/** Returns what a weights file says of its preprocessing, as far as it is what it should be. */
export function preprocessing(text: string | undefined): Pick<TrainedWeights, "mean" | "std" | "classes"> {
  if (text === undefined) return {};
  const value = JSON.parse(text) as Record<string, unknown>;
  const numbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((item) => typeof item === "number");
  const texts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((item) => typeof item === "string");
  return {
    ...(numbers(value["mean"]) && { mean: value["mean"] }),
    ...(numbers(value["std"]) && { std: value["std"] }),
    ...(texts(value["classes"]) && { classes: value["classes"] }),
  };
}
