/** @file A plan as the words that C++ decodes (native/src/decode.cc), which checks every one of them. */
import { opKindCodes, type Plan, type PlanOp, type PlanPlane, type PlanUse } from "./plan.ts";

const MAGIC = 0xce11;
const VERSION = 2;

/** Words one after the other, in an array that doubles as it fills: every session waits for them, and pushing onto an array of plain numbers takes longer. */
class Words {
  private data = new Float64Array(1 << 12);
  private length = 0;

  put(word: number): void {
    if (this.length === this.data.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length++] = word;
  }

  putAll(words: readonly number[]): void {
    for (const word of words) this.put(word);
  }

  take(): Float64Array {
    return this.data.slice(0, this.length);
  }
}

/** Returns the plan's words. Whole numbers up to 2^53 and real constants alike, so one array holds them. */
export function encodePlan(plan: Plan): Float64Array {
  const uploads = plan.uploads.flatMap((upload) => upload.planes);
  const words = new Words();
  words.putAll([
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
  ]);
  for (const norm of plan.norms) {
    words.put(norm.channels);
    words.put(norm.pixels);
    words.put(norm.gamma);
    words.put(norm.beta);
    words.put(norm.movingMean);
    words.put(norm.movingVariance);
    words.put(norm.statistics);
    words.put(norm.sums);
    words.put(norm.epsilon);
    words.put(norm.momentum);
  }
  for (const plane of plan.planes) putPlane(words, plan, plane);
  words.putAll(uploads);
  words.putAll(plan.logits);
  for (const op of plan.ops) putOp(words, op);
  return words.take();
}

function putPlane(words: Words, plan: Plan, plane: PlanPlane): void {
  putBuffer(words, plan, plane.buffer);
  putBuffer(words, plan, plane.gradient);
  words.put(plane.norm ?? -1);
  words.put(plane.normOffset);
  words.put(plane.gradientMask ?? -1);
  words.put(plane.lanes);
  words.put(plane.pixels);
}

function putBuffer(words: Words, plan: Plan, index: number | undefined): void {
  const buffer = index === undefined ? undefined : plan.buffers[index];
  words.put(buffer === undefined ? -1 : buffer.offset);
  words.put(buffer?.perImage ? buffer.imageFloats : 0);
}

function putOp(words: Words, op: PlanOp): void {
  words.put(opKindCodes[op.kind]);
  words.put(op.time);
  words.put(op.inputs.length);
  words.put(op.outputs.length);
  words.put(op.extra.length);
  words.put(op.activation);
  words.put(op.mask ?? -1);
  words.put(op.weights ?? -1);
  words.put(op.depthwiseWeights ?? -1);
  words.put(op.bias ?? -1);
  words.put(op.norm ?? -1);
  const g = op.geometry;
  words.put(g.inH);
  words.put(g.inW);
  words.put(g.outH);
  words.put(g.outW);
  words.put(g.kernelH);
  words.put(g.kernelW);
  words.put(g.strideH);
  words.put(g.strideW);
  words.put(g.dilationH);
  words.put(g.dilationW);
  words.put(g.top);
  words.put(g.left);
  for (let i = 0; i < 6; i++) words.put(op.scratch[i] ?? -1);
  for (let i = 0; i < 4; i++) words.put(op.numbers[i] ?? 0);
  putUses(words, op.inputs);
  putUses(words, op.outputs);
  words.putAll(op.extra);
}

function putUses(words: Words, uses: readonly PlanUse[]): void {
  for (const { plane, accumulate, sums } of uses) {
    words.put(plane);
    words.put(accumulate ? 1 : 0);
    words.put(sums ? 1 : 0);
  }
}
