/** @file What `cellwright export` exports: a study's trial with the weights of its best retraining, or a network by name with first values; and its files for a target. */
import { createRng } from "../../base/rng.ts";
import { cellText } from "../../draw/index.ts";
import {
  exporters,
  foldBatchNorm,
  type ExportCandidate,
  type ExportOptions,
  type ExportTarget,
} from "../../export/index.ts";
import { initializeWeights, type Network, type Weights } from "../../network/index.ts";
import type { TrialRecord } from "../../storage/storage.ts";
import type { Study } from "../../study/study.ts";
import { networkOf, retrainEvaluator, studyCells, trainedWeights, validationImages } from "../candidates.ts";
import { dataText } from "../head-line.ts";
import type { SpaceCandidate } from "../models.ts";
import type { Subject } from "../subject.ts";

/** A network with weights and what its card says: what every exporter is given. */
export interface ExportModel {
  readonly network: Network;
  readonly weights: Weights;
  readonly options: ExportOptions;
  /** Epochs of the training that the weights are from; undefined: first values. */
  readonly epochs?: number;
}

/** Returns a model with its batch normalisation folded into convolutions and dense layers, for any target. */
export function foldedModel(model: ExportModel): ExportModel {
  const { network, options } = model;
  const folded = foldBatchNorm(network, model.weights);
  const count = network.nodes.length - folded.network.nodes.length;
  if (count === 0) return model;
  const all = network.nodes.filter(({ op }) => op === "batchNorm").length;
  const said = `${count} of ${all} folded into the convolution or dense layer before it: for inference alone`;
  const card = { ...options.card, more: { ...options.card?.more, "batch normalisations": said } };
  return { ...model, ...folded, options: { ...options, card } };
}

/** Returns the files of a model for a target. Throws what the exporter throws. */
export function exportFiles(
  { network, weights, options }: ExportModel,
  target: ExportTarget,
): ReadonlyMap<string, Uint8Array> {
  return exporters[target].export(network, weights, options);
}

/**
 * Returns a network by name, a published genotype or a sample as a model: with the first values of seed 0, and saying so. A model that was imported keeps its weights and all that
 * is known of it.
 */
export function modelOfSubject(subject: Subject): ExportModel {
  const network = subject.network();
  const { model } = subject;
  if (model?.weights !== undefined) {
    const { weights, options } = model;
    const name = options.name ?? subject.name;
    return {
      network,
      weights,
      options: { ...options, name },
      ...(options.epochs !== undefined && { epochs: options.epochs }),
    };
  }
  return {
    network,
    weights: initializeWeights(network, createRng("export").int(2 ** 31)),
    options: {
      name: subject.name,
      description: `${subject.name}, ${subject.subtitle}.`,
      ...(subject.candidate && { candidate: exportCandidate(subject.candidate) }),
      ...model?.options,
      card: {
        ...model?.options.card,
        training: "none: these are first values",
        ...(subject.candidate && { genotype: JSON.stringify(subject.candidate.genotype) }),
      },
    },
  };
}

function exportCandidate({ space, skeleton = {}, genotype }: SpaceCandidate): ExportCandidate {
  return { space: space.name, version: space.version, skeleton, genotype };
}

/** Returns a trial as a model, with the weights of its best retraining, else untrained and saying so. Throws `data` for broken weights. */
export async function modelOfTrial(study: Study, trial: TrialRecord): Promise<ExportModel> {
  const { definition } = study;
  const { genotype } = trial.proposal;
  const network = networkOf(definition, genotype);
  const trained = await trainedWeights(study, trial.number);
  const weights = trained?.weights ?? initializeWeights(network, trial.seed);
  // The weights are the retraining's: its data, which may be more than the search's, is what the card names.
  const evaluator = trained === undefined ? definition.evaluator : retrainEvaluator(definition);
  const data = dataText(study, evaluator);
  const measure = study.objectives[0]?.name ?? "value";
  const searched = trial.values?.[0];
  const on = (images: number | undefined): string => (images === undefined ? "" : `, ${images} validation images`);
  const results = [
    ...(trained?.value === undefined
      ? []
      : [
          {
            what: `${measure} after retraining for ${trained.epochs} ${trained.epochs === 1 ? "epoch" : "epochs"}${on(validationImages(evaluator))}`,
            mean: trained.value,
            seeds: 1,
          },
        ]),
    ...(searched === undefined
      ? []
      : [
          {
            what: `${measure} in the search${on(validationImages(definition.evaluator))}`,
            mean: searched,
            seeds: 1,
          },
        ]),
  ];
  const cells = studyCells(definition, genotype).map((cell) => cellText(cell));
  const options: ExportOptions = {
    name: `${study.name}-trial${trial.number}`,
    description: `Trial ${trial.number} of the study ${study.name}: found by ${definition.controller.name} in the space ${definition.space.name}.`,
    ...(trained?.mean !== undefined &&
      trained.std !== undefined && { normalization: { mean: trained.mean, std: trained.std } }),
    ...(trained?.classes !== undefined && { classes: trained.classes }),
    ...(trained !== undefined && { epochs: trained.epochs }),
    candidate: exportCandidate({
      space: definition.space,
      genotype,
      ...(definition.skeleton !== undefined && { skeleton: definition.skeleton }),
    }),
    card: {
      ...(data !== undefined && { data }),
      training:
        trained === undefined
          ? "none: these are first values (retrain the trial to train them)"
          : `${trained.epochs} epochs, seed ${trained.seed}`,
      results,
      genotype: [...cells, JSON.stringify(genotype)].join("\n\n"),
    },
  };
  return { network, weights, options, ...(trained !== undefined && { epochs: trained.epochs }) };
}
