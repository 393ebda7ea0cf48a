/** @file Local response normalisation as an operation of a plan, forward and backward. */
import type { NodeOf } from "../../../network/network.ts";
import { channelWindow } from "../../../network/ops/local-response.ts";
import { emitBothWays } from "./both-ways.ts";
import { addPlanes, type Draft } from "./draft.ts";
import { STRIP } from "./geometry.ts";
import { planesValue, scratchFor, wholeImage, type PlanesValue } from "./value.ts";

/** Adds a local response normalisation of planes that are full but for the last, with the activation of what it reads. */
export function addResponse(draft: Draft, node: NodeOf<"localResponseNorm">, value: PlanesValue): PlanesValue {
  const { size, alpha, beta, k } = node.attributes;
  const { vectorWidth: width } = draft;
  const source = value.planes;
  const needsGradient = source.some((plane) => plane.needsGradient);
  const lanes = source.map((plane) => plane.lanes);
  const planes = addPlanes(draft, node.id, value.h * value.w, lanes, needsGradient);
  // Farther than the other end of the row there are no neighbours.
  const channels = source.length * width;
  const { before, after } = channelWindow(size);
  const window = [Math.min(before, channels - 1), Math.min(after, channels - 1)];
  const margin = Math.ceil(Math.max(...window) / width) * width;
  const perChannel = window.reduce((sum, side) => sum + side, 8);
  const flops = perChannel * channels * value.h * value.w;
  emitBothWays(draft, {
    kind: "response",
    node: node.id,
    source,
    target: planes,
    shared: {
      geometry: wholeImage(value.h, value.w),
      activation: value.activation,
      extra: window,
      numbers: [alpha / size, beta, k],
      scratch: [scratchFor(draft, 2 * (channels * STRIP + channels + 2 * margin))],
    },
    forward: { flops },
    backward: () => ({ flops: 2 * flops }),
  });
  return planesValue(node, planes, value.h, value.w);
}
