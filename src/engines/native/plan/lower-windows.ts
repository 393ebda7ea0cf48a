/** @file Convolutions, dense layers and pools as operations of a plan, forward and backward. */
import type { Node, NodeOf } from "../../../network/network.ts";
import { windowGeometry } from "../../../network/ops/window.ts";
import {
  addPlanes,
  emit,
  gradientsOf,
  gradientUses,
  lanesOf,
  noGeometry,
  placeWeight,
  scratch,
  uses,
  valuesOf,
  type Draft,
  type DraftOp,
  type DraftPlane,
} from "./draft.ts";
import type { Geometry, PlanOpKind } from "./plan.ts";
import { completeGradients, normalisedValues, planesValue, scratchFor, type PlanesValue } from "./value.ts";

/** Pixels of a strip in native/kernels/conv.h. */
export const STRIP = 64;

/** Returns the geometry of a convolution or a pool on an image of h x w pixels. */
export function geometryOf(
  h: number,
  w: number,
  node: NodeOf<"conv" | "depthwiseConv" | "maxPool" | "avgPool">,
): Geometry {
  const { attributes } = node;
  const window = windowGeometry([h, w, 1], attributes);
  const dilation = "dilation" in attributes ? attributes.dilation : [1, 1];
  return {
    inH: h,
    inW: w,
    outH: window.height,
    outW: window.width,
    kernelH: attributes.kernel[0],
    kernelW: attributes.kernel[1],
    strideH: attributes.stride[0],
    strideW: attributes.stride[1],
    dilationH: dilation[0] as number,
    dilationW: dilation[1] as number,
    top: window.top,
    left: window.left,
  };
}

/** Whether every output pixel reads just the input pixel at its place. */
export function isPointwise(g: Geometry): boolean {
  const one = g.kernelH === 1 && g.kernelW === 1 && g.strideH === 1 && g.strideW === 1;
  return one && g.top === 0 && g.left === 0 && g.inH === g.outH && g.inW === g.outW;
}

/** Sides of the bordered image that a convolution reads. */
export function paddedSides(g: Geometry): { readonly h: number; readonly w: number } {
  return {
    h: (g.outH - 1) * g.strideH + (g.kernelH - 1) * g.dilationH + 1,
    w: (g.outW - 1) * g.strideW + (g.kernelW - 1) * g.dilationW + 1,
  };
}

/** Sides of the bordered dz that input gradients read, and its border. */
export function gradientSides(g: Geometry): { readonly h: number; readonly w: number; readonly key: string } {
  const before = (pad: number, kernel: number, dilation: number, stride: number): number =>
    Math.max(0, -Math.floor((pad - (kernel - 1) * dilation) / stride));
  const after = (size: number, pad: number, out: number, stride: number): number =>
    Math.max(0, Math.trunc((size - 1 + pad) / stride) - (out - 1));
  const top = before(g.top, g.kernelH, g.dilationH, g.strideH);
  const left = before(g.left, g.kernelW, g.dilationW, g.strideW);
  const h = g.outH + top + after(g.inH, g.top, g.outH, g.strideH);
  const w = g.outW + left + after(g.inW, g.left, g.outW, g.strideW);
  return { h, w, key: `dz ${h}x${w} ${top},${left} ${g.outH}x${g.outW}` };
}

export function inputKey(g: Geometry): string {
  const { h, w } = paddedSides(g);
  return `x ${h}x${w} ${g.top},${g.left} ${g.inH}x${g.inW}`;
}

export interface ConvSource {
  readonly planes: readonly DraftPlane[];
  readonly activation: number;
}

export interface ConvRequest {
  readonly node: Node;
  readonly source: ConvSource;
  readonly geometry: Geometry;
  readonly filters: number;
  readonly groups: number;
  readonly bias: boolean;
  readonly exclusive: boolean;
  /** Channels of each input plane's place among the weights; the planes' own lanes if absent. */
  readonly inLanes?: readonly number[];
}

