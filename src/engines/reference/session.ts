/** @file A session of the reference engine. */
import { CellwrightError } from "../../base/errors.ts";
import { initializeWeights } from "../../network/initialize.ts";
import type { Network, WeightSpec, Weights } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import { countCorrect } from "../accuracy.ts";
import { batchRules, checkBatch, checkImages, checkOptions, checkParts, checkState, checkWeights } from "../checks.ts";
import type { Batch, InferenceOptions, Session, SessionOptions, SessionState, StepOptions } from "../engine.ts";
import { liveNodes } from "../../network/live-nodes.ts";
import { partOfStep } from "../masks.ts";
import { averageDecayAt, initialSlot, slotsOf } from "../optimizer.ts";
import { crossEntropy } from "./loss.ts";
import { clipFactor, moveAverage, updateWeight } from "./optimizer.ts";
import { forward, lossAndGradients, type DoubleWeights, type Graph, type LossAndGradients } from "./pass.ts";

/** Returns a session. Throws `shape` for a malformed network, `engine` for options or weights that don't fit. */
export function openSession(network: Network, options: SessionOptions): Session {
  checkOptions(options);
  const graph: Graph = { network, order: topologicalOrder(network), specs: weightSpecs(network) };
  const rules = batchRules(network, graph.order, inferShapes(network), options.batchSize);
  const { classes } = rules;
  const isTraining = options.training ?? true;
  const trainable = graph.specs.filter((spec) => spec.trainable);
  const live = new Set(liveNodes(graph.order, Object.values(network.outputs)).map((node) => node.id));

  const slots = new Map(
    isTraining ? slotsOf(options.optimizer).map((slot) => [slot.name, new Map<string, Float64Array>()]) : [],
  );
  const weights = new Map<string, Float64Array>();
  const average = isTraining && options.averageDecay !== undefined ? new Map<string, Float64Array>() : undefined;
  let isOpen = true;

  const load = (into: Map<string, Float64Array>, which: readonly WeightSpec[], values: Weights): void => {
    for (const { name } of which) into.set(name, Float64Array.from(values.get(name) as Float32Array));
  };
  const initial = options.weights ?? initializeWeights(network, options.seed);
  checkWeights(graph.specs, initial, `${network.name}: weights`);
  load(weights, graph.specs, initial);
  if (average) load(average, graph.specs, initial);
  for (const slot of slotsOf(options.optimizer)) {
    const values = slots.get(slot.name);
    if (values) load(values, trainable, initialSlot(slot, trainable));
  }

  const assertOpen = (): void => {
    if (!isOpen) throw new CellwrightError("engine", `${network.name}: the session is closed.`);
  };
  const assertTraining = (): void => {
    assertOpen();
    if (!isTraining) throw new CellwrightError("engine", `${network.name}: the session is open for evaluation only.`);
  };
  /** What to infer with. */
  const chosen = (inference: InferenceOptions = {}): DoubleWeights => {
    if (!inference.average) return weights;
    if (!average) throw new CellwrightError("engine", `${network.name}: the session keeps no average of its weights.`);
    return average;
  };
  const differentiate = (batch: Batch, { step, dropPathRate }: StepOptions, part: number): LossAndGradients =>
    lossAndGradients(graph, weights, Float64Array.from(batch.images), batch, {
      loss: options.loss,
      training: { seed: options.seed, step: partOfStep(step, part), dropPathRate },
    });
  const update = (gradients: DoubleWeights, { learningRate, step }: StepOptions): void => {
    const scale = clipFactor(gradients, options.optimizer.clipNorm);
    for (const spec of trainable) {
      // A weight that no output depends on is not trained, so it doesn't decay either.
      if (!live.has(spec.node)) continue;
      const trained = {
        spec,
        weight: weights.get(spec.name) as Float64Array,
        slots: Array.from(slots.values(), (values) => values.get(spec.name) as Float64Array),
        gradient: gradients.get(spec.name) as Float64Array,
      };
      updateWeight(trained, options.optimizer, { learningRate, step, scale });
    }
  };

  return {
    async trainStep(batch, step) {
      assertTraining();
      const parts = checkParts(rules, batch);
      const examples = parts.reduce((sum, part) => sum + part.size, 0);
      const gradients = new Map<string, Float64Array>();
      let loss = 0;
      let correct = 0;
      for (const [i, part] of parts.entries()) {
        const share = part.size / examples;
        const result = differentiate(part, step, i);
        for (const [name, values] of result.weights) {
          const sum = gradients.get(name);
          gradients.set(
            name,
            values.map((g, k) => g * share + (sum?.[k] ?? 0)),
          );
        }
        for (const [name, values] of result.pass.moved) weights.set(name, values.map(Math.fround));
        loss += result.loss * share;
        correct += countCorrect(result.pass.logits().data, part.labels, classes, part.size);
      }
      update(gradients, step);
      if (average && options.averageDecay !== undefined) {
        const decay = averageDecayAt(options.averageDecay, step.step);
        for (const [name, values] of average) moveAverage(values, weights.get(name) as Float64Array, decay);
      }
      return { loss, correct };
    },

    async evaluate(batch, inference) {
      assertOpen();
      checkBatch(rules, batch, false);
      const logits = forward(graph, chosen(inference), Float64Array.from(batch.images)).logits();
      const { loss } = crossEntropy(logits, batch, options.loss.labelSmoothing);
      return { loss, correct: countCorrect(logits.data, batch.labels, classes, batch.size) };
    },

    async predict(images, size, inference) {
      assertOpen();
      checkImages(rules, images, size);
      return Float32Array.from(forward(graph, chosen(inference), Float64Array.from(images)).logits().data);
    },

    async gradients(batch, step) {
      assertTraining();
      checkBatch(rules, batch, true);
      const { loss, weights: gradients } = differentiate(batch, step, 0);
      return { loss, gradients: rounded(gradients) };
    },

    async save() {
      assertOpen();
      return {
        weights: rounded(weights),
        slots: new Map(Array.from(slots, ([name, values]) => [name, rounded(values)])),
        ...(average && { average: rounded(average) }),
      };
    },

    async restore(state: SessionState) {
      assertOpen();
      checkState(graph.specs, options, state, network.name);
      load(weights, graph.specs, state.weights);
      for (const [name, values] of slots) load(values, trainable, state.slots.get(name) as Weights);
      if (average) load(average, graph.specs, state.average as Weights);
    },

    async close() {
      isOpen = false;
      for (const values of [weights, ...slots.values(), ...(average ? [average] : [])]) values.clear();
    },
  };
}

function rounded(values: ReadonlyMap<string, Float64Array>): Map<string, Float32Array> {
  return new Map(Array.from(values, ([name, numbers]) => [name, Float32Array.from(numbers)]));
}
