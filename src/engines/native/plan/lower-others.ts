/** @file Adds, concats, products, pools over whole images and the loss as operations of a plan. */
import type { NodeOf } from "../../../network/network.ts";
import { emitBothWays } from "./both-ways.ts";
import { addPlanes, emit, gradientsOf, gradientUses, uses, valuesOf, type Draft, type DraftPlane } from "./draft.ts";
import { dense, unflattened } from "./lower-repack.ts";
import {
  addTerm,
  plain,
  planesValue,
  wholeImage,
  type PlanesValue,
  type PoolValue,
  type Stored,
  type Value,
} from "./value.ts";

/** As `plain`, for values that may be the image. */
export function imagePlain(draft: Draft, stored: Stored, value: Value): PlanesValue {
  return unflattened(draft, plain(draft, stored, value));
}

function sameLanes(a: readonly DraftPlane[], b: readonly DraftPlane[]): boolean {
  return a.length === b.length && a.every((plane, i) => plane.lanes === b[i]?.lanes);
}

/** Adds a sum. Pools and drop paths among the terms go straight into it. */
export function addAdd(draft: Draft, stored: Stored, node: NodeOf<"add">, inputs: readonly Value[]): PlanesValue {
  const terms = inputs.map((input): PlanesValue | PoolValue => {
    if (input.kind === "pool") return input;
    return unflattened(draft, input.kind === "planes" ? input : plain(draft, stored, input));
  });
  const sources = (term: PlanesValue | PoolValue): readonly DraftPlane[] =>
    term.kind === "pool" ? term.source : term.planes;
  const [first] = terms as [PlanesValue | PoolValue];
  const alike = terms.every((term) => sameLanes(sources(term), sources(first)));
  const aligned = alike ? terms : terms.map((term) => dense(draft, plain(draft, stored, term)));
  const lanes = sources(aligned[0] as PlanesValue).map((plane) => plane.lanes);
  const needsGradient = aligned.some((term) => sources(term).some((plane) => plane.needsGradient));
  const { h, w } = first;
  const flatOne = terms[0] as PlanesValue;
  const planes = addPlanes(draft, node.id, flatOne.h * flatOne.w, lanes, needsGradient);
  for (const [i, term] of aligned.entries()) addTerm(draft, term, planes, i > 0);
  return planesValue(node, planes, h, w, { flat: flatOne.flat ?? false });
}

export function addConcat(
  draft: Draft,
  stored: Stored,
  node: NodeOf<"concat">,
  inputs: readonly Value[],
  exclusive: boolean,
): PlanesValue {
  const parts = inputs.map((input) => imagePlain(draft, stored, input));
  const [first] = parts as [PlanesValue];
  const read = parts.flatMap((part) => part.planes);
  if (!draft.fuse) {
    const lanes = read.map((plane) => plane.lanes);
    const needsGradient = read.some((plane) => plane.needsGradient);
    const copy = addPlanes(draft, node.id, first.h * first.w, lanes, needsGradient);
    addTerm(draft, { ...first, planes: read }, copy, false);
    return planesValue(node, copy, first.h, first.w, { exclusive });
  }
  const planes = read;
  const own = exclusive && parts.every((part) => part.exclusive) && new Set(planes).size === planes.length;
  return planesValue(node, planes, first.h, first.w, { exclusive: own });
}

/** Adds a product; `by` has as many pixels or one. Without gradients of its own where it is a mask. */
export function addMultiply(draft: Draft, node: string, a: PlanesValue, by: PlanesValue): PlanesValue {
  const alike = sameLanes(a.planes, by.planes);
  const [x, y] = alike ? [a, by] : [dense(draft, a), dense(draft, by)];
  const read = [...x.planes, ...y.planes];
  const needsGradient = read.some((plane) => plane.needsGradient);
  const lanes = x.planes.map((plane) => plane.lanes);
  const planes = addPlanes(draft, node, x.h * x.w, lanes, needsGradient);
  emitBothWays(draft, {
    kind: "multiply",
    node,
    source: read,
    target: planes,
    shared: {},
    backward: () => ({
      inputs: read.flatMap((plane) => (plane.needsGradient ? gradientUses(draft, [plane], false) : uses([plane]))),
      // Which inputs get a gradient: a plane that nothing trains may have room for one at another time.
      extra: read.map((plane) => (plane.needsGradient ? 1 : 0)),
      writes: gradientsOf(read.filter((plane) => plane.needsGradient)),
    }),
  });
  return planesValue(node, planes, x.h, x.w, { flat: x.flat ?? false });
}

/** Adds a mean over all pixels, with the activation of what it reads. */
export function addGlobalPool(draft: Draft, node: string, value: PlanesValue): PlanesValue {
  const source = value.planes;
  const needsGradient = source.some((plane) => plane.needsGradient);
  const planes = addPlanes(
    draft,
    node,
    1,
    source.map((plane) => plane.lanes),
    needsGradient,
  );
  const geometry = { ...wholeImage(value.h, value.w), outH: 1, outW: 1 };
  emitBothWays(draft, {
    kind: "globalPool",
    node,
    source,
    target: planes,
    shared: { geometry, activation: value.activation },
  });
  return planesValue(node, planes, 1, 1);
}

/** Adds the loss on logits. `weight` is the auxiliary head's, 1 for the main one, whose right answers are counted. */
export function addLoss(
  draft: Draft,
  logits: PlanesValue,
  options: { readonly classes: number; readonly weight: number; readonly smoothing: number; readonly isMain: boolean },
): void {
  const { planes } = logits;
  const inputs = draft.training ? gradientUses(draft, planes, false) : uses(planes);
  for (const plane of planes) plane.buffer.keepsImages = true;
  emit(draft, {
    kind: "loss",
    node: logits.node,
    inputs,
    reads: valuesOf(planes),
    writes: draft.training ? gradientsOf(planes) : [],
    whole: true,
    numbers: [options.weight, options.smoothing],
    extra: [options.classes, options.isMain ? 1 : 0, draft.training ? 1 : 0],
  });
  for (const buffer of gradientsOf(planes)) buffer.keepsImages = true;
}
