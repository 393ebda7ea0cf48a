/** @file What every engine checks before it computes: options, batches, weights. The messages name what was expected. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Network, Node, Shape, WeightSpec, Weights } from "../network/network.ts";
import type { Batch, OptimizerOptions, SessionOptions, SessionState } from "./engine.ts";
import { slotsOf } from "./optimizer.ts";

/** What a batch has to fit. */
export interface BatchRules {
  readonly network: string;
  readonly inputShape: Shape;
  readonly classes: number;
  readonly batchSize: number;
  readonly hasBatchNorm: boolean;
}

function fail(place: string, what: string, received: unknown): never {
  throw new CellwrightError("engine", expected(place, what, received));
}

/** Returns what batches of a network have to fit. Throws `shape` where there is not exactly one input, or logits are no vector. */
export function batchRules(
  network: Network,
  order: readonly Node[],
  shapes: ReadonlyMap<string, Shape>,
  batchSize: number,
): BatchRules {
  const inputs = order.filter((node) => node.op === "input");
  const [input] = inputs;
  if (input?.op !== "input" || inputs.length !== 1)
    throw new CellwrightError("shape", expected(network.name, "exactly one input node", inputs.length));
  const { logits, auxiliary } = network.outputs;
  for (const id of auxiliary === undefined ? [logits] : [logits, auxiliary]) {
    const shape = shapes.get(id);
    if (shape?.length !== 1)
      throw new CellwrightError("shape", expected(`${network.name}: ${id}`, "logits of shape [classes]", shape));
  }
  const classes = shapes.get(logits)?.[0] as number;
  const hasBatchNorm = order.some((node) => node.op === "batchNorm");
  return { network: network.name, inputShape: input.attributes.shape, classes, batchSize, hasBatchNorm };
}

/** Throws `engine` where the options make no sense. */
export function checkOptions(options: SessionOptions): void {
  const { batchSize, seed, optimizer, loss, averageDecay } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) fail("batchSize", "a whole number of 1 or more", batchSize);
  if (!Number.isSafeInteger(seed)) fail("seed", "a whole number", seed);
  checkOptimizer(optimizer);
  if (!(loss.labelSmoothing >= 0 && loss.labelSmoothing < 1))
    fail("loss.labelSmoothing", "0 to less than 1", loss.labelSmoothing);
  if (!Number.isFinite(loss.auxiliaryWeight)) fail("loss.auxiliaryWeight", "a finite number", loss.auxiliaryWeight);
  if (averageDecay !== undefined) share("averageDecay", averageDecay);
}

/** Throws `engine` where a number is not 0 to less than 1. */
function share(place: string, value: number): void {
  if (!(value >= 0 && value < 1)) fail(place, "0 to less than 1", value);
}

function checkOptimizer(optimizer: OptimizerOptions): void {
  const { weightDecay, clipNorm } = optimizer;
  switch (optimizer.kind) {
    case undefined:
    case "sgd":
      share("optimizer.momentum", optimizer.momentum);
      break;
    case "rmsprop":
      share("optimizer.momentum", optimizer.momentum);
      share("optimizer.decay", optimizer.decay);
      checkEpsilon(optimizer.epsilon);
      break;
    case "adamw":
      share("optimizer.beta1", optimizer.beta1);
      share("optimizer.beta2", optimizer.beta2);
      checkEpsilon(optimizer.epsilon);
      break;
    default:
      fail("optimizer.kind", "sgd, rmsprop or adamw", (optimizer as { readonly kind: unknown }).kind);
  }
  if (!(weightDecay >= 0)) fail("optimizer.weightDecay", "0 or more", weightDecay);
  if (clipNorm !== undefined && !(clipNorm > 0)) fail("optimizer.clipNorm", "more than 0", clipNorm);
}

/** In single precision what is smaller is no epsilon: denormal numbers are flushed to zero while a step runs. */
const SMALLEST_EPSILON = 1e-30;

function checkEpsilon(epsilon: number): void {
  if (!(epsilon >= SMALLEST_EPSILON && Number.isFinite(epsilon)))
    fail("optimizer.epsilon", `${SMALLEST_EPSILON} or more`, epsilon);
}

