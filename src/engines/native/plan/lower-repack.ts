/** @file Moves of single channels as operations of a plan: vectors of pixels, planes with room between their channels, shuffles, slices. */
import type { NodeOf } from "../../../network/network.ts";
import { shuffledChannels } from "../../../network/ops/shuffle.ts";
import { emitBothWays } from "./both-ways.ts";
import { zeroUnwritten } from "./gradients.ts";
import { addPlanes, gradientsOf, lanesOf, scratch, uses, type Draft, type DraftPlane } from "./draft.ts";
import { STRIP } from "./geometry.ts";
import { planesValue, scratchFor, wholeImage, type PlanesValue } from "./value.ts";

/** Where a channel comes from: plane and lane. Plane -1: nowhere, it is zero. */
type Place = readonly [plane: number, lane: number];

const NOWHERE: Place = [-1, 0];

/** Plane and lane of every channel. */
function channelsOf(planes: readonly DraftPlane[]): Place[] {
  return planes.flatMap((plane, i) => Array.from({ length: plane.lanes }, (_, lane) => [i, lane] as const));
}

/** Returns what fills every lane of planes that hold `lanesOut` channels each. */
function filled<P>(draft: Draft, places: readonly P[], lanesOut: readonly number[], nowhere: P): P[] {
  let next = 0;
  return lanesOut.flatMap((used) =>
    Array.from({ length: draft.vectorWidth }, (_, lane) => (lane < used ? (places[next++] as P) : nowhere)),
  );
}

/** Returns a vector's planes as one pixel of `[h * w * c]` channels. */
export function unflattened(draft: Draft, value: PlanesValue): PlanesValue {
  if (!value.flat || value.h * value.w === 1) return value;
  const { planes: source, h, w } = value;
  const from = channelsOf(source);
  const needsGradient = source.some((plane) => plane.needsGradient);
  const lanesOut = lanesOf(h * w * from.length, draft.vectorWidth);
  const planes = addPlanes(draft, `${value.node}~`, 1, lanesOut, needsGradient);
  const places = Array.from({ length: h * w }, (_, pixel) =>
    from.map(([plane, lane]) => [plane, lane, pixel] as const),
  );
  const nowhere = [...NOWHERE, 0] as const;
  const lanes = filled(draft, places.flat(), lanesOut, nowhere);
  emitBothWays(draft, {
    kind: "repack",
    node: value.node,
    source,
    target: planes,
    shared: { activation: value.activation },
    forward: { extra: [1, ...lanes.flat()] },
    backward() {
      const trained = source.filter((plane) => plane.needsGradient);
      zeroUnwritten(draft, value.node, trained, planes);
      for (const plane of trained) plane.lastWriter = undefined;
      // Planes that nothing trains may have room for a gradient at another time, from a writer that serves all of its inputs alike.
      const back = lanes.map((lane) => (source[lane[0]]?.needsGradient === true ? lane : nowhere));
      return { extra: [1, ...back.flat()], inputs: uses(source), writes: gradientsOf(trained) };
    },
  });
  return planesValue(value.node, planes, 1, 1, { mask: value.mask });
}

/** Returns the planes with full lanes in all but the last. */
export function dense(draft: Draft, value: PlanesValue): PlanesValue {
  const channels = value.planes.reduce((sum, plane) => sum + plane.lanes, 0);
  return withLanes(draft, value, lanesOf(channels, draft.vectorWidth));
}

/** Returns the planes with these numbers of channels. */
export function withLanes(draft: Draft, value: PlanesValue, lanes: readonly number[]): PlanesValue {
  const { planes } = value;
  if (planes.length === lanes.length && planes.every((plane, i) => plane.lanes === lanes[i])) return value;
  return shuffled(draft, value, channelsOf(planes), lanes);
}

/** Adds a shuffle of channels: they move one by one, unless they stay where they are. */
export function addShuffle(draft: Draft, node: NodeOf<"channelShuffle">, value: PlanesValue): PlanesValue {
  const { groups } = node.attributes;
  const from = channelsOf(value.planes);
  if (groups === 1 || groups === from.length) return { ...value, exclusive: false };
  const places = shuffledChannels(from.length, groups).map((channel) => from[channel] as Place);
  return shuffled(draft, { ...value, node: node.id }, places, lanesOf(from.length, draft.vectorWidth));
}

/** Adds a slice of channels as a move of those that stay, unless all do. */
export function addChannelSlice(draft: Draft, node: NodeOf<"channelSlice">, value: PlanesValue): PlanesValue {
  const { first, count } = node.attributes;
  const from = channelsOf(value.planes);
  if (count === from.length) return { ...value, exclusive: false };
  const places = from.slice(first, first + count);
  return shuffled(draft, { ...value, node: node.id }, places, lanesOf(count, draft.vectorWidth));
}

/** Adds a move of channels to planes of `lanesOut` channels each. */
function shuffled(
  draft: Draft,
  value: PlanesValue,
  places: readonly Place[],
  lanesOut: readonly number[],
): PlanesValue {
  const { planes: source, h, w } = value;
  const { vectorWidth: width } = draft;
  const needsGradient = source.some((plane) => plane.needsGradient);
  const planes = addPlanes(draft, `${value.node}~`, h * w, lanesOut, needsGradient);
  const strips = scratch(draft, "strips", source.length * STRIP * width);
  emitBothWays(draft, {
    kind: "shuffle",
    node: value.node,
    source,
    target: planes,
    shared: {
      geometry: wholeImage(h, w),
      activation: value.activation,
      extra: filled(draft, places, lanesOut, NOWHERE).flat(),
    },
    forward: { scratch: [strips] },
    backward: () => ({ scratch: [strips, scratchFor(draft, STRIP * width)] }),
  });
  return planesValue(value.node, planes, h, w, { mask: value.mask });
}
