/**
 * @file The engine contract: open a network on a device with a batch size and a seed; train steps, evaluation, weights in
 * and out, close. The `reference` engine is the oracle: every other engine agrees with it to a stated tolerance.
 *
 * What every engine does alike, so that the same seed gives the same training (up to rounding):
 * - weights begin as `initializeWeights(network, seed)` (src/network/initialize.ts) gives them, unless `weights` is passed;
 * - masks of dropout and drop path come from `src/engines/masks.ts`, by seed, step and node, never from a device's own generator;
 * - loss = cross-entropy of softmax(logits) against labels smoothed by `labelSmoothing` (y * (1 - s) + s / classes), mean over the
 *   batch, plus `auxiliaryWeight` times the same of the auxiliary logits; `loss` in a result is that sum, without weight decay;
 * - a node that no output depends on is not run, and its weights are left as they are: not trained, not decayed;
 * - gradient: then `weightDecay * w` is added for weights of role `kernel` (dense, conv, depthwise) only; before that, if
 *   `clipNorm` is set, all trainable gradients are scaled by min(1, clipNorm / global L2 norm) (the norm is of the loss's gradient, without decay);
 * - SGD with momentum m: v = m * v + g; Nesterov: w -= lr * (g + m * v), else w -= lr * v. v begins at 0 (PyTorch's convention).
 */
import type { Network, Weights } from "../network/network.ts";

export interface OptimizerOptions {
  /** 0 for plain SGD. */
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** Global norm to clip to; absent for none. */
  readonly clipNorm?: number;
}

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
}

/** A batch: `images` row-major `[n, h, w, c]`, normalised; `labels` `[n]`, whole numbers below the class count. */
export interface Batch {
  readonly size: number;
  readonly images: Float32Array;
  readonly labels: Uint8Array | Uint16Array | Int32Array;
  /** Soft targets, row-major `[n, classes]`; rows sum to 1. */
  readonly targets?: Float32Array;
}

export interface StepOptions {
  readonly learningRate: number;
  /** Current drop-path rate (already scheduled by training progress), 0 for none. */
  readonly dropPathRate: number;
  /** Counts from 0 over the whole training; seeds the masks. */
  readonly step: number;
}

export interface StepResult {
  /** Mean over the batch. May be NaN or infinite: the trainer decides what that means. */
  readonly loss: number;
  /** How many of the batch's examples had their label as the largest logit. */
  readonly correct: number;
}

/** State for a checkpoint: what `restore` needs to go on with the same bits. */
export interface SessionState {
  readonly weights: Weights;
  /** Momentum buffers by weight name (trainable ones only). */
  readonly momentum: Weights;
}

export interface Session {
  trainStep(batch: Batch, options: StepOptions): Promise<StepResult>;
  /** Moving statistics, no dropout, no drop path, no auxiliary head. */
  evaluate(batch: Batch): Promise<StepResult>;
  /** Row-major `[n, classes]`, in inference mode. */
  predict(images: Float32Array, size: number): Promise<Float32Array>;
  /** Gradients of the loss at the current weights, by weight name, training mode, nothing updated. For tests and for scores at initialisation. */
  gradients(batch: Batch, options: StepOptions): Promise<{ readonly loss: number; readonly gradients: Weights }>;
  save(): Promise<SessionState>;
  restore(state: SessionState): Promise<void>;
  close(): Promise<void>;
}

export interface MemoryEstimate {
  /** Peak bytes of a training session at this batch size: activations, gradients, weights, momentum, scratch. */
  readonly bytes: number;
}

export interface Engine {
  /** `reference`, `native`, `tfjs`. */
  readonly name: string;
  /** What it runs on, for people: `AVX-512`, `tensorflow 2.21 (GPU)`, `cpu`. */
  readonly target: string;
  /** Opens a session. Throws `unsupported-op` naming the node, or `engine`. */
  open(network: Network, options: SessionOptions): Promise<Session>;
  /** Says what a training session will need, from the plan alone, without running anything. */
  estimateMemory(network: Network, batchSize: number): MemoryEstimate;
}
