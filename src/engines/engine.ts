/**
 * @file The engine contract: open a network on a device with a batch size and a seed; train steps, evaluation, weights in
 * and out, close. The `reference` engine is the oracle: every other engine agrees with it to a stated tolerance.
 *
 * What every engine does alike, so that the same seed gives the same training (up to rounding):
 * - weights begin as `initializeWeights(network, seed)` (src/network/initialize.ts) gives them, unless `weights` is passed;
 * - masks of dropout and drop path come from `src/engines/masks.ts`, by seed, step (and part of a step) and node, never from a device's own generator;
 * - loss = cross-entropy of softmax(logits) against targets t * (1 - s) + s / classes, s being `labelSmoothing` and t the batch's `targets`, or 1 for
 *   the label and 0 for others where it has none; mean over the batch, plus `auxiliaryWeight` times the same of the auxiliary logits; `loss` in a
 *   result is that sum, without weight decay;
 * - a node that no output depends on is not run, and its weights are left as they are: not trained, not decayed;
 * - a step over several batches has the gradient of the mean loss over all their examples. Every batch is normalised by its own statistics and moves the
 *   moving ones, in order; masks of the i-th are those of step `partOfStep(step, i)`;
 * - if `clipNorm` is set, all trainable gradients are scaled by min(1, clipNorm / global L2 norm) (the norm is of the loss's gradient, without decay);
 *   then the optimizer updates, as its options say. Weight decay is for weights of role `kernel` (dense, conv, depthwise) only;
 * - after the update the average of the weights moves, where one is kept.
 */
import type { Network, Weights } from "../network/network.ts";

interface CommonOptimizerOptions {
  /** L2 penalty of kernels, whose gradient `weightDecay * w` is added behind the clipping; decoupled from the gradient for `adamw`. */
  readonly weightDecay: number;
  /** Global norm to clip to; absent for none. */
  readonly clipNorm?: number;
}

