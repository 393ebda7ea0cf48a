/** @file What `cellwright export` exports: a study's trial with the weights of its best retraining, or a network by name with first values; and its files for a target. */
import { namedCandidate } from "../../../search-spaces/index.ts";
import { createRng } from "../../base/rng.ts";
import { formatCount, formatEpochs } from "../../base/units.ts";
import { cellText } from "../../draw/index.ts";
import type { Evaluator } from "../../evaluators/evaluator.ts";
import {
  exporters,
  foldBatchNorm,
  type ExportCandidate,
  type CardResult,
  type ExportOptions,
  type ExportTarget,
} from "../../export/index.ts";
import { initializeWeights, type Network, type Weights } from "../../network/index.ts";
import type { TrialRecord } from "../../storage/storage.ts";
import type { Study } from "../../study/study.ts";
import { recipeText } from "../../training/index.ts";
import { networkOf, retrainEvaluator, studyCells, trainedWeights, validationImages } from "../candidates.ts";
import { dataText } from "../head-line.ts";
import type { SpaceCandidate } from "../models.ts";
import { spread } from "../statistics.ts";
import type { Subject } from "../subject.ts";
import { DRAWING, drawingOf } from "./drawing.ts";
import { searchText } from "./found-by.ts";

/** A network with weights and what its card says: what every exporter is given. */
export interface ExportModel {
  readonly network: Network;
  readonly weights: Weights;
  readonly options: ExportOptions;
  /** Epochs of the training that the weights are from; undefined: first values. */
  readonly epochs?: number;
  /** SVG of the cells, or of the network's stages; the card shows it. */
  readonly drawing: Uint8Array;
}

/** Returns a model with its batch normalisation folded into convolutions and dense layers, for any target. */
export function foldedModel(model: ExportModel): ExportModel {
  const { network, options } = model;
  const folded = foldBatchNorm(network, model.weights);
  const count = network.nodes.length - folded.network.nodes.length;
  if (count === 0) return model;
  const all = network.nodes.filter(({ op }) => op === "batchNorm").length;
  const said = `${count} of ${all} folded into the convolution or dense layer before it: for inference alone`;
  return withCard({ ...model, ...folded }, { more: { ...options.card?.more, "batch normalisations": said } });
}

/** Returns the files of a model for a target, the drawing among them. Throws what the exporter throws. */
export function exportFiles(
  { network, weights, options, drawing }: ExportModel,
  target: ExportTarget,
): ReadonlyMap<string, Uint8Array> {
  const card = { ...options.card, drawing: DRAWING };
  return exporters[target].export(network, weights, { ...options, card }).set(DRAWING, drawing);
}

/** Returns the model with facts laid over those of its card. */
export function withCard(model: ExportModel, facts: NonNullable<ExportOptions["card"]>): ExportModel {
  return { ...model, options: { ...model.options, card: { ...model.options.card, ...facts } } };
}

/**
 * Returns a network by name, a published genotype or a sample as a model: with the first values of seed 0, and saying so. A model that was imported keeps its weights and all that
 * is known of it.
 */
export async function modelOfSubject(subject: Subject): Promise<ExportModel> {
  const network = subject.network();
  const { model, subtitle } = subject;
  // A published network may be a candidate of a space: then its cells can be drawn, and it can be scaled where it is imported.
  const candidate = subject.candidate ?? (model === undefined ? namedCandidate(subject.name) : undefined);
  const title = model?.options.name ?? subject.name;
  const drawing = drawingOf(network, candidate, { title, subtitle });
  const genotype = candidate && genotypeText(candidate);
  const known = { search: await subject.foundBy(), ...(genotype !== undefined && { genotype }) };
  if (model?.weights !== undefined) {
    const { weights, options } = model;
    const name = options.name ?? subject.name;
    return {
      network,
      weights,
      options: { ...options, name, card: { ...known, ...options.card } },
      ...(options.epochs !== undefined && { epochs: options.epochs }),
      drawing,
    };
  }
  return {
    network,
    weights: initializeWeights(network, createRng("export").int(2 ** 31)),
    options: {
      name: subject.name,
      description: `${subject.name}, ${subtitle}.`,
      ...(candidate && { candidate: exportCandidate(candidate) }),
      ...model?.options,
      card: { ...known, ...model?.options.card, training: "none: these are first values" },
    },
    drawing,
  };
}

/** Returns cells as text, and the genotype as JSON. */
export function genotypeText({ space, genotype }: Pick<SpaceCandidate, "space" | "genotype">): string {
  const cells = studyCells({ space }, genotype).map((cell) => cellText(cell));
  return [...cells, JSON.stringify(genotype)].join("\n\n");
}

