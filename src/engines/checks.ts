/** @file What every engine checks before it computes: options, batches, weights. The messages name what was expected. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Network, Node, Shape, WeightSpec, Weights } from "../network/network.ts";
import type { Batch, SessionOptions } from "./engine.ts";

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
  const { batchSize, seed, optimizer, loss } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) fail("batchSize", "a whole number of 1 or more", batchSize);
  if (!Number.isSafeInteger(seed)) fail("seed", "a whole number", seed);
  if (!(optimizer.momentum >= 0 && optimizer.momentum < 1))
    fail("optimizer.momentum", "0 to less than 1", optimizer.momentum);
  if (!(optimizer.weightDecay >= 0)) fail("optimizer.weightDecay", "0 or more", optimizer.weightDecay);
  if (optimizer.clipNorm !== undefined && !(optimizer.clipNorm > 0))
    fail("optimizer.clipNorm", "more than 0", optimizer.clipNorm);
  if (!(loss.labelSmoothing >= 0 && loss.labelSmoothing < 1))
    fail("loss.labelSmoothing", "0 to less than 1", loss.labelSmoothing);
  if (!Number.isFinite(loss.auxiliaryWeight)) fail("loss.auxiliaryWeight", "a finite number", loss.auxiliaryWeight);
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
