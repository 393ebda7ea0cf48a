/** @file A plan as the words that C++ decodes (native/src/decode.cc), which checks every one of them. */
import { opKindCodes, type Plan, type PlanOp, type PlanUse } from "./plan.ts";

const MAGIC = 0xce11;
const VERSION = 2;

/** Returns the plan's words. Whole numbers up to 2^53 and real constants alike, so one array holds them. */
export function encodePlan(plan: Plan): Float64Array {
  const bufferOf = (index: number): readonly [number, number] => {
    const { offset, imageFloats, perImage } = plan.buffers[index] as Plan["buffers"][0];
    return [offset, perImage ? imageFloats : 0];
  };
  const uploads = plan.uploads.flatMap((upload) => upload.planes);
  const words: number[] = [
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
  for (const n of plan.norms)
    words.push(
      n.channels,
      n.pixels,
      n.gamma,
      n.beta,
      n.movingMean,
      n.movingVariance,
      n.statistics,
      n.sums,
      n.epsilon,
      n.momentum,
    );
  for (const p of plan.planes) {
    const gradient = p.gradient === undefined ? [-1, 0] : bufferOf(p.gradient);
    words.push(...bufferOf(p.buffer), ...gradient, p.norm ?? -1, p.normOffset, p.gradientMask ?? -1, p.lanes, p.pixels);
  }
  words.push(...uploads, ...plan.logits);
  for (const op of plan.ops) pushOp(words, op);
  return Float64Array.from(words);
}

function pushOp(words: number[], op: PlanOp): void {
  const g = op.geometry;
  words.push(
    opKindCodes[op.kind],
    op.time,
    op.inputs.length,
    op.outputs.length,
    op.extra.length,
    op.activation,
    op.mask ?? -1,
  );
  words.push(op.weights ?? -1, op.depthwiseWeights ?? -1, op.bias ?? -1, op.norm ?? -1);
  words.push(
    g.inH,
    g.inW,
    g.outH,
    g.outW,
    g.kernelH,
    g.kernelW,
    g.strideH,
    g.strideW,
    g.dilationH,
    g.dilationW,
    g.top,
    g.left,
  );
  for (let i = 0; i < 6; i++) words.push(op.scratch[i] ?? -1);
  for (let i = 0; i < 4; i++) words.push(op.numbers[i] ?? 0);
  const pushUse = (use: PlanUse): void => {
    words.push(use.plane, use.accumulate ? 1 : 0, use.sums ? 1 : 0);
  };
  op.inputs.forEach(pushUse);
  op.outputs.forEach(pushUse);
  for (const word of op.extra) words.push(word);
}
