/**
 * @file A batch of episodes through the policy and back: the loss and its gradient by backpropagation through time, proven by finite
 * differences. Episodes are laid out longest first, so that those still running at step t are the first rows of that step.
 *
 * Loss, to be minimised, per episode and averaged over the batch, the sums running over its predictions:
 *   reinforce:  - sum of A log p                                     (Williams 1992; Zoph and Le, arXiv 1611.01578, section 3.2)
 *   ppo:        - sum of min(r A, clip(r, 1 - e, 1 + e) A), r = p / p when drawn    (Schulman et al., arXiv 1707.06347, equation 7)
 *   both:       - entropy weight x sum of the softmaxes' entropies
 */
import { addProduct, matrix, transposed } from "./matrices.ts";
import { advanceCell, type Draw, inputRow, type Policy, policyOver, softmaxInPlace } from "./policy.ts";
import type { Episode } from "./vocabulary.ts";

/** One trial to learn from. */
export interface Sample extends Draw {
  /** A: its reward above the baseline. */
  readonly advantage: number;
}

export interface LossOptions {
  readonly algorithm: "ppo" | "reinforce";
  readonly clip: number;
  readonly entropyWeight: number;
}

/** The rows of a batch: step t holds rows `start[t]` to `start[t + 1]`, in each the episodes still running, longest first. */
interface Layout<S extends Pick<Sample, "episode"> = Pick<Sample, "episode">> {
  readonly samples: readonly S[];
  readonly start: readonly number[];
  readonly rows: number;
}

function layOut<S extends Pick<Sample, "episode">>(batch: readonly S[]): Layout<S> {
  const samples = [...batch].sort((a, b) => b.episode.slots.length - a.episode.slots.length);
  const start = [0];
  for (let t = 0; ; t++) {
    const running = samples.filter(({ episode }) => episode.slots.length > t).length;
    if (running === 0) return { samples, start, rows: start[t] as number };
    start.push((start[t] as number) + running);
  }
}

/** What the way forward leaves for the way back, a row per prediction. */
interface Trace {
  /** After their nonlinearities. // [rows, 4 hidden] */
  readonly gates: Float64Array;
  /** // [rows, hidden] */
  readonly cell: Float64Array;
  /** // [rows, hidden] */
  readonly state: Float64Array;
  /** // [rows, levels of the widest] */
  readonly probabilities: Float64Array;
}

function runForward(policy: Policy, { samples, start, rows }: Layout): Trace {
  const { hidden, inputs, bias, recurrent, heads, headBias } = policy;
  const width = 4 * hidden;
  const widest = policy.vocabulary.maxLevels;
  const trace: Trace = {
    gates: new Float64Array(rows * width),
    cell: new Float64Array(rows * hidden),
    state: new Float64Array(rows * hidden),
    probabilities: new Float64Array(rows * widest),
  };
  const { gates, state, probabilities } = trace;
  for (let t = 0; t + 1 < start.length; t++) {
    const [from, to] = [start[t] as number, start[t + 1] as number];
    const before = t === 0 ? 0 : (start[t - 1] as number);
    for (let row = from; row < to; row++) {
      const { slots, actions } = samples[row - from]!.episode;
      const input = inputs.offset + inputRow(slots[t - 1], actions[t - 1] ?? 0) * width;
      for (let j = 0; j < width; j++) gates[row * width + j] = inputs.data[input + j]! + bias.data[bias.offset + j]!;
    }
    if (t > 0)
      addProduct(
        matrix(state, to - from, hidden, before * hidden),
        recurrent,
        matrix(gates, to - from, width, from * width),
      );
    for (let row = from; row < to; row++) {
      const h = row * hidden;
      advanceCell(hidden, trace, { g: row * width, h, before: t === 0 ? -1 : (before + row - from) * hidden });
      const slot = samples[row - from]!.episode.slots[t]!;
      const p = row * widest;
      for (let i = 0; i < slot.levels.length; i++)
        probabilities[p + i] = headBias.data[headBias.offset + slot.first + i]!;
      const weights = matrix(heads.data, slot.levels.length, hidden, heads.offset + slot.first * hidden);
      addProduct(matrix(state, 1, hidden, h), weights, matrix(probabilities, 1, widest, p));
      softmaxInPlace(probabilities, p, slot.levels.length);
    }
  }
  return trace;
}

