/**
 * @file What a node gives, while it is planned. An activation, a drop path or a pool is not computed where it stands but where it is read:
 * a convolution applies the activation as it reads, an add takes a pool as one of its terms. Whoever can't asks for the stored form.
 */
import type { ActivationName, Node, NodeOf } from "../../../network/network.ts";
import { emitBothWays } from "./both-ways.ts";
import { zeroUnwritten } from "./gradients.ts";
import { addPlanes, emit, lanesOf, noGeometry, scratch, uses, valuesOf, type Draft, type DraftPlane } from "./draft.ts";
import { maxGradientVectors } from "./geometry.ts";
import type { Geometry, PlanOpKind } from "./plan.ts";

/** Numbers of native/src/program.h. */
export const activationCodes: Readonly<Record<ActivationName, number>> = {
  relu: 1,
  relu6: 2,
  swish: 3,
  hswish: 4,
  sigmoid: 5,
  hsigmoid: 6,
  tanh: 7,
};

interface ValueBase {
  readonly node: string;
  readonly h: number;
  readonly w: number;
  /** Row of masks still to be applied, after everything else. */
  readonly mask?: number | undefined;
  /** Whether the shape is `[h * w * c]`. */
  readonly flat?: boolean;
}

/** Planes, with an activation still to be applied (0 for none). */
export interface PlanesValue extends ValueBase {
  readonly kind: "planes";
  readonly planes: readonly DraftPlane[];
  readonly activation: number;
  /** Whether the node that follows is the only one to read it, so that a batch norm there may claim the planes. */
  readonly exclusive: boolean;
}

/** A pool of planes, not computed yet. */
export interface PoolValue extends ValueBase {
  readonly kind: "pool";
  readonly pool: "maxPool" | "avgPool" | "adaptiveMaxPool" | "adaptiveAvgPool";
  readonly geometry: Geometry;
  readonly source: readonly DraftPlane[];
}

/** Something that a particular reader takes in as it reads, and everybody else asks to be computed. */
interface DeferredValue extends ValueBase {
  /** Adds it to the plan. */
  readonly compute: () => PlanesValue;
  readonly source: PlanesValue;
  readonly geometry: Geometry;
}

/** A depthwise convolution, not computed yet: a 1x1 convolution that alone reads it takes both in one pass. */
export interface DepthwiseValue extends DeferredValue {
  readonly kind: "depthwise";
  readonly operation: NodeOf<"depthwiseConv">;
}

/** A part of an image, or every other pixel, not copied yet: a 1x1 convolution reads it where it is. */
export interface WindowValue extends DeferredValue {
  readonly kind: "window";
}

/** The network's input, not laid out yet. */
export interface ImageValue extends ValueBase {
  readonly kind: "image";
  readonly channels: number;
}

export type Value = PlanesValue | PoolValue | DepthwiseValue | WindowValue | ImageValue;

export function planesValue(
  node: Node | string,
  planes: readonly DraftPlane[],
  h: number,
  w: number,
  more: Partial<Omit<PlanesValue, "kind" | "planes">> = {},
): PlanesValue {
  const id = typeof node === "string" ? node : node.id;
  return { kind: "planes", node: id, planes, h, w, activation: 0, exclusive: false, ...more };
}

/** Remembers what was stored, so that two readers share it. */
export type Stored = Map<Value, PlanesValue>;

/** Returns the same value without anything left to apply but batch norm's affine, storing it where needed. */
export function plain(draft: Draft, stored: Stored, value: Value): PlanesValue {
  if (value.kind === "planes" && value.activation === 0 && value.mask === undefined) return value;
  const known = stored.get(value);
  if (known) return known;
  const made = store(draft, value);
  stored.set(value, made);
  return made;
}

/** As `plain`, but an activation may be left for the reader. */
export function activated(draft: Draft, stored: Stored, value: Value): PlanesValue {
  return value.kind === "planes" && value.mask === undefined ? value : plain(draft, stored, value);
}

/** As `plain`, and no batch norm is left to apply either: what is stored is what is meant. */
export function raw(draft: Draft, stored: Stored, value: Value): PlanesValue {
  const simple = plain(draft, stored, value);
  if (simple.planes.every((plane) => plane.norm === undefined)) return simple;
  const known = stored.get(simple);
  if (known) return known;
  const made = store(draft, simple);
  stored.set(simple, made);
  return made;
}

