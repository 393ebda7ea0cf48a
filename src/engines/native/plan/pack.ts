/** @file Weights between their plain row-major order and their packed places (vector-wide blocks, unused lanes zero). */
import { partLength } from "./draft.ts";
import type { MatrixPart, PackedWeight, ParameterLayout } from "./plan.ts";

/** Places of logical channels: plane * planeFloats + lane * laneFloats. */
function channelPlaces(lanes: readonly number[], planeFloats: number, laneFloats = 1): Int32Array {
  const places = new Int32Array(lanes.reduce((sum, used) => sum + used, 0));
  let channel = 0;
  for (const [plane, used] of lanes.entries())
    for (let lane = 0; lane < used; lane++) places[channel++] = plane * planeFloats + lane * laneFloats;
  return places;
}

/** Returns the packed place of every value of a weight, in the row-major order of its shape. */
export function positionsOf(weight: PackedWeight, width: number): Int32Array {
  const { offset, layout } = weight;
  if (layout.kind === "channels") return channelPlaces(layout.lanes, width).map((place) => offset + place);
  if (layout.kind === "depthwise") {
    const places = channelPlaces(layout.lanes, layout.taps * width);
    const positions = new Int32Array(layout.taps * places.length);
    for (let tap = 0, i = 0; tap < layout.taps; tap++)
      for (let channel = 0; channel < places.length; channel++)
        positions[i++] = offset + (places[channel] as number) + tap * width;
    return positions;
  }
  const parts = partsOf(weight, width);
  return inOrder(
    parts.map((part) => matrixPositions(part, width)),
    parts,
  );
}

interface PlacedPart extends MatrixPart {
  readonly taps: number;
  readonly offset: number;
}

/** Returns a convolution's matrices with their places; none for other weights. */
function partsOf({ offset, layout }: PackedWeight, width: number): PlacedPart[] {
  if (layout.kind === "matrix") return [{ ...layout, offset }];
  if (layout.kind !== "parts") return [];
  const { taps } = layout;
  let at = offset;
  return layout.parts.map((part) => {
    const placed = { ...part, taps, offset: at };
    at += partLength(part, taps, width);
    return placed;
  });
}

/** Puts the positions of parts into the order of the whole: by tap and channel of a group, and then the filters of every part. */
function inOrder(positions: readonly Int32Array[], parts: readonly PlacedPart[]): Int32Array {
  const [first] = positions as readonly [Int32Array];
  if (positions.length === 1) return first;
  const filters = parts.map((part) => part.outLanes.reduce((sum, used) => sum + used, 0));
  const all = new Int32Array(positions.reduce((sum, part) => sum + part.length, 0));
  const rows = first.length / (filters[0] as number);
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (const [i, part] of positions.entries()) {
      const count = filters[i] as number;
      all.set(part.subarray(row * count, (row + 1) * count), at);
      at += count;
    }
  return all;
}

function matrixPositions(part: PlacedPart, width: number): Int32Array {
  const { taps, groups, offset } = part;
  // Blocks are by output plane, tap and input plane; a row of a block is an input's.
  const tapFloats = part.inLanes.length * width * width;
  const rows = channelPlaces(part.inLanes, width * width, width);
  const columns = channelPlaces(part.outLanes, taps * tapFloats);
  const perGroup = rows.length / groups;
  const filtersPerGroup = columns.length / groups;
  const positions = new Int32Array(taps * perGroup * columns.length);
  let i = 0;
  for (let tap = 0; tap < taps; tap++)
    for (let channel = 0; channel < perGroup; channel++)
      for (let group = 0; group < groups; group++) {
        const row = offset + tap * tapFloats + (rows[group * perGroup + channel] as number);
        const end = (group + 1) * filtersPerGroup;
        for (let filter = group * filtersPerGroup; filter < end; filter++)
          positions[i++] = row + (columns[filter] as number);
      }
  return positions;
}

/** Returns places between the groups of grouped convolutions: they are computed as dense ones, and these must stay zero. */
export function clearedPositions(parameters: ParameterLayout, width: number): number[] {
  const cleared: number[] = [];
  for (const weight of parameters.weights.values())
    for (const part of partsOf(weight, width)) {
      if (part.groups === 1) continue;
      const kept = new Set(matrixPositions(part, width));
      for (const at of matrixPositions({ ...part, groups: 1 }, width)) if (!kept.has(at)) cleared.push(at);
    }
  return cleared;
}
