/**
 * @file Grouped convolutions as operations of a plan: bundles of neighbouring groups, each a dense convolution by itself on planes of its own. Within a
 * bundle the weights between groups are zero and stay so: one bundle of all groups would compute them all, a bundle for each group would leave most
 * of its vectors empty, so the number of groups in a bundle is what costs least.
 */
import type { NodeOf } from "../../../network/network.ts";
import { lanesOf, partLength, placeWeight, type Draft, type DraftPlane } from "./draft.ts";
import { addConvs, type ConvRequest, type ConvSource } from "./lower-conv.ts";
import { withLanes } from "./lower-repack.ts";
import type { MatrixPart } from "./plan.ts";
import { planesValue, type PlanesValue } from "./value.ts";

/** Moving a plane's channels one by one costs about as much as multiplying one by so many blocks of weights. */
const MOVE_COST = 4;

/** Returns the planes that hold these numbers of channels, in order, or nothing where a plane holds channels of two parts. */
function partition(planes: readonly DraftPlane[], channels: readonly number[]): DraftPlane[][] | undefined {
  let next = 0;
  const parts: DraftPlane[][] = [];
  for (const wanted of channels) {
    const part: DraftPlane[] = [];
    let held = 0;
    while (held < wanted) {
      const plane = planes[next++] as DraftPlane;
      part.push(plane);
      held += plane.lanes;
    }
    if (held > wanted) return undefined;
    parts.push(part);
  }
  return parts;
}

interface Bundles {
  /** Groups in each. */
  readonly groups: readonly number[];
  /** Planes of each, where the source has them as they are wanted. */
  readonly sources: readonly (readonly DraftPlane[])[] | undefined;
}

/** Returns the cheapest way to bundle the groups. It depends on lanes and attributes alone, so training and evaluation agree. */
function chooseBundles(draft: Draft, request: GroupedRequest): Bundles {
  const { source, groups, filters, geometry } = request;
  const { vectorWidth: width } = draft;
  const perGroup = source.planes.reduce((sum, plane) => sum + plane.lanes, 0) / groups;
  const filtersPerGroup = filters / groups;
  let best: (Bundles & { readonly cost: number }) | undefined;
  for (let together = 1; together <= groups; together++) {
    const sizes = Array.from({ length: Math.ceil(groups / together) }, (_, i) =>
      Math.min(together, groups - i * together),
    );
    const channels = sizes.map((size) => size * perGroup);
    const sources = partition(source.planes, channels);
    const planesIn = sources?.map((part) => part.length) ?? channels.map((count) => Math.ceil(count / width));
    const blocks = sizes.reduce(
      (sum, size, i) => sum + (planesIn[i] as number) * Math.ceil((size * filtersPerGroup) / width),
      0,
    );
    const moved = sources === undefined ? planesIn.reduce((sum, count) => sum + count, 0) * MOVE_COST : 0;
    const cost = blocks * geometry.kernelH * geometry.kernelW + moved;
    if (best === undefined || cost < best.cost) best = { groups: sizes, sources, cost };
  }
  return best as Bundles;
}

export interface GroupedRequest extends Omit<ConvRequest, "node" | "source" | "inLanes"> {
  readonly node: NodeOf<"conv">;
  readonly source: PlanesValue;
}

/** Adds a grouped convolution. */
export function addGrouped(draft: Draft, request: GroupedRequest): PlanesValue {
  const { node, source, geometry, groups, filters, exclusive } = request;
  const { vectorWidth: width } = draft;
  const bundles = chooseBundles(draft, request);
  const perGroup = source.planes.reduce((sum, plane) => sum + plane.lanes, 0) / groups;
  const laidOut = bundles.groups.map((size) => lanesOf(size * perGroup, width));
  const value = bundles.sources ? source : withLanes(draft, source, laidOut.flat());
  const planes =
    bundles.sources ??
    (partition(
      value.planes,
      bundles.groups.map((size) => size * perGroup),
    ) as DraftPlane[][]);
  const parts = bundles.groups.map((size, i): MatrixPart => {
    const inLanes = (planes[i] as readonly DraftPlane[]).map((plane) => plane.lanes);
    return { inLanes, outLanes: lanesOf((size * filters) / groups, width), groups: size };
  });
  const taps = geometry.kernelH * geometry.kernelW;
  let weights = placeWeight(draft, node, "kernel", { kind: "parts", taps, parts });
  const lanes = parts.flatMap((part) => part.outLanes);
  let bias = request.bias ? placeWeight(draft, node, "bias", { kind: "channels", lanes }) : undefined;
  const outputs = parts.map((part, i) => {
    const own: ConvSource = { planes: planes[i] as readonly DraftPlane[], activation: value.activation };
    const filtersOfPart = (part.groups * filters) / groups;
    const member = { node, filters: filtersOfPart, exclusive, placed: { weights, bias } };
    const [result] = addConvs(draft, { source: own, geometry, groups: part.groups, bias: request.bias }, [member]);
    weights += partLength(part, taps, width);
    if (bias !== undefined) bias += part.outLanes.length * width;
    return result as PlanesValue;
  });
  const made = outputs.flatMap((output) => output.planes);
  return planesValue(node, made, geometry.outH, geometry.outW, { exclusive });
}
