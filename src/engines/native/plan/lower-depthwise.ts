/** @file Depthwise convolutions as operations of a plan, alone or fused with the 1x1 convolution that follows. */
import type { NodeOf } from "../../../network/network.ts";
import { emitBothWays } from "./both-ways.ts";
import { addPlanes, lanesOf, placeWeight, scratch, type Draft } from "./draft.ts";
import { geometryOf, gradientSides, inputKey, paddedSides, stripPixels } from "./geometry.ts";
import type { Geometry } from "./plan.ts";
import { activationCodes, planesValue, type PlanesValue } from "./value.ts";

/** Adds a depthwise convolution that nothing is fused with. */
export function addDepthwise(
  draft: Draft,
  node: NodeOf<"depthwiseConv">,
  value: PlanesValue,
  exclusive: boolean,
): PlanesValue {
  const { vectorWidth: width } = draft;
  const g = geometryOf(value.h, value.w, node);
  const source = value.planes;
  const lanes = source.map((plane) => plane.lanes);
  const taps = g.kernelH * g.kernelW;
  const weights = placeWeight(draft, node, "kernel", { kind: "depthwise", taps, lanes });
  const bias = node.attributes.bias ? placeWeight(draft, node, "bias", { kind: "channels", lanes }) : undefined;
  const planes = addPlanes(draft, node.id, g.outH * g.outW, lanes, true);
  const { h, w } = paddedSides(g);
  const x = scratch(draft, inputKey(g), h * w * width);
  const sums = scratch(draft, "sums", 2 * width * source.length);
  const flops = 2 * taps * source.length * width * g.outH * g.outW;
  const wantsInput = source.some((plane) => plane.needsGradient);
  emitBothWays(draft, {
    kind: "depthwise",
    node: node.id,
    source,
    target: planes,
    isTrained: true,
    shared: { geometry: g, activation: value.activation, weights, bias },
    forward: { scratch: [x, undefined, undefined, sums], flops },
    backward() {
      const dz = gradientSides(g);
      return {
        scratch: [
          x,
          scratch(draft, dz.key, dz.h * dz.w * width),
          wantsInput ? scratch(draft, `flipped ${node.id}`, taps * source.length * width) : undefined,
          sums,
          wantsInput && value.activation > activationCodes.relu
            ? scratch(draft, "slopes", g.inH * g.inW * width)
            : undefined,
        ],
        flops: flops * (wantsInput ? 2 : 1),
      };
    },
  });
  return planesValue(node, planes, g.outH, g.outW, { exclusive });
}

/** Whether a depthwise convolution has the shape that the fused kernel takes. */
export function canFuse(node: NodeOf<"depthwiseConv">): boolean {
  const { kernel, stride, dilation, bias } = node.attributes;
  const square = kernel[0] === kernel[1] && stride[0] === stride[1] && dilation[0] === 1 && dilation[1] === 1;
  return square && !bias && [3, 5, 7].includes(kernel[0]) && stride[0] <= 2;
}

export interface SeparableRequest {
  readonly depthwise: NodeOf<"depthwiseConv">;
  readonly pointwise: NodeOf<"conv">;
  readonly source: PlanesValue;
  readonly geometry: Geometry;
  readonly exclusive: boolean;
}

/** Adds a depthwise and the 1x1 convolution that reads it as one operation, forward and backward; what is between them is never stored. */
export function addSeparable(draft: Draft, request: SeparableRequest): PlanesValue {
  const { depthwise, pointwise, source: value, geometry: g } = request;
  const { vectorWidth: width } = draft;
  const { filters, bias: hasBias } = pointwise.attributes;
  const source = value.planes;
  const inLanes = source.map((plane) => plane.lanes);
  const outLanes = lanesOf(filters, width);
  const [nci, nco] = [inLanes.length, outLanes.length];
  const taps = g.kernelH * g.kernelW;
  const shared = {
    geometry: g,
    activation: value.activation,
    depthwiseWeights: placeWeight(draft, depthwise, "kernel", { kind: "depthwise", taps, lanes: inLanes }),
    weights: placeWeight(draft, pointwise, "kernel", { kind: "matrix", taps: 1, inLanes, outLanes, groups: 1 }),
    bias: hasBias ? placeWeight(draft, pointwise, "bias", { kind: "channels", lanes: outLanes }) : undefined,
  };
  const outPixels = g.outH * g.outW;
  const planes = addPlanes(draft, pointwise.id, outPixels, outLanes, true);
  const { h, w } = paddedSides(g);
  const x = scratch(draft, inputKey(g), nci * h * w * width);
  const strip = scratch(draft, "strips", nci * stripPixels(g) * width);
  const sums = scratch(draft, "sums", 2 * width * Math.max(nci, nco));
  const depthwiseFlops = 2 * taps * nci * width * outPixels;
  const pointwiseFlops = 2 * nci * nco * width * width * outPixels;
  emitBothWays(draft, {
    kind: "separable",
    node: pointwise.id,
    source,
    target: planes,
    isTrained: true,
    shared,
    forward: { scratch: [x, undefined, undefined, sums, strip], flops: depthwiseFlops + pointwiseFlops },
    backward() {
      const dz = gradientSides(g);
      return {
        scratch: [
          x,
          scratch(draft, dz.key, nci * dz.h * dz.w * width),
          scratch(draft, `transposed ${pointwise.id}`, nci * nco * width * width + taps * nci * width),
          sums,
          strip,
          scratch(draft, "dz strips", nco * stripPixels(g) * width),
        ],
        // The depthwise output is made once more.
        flops: 3 * depthwiseFlops + 2 * pointwiseFlops,
      };
    },
  });
  return planesValue(pointwise, planes, g.outH, g.outW, { exclusive: request.exclusive });
}
