/**
 * @file A plan under construction: planes with their buffers and gradients, operations with their times, scratch and weights. Lowering
 * (lower-*.ts) writes forward operations here and leaves its backward part on the tape.
 */
import { CellwrightError, expected, unreachable } from "../../../base/errors.ts";
import type { Node } from "../../../network/network.ts";
import { aligned } from "./memory.ts";
import type {
  Geometry,
  MatrixPart,
  PackedWeight,
  ParameterLayout,
  PlanMask,
  PlanNorm,
  PlanOpKind,
  WeightLayout,
} from "./plan.ts";

export interface DraftBuffer {
  readonly index: number;
  readonly label: string;
  readonly imageFloats: number;
  /** Times of the last operation that writes it and that reads it; -1 for none. */
  written: number;
  read: number;
  first: number;
  last: number;
  /** Places of the first and last operation in order of emission. */
  firstOp: number;
  lastOp: number;
  /** Has room for every image even where one phase sees all of it: read or written from outside. */
  keepsImages: boolean;
}

export interface DraftNorm {
  readonly index: number;
  readonly spec: Omit<PlanNorm, "statistics" | "sums">;
  readonly planes: readonly DraftPlane[];
  /** Time at which scale and shift are there, and dz's factors. */
  forwardTime: number;
  backwardTime: number;
}

export interface DraftPlane {
  readonly index: number;
  readonly buffer: DraftBuffer;
  readonly lanes: number;
  readonly pixels: number;
  /** Whether anything upstream is trained. */
  readonly needsGradient: boolean;
  gradient: DraftBuffer | undefined;
  gradientMask: number | undefined;
  gradientWritten: boolean;
  /** The last use that wrote the gradient, where it can make batch norm's sums too. */
  lastWriter: DraftUse | undefined;
  norm: DraftNorm | undefined;
  normOffset: number;
  /** How many uses read it forward. */
  readers: number;
}

export interface DraftUse {
  readonly plane: DraftPlane;
  accumulate: boolean;
  sums: boolean;
}

export interface DraftOp {
  readonly kind: PlanOpKind;
  readonly node: string;
  readonly time: number;
  readonly inputs: readonly DraftUse[];
  readonly outputs: readonly DraftUse[];
  readonly geometry: Geometry;
  readonly activation: number;
  readonly mask?: number | undefined;
  readonly weights?: number | undefined;
  readonly depthwiseWeights?: number | undefined;
  readonly bias?: number | undefined;
  /** Set later for writers that make forward sums. */
  norm?: number | undefined;
  readonly scratch: readonly (number | undefined)[];
  readonly numbers: readonly number[];
  readonly extra: readonly number[];
  readonly flops: number;
  readonly bytes: number;
}

/** What an operation says of itself. */
export interface OpRequest {
  readonly kind: PlanOpKind;
  readonly node: string;
  readonly inputs?: readonly DraftUse[];
  readonly outputs?: readonly DraftUse[];
  readonly reads?: readonly DraftBuffer[];
  readonly writes?: readonly DraftBuffer[];
  /** Batch norms whose forward (or backward) factors it needs. */
  readonly afterForward?: readonly DraftPlane[];
  readonly afterBackward?: readonly DraftPlane[];
  /** Not before this time. */
  readonly after?: number;
  /** Runs once, after all images. */
  readonly whole?: boolean;
  readonly geometry?: Geometry;
  readonly activation?: number;
  readonly mask?: number | undefined;
  readonly weights?: number | undefined;
  readonly depthwiseWeights?: number | undefined;
  readonly bias?: number | undefined;
  readonly norm?: number | undefined;
  readonly scratch?: readonly (number | undefined)[];
  readonly numbers?: readonly number[];
  readonly extra?: readonly number[];
  readonly flops?: number;
}

export interface DraftOptions {
  readonly vectorWidth: number;
  readonly batchSize: number;
  readonly training: boolean;
  /** See `PlanOptions`. */
  readonly fuse?: boolean;
  /** Of the training plan; absent: made here. */
  readonly parameters?: ParameterLayout;
}

export interface Draft extends DraftOptions {
  readonly fuse: boolean;
  readonly buffers: DraftBuffer[];
  readonly planes: DraftPlane[];
  readonly norms: DraftNorm[];
  readonly ops: DraftOp[];
  readonly masks: PlanMask[];
  readonly uploads: { readonly node: string; readonly rate: number; readonly planes: readonly DraftPlane[] }[];
  readonly scratchAreas: Map<string, { readonly index: number; floats: number }>;
  readonly weights: Map<string, PackedWeight>;
  parameterFloats: number;
  /** Backward parts, run in reverse. */
  readonly tape: (() => void)[];
}