/** SGD with momentum m: v = m * v + g; Nesterov: w -= lr * (g + m * v), else w -= lr * v. v begins at 0 (PyTorch's convention). Slot: `momentum`, v. */
export interface SgdOptions extends CommonOptimizerOptions {
  readonly kind?: "sgd";
  /** 0 for plain SGD. */
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * RMSProp as TensorFlow 1 has it, which MnasNet and EfficientNet were trained with: s = d * s + (1 - d) * g^2; v = m * v + lr * g / sqrt(s + epsilon);
 * w -= v. Other than in PyTorch, epsilon is inside the square root, s begins at 1, and the learning rate is part of v. Slots: `momentum`, v, and
 * `meanSquare`, s.
 */
export interface RmsPropOptions extends CommonOptimizerOptions {
  readonly kind: "rmsprop";
  /** Of the mean square: d. The papers have 0.9. */
  readonly decay: number;
  /** 0 for none. */
  readonly momentum: number;
  /** More than 0. TensorFlow has 1e-10, MnasNet and EfficientNet 1e-3. */
  readonly epsilon: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch defines it: w -= lr * weightDecay * w; m = b1 * m + (1 - b1) * g;
 * v = b2 * v + (1 - b2) * g^2; w -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon), with t = `StepOptions.step` + 1. Slots: `firstMoment`, m, and
 * `secondMoment`, v; both begin at 0.
 */
export interface AdamWOptions extends CommonOptimizerOptions {
  readonly kind: "adamw";
  readonly beta1: number;
  readonly beta2: number;
  /** More than 0. */
  readonly epsilon: number;
}

/** By `kind`; without one it is `sgd`. */
export type OptimizerOptions = SgdOptions | RmsPropOptions | AdamWOptions;

export interface LossOptions {
  readonly labelSmoothing: number;
  /** Ignored where the network has no auxiliary output. */
  readonly auxiliaryWeight: number;
}

export interface SessionOptions {
  /** Largest batch a step or an evaluation is given; smaller ones are allowed (evaluation: any; training: 2 or more where the network has batch norm). */
  readonly batchSize: number;
  readonly seed: number;
  readonly optimizer: OptimizerOptions;
  readonly loss: LossOptions;
  /** Starts from these weights instead of the seed's. Every name of `weightSpecs(network)` must be there. */
  readonly weights?: Weights;
  /** False opens for evaluation only: less memory, `trainStep` throws. Default true. */
  readonly training?: boolean;
  /**
   * Keeps an exponential moving average of all weights, moving statistics included: it begins at the weights, and after the update of step t (from 0)
   * average = d * average + (1 - d) * weights with d = min(averageDecay, (1 + t) / (10 + t)), TensorFlow's warm-up. 0 to less than 1; absent: none is
   * kept. A session for evaluation only keeps none.
   */
  readonly averageDecay?: number;
}

/** A batch: `images` row-major `[n, h, w, c]`, normalised; `labels` `[n]`, whole numbers below the class count. */
export interface Batch {
  readonly size: number;
  readonly images: Float32Array;
  readonly labels: Uint8Array | Uint16Array | Int32Array;
  /**
   * Probabilities of the classes, row-major `[n, classes]`, every row summing to 1: the loss's targets in place of the labels (mixup, distillation). Label
   * smoothing applies on top; `correct` counts by the labels all the same.
   */
  readonly targets?: Float32Array;
}

export interface StepOptions {
  readonly learningRate: number;
  /** Current drop-path rate (already scheduled by training progress), 0 for none. */
  readonly dropPathRate: number;
  /** Counts updates from 0 over the whole training, below 2^32; seeds the masks, corrects Adam's bias and warms the average up. */
  readonly step: number;
}

export interface StepResult {
  /** Mean over the batch, or over all examples of several. May be NaN or infinite: the trainer decides what that means. */
  readonly loss: number;
  /** How many of the examples had their label as the largest logit. */
  readonly correct: number;
}

export interface InferenceOptions {
  /** Computes with the average of the weights instead of the weights. Throws `engine` where the session keeps none. Default false. */
  readonly average?: boolean;
}

/** State for a checkpoint: what `restore` needs to go on with the same bits. */
export interface SessionState {
  readonly weights: Weights;
  /** What the optimizer keeps beside the weights, by the slot's name (`slotsOf`), then by weight name (trainable ones only). */
  readonly slots: ReadonlyMap<string, Weights>;
  /** The average of the weights, where one is kept. */
  readonly average?: Weights;
}

export interface Session {
  /** One update. Several batches have their gradients averaged by their sizes before it: the step of one larger batch, in the memory of a small one. */
  trainStep(batch: Batch | readonly Batch[], options: StepOptions): Promise<StepResult>;
  /** Moving statistics, no dropout, no drop path, no auxiliary head. */
  evaluate(batch: Batch, options?: InferenceOptions): Promise<StepResult>;
  /** Row-major `[n, classes]`, in inference mode. */
  predict(images: Float32Array, size: number, options?: InferenceOptions): Promise<Float32Array>;
  /** Gradients of the loss at the current weights, by weight name, training mode, nothing updated. For tests and for scores at initialisation. */
  gradients(batch: Batch, options: StepOptions): Promise<{ readonly loss: number; readonly gradients: Weights }>;
  save(): Promise<SessionState>;
  /** Throws `engine`, with nothing changed, where the state has other weights, another optimizer's slots, or no average though the session keeps one. */
  restore(state: SessionState): Promise<void>;
  close(): Promise<void>;
}

export interface MemoryEstimate {
  /** Peak bytes of a training session at this batch size: activations, gradients, weights, the optimizer's slots, their average, scratch. */
  readonly bytes: number;
}

/** What of a session's options adds to its memory. */
export type MemoryOptions = Partial<Pick<SessionOptions, "optimizer" | "averageDecay">>;

export interface Engine {
  /** `reference`, `native`, `tfjs`. */
  readonly name: string;
  /** What it runs on, for people: `AVX-512`, `tensorflow 2.21 (GPU)`, `cpu`. */
  readonly target: string;
  /** Opens a session. Throws `unsupported-op` naming the node, or `engine`. */
  open(network: Network, options: SessionOptions): Promise<Session>;
  /** Says what a training session will need, from the plan alone, without running anything. Without `options`: with SGD, and without an average. */
  estimateMemory(network: Network, batchSize: number, options?: MemoryOptions): MemoryEstimate;
}
