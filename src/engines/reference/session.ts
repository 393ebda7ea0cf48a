/** @file A session of the reference engine. */
import { CellwrightError } from "../../base/errors.ts";
import { initializeWeights } from "../../network/initialize.ts";
import type { Network, Weights } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import { countCorrect } from "../accuracy.ts";
import { batchRules, checkBatch, checkImages, checkOptions, checkWeights } from "../checks.ts";
import type { Batch, Session, SessionOptions, SessionState, StepOptions } from "../engine.ts";
import { liveNodes } from "../live.ts";
import { crossEntropy } from "./loss.ts";
import { clipFactor, updateWeight } from "./optimizer.ts";
import { forward, lossAndGradients, type Graph, type LossAndGradients } from "./pass.ts";
import { sizeOf } from "./tensor.ts";

/** Returns a session. Throws `shape` for a malformed network, `engine` for options or weights that don't fit. */
export function openSession(network: Network, options: SessionOptions): Session {
  checkOptions(options);
  const graph: Graph = { network, order: topologicalOrder(network), specs: weightSpecs(network) };
  const rules = batchRules(network, graph.order, inferShapes(network), options.batchSize);
  const { classes } = rules;
  const isTraining = options.training ?? true;
  const trainable = graph.specs.filter((spec) => spec.trainable);
  const live = new Set(liveNodes(graph.order, Object.values(network.outputs)).map((node) => node.id));

  const weights = new Map<string, Float64Array>();
  const momentum = new Map<string, Float64Array>();
  let isOpen = true;

  const load = (values: Weights): void => {
    checkWeights(graph.specs, values, `${network.name}: weights`);
    for (const { name } of graph.specs) weights.set(name, Float64Array.from(values.get(name) as Float32Array));
  };
  load(options.weights ?? initializeWeights(network, options.seed));
  for (const spec of trainable) momentum.set(spec.name, new Float64Array(sizeOf(spec.shape)));

  const assertOpen = (): void => {
    if (!isOpen) throw new CellwrightError("engine", `${network.name}: the session is closed.`);
  };
  const differentiate = (batch: Batch, step: StepOptions): LossAndGradients => {
    assertOpen();
    if (!isTraining) throw new CellwrightError("engine", `${network.name}: the session is open for evaluation only.`);
    checkBatch(rules, batch, true);
    return lossAndGradients(graph, weights, Float64Array.from(batch.images), batch.labels, {
      loss: options.loss,
      training: { seed: options.seed, step: step.step, dropPathRate: step.dropPathRate },
    });
  };

  return {
    async trainStep(batch, step) {
      const { loss, pass, weights: gradients } = differentiate(batch, step);
      const scale = clipFactor(gradients, options.optimizer.clipNorm);
      for (const spec of trainable) {
        // A weight that no output depends on is not trained, so it doesn't decay either.
        if (!live.has(spec.node)) continue;
        const state = {
          weight: weights.get(spec.name) as Float64Array,
          momentum: momentum.get(spec.name) as Float64Array,
          gradient: gradients.get(spec.name) as Float64Array,
        };
        updateWeight(spec, state, { optimizer: options.optimizer, learningRate: step.learningRate, scale });
      }
      for (const [name, values] of pass.moved) weights.set(name, values.map(Math.fround));
      return { loss, correct: countCorrect(pass.logits().data, batch.labels, classes, batch.size) };
    },

    async evaluate(batch) {
      assertOpen();
      checkBatch(rules, batch, false);
      const logits = forward(graph, weights, Float64Array.from(batch.images)).logits();
      const { loss } = crossEntropy(logits, batch.labels, options.loss.labelSmoothing);
      return { loss, correct: countCorrect(logits.data, batch.labels, classes, batch.size) };
    },

    async predict(images, size) {
      assertOpen();
      checkImages(rules, images, size);
      return Float32Array.from(forward(graph, weights, Float64Array.from(images)).logits().data);
    },

    async gradients(batch, step) {
      const { loss, weights: gradients } = differentiate(batch, step);
      return { loss, gradients: rounded(gradients) };
    },

    async save() {
      assertOpen();
      return { weights: rounded(weights), momentum: rounded(momentum) };
    },

    async restore(state: SessionState) {
      assertOpen();
      checkWeights(graph.specs, state.weights, `${network.name}: weights`);
      checkWeights(trainable, state.momentum, `${network.name}: momentum`);
      load(state.weights);
      for (const { name } of trainable) momentum.set(name, Float64Array.from(state.momentum.get(name) as Float32Array));
    },

    async close() {
      isOpen = false;
      weights.clear();
      momentum.clear();
    },
  };
}

function rounded(values: ReadonlyMap<string, Float64Array>): Map<string, Float32Array> {
  return new Map(Array.from(values, ([name, numbers]) => [name, Float32Array.from(numbers)]));
}