export function createDraft(options: DraftOptions): Draft {
  return {
    ...options,
    fuse: options.fuse ?? true,
    buffers: [],
    planes: [],
    norms: [],
    ops: [],
    masks: [],
    uploads: [],
    scratchAreas: new Map(),
    weights: new Map(options.parameters?.weights),
    parameterFloats: options.parameters?.floats ?? 0,
    tape: [],
  };
}

export const noGeometry: Geometry = {
  inH: 1,
  inW: 1,
  outH: 1,
  outW: 1,
  kernelH: 1,
  kernelW: 1,
  strideH: 1,
  strideW: 1,
  dilationH: 1,
  dilationW: 1,
  top: 0,
  left: 0,
};

/** Later than any operation. A small whole number: with an infinity in a field, V8 would throw away what it compiled as soon as a time stands there. */
const NEVER = 2 ** 30 - 1;

export function addBuffer(draft: Draft, label: string, pixels: number): DraftBuffer {
  const buffer: DraftBuffer = {
    index: draft.buffers.length,
    label,
    imageFloats: pixels * draft.vectorWidth,
    written: -1,
    read: -1,
    first: NEVER,
    last: -1,
    firstOp: NEVER,
    lastOp: -1,
    keepsImages: false,
  };
  draft.buffers.push(buffer);
  return buffer;
}

/** Returns how `channels` fill planes: all but the last are full. */
export function lanesOf(channels: number, width: number): number[] {
  return Array.from({ length: Math.ceil(channels / width) }, (_, i) => Math.min(width, channels - i * width));
}

export function addPlanes(
  draft: Draft,
  label: string,
  pixels: number,
  lanes: readonly number[],
  needsGradient: boolean,
): DraftPlane[] {
  return lanes.map((used, i) => {
    const plane: DraftPlane = {
      index: draft.planes.length,
      buffer: addBuffer(draft, `${label}[${i}]`, pixels),
      lanes: used,
      pixels,
      needsGradient: needsGradient && draft.training,
      gradient: undefined,
      gradientMask: undefined,
      gradientWritten: false,
      lastWriter: undefined,
      norm: undefined,
      normOffset: 0,
      readers: 0,
    };
    draft.planes.push(plane);
    return plane;
  });
}

/** Uses planes as they are read or written forward. */
export function uses(planes: readonly DraftPlane[], accumulate = false): DraftUse[] {
  return planes.map((plane) => ({ plane, accumulate, sums: false }));
}

/** Uses planes whose gradients an operation writes: adding where something is there already. `makesSums`: it can make batch norm's sums. */
export function gradientUses(draft: Draft, planes: readonly DraftPlane[], makesSums: boolean): DraftUse[] {
  return planes.map((plane) => {
    plane.gradient ??= addBuffer(draft, `${plane.buffer.label}'`, plane.pixels);
    const use: DraftUse = { plane, accumulate: plane.gradientWritten, sums: false };
    plane.gradientWritten = true;
    plane.lastWriter = makesSums ? use : undefined;
    return use;
  });
}

/** Buffers of planes' values, and of their gradients. */
export function valuesOf(planes: readonly DraftPlane[]): DraftBuffer[] {
  return planes.map((plane) => plane.buffer);
}
export function gradientsOf(planes: readonly DraftPlane[]): DraftBuffer[] {
  return planes.flatMap((plane) => plane.gradient ?? []);
}

/** Returns the earliest time at or after `time` at which an operation by image (even) or a whole one (odd) can run. */
function slotFrom(time: number, whole: boolean): number {
  return (time % 2 === 1) === whole ? time : time + 1;
}

/** Most pixels, taps or steps along one axis (native/src/decode.cc): kernels count in 32 bits. */
export const MOST_SIDE = 2 ** 20;

/** Most pixels of an image and taps of a kernel; most rows (or columns) that a window goes over, its steps and its padding counted. */
const MOST_PIXELS = 2 ** 30;
const MOST_REACH = 2 ** 25;

function checkGeometry(node: string, g: Geometry): void {
  const { top, left } = g;
  const tall = g.inH + g.outH * g.strideH + g.kernelH * g.dilationH + Math.abs(top);
  const wide = g.inW + g.outW * g.strideW + g.kernelW * g.dilationW + Math.abs(left);
  const pixels = Math.max(g.inH * g.inW, g.outH * g.outW, g.kernelH * g.kernelW);
  const side = Math.max(g.inH, g.inW, g.outH, g.outW, g.kernelH, g.kernelW);
  const step = Math.max(g.strideH, g.strideW, g.dilationH, g.dilationW);
  if (Math.max(side, step) <= MOST_SIDE && Math.max(tall, wide) <= MOST_REACH && pixels <= MOST_PIXELS) return;
  const count = (most: number): string => most.toLocaleString("en");
  const what = `sides, strides and dilations up to ${count(MOST_SIDE)}, images and kernels up to ${count(MOST_PIXELS)} pixels (what the native engine can count)`;
  throw new CellwrightError("unsupported-op", expected(node, what, g));
}