/**
 * Returns the logarithms of how likely each of each episode's predictions is: to the bit what `sampleFrom` said, as sums are taken in the same
 * order, in half the time where there are many, as each weight is read once for two of them.
 */
export function logProbabilitiesOf(policy: Policy, episodes: readonly Episode[]): readonly Float64Array[] {
  const layout = layOut(episodes.map((episode, index) => ({ episode, index })));
  const { samples, start } = layout;
  const widest = policy.vocabulary.maxLevels;
  const { probabilities } = runForward(policy, layout);
  const logs = episodes.map(({ slots }) => new Float64Array(slots.length));
  for (let t = 0; t + 1 < start.length; t++)
    for (let row = start[t]!; row < start[t + 1]!; row++) {
      const { episode, index } = samples[row - start[t]!]!;
      logs[index]![t] = Math.log(probabilities[row * widest + episode.actions[t]!]!);
    }
  return logs;
}

/** Returns the loss of one prediction and its derivative by the log-probability of the level taken. */
function surrogate(
  logProbability: number,
  drawn: number,
  advantage: number,
  options: LossOptions,
): readonly [number, number] {
  if (options.algorithm === "reinforce") return [-advantage * logProbability, -advantage];
  const ratio = Math.exp(logProbability - drawn);
  const clipped = Math.min(1 + options.clip, Math.max(1 - options.clip, ratio));
  if (clipped * advantage < ratio * advantage) return [-clipped * advantage, 0];
  return [-ratio * advantage, -ratio * advantage];
}

/** Returns the loss of the batch and its gradient by every parameter, in their order. About 3 x batch x predictions x 4 hidden² multiply-accumulates. */
export function lossAndGradient(
  policy: Policy,
  batch: readonly Sample[],
  options: LossOptions,
): { readonly loss: number; readonly gradient: Float64Array } {
  const layout = layOut(batch);
  const { samples, start, rows } = layout;
  const { hidden, heads, vocabulary } = policy;
  const width = 4 * hidden;
  const widest = vocabulary.maxLevels;
  const trace = runForward(policy, layout);
  const gradient = new Float64Array(policy.parameters.length);
  const into = policyOver(vocabulary, hidden, gradient);
  const perEpisode = 1 / samples.length;
  /** Derivatives by the states, then by the gates before their nonlinearities. */
  const byState = new Float64Array(rows * hidden);
  const byGates = new Float64Array(rows * width);
  const logits = new Float64Array(widest);
  let loss = 0;

  for (let t = 0; t + 1 < start.length; t++) {
    for (let row = start[t]!; row < start[t + 1]!; row++) {
      const { episode, advantage, logProbabilities } = samples[row - start[t]!]!;
      const slot = episode.slots[t]!;
      const action = episode.actions[t]!;
      const p = row * widest;
      let entropy = 0;
      for (let i = 0; i < slot.levels.length; i++) {
        const probability = trace.probabilities[p + i]!;
        if (probability > 0) entropy -= probability * Math.log(probability);
      }
      const logProbability = Math.log(trace.probabilities[p + action]!);
      const [value, slope] = surrogate(logProbability, logProbabilities[t]!, advantage, options);
      loss += perEpisode * (value - options.entropyWeight * entropy);
      const h = row * hidden;
      for (let i = 0; i < slot.levels.length; i++) {
        const probability = trace.probabilities[p + i]!;
        const byEntropy = probability > 0 ? probability * (Math.log(probability) + entropy) : 0;
        const byLogit =
          perEpisode * (slope * ((i === action ? 1 : 0) - probability) + options.entropyWeight * byEntropy);
        logits[i] = byLogit;
        const weight = heads.offset + (slot.first + i) * hidden;
        const sum = into.headBias.offset + slot.first + i;
        gradient[sum] = gradient[sum]! + byLogit;
        for (let j = 0; j < hidden; j++) {
          gradient[weight + j] = gradient[weight + j]! + byLogit * trace.state[h + j]!;
          byState[h + j] = byState[h + j]! + byLogit * heads.data[weight + j]!;
        }
      }
    }
  }
  runBackward(policy, layout, trace, byState, byGates);
  addWeightGradients(policy, layout, trace, byGates, into);
  return { loss, gradient };
}