function store(draft: Draft, value: Value): PlanesValue {
  const { node, h, w } = value;
  if (value.kind === "image") {
    const planes = addPlanes(draft, node, h * w, lanesOf(value.channels, draft.vectorWidth), false);
    emit(draft, {
      kind: "input",
      node,
      outputs: uses(planes),
      writes: valuesOf(planes),
      geometry: { ...noGeometry, inH: h, inW: w, outH: h, outW: w },
      extra: [value.channels],
    });
    return planesValue(node, planes, h, w);
  }
  if (value.kind === "depthwise" || value.kind === "window") {
    const computed = value.compute();
    return value.mask === undefined ? computed : store(draft, { ...computed, mask: value.mask });
  }
  const sources = value.kind === "pool" ? value.source : value.planes;
  const needsGradient = sources.some((plane) => plane.needsGradient);
  const planes = addPlanes(
    draft,
    `${node}=`,
    h * w,
    sources.map((plane) => plane.lanes),
    needsGradient,
  );
  addTerm(draft, value, planes, false);
  return planesValue(node, planes, h, w, { flat: value.flat ?? false });
}

/** Geometry of reading every pixel where it is. */
export function wholeImage(h: number, w: number): Geometry {
  return { ...noGeometry, inH: h, inW: w, outH: h, outW: w };
}

/** Writes a value into `target`, or adds it to what is there; its gradient goes the same way back. */
export function addTerm(
  draft: Draft,
  value: PlanesValue | PoolValue,
  target: readonly DraftPlane[],
  accumulate: boolean,
  window?: Geometry,
): void {
  const isPool = value.kind === "pool";
  const source = isPool ? value.source : value.planes;
  const forward: PlanOpKind = isPool ? value.pool : "map";
  const geometry = isPool ? value.geometry : (window ?? wholeImage(value.h, value.w));
  const activation = isPool ? 0 : value.activation;
  const perPixel = geometry.kernelH * geometry.kernelW;
  const outputs = geometry.outH * geometry.outW * target.length * draft.vectorWidth;
  const columns = Math.max(geometry.inW, geometry.outW) * draft.vectorWidth;
  const isMean = isPool && (value.pool === "avgPool" || value.pool === "adaptiveAvgPool");
  const counts = isMean ? countsOf(draft, geometry) : undefined;
  emitBothWays(draft, {
    kind: forward,
    node: value.node,
    source,
    target,
    makesSums: !isPool && window === undefined,
    shared: { geometry, activation, mask: value.mask, flops: perPixel * outputs * 2 },
    forward: {
      outputs: uses(target, accumulate),
      scratch: [isPool ? scratchFor(draft, columns) : undefined, counts],
    },
    backward() {
      const isIdentity = !isPool && activation === 0 && window === undefined;
      if (draft.fuse && isIdentity && shareGradient(source, target, value.mask)) return undefined;
      if (window !== undefined) zeroUnwritten(draft, value.node, source, target);
      if (!isPool) return {};
      const mean = geometry.outH * geometry.outW * draft.vectorWidth + columns;
      const floats = isMean ? mean : maxGradientVectors(geometry) * draft.vectorWidth;
      return { scratch: [scratchFor(draft, floats), counts] };
    },
  });
}

/** Lets planes that only one add reads share its gradient: `d(a + b)` is the same for both. */
function shareGradient(
  source: readonly DraftPlane[],
  target: readonly DraftPlane[],
  mask: number | undefined,
): boolean {
  const canShare = source.every((plane, i) => {
    const gradient = target[i] as DraftPlane;
    const oneMask = mask === undefined || gradient.gradientMask === undefined;
    return plane.readers === 1 && !plane.gradientWritten && oneMask && gradient.norm === undefined;
  });
  if (!canShare) return false;
  for (const [i, plane] of source.entries()) {
    const { gradient, gradientMask } = target[i] as DraftPlane;
    if (gradient) plane.gradient = gradient;
    const row = mask ?? gradientMask;
    if (row !== undefined) plane.gradientMask = row;
    plane.gradientWritten = true;
    plane.lastWriter = undefined;
  }
  return true;
}

/** Scratch that lasts no longer than one operation on one image. */
export function scratchFor(draft: Draft, floats: number): number {
  return scratch(draft, "plain", floats);
}

function countsOf(draft: Draft, g: Geometry): number {
  return scratch(draft, `counts ${JSON.stringify(g)}`, g.outH * g.outW);
}