/** Adds a dense convolution. A dense layer is one whose kernel is as large as its image. */
export function addConv(draft: Draft, request: ConvRequest): PlanesValue {
  const { node, source, geometry: g, filters } = request;
  const { vectorWidth: width, training } = draft;
  const nci = source.planes.length;
  const outLanes = lanesOf(filters, width);
  const nco = outLanes.length;
  const taps = g.kernelH * g.kernelW;
  const inLanes = request.inLanes ?? source.planes.map((plane) => plane.lanes);
  const layout = { kind: "matrix", taps, inLanes, outLanes, groups: request.groups } as const;
  const weights = placeWeight(draft, node, "kernel", layout);
  const bias = request.bias ? placeWeight(draft, node, "bias", { kind: "channels", lanes: outLanes }) : undefined;
  const planes = addPlanes(draft, node.id, g.outH * g.outW, outLanes, true);
  for (const plane of source.planes) plane.readers++;
  const isHead = training && isOnePixel(g) && source.activation === 0 && source.planes.every((plane) => !plane.norm);
  const pointwise = isPointwise(g);
  const { h, w } = paddedSides(g);
  const inputScratch = pointwise
    ? scratch(draft, "strips", nci * STRIP * width)
    : scratch(draft, inputKey(g), nci * h * w * width);
  const flops = 2 * taps * nci * nco * width * width * g.outH * g.outW;
  const forward: PlanOpKind = isHead ? "head" : "conv";
  emit(draft, {
    kind: forward,
    node: node.id,
    inputs: uses(source.planes),
    outputs: uses(planes),
    reads: valuesOf(source.planes),
    writes: valuesOf(planes),
    afterForward: source.planes,
    whole: isHead,
    geometry: g,
    activation: source.activation,
    weights,
    bias,
    scratch: [
      isHead ? undefined : inputScratch,
      undefined,
      undefined,
      scratch(draft, "sums", 2 * width * Math.max(nci, nco)),
    ],
    flops,
  });
  if (training) {
    draft.tape.push(() => {
      if (!planes.some((plane) => plane.gradientWritten)) return;
      completeGradients(draft, node.id, planes);
      const wantsInput = source.planes.some((plane) => plane.needsGradient);
      const inputs = wantsInput ? gradientUses(draft, source.planes, !isHead) : uses(source.planes);
      const dz = gradientSides(g);
      const strips = scratch(draft, "dz strips", nco * STRIP * width);
      const outputScratch = isHead
        ? scratchFor(draft, nco * draft.batchSize * width)
        : pointwise
          ? strips
          : scratch(draft, dz.key, nco * dz.h * dz.w * width);
      const transposed = isHead
        ? scratch(draft, "transposed head", nci * nco * width * width)
        : scratch(draft, `transposed ${node.id}`, taps * nci * nco * width * width);
      emit(draft, {
        kind: `${forward}Backward` as PlanOpKind,
        node: node.id,
        inputs,
        outputs: uses(planes),
        reads: [...valuesOf(source.planes), ...gradientsOf(planes), ...normalisedValues(planes)],
        writes: wantsInput ? gradientsOf(source.planes) : [],
        afterForward: source.planes,
        afterBackward: planes,
        whole: isHead,
        geometry: g,
        activation: source.activation,
        weights,
        bias,
        scratch: [
          isHead ? undefined : inputScratch,
          outputScratch,
          wantsInput ? transposed : undefined,
          scratch(draft, "sums", 2 * width * Math.max(nci, nco)),
        ],
        flops: flops * (wantsInput ? 2 : 1),
      });
    });
  }
  return planesValue(node, planes, g.outH, g.outW, { exclusive: request.exclusive });
}

/** Whether the kernel covers the image once, without padding. */
function isOnePixel(g: Geometry): boolean {
  const covers = g.kernelH === g.inH && g.kernelW === g.inW && g.outH === 1 && g.outW === 1;
  return covers && g.top === 0 && g.left === 0 && g.dilationH === 1 && g.dilationW === 1;
}

/** Returns the geometry of a kernel as large as its image. */
export function coveringGeometry(h: number, w: number): Geometry {
  return { ...noGeometry, inH: h, inW: w, kernelH: h, kernelW: w };
}

/** Adds a depthwise convolution that nothing is fused with. */
export function addDepthwise(
  draft: Draft,
  node: NodeOf<"depthwiseConv">,
  value: PlanesValue,
  exclusive: boolean,
): PlanesValue {
  const { vectorWidth: width, training } = draft;
  const g = geometryOf(value.h, value.w, node);
  const source = value.planes;
  const lanes = source.map((plane) => plane.lanes);
  const taps = g.kernelH * g.kernelW;
  const weights = placeWeight(draft, node, "kernel", { kind: "depthwise", taps, lanes });
  const bias = node.attributes.bias ? placeWeight(draft, node, "bias", { kind: "channels", lanes }) : undefined;
  const planes = addPlanes(draft, node.id, g.outH * g.outW, lanes, true);
  for (const plane of source) plane.readers++;
  const { h, w } = paddedSides(g);
  const x = scratch(draft, inputKey(g), h * w * width);
  const sums = scratch(draft, "sums", 2 * width * source.length);
  const flops = 2 * taps * source.length * width * g.outH * g.outW;
  const shared = { node: node.id, afterForward: source, geometry: g, activation: value.activation, weights, bias };
  emit(draft, {
    ...shared,
    kind: "depthwise",
    inputs: uses(source),
    outputs: uses(planes),
    reads: valuesOf(source),
    writes: valuesOf(planes),
    scratch: [x, undefined, undefined, sums],
    flops,
  });
  if (training) {
    draft.tape.push(() => {
      if (!planes.some((plane) => plane.gradientWritten)) return;
      completeGradients(draft, node.id, planes);
      const wantsInput = source.some((plane) => plane.needsGradient);
      const dz = gradientSides(g);
      emit(draft, {
        ...shared,
        kind: "depthwiseBackward",
        inputs: wantsInput ? gradientUses(draft, source, true) : uses(source),
        outputs: uses(planes),
        reads: [...valuesOf(source), ...gradientsOf(planes), ...normalisedValues(planes)],
        writes: wantsInput ? gradientsOf(source) : [],
        afterBackward: planes,
        scratch: [
          x,
          scratch(draft, dz.key, dz.h * dz.w * width),
          wantsInput ? scratch(draft, `flipped ${node.id}`, taps * source.length * width) : undefined,
          sums,
        ],
        flops: flops * (wantsInput ? 2 : 1),
      });
    });
  }
  return planesValue(node, planes, g.outH, g.outW, { exclusive });
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
    if (maker && kinds.includes(maker.kind)) {
      maker.norm = norm;
      makers.add(maker);
    } else rest.push(plane);
    time = Math.max(time, maker?.time ?? 0);
  }
  return { rest, time };
}