/** Fills `byGates` from the last step to the first; `byState` comes with what the softmaxes say and gathers what later steps say. */
function runBackward(
  policy: Policy,
  { start, rows }: Layout,
  trace: Trace,
  byState: Float64Array,
  byGates: Float64Array,
): void {
  const { hidden } = policy;
  const width = 4 * hidden;
  const recurrentColumns = transposed(policy.recurrent); // [hidden, 4 hidden]
  const byCell = new Float64Array(rows * hidden);
  for (let t = start.length - 2; t >= 0; t--) {
    const [from, to] = [start[t]!, start[t + 1]!];
    const before = t === 0 ? 0 : start[t - 1]!;
    for (let row = from; row < to; row++) {
      const g = row * width;
      const h = row * hidden;
      const previous = (before + row - from) * hidden;
      for (let j = 0; j < hidden; j++) {
        const i = trace.gates[g + j]!;
        const f = trace.gates[g + hidden + j]!;
        const c = trace.gates[g + 2 * hidden + j]!;
        const o = trace.gates[g + 3 * hidden + j]!;
        const squashed = Math.tanh(trace.cell[h + j]!);
        const bySelf = byCell[h + j]! + byState[h + j]! * o * (1 - squashed * squashed);
        byGates[g + j] = bySelf * c * i * (1 - i);
        byGates[g + hidden + j] = t === 0 ? 0 : bySelf * trace.cell[previous + j]! * f * (1 - f);
        byGates[g + 2 * hidden + j] = bySelf * i * (1 - c * c);
        byGates[g + 3 * hidden + j] = byState[h + j]! * squashed * o * (1 - o);
        if (t > 0) byCell[previous + j] = bySelf * f;
      }
    }
    if (t > 0)
      addProduct(
        matrix(byGates, to - from, width, from * width),
        recurrentColumns,
        matrix(byState, to - from, hidden, before * hidden),
      );
  }
}

/** Adds up, over all rows, what each gate's derivative says of its input row, the bias and the recurrent weights. */
function addWeightGradients(
  policy: Policy,
  { samples, start, rows }: Layout,
  trace: Trace,
  byGates: Float64Array,
  into: Policy,
): void {
  const { hidden } = policy;
  const width = 4 * hidden;
  const gradient = into.parameters;
  const first = start[1] ?? 0;
  // Row r's previous state, for all rows but those of the first step, which have none.
  const previousStates = new Float64Array((rows - first) * hidden);
  for (let t = 0; t + 1 < start.length; t++) {
    const [from, to] = [start[t]!, start[t + 1]!];
    if (t > 0) {
      const before = start[t - 1]!;
      previousStates.set(trace.state.subarray(before * hidden, (before + to - from) * hidden), (from - first) * hidden);
    }
    for (let row = from; row < to; row++) {
      const { slots, actions } = samples[row - from]!.episode;
      const input = into.inputs.offset + inputRow(slots[t - 1], actions[t - 1] ?? 0) * width;
      const sum = into.bias.offset;
      for (let j = 0; j < width; j++) {
        const value = byGates[row * width + j]!;
        gradient[input + j] = gradient[input + j]! + value;
        gradient[sum + j] = gradient[sum + j]! + value;
      }
    }
  }
  if (rows === first) return;
  const left = transposed(matrix(byGates, rows - first, width, first * width)); // [4 hidden, rows]
  const right = transposed(matrix(previousStates, rows - first, hidden)); // [hidden, rows]
  addProduct(left, right, into.recurrent);
}
