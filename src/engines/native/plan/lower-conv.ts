/** @file Dense convolutions and dense layers as operations of a plan, forward and backward. */
import type { Node } from "../../../network/network.ts";
import { emitBothWays } from "./both-ways.ts";
import { zeroUnwritten } from "./gradients.ts";
import { addPlanes, lanesOf, placeWeight, scratch, type Draft, type DraftPlane } from "./draft.ts";
import {
  gradientSides,
  inputKey,
  isOnePixel,
  isPointwise,
  isSampled,
  paddedSides,
  STRIP,
  stripPixels,
} from "./geometry.ts";
import type { Geometry, PlanOpKind } from "./plan.ts";
import { planesValue, scratchFor, type PlanesValue } from "./value.ts";

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
  const { node, filters, exclusive } = request;
  return addConvs(draft, request, [{ node, filters, exclusive }])[0] as PlanesValue;
}

/** One of several convolutions that read the same. */
export interface ConvMember extends Pick<ConvRequest, "node" | "filters" | "exclusive"> {
  /** Where its weights are; absent: they are given a place here. */
  readonly placed?: { readonly weights: number; readonly bias: number | undefined };
}

/**
 * Adds convolutions of one geometry on one source as one operation, which reads the source once and writes its gradient once. Their weights
 * are neighbours, so for the kernel they are one convolution with the output planes of all.
 */
export function addConvs(
  draft: Draft,
  request: Omit<ConvRequest, "node" | "filters" | "exclusive">,
  members: readonly ConvMember[],
): PlanesValue[] {
  const { source, geometry: g } = request;
  const { node } = members[0] as ConvMember;
  const { vectorWidth: width, training } = draft;
  const nci = source.planes.length;
  const taps = g.kernelH * g.kernelW;
  const inLanes = request.inLanes ?? source.planes.map((plane) => plane.lanes);
  const parts = members.map(({ node: member, filters, exclusive, placed }) => {
    const outLanes = lanesOf(filters, width);
    const layout = { kind: "matrix", taps, inLanes, outLanes, groups: request.groups } as const;
    const weights = placed?.weights ?? placeWeight(draft, member, "kernel", layout);
    return { member, exclusive, outLanes, weights, placed };
  });
  const biases = request.bias
    ? parts.map(
        ({ member, outLanes, placed }) =>
          placed?.bias ?? placeWeight(draft, member, "bias", { kind: "channels", lanes: outLanes }),
      )
    : [];
  const outputs = parts.map(({ member, outLanes }) => addPlanes(draft, member.id, g.outH * g.outW, outLanes, true));
  const planes = outputs.flat();
  const nco = planes.length;
  const [{ weights }] = parts as [(typeof parts)[number]];
  const [bias] = biases;
  const isHead = training && isOnePixel(g) && source.activation === 0 && source.planes.every((plane) => !plane.norm);
  const pointwise = isPointwise(g);
  const { h, w } = paddedSides(g);
  const sampled = isSampled(g);
  const strip = sampled ? stripPixels(g) : STRIP;
  const inputScratch =
    pointwise || sampled
      ? scratch(draft, "strips", nci * strip * width)
      : scratch(draft, inputKey(g), nci * h * w * width);
  const flops = 2 * taps * nci * nco * width * width * g.outH * g.outW;
  const forward: PlanOpKind = isHead ? "head" : "conv";
  const sums = (): number => scratch(draft, "sums", 2 * width * Math.max(nci, nco));
  const wantsInput = source.planes.some((plane) => plane.needsGradient);
  emitBothWays(draft, {
    kind: forward,
    node: node.id,
    source: source.planes,
    target: planes,
    isTrained: true,
    makesSums: !isHead && !sampled,
    shared: { whole: isHead, geometry: g, activation: source.activation, weights, bias },
    forward: { scratch: [isHead ? undefined : inputScratch, undefined, undefined, sums()], flops },
    backward() {
      if (sampled && wantsInput) zeroUnwritten(draft, node.id, source.planes, planes);
      const dz = gradientSides(g);
      const strips = scratch(draft, "dz strips", nco * strip * width);
      const outputScratch = isHead
        ? scratchFor(draft, nco * draft.batchSize * width)
        : pointwise || sampled
          ? strips
          : scratch(draft, dz.key, nco * dz.h * dz.w * width);
      const transposed = isHead
        ? scratch(draft, "transposed head", nci * nco * width * width)
        : scratch(draft, `transposed ${weights}`, taps * nci * nco * width * width);
      return {
        scratch: [isHead ? undefined : inputScratch, outputScratch, wantsInput ? transposed : undefined, sums()],
        flops: flops * (wantsInput ? 2 : 1),
      };
    },
  });
  return parts.map(({ member, exclusive }, i) =>
    planesValue(member, outputs[i] as DraftPlane[], g.outH, g.outW, { exclusive }),
  );
}
