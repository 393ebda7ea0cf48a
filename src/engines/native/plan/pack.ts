/** @file Weights between their plain row-major order and their packed places (vector-wide blocks, unused lanes zero). */
import type { PackedWeight, ParameterLayout } from "./plan.ts";

/** Places of logical channels: plane * width + lane. */
function channelPlaces(lanes: readonly number[], width: number): Int32Array {
  const places = new Int32Array(lanes.reduce((sum, used) => sum + used, 0));
  let channel = 0;
  for (const [plane, used] of lanes.entries())
    for (let lane = 0; lane < used; lane++) places[channel++] = plane * width + lane;
  return places;
}

/** Returns the packed place of every value of a weight, in the row-major order of its shape. */
export function positionsOf(weight: PackedWeight, width: number): Int32Array {
  const { offset, layout } = weight;
  if (layout.kind === "channels") return channelPlaces(layout.lanes, width).map((place) => offset + place);
  if (layout.kind === "depthwise") {
    const places = channelPlaces(layout.lanes, width);
    const positions = new Int32Array(layout.taps * places.length);
    for (let tap = 0, i = 0; tap < layout.taps; tap++)
      for (const place of places)
        positions[i++] = offset + (Math.floor(place / width) * layout.taps + tap) * width + (place % width);
    return positions;
  }
  return matrixPositions(layout, offset, width);
}

function matrixPositions(
  layout: Extract<PackedWeight["layout"], { readonly kind: "matrix" }>,
  offset: number,
  width: number,
): Int32Array {
  const { taps, groups } = layout;
  const inPlaces = channelPlaces(layout.inLanes, width);
  const outPlaces = channelPlaces(layout.outLanes, width);
  const nci = layout.inLanes.length;
  const perGroup = inPlaces.length / groups;
  const filtersPerGroup = outPlaces.length / groups;
  const positions = new Int32Array(taps * perGroup * outPlaces.length);
  let i = 0;
  for (let tap = 0; tap < taps; tap++)
    for (let channel = 0; channel < perGroup; channel++)
      for (let filter = 0; filter < outPlaces.length; filter++) {
        const from = inPlaces[channel + Math.floor(filter / filtersPerGroup) * perGroup] as number;
        const to = outPlaces[filter] as number;
        const block = (Math.floor(to / width) * taps + tap) * nci + Math.floor(from / width);
        positions[i++] = offset + (block * width + (from % width)) * width + (to % width);
      }
  return positions;
}

/** Returns places between the groups of grouped convolutions: they are computed as dense ones, and these must stay zero. */
export function clearedPositions(parameters: ParameterLayout, width: number): number[] {
  const cleared: number[] = [];
  for (const weight of parameters.weights.values()) {
    const { layout } = weight;
    if (layout.kind !== "matrix" || layout.groups === 1) continue;
    const kept = new Set(positionsOf(weight, width));
    for (const at of positionsOf({ ...weight, layout: { ...layout, groups: 1 } }, width))
      if (!kept.has(at)) cleared.push(at);
  }
  return cleared;
}
