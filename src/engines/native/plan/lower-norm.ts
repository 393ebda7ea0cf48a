/** @file Batch norm as operations of a plan: sums, factors, and where they are made. */
import type { NodeOf } from "../../../network/network.ts";
import { zeroUnwritten } from "./gradients.ts";
import {
  addPlanes,
  emit,
  gradientsOf,
  placeWeight,
  touch,
  uses,
  valuesOf,
  type Draft,
  type DraftNorm,
  type DraftOp,
  type DraftPlane,
} from "./draft.ts";
import type { PlanOpKind } from "./plan.ts";
import { addTerm, planesValue, type PlanesValue } from "./value.ts";

/** Adds a batch norm: claims the planes where nobody else reads them and they have gradients, which its weights' are made from; else normalises a copy. */
export function addNorm(draft: Draft, node: NodeOf<"batchNorm">, input: PlanesValue): PlanesValue {
  let value = input;
  const isFree = (plane: DraftPlane): boolean =>
    plane.norm === undefined && plane.readers === 0 && (plane.needsGradient || !draft.training);
  if (!value.exclusive || !value.planes.every(isFree)) {
    const copies = addPlanes(
      draft,
      `${node.id}=`,
      value.h * value.w,
      value.planes.map((plane) => plane.lanes),
      true,
    );
    addTerm(draft, value, copies, false);
    value = planesValue(node, copies, value.h, value.w);
  }
  const { planes } = value;
  const lanes = planes.map((plane) => plane.lanes);
  const place = (role: string): number => placeWeight(draft, node, role, { kind: "channels", lanes });
  const spec = {
    node: node.id,
    channels: planes.length * draft.vectorWidth,
    pixels: value.h * value.w,
    gamma: place("gamma"),
    beta: place("beta"),
    movingMean: place("movingMean"),
    movingVariance: place("movingVariance"),
    epsilon: node.attributes.epsilon,
    momentum: node.attributes.momentum,
  };
  const norm: DraftNorm = { index: draft.norms.length, spec, planes, forwardTime: 0, backwardTime: 0 };
  draft.norms.push(norm);
  if (draft.training) {
    const { rest, time } = claimSums(draft, planes, norm.index);
    let after = time;
    attach(norm);
    if (rest.length > 0) {
      const sums = emit(draft, {
        kind: "normSums",
        node: node.id,
        outputs: uses(rest),
        reads: valuesOf(rest),
        after: time,
      });
      after = Math.max(after, sums.time);
    }
    // The planes are there for sums that have to be taken again: none, in nearly every step, so their bytes are not counted.
    const outputs = uses(planes);
    const forward = emit(draft, { kind: "normForward", node: node.id, outputs, norm: norm.index, after, whole: true });
    for (const plane of planes) touch(plane.buffer, forward.time, draft.ops.length - 1);
    norm.forwardTime = forward.time;
    draft.tape.push(() => addNormBackward(draft, norm));
  } else {
    attach(norm);
    norm.forwardTime = emit(draft, { kind: "normInference", node: node.id, norm: norm.index, whole: true }).time;
  }
  return planesValue(node, planes, value.h, value.w);
}

function attach(norm: DraftNorm): void {
  const width = norm.spec.channels / norm.planes.length;
  for (const [i, plane] of norm.planes.entries()) {
    plane.norm = norm;
    plane.normOffset = i * width;
  }
}

function addNormBackward(draft: Draft, norm: DraftNorm): void {
  const { planes } = norm;
  const { node } = norm.spec;
  if (!planes.some((plane) => plane.gradientWritten)) return;
  zeroUnwritten(draft, node, planes);
  const unsummed: DraftPlane[] = [];
  let after = 0;
  for (const plane of planes) {
    if (draft.fuse && plane.lastWriter) plane.lastWriter.sums = true;
    else unsummed.push(plane);
    after = Math.max(after, plane.gradient?.written ?? 0);
  }
  if (unsummed.length > 0) {
    const reads = [...valuesOf(unsummed), ...gradientsOf(unsummed)];
    const reduce = emit(draft, {
      kind: "normReduce",
      node,
      outputs: uses(unsummed),
      reads,
      afterForward: unsummed,
      flops: 4 * unsummed.length * draft.vectorWidth * norm.spec.pixels,
    });
    after = Math.max(after, reduce.time);
  }
  norm.backwardTime = emit(draft, { kind: "normBackward", node, norm: norm.index, after, whole: true }).time;
}

/** Marks the operations that write `planes` as makers of the batch norm's forward sums. Returns planes whose writers can't. */
export function claimSums(
  draft: Draft,
  planes: readonly DraftPlane[],
  norm: number,
): { readonly rest: DraftPlane[]; readonly time: number } {
  const makers = new Set<DraftOp>();
  const rest: DraftPlane[] = [];
  let time = 0;
  const kinds: readonly PlanOpKind[] = ["conv", "head", "depthwise", "separable"];
  for (const plane of planes) {
    const maker = draft.ops.findLast((op) => op.outputs.some((use) => use.plane === plane));
    if (draft.fuse && maker && kinds.includes(maker.kind)) {
      maker.norm = norm;
      makers.add(maker);
    } else rest.push(plane);
    time = Math.max(time, maker?.time ?? 0);
  }
  return { rest, time };
}
