/** @file A session of the tfjs engine. */
import type { Tensor } from "@tensorflow/tfjs";
import { CellwrightError } from "../../base/errors.ts";
import { initializeWeights } from "../../network/initialize.ts";
import type { Network, WeightSpec, Weights } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import { countCorrect } from "../accuracy.ts";
import { batchRules, checkBatch, checkImages, checkOptions, checkParts, checkState, checkWeights } from "../checks.ts";
import type { Batch, InferenceOptions, Session, SessionOptions, StepOptions, StepResult } from "../engine.ts";
import { partOfStep } from "../masks.ts";
import { averageDecayAt, initialSlot, slotsOf } from "../optimizer.ts";
import type { LoadedTfjs } from "./load.ts";
import {
  crossEntropy,
  lossAndGradients,
  makeModel,
  run,
  targetsOf,
  type LossAndGradients,
  type WeightTensors,
} from "./model.ts";
import { clipFactor, moveTowards, updateWeight } from "./optimizer.ts";

/** Returns a session. Throws `shape` for a malformed network, `engine` for options or weights that don't fit. */
export async function openSession(loaded: LoadedTfjs, network: Network, options: SessionOptions): Promise<Session> {
  checkOptions(options);
  const { tf } = loaded;
  const order = topologicalOrder(network);
  const specs = weightSpecs(network);
  const rules = batchRules(network, order, inferShapes(network), options.batchSize);
  const model = makeModel(loaded, network, order, specs, rules.classes);
  const isTraining = options.training ?? true;
  const trainable = specs.filter((spec) => spec.trainable);
  const live = new Set(model.training.map((node) => node.id));
  /** What steps change. */
  const trained = trainable.filter((spec) => live.has(spec.node));
  const weights = new Map<string, Tensor>();
  const slots = new Map(
    isTraining ? slotsOf(options.optimizer).map(({ name }) => [name, new Map<string, Tensor>()]) : [],
  );
  const average = isTraining && options.averageDecay !== undefined ? new Map<string, Tensor>() : undefined;
  let isOpen = true;

  const replace = (tensors: Map<string, Tensor>, name: string, tensor: Tensor): void => {
    tensors.get(name)?.dispose();
    tensors.set(name, tf.keep(tensor));
  };
  const load = (tensors: Map<string, Tensor>, which: readonly WeightSpec[], values: Weights): void => {
    // Copied: the backend keeps the array it is given.
    for (const { name, shape } of which)
      replace(tensors, name, tf.tensor((values.get(name) as Float32Array).slice(), [...shape]));
  };
  /** Another engine of this process may compute on another backend. */
  const select = async (): Promise<void> => {
    if (!isOpen) throw new CellwrightError("engine", `${network.name}: the session is closed.`);
    if (tf.getBackend() !== loaded.tfName) await tf.setBackend(loaded.tfName);
  };

  await select();
  const initial = options.weights ?? initializeWeights(network, options.seed);
  checkWeights(specs, initial, `${network.name}: weights`);
  load(weights, specs, initial);
  if (average) load(average, specs, initial);
  for (const slot of slotsOf(options.optimizer)) {
    const values = slots.get(slot.name);
    if (values) load(values, trainable, initialSlot(slot, trainable));
  }

  const startTraining = async (): Promise<void> => {
    await select();
    if (!isTraining) throw new CellwrightError("engine", `${network.name}: the session is open for evaluation only.`);
  };
  /** What to infer with. */
  const chosen = (inference: InferenceOptions = {}): WeightTensors => {
    if (!inference.average) return weights;
    if (!average) throw new CellwrightError("engine", `${network.name}: the session keeps no average of its weights.`);
    return average;
  };
  const differentiate = (batch: Batch, { step, dropPathRate }: StepOptions, part: number): LossAndGradients =>
    lossAndGradients(model, weights, {
      batch,
      names: trained.map((spec) => spec.name),
      loss: options.loss,
      training: { seed: options.seed, step: partOfStep(step, part), dropPathRate },
    });
  /** Like tf.tidy, for results that hold kept tensors in a map. */
  const keepOf = <T>(compute: () => T): T => {
    tf.engine().startScope();
    try {
      return compute();
    } finally {
      tf.engine().endScope();
    }
  };
  const disposeSides = ({ logits, statistics }: LossAndGradients): void => {
    logits.dispose();
    for (const { mean, variance } of statistics.values()) tf.dispose([mean, variance]);
  };
  /** Moves moving statistics towards a batch's, which it disposes of. */
  const moveStatistics = ({ statistics }: LossAndGradients): void => {
    for (const node of model.training) {
      const moved = statistics.get(node.id);
      if (!moved || node.op !== "batchNorm") continue;
      const keep = node.attributes.momentum;
      const move = (name: string, batchValue: Tensor): void => {
        const old = weights.get(name) as Tensor;
        replace(weights, name, tf.add(tf.mul(old, keep), tf.mul(batchValue, 1 - keep)));
      };
      move(`${node.id}/movingMean`, moved.mean);
      move(`${node.id}/movingVariance`, moved.variance);
      tf.dispose([moved.mean, moved.variance]);
    }
  };
  const update = (gradients: WeightTensors, { learningRate, step }: StepOptions): void => {
    const scale = clipFactor(tf, [...gradients.values()], options.optimizer.clipNorm);
    for (const spec of trained) {
      const { name } = spec;
      const state = {
        spec,
        weight: weights.get(name) as Tensor,
        slots: Array.from(slots.values(), (values) => values.get(name) as Tensor),
        gradient: gradients.get(name),
      };
      const updated = updateWeight(tf, state, options.optimizer, { learningRate, step, scale });
      replace(weights, name, updated.weight);
      for (const [k, values] of [...slots.values()].entries()) replace(values, name, updated.slots[k] as Tensor);
    }
  };
  const images = (values: Float32Array, size: number): Tensor => tf.tensor(values, [size, ...rules.inputShape]);
  const read = async (loss: Tensor, logits: Tensor, batch: Batch): Promise<StepResult> => {
    const [[value], scores] = await Promise.all([loss.data(), logits.data()]);
    loss.dispose();
    logits.dispose();
    return { loss: value as number, correct: countCorrect(scores, batch.labels, rules.classes, batch.size) };
  };
  const copies = async (tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, Float32Array>> => {
    const entries = Array.from(tensors, async ([name, tensor]) => {
      // Copied: some backends hand out the array that they compute with.
      return [name, Float32Array.from(await tensor.data())] as const;
    });
    return new Map(await Promise.all(entries));
  };

  return {
    async trainStep(batch, step) {
      await startTraining();
      const parts = checkParts(rules, batch);
      const examples = parts.reduce((sum, part) => sum + part.size, 0);
      const gradients = new Map<string, Tensor>();
      let total = { loss: 0, correct: 0 };
      for (const [i, part] of parts.entries()) {
        const share = part.size / examples;
        const { loss, logits } = tf.tidy(() => {
          const result = differentiate(part, step, i);
          for (const [name, gradient] of result.gradients) {
            const weighted = share === 1 ? gradient : tf.mul(gradient, share);
            const sum = gradients.get(name);
            replace(gradients, name, sum ? tf.add(sum, weighted) : weighted);
          }
          moveStatistics(result);
          return { loss: tf.keep(result.loss), logits: result.logits };
        });
        const { loss: value, correct } = await read(loss, logits, part);
        total = { loss: total.loss + value * share, correct: total.correct + correct };
      }
      tf.tidy(() => {
        update(gradients, step);
        if (!average || options.averageDecay === undefined) return;
        const decay = averageDecayAt(options.averageDecay, step.step);
        for (const [name, old] of average)
          replace(average, name, moveTowards(tf, old, weights.get(name) as Tensor, 1 - decay));
      });
      tf.dispose([...gradients.values()]);
      return total;
    },

    async evaluate(batch, inference) {
      await select();
      checkBatch(rules, batch, false);
      const used = chosen(inference);
      const { loss, logits } = tf.tidy(() => {
        const { logits } = run(model, used, images(batch.images, batch.size));
        const targets = targetsOf(tf, batch, rules.classes, options.loss.labelSmoothing);
        return { loss: crossEntropy(tf, logits, targets), logits };
      });
      return read(loss, logits, batch);
    },

    async predict(values, size, inference) {
      await select();
      checkImages(rules, values, size);
      const used = chosen(inference);
      const logits = tf.tidy(() => run(model, used, images(values, size)).logits);
      const scores = Float32Array.from(await logits.data());
      logits.dispose();
      return scores;
    },

    async gradients(batch, step) {
      await startTraining();
      checkBatch(rules, batch, true);
      const result = keepOf(() => {
        const result = differentiate(batch, step, 0);
        for (const tensor of [result.loss, ...result.gradients.values()]) tf.keep(tensor);
        return result;
      });
      const { gradients } = result;
      const values = await copies(gradients);
      const [loss] = await result.loss.data();
      tf.dispose([result.loss, ...gradients.values()]);
      disposeSides(result);
      for (const { name, shape } of trainable)
        if (!values.has(name)) values.set(name, new Float32Array(shape.reduce((product, side) => product * side, 1)));
      return { loss: loss as number, gradients: values };
    },

    async save() {
      await select();
      const kept = Array.from(slots, async ([name, values]) => [name, await copies(values)] as const);
      return {
        weights: await copies(weights),
        slots: new Map(await Promise.all(kept)),
        ...(average && { average: await copies(average) }),
      };
    },

    async restore(state) {
      await select();
      checkState(specs, options, state, network.name);
      load(weights, specs, state.weights);
      for (const [name, values] of slots) load(values, trainable, state.slots.get(name) as Weights);
      if (average) load(average, specs, state.average as Weights);
    },

    async close() {
      isOpen = false;
      for (const tensors of [weights, ...slots.values(), ...(average ? [average] : [])]) {
        tf.dispose([...tensors.values()]);
        tensors.clear();
      }
    },
  };
}
