/** @file From a draft to a plan: buffers get places, scratch areas offsets, operations their order. */
import { placeBuffers } from "./memory.ts";
import type { Draft, DraftBuffer, DraftPlane, DraftUse } from "./draft.ts";
import type { Plan, PlanBuffer, PlanNorm, PlanOp, PlanPlane, PlanUse } from "./plan.ts";

export interface Facts {
  readonly network: string;
  readonly classes: number;
  readonly imageFloats: number;
  readonly logits: readonly DraftPlane[];
}

/** Rows of single-precision statistics, and of double-precision sums, that a batch norm keeps (native/src/program.h). */
const STATISTIC_ROWS = 8;
const SUM_ROWS = 4;

export function finish(draft: Draft, facts: Facts): Plan {
  const buffers = placed(draft);
  const offsets: number[] = [];
  let scratchFloats = 0;
  for (const { floats } of draft.scratchAreas.values()) {
    offsets.push(scratchFloats);
    scratchFloats += floats;
  }
  let channels = 0;
  const norms = draft.norms.map((norm): PlanNorm => {
    const at = channels;
    channels += norm.spec.channels;
    return { ...norm.spec, statistics: at * STATISTIC_ROWS, sums: at * SUM_ROWS };
  });
  const ops = draft.ops
    .map((op): PlanOp => ({
      kind: op.kind,
      node: op.node,
      time: op.time,
      inputs: op.inputs.map(useOf),
      outputs: op.outputs.map(useOf),
      geometry: op.geometry,
      activation: op.activation,
      mask: op.mask,
      weights: op.weights,
      depthwiseWeights: op.depthwiseWeights,
      bias: op.bias,
      norm: op.norm,
      scratch: op.scratch.map((area) => (area === undefined ? undefined : (offsets[area] as number))),
      numbers: op.numbers,
      extra: op.extra,
      flops: op.flops,
      bytes: op.bytes,
    }))
    .sort((a, b) => a.time - b.time);
  return {
    network: facts.network,
    training: draft.training,
    vectorWidth: draft.vectorWidth,
    batchSize: draft.batchSize,
    classes: facts.classes,
    imageFloats: facts.imageFloats,
    buffers: buffers.list,
    planes: draft.planes.map(planeOf),
    norms,
    masks: draft.masks,
    uploads: draft.uploads.map(({ node, rate, planes }) => ({
      node,
      rate,
      planes: planes.map((plane) => plane.index),
    })),
    ops,
    phases: Math.floor((ops.at(-1)?.time ?? 0) / 2) + 1,
    shares: draft.training ? sharesOf(draft.parameterFloats, buffers.floats) : 1,
    logits: facts.logits.map((plane) => plane.index),
    parameters: { weights: draft.weights, floats: draft.parameterFloats },
    arenaFloats: buffers.floats,
    scratchFloats,
    statisticsFloats: channels * STATISTIC_ROWS,
    sumsDoubles: channels * SUM_ROWS,
  };
}

const MOST_SHARES = 8;
/** Gradients of shares that nobody minds: 16 MiB. */
const FREE_FLOATS = 1 << 22;

/** Every share of the batch holds gradients of its own: fewer where they would be much beside the arena, two at least. */
function sharesOf(parameterFloats: number, arenaFloats: number): number {
  let shares = MOST_SHARES;
  while (shares > 2 && (shares - 1) * parameterFloats > Math.max(FREE_FLOATS, arenaFloats / 4)) shares /= 2;
  return shares;
}

function useOf({ plane, accumulate, sums }: DraftUse): PlanUse {
  return { plane: plane.index, accumulate, sums };
}

function planeOf(plane: DraftPlane): PlanPlane {
  const { buffer, gradient, gradientMask, norm, normOffset, lanes, pixels } = plane;
  const hasGradient = gradient !== undefined && gradient.last >= 0;
  return {
    buffer: buffer.index,
    gradient: hasGradient ? gradient.index : undefined,
    gradientMask,
    norm: norm?.index,
    normOffset,
    lanes,
    pixels,
  };
}

/** A buffer that only one phase sees, image by image, needs room for one image. */
function isLocal(buffer: DraftBuffer): boolean {
  return !buffer.keepsImages && buffer.first === buffer.last && buffer.first % 2 === 0;
}

function placed(draft: Draft): { readonly list: readonly PlanBuffer[]; readonly floats: number } {
  // Time and order of emission in one number, so that what lives within one phase shares room there too.
  const places = draft.ops.length + 1;
  const lifetimes = draft.buffers.map((buffer) => {
    if (buffer.last < 0) return { floats: buffer.imageFloats, first: 0, last: 0 };
    if (isLocal(buffer)) {
      const base = buffer.first * places;
      return { floats: buffer.imageFloats, first: base + buffer.firstOp, last: base + buffer.lastOp };
    }
    const floats = buffer.imageFloats * draft.batchSize;
    return { floats, first: buffer.first * places, last: (buffer.last + 1) * places - 1 };
  });
  const { offsets, floats } = placeBuffers(lifetimes);
  const list = draft.buffers.map((buffer, i): PlanBuffer => {
    const { label, imageFloats, first, last } = buffer;
    const known = last < 0 ? { first: 0, last: 0 } : { first, last };
    return { label, imageFloats, perImage: !isLocal(buffer) && last >= 0, offset: offsets[i] as number, ...known };
  });
  return { list, floats };
}