/** Throws `engine` where images don't fit the network or the session's batch size. */
export function checkImages(rules: BatchRules, images: Float32Array, size: number): void {
  const { network, inputShape, batchSize } = rules;
  if (!Number.isSafeInteger(size) || size < 1 || size > batchSize)
    fail(`${network}: batch`, `1 to ${batchSize} examples`, size);
  const perImage = inputShape.reduce((product, side) => product * side, 1);
  if (images.length !== size * perImage)
    fail(`${network}: images`, `${size} x ${inputShape.join(" x ")} = ${size * perImage} values`, images.length);
}

/** Throws `engine` where a batch doesn't fit. `training` also asks for two examples where a batch's statistics are taken. */
export function checkBatch(rules: BatchRules, batch: Batch, training: boolean): void {
  const { network, classes, hasBatchNorm } = rules;
  checkImages(rules, batch.images, batch.size);
  if (training && hasBatchNorm && batch.size < 2)
    fail(`${network}: batch`, "2 or more examples to train batch norm on", batch.size);
  if (batch.labels.length !== batch.size) fail(`${network}: labels`, `${batch.size} labels`, batch.labels.length);
  for (const [i, label] of batch.labels.entries())
    if (label < 0 || label >= classes) fail(`${network}: label ${i}`, `a class from 0 to ${classes - 1}`, label);
  if (batch.targets) checkTargets(rules, batch.targets, batch.size);
}

/** How far a row's sum may be off 1: what rounding to single precision and mixing leave of thousands of classes. */
const ROUNDING = 1e-3;

function checkTargets({ network, classes }: BatchRules, targets: Float32Array, size: number): void {
  if (targets.length !== size * classes)
    fail(`${network}: targets`, `${size} x ${classes} = ${size * classes} values`, targets.length);
  for (let image = 0; image < size; image++) {
    const row = targets.subarray(image * classes, (image + 1) * classes);
    const sum = row.reduce((total, value) => total + value, 0);
    if (!row.every((value) => value >= 0) || !(Math.abs(sum - 1) <= ROUNDING))
      fail(`${network}: targets ${image}`, "probabilities with the sum 1", `[${row.join(", ")}]`);
  }
}

/** Returns the batches of one training step. Throws `engine` where there is none, or one doesn't fit. */
export function checkParts(rules: BatchRules, batch: Batch | readonly Batch[]): readonly Batch[] {
  const parts = "size" in batch ? [batch] : batch;
  if (parts.length === 0) fail(`${rules.network}: batches of a step`, "one or more", 0);
  for (const part of parts) checkBatch(rules, part, true);
  return parts;
}

/** Throws `engine` where a weight is missing or has another size. */
export function checkWeights(specs: readonly WeightSpec[], weights: Weights, place: string): void {
  for (const spec of specs) {
    const size = spec.shape.reduce((product, side) => product * side, 1);
    const values = weights.get(spec.name);
    if (values?.length !== size)
      fail(`${place}: ${spec.name}`, `${spec.shape.join(" x ")} = ${size} values`, values?.length);
  }
}

/** Throws `engine` where a state doesn't fit what a session holds: of weights, and in training of the optimizer and the average. */
export function checkState(
  specs: readonly WeightSpec[],
  options: SessionOptions,
  state: SessionState,
  network: string,
): void {
  checkWeights(specs, state.weights, `${network}: weights`);
  if (options.training === false) return;
  const names = slotsOf(options.optimizer).map(({ name }) => name);
  const given = [...state.slots.keys()];
  if (names.toSorted().join() !== given.toSorted().join())
    fail(
      `${network}: slots`,
      `${names.join(", ")} of ${options.optimizer.kind ?? "sgd"}`,
      given.length === 0 ? "none" : given.join(", "),
    );
  const trainable = specs.filter((spec) => spec.trainable);
  for (const name of names) checkWeights(trainable, state.slots.get(name) as Weights, `${network}: ${name}`);
  if (options.averageDecay === undefined) return;
  if (!state.average) fail(`${network}: average`, "the average of the weights", "none");
  checkWeights(specs, state.average, `${network}: average`);
}
