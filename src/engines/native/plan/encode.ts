/** @file A plan as the words that C++ decodes (native/src/decode.cc), which checks every one of them. */
import {
  opKindCodes,
  type Geometry,
  type Plan,
  type PlanNorm,
  type PlanOp,
  type PlanPlane,
  type PlanUse,
} from "./plan.ts";

const MAGIC = 0xce11;
const VERSION = 2;

/** Words of an operation, and of each of its uses, beside its extra numbers. */
const OP_WORDS = 33;
const USE_WORDS = 3;
const [HEADER_WORDS, NORM_WORDS, PLANE_WORDS] = [19, 10, 9];

/** Returns the plan's words. Whole numbers up to 2^53 and real constants alike, so one array holds them. */
export function encodePlan(plan: Plan): Float64Array {
  const uploads = plan.uploads.flatMap((upload) => upload.planes);
  const header = [
    MAGIC,
    VERSION,
    plan.vectorWidth,
    plan.batchSize,
    plan.arenaFloats,
    plan.parameters.floats,
    plan.statisticsFloats,
    plan.sumsDoubles,
    plan.scratchFloats,
    plan.masks.length,
    plan.imageFloats,
    plan.classes,
    plan.norms.length,
    plan.planes.length,
    plan.ops.length,
    uploads.length,
    plan.logits.length,
    plan.phases,
    plan.shares,
  ];
  let length = HEADER_WORDS + NORM_WORDS * plan.norms.length + PLANE_WORDS * plan.planes.length;
  length += uploads.length + plan.logits.length + OP_WORDS * plan.ops.length;
  for (const { inputs, outputs, extra } of plan.ops)
    length += USE_WORDS * (inputs.length + outputs.length) + extra.length;
  const words = new Float64Array(length);
  words.set(header);
  let at = HEADER_WORDS;
  for (const norm of plan.norms) {
    setNorm(words, at, norm);
    at += NORM_WORDS;
  }
  for (const plane of plan.planes) {
    setPlane(words, at, plan, plane);
    at += PLANE_WORDS;
  }
  words.set(uploads, at);
  words.set(plan.logits, at + uploads.length);
  at += uploads.length + plan.logits.length;
  for (const op of plan.ops) at = setOp(words, at, op);
  return words;
}

function setNorm(words: Float64Array, at: number, norm: PlanNorm): void {
  words[at] = norm.channels;
  words[at + 1] = norm.pixels;
  words[at + 2] = norm.gamma;
  words[at + 3] = norm.beta;
  words[at + 4] = norm.movingMean;
  words[at + 5] = norm.movingVariance;
  words[at + 6] = norm.statistics;
  words[at + 7] = norm.sums;
  words[at + 8] = norm.epsilon;
  words[at + 9] = norm.momentum;
}

function setPlane(words: Float64Array, at: number, plan: Plan, plane: PlanPlane): void {
  setBuffer(words, at, plan, plane.buffer);
  setBuffer(words, at + 2, plan, plane.gradient);
  words[at + 4] = plane.norm ?? -1;
  words[at + 5] = plane.normOffset;
  words[at + 6] = plane.gradientMask ?? -1;
  words[at + 7] = plane.lanes;
  words[at + 8] = plane.pixels;
}

function setBuffer(words: Float64Array, at: number, plan: Plan, index: number | undefined): void {
  const buffer = index === undefined ? undefined : plan.buffers[index];
  words[at] = buffer === undefined ? -1 : buffer.offset;
  words[at + 1] = buffer?.perImage ? buffer.imageFloats : 0;
}

/** Returns where the next operation begins. */
function setOp(words: Float64Array, from: number, op: PlanOp): number {
  words[from] = opKindCodes[op.kind];
  words[from + 1] = op.time;
  words[from + 2] = op.inputs.length;
  words[from + 3] = op.outputs.length;
  words[from + 4] = op.extra.length;
  words[from + 5] = op.activation;
  words[from + 6] = op.mask ?? -1;
  words[from + 7] = op.weights ?? -1;
  words[from + 8] = op.depthwiseWeights ?? -1;
  words[from + 9] = op.bias ?? -1;
  words[from + 10] = op.norm ?? -1;
  setGeometry(words, from + 11, op.geometry);
  for (let i = 0; i < 6; i++) words[from + 23 + i] = op.scratch[i] ?? -1;
  for (let i = 0; i < 4; i++) words[from + 29 + i] = op.numbers[i] ?? 0;
  let at = setUses(words, from + OP_WORDS, op.inputs);
  at = setUses(words, at, op.outputs);
  for (const word of op.extra) words[at++] = word;
  return at;
}

function setGeometry(words: Float64Array, at: number, g: Geometry): void {
  words[at] = g.inH;
  words[at + 1] = g.inW;
  words[at + 2] = g.outH;
  words[at + 3] = g.outW;
  words[at + 4] = g.kernelH;
  words[at + 5] = g.kernelW;
  words[at + 6] = g.strideH;
  words[at + 7] = g.strideW;
  words[at + 8] = g.dilationH;
  words[at + 9] = g.dilationW;
  words[at + 10] = g.top;
  words[at + 11] = g.left;
}

function setUses(words: Float64Array, from: number, uses: readonly PlanUse[]): number {
  let at = from;
  for (const { plane, accumulate, sums } of uses) {
    words[at] = plane;
    words[at + 1] = accumulate ? 1 : 0;
    words[at + 2] = sums ? 1 : 0;
    at += USE_WORDS;
  }
  return at;
}
