/**
 * @file Which network a study's winner is compared with, and how it is to be trained: the one that the study names, or ResNet-18's form for CIFAR-10 at the
 * winner's multiply-accumulates; by the winner's recipe, for as many epochs and as often as the winner itself.
 */
import { createRng } from "../base/rng.ts";
import { describe, expected } from "../base/errors.ts";
import { didYouMean } from "../base/similar-names.ts";
import { namedNetworks, resnet18AtMacs } from "../../search-spaces/index.ts";
import type { Evaluator, Task } from "../evaluators/evaluator.ts";
import { costOf, inferShapes } from "../network/index.ts";
import type { Network, Shape } from "../network/network.ts";
import type { BaselineRecord, RetrainRecord, TrialRecord } from "../storage/storage.ts";
import { objectivesOf } from "./config-record.ts";
import type { StudyDefinition } from "./definition.ts";
import { rankAll } from "./ranking.ts";

export interface BaselinePlan {
  /** `resnet-18-cifar, width 11`, or the id that the study names. */
  readonly name: string;
  readonly network: Network;
  readonly params: number;
  readonly macs: number;
  /** The trial that it stands beside. */
  readonly winner: TrialRecord;
  /** What the winner was measured by last. */
  readonly phase: Task["phase"];
  readonly epochs: number;
  /** Training runs. */
  readonly seeds: number;
}

/** What trained baselines there are, for people. */
export interface Baseline extends Pick<BaselinePlan, "name" | "params" | "macs" | "phase" | "epochs"> {
  /** First objective of each training run. */
  readonly values: readonly number[];
}

/** Returns the plan, or undefined where the study wants no baseline, nothing has won yet, or what is measured is not a network's training on images. */
export function baselinePlan(
  definition: StudyDefinition,
  trials: readonly TrialRecord[],
  retrains: readonly RetrainRecord[],
): BaselinePlan | undefined {
  if (definition.baseline === false) return undefined;
  const [best] = rankAll(trials, retrains, objectivesOf(definition));
  if (best === undefined) return undefined;
  const winner = best.trial;
  const own = retrains.filter(({ trial, state }) => trial === winner.number && state === "complete");
  const isRetrained = own.length > 0;
  const evaluator = evaluatorOf(definition, isRetrained ? "retrain" : "search");
  if (evaluator.trainsNetworks !== true) return undefined;
  const longest = Math.max(...own.map(({ epochs }) => epochs));
  const epochs = isRetrained ? longest : evaluator.options["epochs"];
  const sides = sidesOf(definition.space.decode(winner.proposal.genotype, definition.skeleton).network as Network);
  if (typeof epochs !== "number" || sides === undefined) return undefined;
  const network = baselineNetwork(definition.baseline, sides);
  const { params, macs } = costOf(network);
  return {
    name: network.name,
    network,
    params,
    macs,
    winner,
    phase: isRetrained ? "retrain" : "search",
    epochs,
    seeds: isRetrained ? own.filter((record) => record.epochs === longest).length : 1,
  };
}

/** Returns what was measured of a plan's baseline, or undefined if it has not been trained. */
export function trainedBaseline(plan: BaselinePlan, records: readonly BaselineRecord[]): Baseline | undefined {
  const { name, params, macs, phase, epochs } = plan;
  const values = records.flatMap((record) =>
    isOf(plan, record) && record.state === "complete" && record.values?.[0] !== undefined ? [record.values[0]] : [],
  );
  return values.length === 0 ? undefined : { name, params, macs, phase, epochs, values };
}

/** Returns whether a record is of a plan's training. */
export function isOf(
  { name, phase, epochs }: Pick<BaselinePlan, "name" | "phase" | "epochs">,
  record: BaselineRecord,
): boolean {
  return record.name === name && record.phase === phase && record.epochs === epochs;
}

/** What measures in a phase. */
export function evaluatorOf({ evaluator, retrain }: StudyDefinition, phase: Task["phase"]): Evaluator {
  return phase === "retrain" ? (retrain?.evaluator ?? evaluator) : evaluator;
}

interface Sides {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly macs: number;
}

/** Image and classes of a network, or undefined where it takes no image. */
function sidesOf(network: Network): Sides | undefined {
  const shapes = inferShapes(network);
  const image = network.nodes.find(({ op }) => op === "input");
  const input = image === undefined ? undefined : shapes.get(image.id);
  const [classes] = shapes.get(network.outputs.logits) as Shape;
  return input?.length === 3 ? { input, classes, macs: costOf(network).macs } : undefined;
}

function baselineNetwork(id: string | undefined, { input, classes, macs }: Sides): Network {
  if (id === undefined) return resnet18AtMacs(macs, { input, classes }).network;
  return (namedNetworks[id] as () => Network)();
}

/** Returns what is wrong with the baseline that a study names: found before a search, not after it. */
export function baselineProblems(definition: StudyDefinition): string[] {
  const { baseline, space, skeleton, evaluator, retrain } = definition;
  if (typeof baseline !== "string") return [];
  const build = Object.hasOwn(namedNetworks, baseline) ? namedNetworks[baseline] : undefined;
  if (build === undefined)
    return [
      `baseline  Expected the id of a network, such as "resnet-18-cifar", or false for none. Received: ${describe(baseline)}.${didYouMean(baseline, Object.keys(namedNetworks))}`,
    ];
  const trains = (retrain?.evaluator ?? evaluator).trainsNetworks === true;
  if (!trains)
    return [expected("baseline", "an evaluator that trains networks, such as proxyTraining", evaluator.name)];
  const sides = sidesOf(build());
  const wanted = sampledSides(space, skeleton);
  const text = (of: Sides | undefined): string => `images of [${of?.input.join(", ")}] and ${of?.classes} classes`;
  return wanted === undefined || text(sides) === text(wanted)
    ? []
    : [
        `baseline  Expected a network for ${text(wanted)}, as the study's are. Received: ${baseline}, for ${text(sides)}.`,
      ];
}

/** Those of any network of the space: all have the same. Undefined where this one can't be made, which is not the baseline's fault. */
function sampledSides(space: StudyDefinition["space"], skeleton: StudyDefinition["skeleton"]): Sides | undefined {
  try {
    return sidesOf(space.decode(space.sample(createRng("baseline")), skeleton).network as Network);
  } catch {
    return undefined;
  }
}
