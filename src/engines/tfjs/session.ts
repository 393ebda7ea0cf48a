/** @file A session of the tfjs engine. */
import type { Tensor } from "@tensorflow/tfjs";
import { CellwrightError } from "../../base/errors.ts";
import { initializeWeights } from "../../network/initialize.ts";
import type { Network, WeightSpec, Weights } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import { countCorrect } from "../accuracy.ts";
import { batchRules, checkBatch, checkImages, checkOptions, checkWeights } from "../checks.ts";
import type { Batch, Session, SessionOptions, StepOptions, StepResult } from "../engine.ts";
import type { LoadedTfjs } from "./load.ts";
import { crossEntropy, lossAndGradients, makeModel, run, targetsOf, type LossAndGradients } from "./model.ts";
import { clipFactor, updateWeight } from "./optimizer.ts";

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
  const momentum = new Map<string, Tensor>();
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
  if (isTraining) for (const { name, shape } of trainable) momentum.set(name, tf.keep(tf.zeros([...shape])));

  const startTraining = async (batch: Batch): Promise<void> => {
    await select();
    if (!isTraining) throw new CellwrightError("engine", `${network.name}: the session is open for evaluation only.`);
    checkBatch(rules, batch, true);
  };
  const differentiate = (batch: Batch, step: StepOptions): LossAndGradients =>
    lossAndGradients(model, weights, {
      batch,
      names: trained.map((spec) => spec.name),
      loss: options.loss,
      training: { seed: options.seed, step: step.step, dropPathRate: step.dropPathRate },
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
      await startTraining(batch);
      const result = tf.tidy(() => {
        const result = differentiate(batch, step);
        const scale = clipFactor(tf, [...result.gradients.values()], options.optimizer.clipNorm);
        for (const spec of trained) {
          const { name } = spec;
          const state = {
            weight: weights.get(name) as Tensor,
            momentum: momentum.get(name) as Tensor,
            gradient: result.gradients.get(name),
          };
          const settings = { optimizer: options.optimizer, learningRate: step.learningRate, scale };
          const updated = updateWeight(tf, spec, state, settings);
          replace(weights, name, updated.weight);
          replace(momentum, name, updated.momentum);
        }
        for (const node of model.training) {
          const moved = result.statistics.get(node.id);
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
        return { loss: tf.keep(result.loss), logits: result.logits };
      });
      return read(result.loss, result.logits, batch);
    },

    async evaluate(batch) {
      await select();
      checkBatch(rules, batch, false);
      const { loss, logits } = tf.tidy(() => {
        const { logits } = run(model, weights, images(batch.images, batch.size));
        const targets = targetsOf(tf, batch.labels, rules.classes, options.loss.labelSmoothing);
        return { loss: crossEntropy(tf, logits, targets), logits };
      });
      return read(loss, logits, batch);
    },

    async predict(values, size) {
      await select();
      checkImages(rules, values, size);
      const logits = tf.tidy(() => run(model, weights, images(values, size)).logits);
      const scores = Float32Array.from(await logits.data());
      logits.dispose();
      return scores;
    },

    async gradients(batch, step) {
      await startTraining(batch);
      const result = keepOf(() => {
        const result = differentiate(batch, step);
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
      return { weights: await copies(weights), momentum: await copies(momentum) };
    },

    async restore(state) {
      await select();
      checkWeights(specs, state.weights, `${network.name}: weights`);
      load(weights, specs, state.weights);
      if (!isTraining) return;
      checkWeights(trainable, state.momentum, `${network.name}: momentum`);
      load(momentum, trainable, state.momentum);
    },

    async close() {
      isOpen = false;
      tf.dispose([...weights.values(), ...momentum.values()]);
      weights.clear();
      momentum.clear();
    },
  };
}