/** Adds an operation at the earliest time that what it needs allows. Throws `unsupported-op`, naming the node, where a side is out of the kernels' reach. */
export function emit(draft: Draft, request: OpRequest): DraftOp {
  if (request.geometry !== undefined) checkGeometry(request.node, request.geometry);
  const whole = request.whole ?? false;
  const reads = request.reads ?? [];
  const writes = request.writes ?? [];
  let time = Math.max(0, request.after ?? 0);
  for (const buffer of reads) time = Math.max(time, buffer.written);
  for (const buffer of writes) time = Math.max(time, buffer.written, buffer.read);
  for (const { norm } of request.afterForward ?? []) if (norm) time = Math.max(time, norm.forwardTime);
  for (const { norm } of request.afterBackward ?? []) if (norm) time = Math.max(time, norm.backwardTime);
  // Evaluation is one phase, after the factors of all batch norms are there.
  if (!draft.training && !whole) time = Math.max(time, 2);
  time = slotFrom(time, whole);
  const place = draft.ops.length;
  let imageFloats = 0;
  for (const buffer of reads) {
    buffer.read = Math.max(buffer.read, time);
    touch(buffer, time, place);
    imageFloats += buffer.imageFloats;
  }
  for (const buffer of writes) {
    buffer.written = time;
    touch(buffer, time, place);
    imageFloats += buffer.imageFloats;
  }
  const op: DraftOp = {
    kind: request.kind,
    node: request.node,
    time,
    inputs: request.inputs ?? [],
    outputs: request.outputs ?? [],
    geometry: request.geometry ?? noGeometry,
    activation: request.activation ?? 0,
    mask: request.mask,
    weights: request.weights,
    depthwiseWeights: request.depthwiseWeights,
    bias: request.bias,
    norm: request.norm,
    scratch: request.scratch ?? [],
    numbers: request.numbers ?? [],
    extra: request.extra ?? [],
    flops: request.flops ?? 0,
    bytes: 4 * imageFloats,
  };
  draft.ops.push(op);
  return op;
}

export function touch(buffer: DraftBuffer, time: number, place: number): void {
  buffer.first = Math.min(buffer.first, time);
  buffer.last = Math.max(buffer.last, time);
  buffer.firstOp = Math.min(buffer.firstOp, place);
  buffer.lastOp = Math.max(buffer.lastOp, place);
}

/**
 * Returns a scratch area of at least `floats`. Areas of one key are one: the contents last no longer than an operation, apart from what
 * nobody writes: a zero border stays zero, so its geometry belongs in the key.
 */
export function scratch(draft: Draft, key: string, floats: number): number {
  let area = draft.scratchAreas.get(key);
  if (area === undefined) {
    area = { index: draft.scratchAreas.size, floats: 0 };
    draft.scratchAreas.set(key, area);
  }
  area.floats = Math.max(area.floats, aligned(floats));
  return area.index;
}

/** Returns the floats of a matrix, packed. */
export function partLength(part: MatrixPart, taps: number, width: number): number {
  return taps * part.inLanes.length * part.outLanes.length * width * width;
}

function lengthOf(layout: WeightLayout, width: number): number {
  switch (layout.kind) {
    case "matrix":
      return partLength(layout, layout.taps, width);
    case "parts":
      return layout.parts.reduce((sum, part) => sum + partLength(part, layout.taps, width), 0);
    case "depthwise":
      return layout.taps * layout.lanes.length * width;
    case "channels":
      return layout.lanes.length * width;
    default:
      return unreachable(layout);
  }
}

/** Returns the place of a weight among the parameters. */
export function placeWeight(draft: Draft, node: Node, role: string, layout: WeightLayout): number {
  const name = `${node.id}/${role}`;
  const length = lengthOf(layout, draft.vectorWidth);
  const known = draft.weights.get(name);
  if (known) {
    if (known.length !== length) throw new CellwrightError("internal", `${name}: two plans disagree on its layout.`);
    return known.offset;
  }
  const isFixed = node.op === "batchNorm" && node.attributes.affine === false;
  const trainable = role !== "movingMean" && role !== "movingVariance" && !isFixed;
  const weight = { name, offset: draft.parameterFloats, length, layout, trainable, decays: role === "kernel" };
  draft.weights.set(name, weight);
  draft.parameterFloats += aligned(length);
  return weight.offset;
}
