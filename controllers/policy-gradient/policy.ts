/**
 * @file The policy: a one-layer LSTM that predicts one decision after the other (NASNet, arXiv 1707.07012, appendix A; Zoph and Le, arXiv
 * 1611.01578). Each step's input is the previous decision's value as a one-hot vector, so its embedding is that value's column of the
 * input weights, kept here as rows of width 4 x hidden; each decision has a softmax of its own. Here: the parameters, and one sequence
 * at a time. `batch.ts` runs many and their gradients.
 *
 * Gates, in this order within 4 x hidden: input, forget, candidate, output.
 */
import type { Rng } from "cellwright/base";
import type { Genotype } from "cellwright/space";
import { addProduct, matrix, type Matrix } from "./matrices.ts";
import { type Episode, type Slot, type Vocabulary, walkSlots } from "./vocabulary.ts";

/** The weights, all within one array, so that an optimizer sees one vector. */
export interface Policy {
  readonly vocabulary: Vocabulary;
  readonly hidden: number;
  readonly parameters: Float64Array;
  /** Rows: the start of a sequence, then every level of every decision. // [1 + levels, 4 hidden] */
  readonly inputs: Matrix;
  /** // [4 hidden, hidden] */
  readonly recurrent: Matrix;
  /** // [1, 4 hidden] */
  readonly bias: Matrix;
  /** Softmax weights, a row per level. // [levels, hidden] */
  readonly heads: Matrix;
  /** // [levels, 1] */
  readonly headBias: Matrix;
}

/** Returns the number of parameters of a policy. */
export function parameterCount({ levelCount }: Vocabulary, hidden: number): number {
  return (1 + levelCount) * 4 * hidden + 4 * hidden * hidden + 4 * hidden + levelCount * (hidden + 1);
}

/** Returns the policy whose parameters are this array. */
export function policyOver(vocabulary: Vocabulary, hidden: number, parameters: Float64Array): Policy {
  let offset = 0;
  const take = (rows: number, columns: number): Matrix => {
    const part = matrix(parameters, rows, columns, offset);
    offset += rows * columns;
    return part;
  };
  const { levelCount } = vocabulary;
  return {
    vocabulary,
    hidden,
    parameters,
    inputs: take(1 + levelCount, 4 * hidden),
    recurrent: take(4 * hidden, hidden),
    bias: take(1, 4 * hidden),
    heads: take(levelCount, hidden),
    headBias: take(levelCount, 1),
  };
}

/** Returns a new policy, every weight uniform in (-0.1, 0.1) as in the paper. */
export function createPolicy(vocabulary: Vocabulary, hidden: number, rng: Rng): Policy {
  const parameters = new Float64Array(parameterCount(vocabulary, hidden));
  for (let i = 0; i < parameters.length; i++) parameters[i] = 0.2 * rng.next() - 0.1;
  return policyOver(vocabulary, hidden, parameters);
}

/** Row of `inputs` that stands for what a decision took. */
export function inputRow(slot: Slot | undefined, action: number): number {
  return slot === undefined ? 0 : 1 + slot.first + action;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * One step of the LSTM's cell for one row: puts the gates at `g` through their nonlinearities, in place, and writes cell and state at
 * `h`, from the cell at `before` (-1: the zeros a sequence begins with; it may be `h` itself).
 */
export function advanceCell(
  hidden: number,
  { gates, cell, state }: { readonly gates: Float64Array; readonly cell: Float64Array; readonly state: Float64Array },
  { g, h, before }: { readonly g: number; readonly h: number; readonly before: number },
): void {
  for (let j = 0; j < hidden; j++) {
    const i = sigmoid(gates[g + j]!);
    const f = sigmoid(gates[g + hidden + j]!);
    const c = Math.tanh(gates[g + 2 * hidden + j]!);
    const o = sigmoid(gates[g + 3 * hidden + j]!);
    const value = (before < 0 ? 0 : f * cell[before + j]!) + i * c;
    gates[g + j] = i;
    gates[g + hidden + j] = f;
    gates[g + 2 * hidden + j] = c;
    gates[g + 3 * hidden + j] = o;
    cell[h + j] = value;
    state[h + j] = o * Math.tanh(value);
  }
}

/** Writes the softmax of `count` logits over them, in place, largest subtracted. */
export function softmaxInPlace(logits: Float64Array, offset: number, count: number): void {
  let largest = -Infinity;
  for (let i = 0; i < count; i++) largest = Math.max(largest, logits[offset + i]!);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value = Math.exp(logits[offset + i]! - largest);
    logits[offset + i] = value;
    sum += value;
  }
  for (let i = 0; i < count; i++) logits[offset + i] = logits[offset + i]! / sum;
}

/** Returns a function that advances the LSTM by one decision and returns that decision's probabilities, good until the next call. */
function stepper(policy: Policy): (previousRow: number, slot: Slot) => Float64Array {
  const { hidden, inputs, bias, recurrent, heads, headBias, vocabulary } = policy;
  const width = 4 * hidden;
  const state = new Float64Array(hidden);
  const cell = new Float64Array(hidden);
  const gates = new Float64Array(width);
  const probabilities = new Float64Array(vocabulary.maxLevels);
  return (previousRow, slot) => {
    const input = inputs.offset + previousRow * width;
    for (let j = 0; j < width; j++) gates[j] = inputs.data[input + j]! + bias.data[bias.offset + j]!;
    addProduct(matrix(state, 1, hidden), recurrent, matrix(gates, 1, width));
    advanceCell(hidden, { gates, cell, state }, { g: 0, h: 0, before: 0 });
    const count = slot.levels.length;
    for (let i = 0; i < count; i++) probabilities[i] = headBias.data[headBias.offset + slot.first + i]!;
    const rows = matrix(heads.data, count, hidden, heads.offset + slot.first * hidden);
    addProduct(matrix(state, 1, hidden), rows, matrix(probabilities, 1, vocabulary.maxLevels));
    softmaxInPlace(probabilities, 0, count);
    return probabilities;
  };
}

/** What a policy says of one sequence: the log-probability of each prediction, under the parameters of that moment. */
export interface Draw {
  readonly episode: Episode;
  readonly logProbabilities: Float64Array;
}

/** Returns a genotype drawn from the policy, and how likely each prediction was. Changes nothing but `rng`. */
export function sampleFrom(policy: Policy, rng: Rng): { readonly genotype: Genotype; readonly draw: Draw } {
  const step = stepper(policy);
  const slots: Slot[] = [];
  const actions: number[] = [];
  const logs: number[] = [];
  let previous = inputRow(undefined, 0);
  const genotype = walkSlots(policy.vocabulary.slots, (slot) => {
    const probabilities = step(previous, slot);
    let rest = rng.next();
    let action = 0;
    // The last level takes what rounding leaves over.
    for (; action < slot.levels.length - 1; action++) {
      rest -= probabilities[action]!;
      if (rest < 0) break;
    }
    slots.push(slot);
    actions.push(action);
    logs.push(Math.log(probabilities[action]!));
    previous = inputRow(slot, action);
    return action;
  });
  return { genotype, draw: { episode: { slots, actions }, logProbabilities: Float64Array.from(logs) } };
}