function exportCandidate({ space, skeleton = {}, genotype }: SpaceCandidate): ExportCandidate {
  return { space: space.name, version: space.version, skeleton, genotype };
}

/** Returns a trial as a model, with the weights of its best retraining, else untrained and saying so. Throws `data` for broken weights. */
export async function modelOfTrial(study: Study, trial: TrialRecord): Promise<ExportModel> {
  const { definition } = study;
  const { genotype } = trial.proposal;
  const network = networkOf(definition, genotype);
  const trained = await trainedWeights(study, trial.number, network);
  const weights = trained?.weights ?? initializeWeights(network, trial.seed);
  // The weights are the retraining's: its data, which may be more than the search's, is what the card names.
  const evaluator = trained === undefined ? definition.evaluator : retrainEvaluator(definition);
  const data = dataText(study, evaluator);
  const name = `${study.name}-trial${trial.number}`;
  const candidate = { space: definition.space, genotype };
  const options: ExportOptions = {
    name,
    description: `Trial ${trial.number} of the study ${study.name}: found by ${definition.controller.name} in the space ${definition.space.name}.`,
    ...(trained?.mean !== undefined &&
      trained.std !== undefined && { normalization: { mean: trained.mean, std: trained.std } }),
    ...(trained?.classes !== undefined && { classes: trained.classes }),
    ...(trained !== undefined && { epochs: trained.epochs }),
    candidate: exportCandidate({
      ...candidate,
      ...(definition.skeleton !== undefined && { skeleton: definition.skeleton }),
    }),
    card: {
      data: data ?? `not known: the evaluator ${evaluator.name} names no data set`,
      training:
        trained === undefined
          ? "none: these are first values (retrain the trial to train them)"
          : `${formatEpochs(trained.epochs)}, seed ${trained.seed}`,
      recipe: trialRecipe(study, evaluator, genotype, trained === undefined),
      results: trialResults(study, trial, trained),
      search: await searchText(study, trial.number),
      genotype: genotypeText(candidate),
    },
  };
  const drawing = drawingOf(network, candidate, { title: name, subtitle: definition.space.name });
  return { network, weights, options, ...(trained !== undefined && { epochs: trained.epochs }), drawing };
}

/** What an evaluator trains by, with what the candidate itself decided of it. */
function trialRecipe(
  { definition }: Study,
  evaluator: Pick<Evaluator, "name" | "options">,
  genotype: TrialRecord["proposal"]["genotype"],
  isUntrained: boolean,
): string {
  const record = evaluator.options["recipe"];
  const known =
    typeof record === "object" && record !== null ? recipeText(record as Record<string, unknown>) : undefined;
  if (known === undefined) return `not known: the evaluator ${evaluator.name} does not say`;
  const own = Object.entries(definition.space.decode(genotype, definition.skeleton ?? {}).recipe ?? {});
  const decided = own.length === 0 ? "" : `; decided by the genotype: ${own.map((pair) => pair.join(" ")).join(", ")}`;
  return `${isUntrained ? "of the search: " : ""}${known}${decided}`;
}

/** What was measured of a trial: all its retrainings together, that of these weights, and the search's. */
function trialResults(
  study: Study,
  trial: TrialRecord,
  trained: Awaited<ReturnType<typeof trainedWeights>>,
): readonly CardResult[] {
  const { definition } = study;
  const measure = study.objectives[0]?.name ?? "value";
  const searched = trial.values?.[0];
  const on = (images: number | undefined): string =>
    images === undefined ? "" : `, ${formatCount(images)} validation images`;
  const searchImages = on(validationImages(definition.evaluator));
  const retrainImages = on(validationImages(retrainEvaluator(definition)));
  const after = trained && `${measure} after retraining for ${formatEpochs(trained.epochs)}`;
  const isBestOf = trained !== undefined && trained.values.length > 1;
  return [
    ...(isBestOf
      ? [{ what: `${after}${retrainImages}`, ...spread(trained.values), seeds: trained.values.length }]
      : []),
    ...(trained?.value === undefined
      ? []
      : [
          {
            what: isBestOf
              ? `the same of these weights, the best of the ${trained.values.length} by these images (seed ${trained.seed})`
              : `${after}${retrainImages}`,
            mean: trained.value,
            seeds: 1,
          },
        ]),
    ...(searched === undefined ? [] : [{ what: `${measure} in the search${searchImages}`, mean: searched, seeds: 1 }]),
  ];
}
