/**
 * @file From a network and a batch size to a plan. Pure: nothing is run, nothing is allocated. Nodes are lowered in topological order;
 * what no output depends on is left out. Then the tape is played backwards, and every buffer gets its place.
 */
import { unreachable } from "../../../base/errors.ts";
import type { Network, Node, NodeOf, Shape } from "../../../network/network.ts";
import { binWindow } from "../../../network/ops/adaptive-pooling.ts";
import { topologicalOrder } from "../../../network/order.ts";
import { inferShapes } from "../../../network/shapes.ts";
import { createDraft, emit, lanesOf, addPlanes, MOST_SIDE, touch, uses, valuesOf, type Draft } from "./draft.ts";
import { finish } from "./finish.ts";
import { addAdd, addConcat, addGlobalPool, addLoss, addMultiply, imagePlain } from "./lower-others.ts";
import { addChannelSlice, addShuffle, dense, unflattened } from "./lower-repack.ts";
import { composed, coveringGeometry, geometryOf, isPointwise } from "./geometry.ts";
import { addConv, addConvs } from "./lower-conv.ts";
import { addDepthwise, addSeparable, canFuse } from "./lower-depthwise.ts";
import { addGrouped, type GroupedRequest } from "./lower-grouped.ts";
import { addNorm } from "./lower-norm.ts";
import { addResponse } from "./lower-response.ts";
import type { Geometry, ParameterLayout, Plan } from "./plan.ts";
import { findSiblings } from "./siblings.ts";
import {
  activated,
  activationCodes,
  addTerm,
  plain,
  planesValue,
  raw,
  wholeImage,
  type PlanesValue,
  type Stored,
  type Value,
} from "./value.ts";

export interface PlanOptions {
  readonly batchSize: number;
  /** Floats in a plane's pixel: 4, 8 or 16, what the target's vectors hold. */
  readonly vectorWidth: number;
  readonly training: boolean;
  readonly labelSmoothing: number;
  readonly auxiliaryWeight: number;
  /**
   * Whether operations take in what others left for them (`native/README.md` has the list). Default true. Without, every node is computed and stored by an
   * operation of its own: slower, and to compare with.
   */
  readonly fuse?: boolean;
  /** Of the network, where it has been looked at. */
  readonly outline?: Outline;
  /** Of the training plan, so that both programs of a session read the same parameters. */
  readonly parameters?: ParameterLayout;
}

/** Patches of the input are laid out for the first convolution up to this many channels: more would cost more memory than time. */
const MOST_PATCH_CHANNELS = 128;

interface Context {
  readonly network: Network;
  readonly draft: Draft;
  readonly values: Map<string, Value>;
  readonly stored: Stored;
  readonly consumers: ReadonlyMap<string, number>;
  /** What a product reads, and so is stored as it is: nobody need make it a second time. */
  readonly factors: ReadonlySet<string>;
  /** 1x1 convolutions that may share one operation, by what they read. */
  readonly siblings: ReadonlyMap<string, readonly NodeOf<"conv">[]>;
}

/** What all plans of a network begin with. Counted alike for training and evaluation, so that both fuse alike and lay weights out alike. */
export interface Outline {
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Nodes that the logits depend on, in order; and those that the auxiliary logits depend on as well. */
  readonly main: readonly Node[];
  readonly all: readonly Node[];
  readonly consumers: Context["consumers"];
  readonly factors: Context["factors"];
  readonly siblings: Context["siblings"];
}

/** Looks at a network that is going to be planned, several times perhaps. Throws `shape` for a malformed one. */
export function outlineOf(network: Network): Outline {
  const shapes = inferShapes(network);
  const { logits, auxiliary } = network.outputs;
  const sorted = topologicalOrder(network).map((node) => inSimplestForm(node, shapes));
  const outputs = auxiliary === undefined ? [logits] : [logits, auxiliary];
  const main = liveNodes(sorted, [logits]);
  const all = auxiliary === undefined ? main : liveNodes(sorted, outputs);
  const consumers = countConsumers(all, outputs);
  const factors = new Set(all.flatMap((node) => (node.op === "multiply" ? node.inputs : [])));
  return { shapes, main, all, consumers, factors, siblings: findSiblings(main, consumers) };
}

/** Returns the plan. Every operation of src/network has a kernel: the compiler lists what is missing. Throws `shape` for a malformed network. */
export function planNetwork(network: Network, options: PlanOptions): Plan {
  return draftNetwork(network, options).finish();
}

/** A plan whose operations are known, and whose memory is yet to be laid out. */
export interface DraftedPlan {
  readonly draft: Draft;
  readonly finish: () => Plan;
}

/** As `planNetwork`, but for the places of things: enough to compare plans by. */
export function draftNetwork(network: Network, options: PlanOptions): DraftedPlan {
  const { shapes, main, all, consumers, factors, ...found } = options.outline ?? outlineOf(network);
  const { logits, auxiliary } = network.outputs;
  const outputs = options.training && auxiliary !== undefined ? [logits, auxiliary] : [logits];
  const order = outputs.length > 1 ? all : main;
  const draft = createDraft(options);
  const siblings = draft.fuse ? found.siblings : new Map<string, readonly NodeOf<"conv">[]>();
  const context: Context = { network, draft, values: new Map(), stored: new Map(), consumers, factors, siblings };
  for (const node of order)
    if (!context.values.has(node.id)) {
      const value = lower(context, node);
      context.values.set(node.id, draft.fuse ? value : raw(draft, context.stored, value));
    }
  const finished = outputs.map((id) => {
    const value = imagePlain(draft, context.stored, context.values.get(id) as Value);
    return raw(draft, context.stored, dense(draft, value));
  });
  for (const [i, value] of finished.entries())
    addLoss(draft, value, {
      classes: (shapes.get(outputs[i] as string) as Shape)[0],
      weight: i === 0 ? 1 : options.auxiliaryWeight,
      smoothing: options.labelSmoothing,
      isMain: i === 0,
    });
  for (const backward of draft.tape.toReversed()) if (options.training) backward();
  const input = order.find((node) => node.op === "input") as Node;
  const facts = {
    network: network.name,
    classes: (shapes.get(logits) as Shape)[0],
    imageFloats: (shapes.get(input.id) as Shape).reduce((product, side) => product * side, 1),
    logits: (finished[0] as PlanesValue).planes,
  };
  return { draft, finish: () => finish(draft, facts) };
}

/** Returns a convolution of as many groups as channels and filters as the depthwise one that it is; other nodes as they are. */
function inSimplestForm(node: Node, shapes: ReadonlyMap<string, Shape>): Node {
  if (node.op !== "conv") return node;
  const { filters, groups, ...window } = node.attributes;
  const channels = shapes.get(node.inputs[0] as string)?.at(-1);
  return groups > 1 && groups === filters && groups === channels
    ? { ...node, op: "depthwiseConv", attributes: window }
    : node;
}

/** Returns the nodes that `outputs` depend on, in order. */
export function liveNodes(order: readonly Node[], outputs: readonly string[]): readonly Node[] {
  const live = new Set(outputs);
  for (const node of order.toReversed()) if (live.has(node.id)) for (const input of node.inputs) live.add(input);
  // The image is read even where a network ignores it: batches have to fit something.
  return order.filter((node) => live.has(node.id) || node.op === "input");
}

function countConsumers(order: readonly Node[], outputs: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of [...order.flatMap((node) => node.inputs), ...outputs]) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function lower(context: Context, node: Node): Value {
  const { draft, stored, consumers } = context;
  const inputs = node.inputs.map((id) => context.values.get(id) as Value);
  const [first] = inputs as [Value];
  const exclusive = consumers.get(node.id) === 1;
  switch (node.op) {
    case "input": {
      const { shape } = node.attributes;
      const [h, w, c] = shape.length === 3 ? shape : [1, 1, shape[0]];
      return { kind: "image", node: node.id, h, w, channels: c };
    }
    case "conv":
      return lowerConv(context, node, first, exclusive);
    case "depthwiseConv": {
      const source = activated(draft, stored, first);
      const compute = (): PlanesValue => addDepthwise(draft, node, source, exclusive);
      if (!exclusive || !canFuse(node) || !source.planes.every((plane) => plane.needsGradient || !draft.training))
        return compute();
      const geometry = geometryOf(first.h, first.w, node);
      const { outH: h, outW: w } = geometry;
      return { kind: "depthwise", node: node.id, operation: node, source, geometry, h, w, compute };
    }
    case "dense": {
      const { units, bias } = node.attributes;
      const value = draft.training ? raw(draft, stored, first) : activated(draft, stored, first);
      const geometry = coveringGeometry(value.h, value.w);
      return addConv(draft, { node, filters: units, groups: 1, bias, exclusive, source: value, geometry });
    }
    case "batchNorm":
      return addNorm(draft, node, imagePlain(draft, stored, first));
    case "localResponseNorm":
      return addResponse(draft, node, dense(draft, activated(draft, stored, first)));
    case "channelShuffle":
      return addShuffle(draft, node, activated(draft, stored, first));
    case "channelSlice":
      return addChannelSlice(draft, node, activated(draft, stored, first));
    case "activation": {
      const value = plain(draft, stored, first);
      return { ...value, node: node.id, activation: activationCodes[node.attributes.fn], exclusive: false };
    }
    case "maxPool":
    case "avgPool": {
      const geometry = geometryOf(first.h, first.w, node);
      if (geometry.kernelH === 1 && geometry.kernelW === 1 && geometry.top === 0 && geometry.left === 0)
        return windowed(context, node.id, first, geometry);
      const { planes } = plain(draft, stored, first);
      return {
        kind: "pool",
        node: node.id,
        pool: node.op,
        geometry,
        source: planes,
        h: geometry.outH,
        w: geometry.outW,
      };
    }
    case "globalAvgPool": {
      // Squeeze-and-excitation: what is averaged is multiplied afterwards.
      const isFactor = context.factors.has(node.inputs[0] as string);
      return addGlobalPool(draft, node.id, (isFactor ? plain : activated)(draft, stored, first));
    }
    case "adaptiveAvgPool":
    case "adaptiveMaxPool":
      return lowerAdaptivePool(context, node, first);
    case "flatten": {
      const value = activated(draft, stored, first);
      return { ...value, flat: true, exclusive: false };
    }
    case "add":
      return addAdd(draft, stored, node, inputs);
    case "multiply": {
      const [a, b] = inputs.map((input) => unflattened(draft, plain(draft, stored, input))) as [
        PlanesValue,
        PlanesValue,
      ];
      return addMultiply(draft, node.id, a, b);
    }
    case "concat":
      return addConcat(draft, stored, node, inputs, exclusive);
    case "dropout":
      return lowerDropout(context, node.id, node.attributes.rate, first);
    case "dropPath": {
      const { depthFraction } = node.attributes;
      if (!draft.training || depthFraction === 0) return passed(first);
      const value = first.kind === "image" || first.mask !== undefined ? plain(draft, stored, first) : first;
      draft.masks.push({ node: node.id, depthFraction });
      return { ...value, node: node.id, mask: draft.masks.length - 1 };
    }
    case "zero": {
      // Read through a window that lies outside of the image, where everything is zero.
      const { stride } = node.attributes;
      const image = first.flat ? imagePlain(draft, stored, first) : first;
      const [h, w] = [Math.ceil(image.h / stride), Math.ceil(image.w / stride)];
      return windowed(context, node.id, image, { outH: h, outW: w, top: OUTSIDE, left: OUTSIDE });
    }
    case "slice": {
      const { top, left, height, width } = node.attributes;
      return windowed(context, node.id, first, { outH: height, outW: width, top: -top, left: -left });
    }
    case "pad": {
      const { top, bottom, left, right } = node.attributes;
      return windowed(context, node.id, first, {
        outH: first.h + top + bottom,
        outW: first.w + left + right,
        top,
        left,
      });
    }
    default:
      return unreachable(node);
  }
}

/** Returns a value that a node hands on as it is: others may read it too. */
function passed(value: Value): Value {
  return value.kind === "planes" ? { ...value, exclusive: false } : value;
}

/** Farther than any image is wide. */
const OUTSIDE = 2 * MOST_SIDE;

function windowed(context: Context, node: string, input: Value, window: Partial<Geometry>): Value {
  const { draft, stored } = context;
  const own = { ...wholeImage(input.h, input.w), ...window };
  const through = input.kind === "window" && input.mask === undefined ? composed(own, input.geometry) : undefined;
  const source = input.kind === "window" && through ? input.source : activated(draft, stored, input);
  const geometry = through ?? own;
  const { outH: h, outW: w } = geometry;
  const compute = (): PlanesValue => {
    const needsGradient = geometry.top !== OUTSIDE && source.planes.some((plane) => plane.needsGradient);
    const lanes = source.planes.map((plane) => plane.lanes);
    const planes = addPlanes(draft, node, h * w, lanes, needsGradient);
    addTerm(draft, { ...source, node }, planes, false, geometry);
    return planesValue(node, planes, h, w);
  };
  return { kind: "window", node, source, geometry, h, w, compute };
}

function lowerConv(context: Context, node: NodeOf<"conv">, input: Value, exclusive: boolean): PlanesValue {
  const { draft, stored } = context;
  const { filters, groups, bias } = node.attributes;
  const own = geometryOf(input.h, input.w, node);
  const request = { node, filters, groups, bias, exclusive };
  const fromPatches = readPatches(context, input, node, own);
  if (fromPatches) return addConv(draft, { ...request, ...fromPatches });
  if (input.mask === undefined && input.kind === "depthwise" && isPointwise(own) && groups === 1) {
    const { operation: depthwise, source, geometry } = input;
    return addSeparable(draft, { depthwise, pointwise: node, source, geometry, exclusive });
  }
  if (input.mask === undefined && input.kind === "window" && own.kernelH === 1 && own.kernelW === 1) {
    const geometry = composed(own, input.geometry);
    if (geometry) return addAnyConv(draft, { ...request, source: input.source, geometry });
  }
  const together = context.siblings.get(node.id);
  if (together && input.h * input.w > 1) {
    // All of them here, where the first of them stands: what they read is there.
    const source = activated(draft, stored, input);
    const members = together.map((sibling) => ({
      node: sibling,
      filters: sibling.attributes.filters,
      exclusive: true,
    }));
    const values = addConvs(draft, { source, geometry: own, groups, bias }, members);
    for (const [i, sibling] of together.entries()) context.values.set(sibling.id, values[i] as PlanesValue);
    return context.values.get(node.id) as PlanesValue;
  }
  const covers = own.kernelH === own.inH && own.kernelW === own.inW && own.outH * own.outW === 1;
  const source = covers && draft.training ? raw(draft, stored, input) : activated(draft, stored, input);
  return addAnyConv(draft, { ...request, source, geometry: own });
}

function addAnyConv(draft: Draft, request: GroupedRequest): PlanesValue {
  return request.groups === 1 ? addConv(draft, request) : addGrouped(draft, request);
}

/** Lays the image out as patches where only this convolution reads it: then it is a 1x1 convolution that fills its vectors. */
function readPatches(
  context: Context,
  first: Value,
  node: Node,
  g: Geometry,
): { readonly source: PlanesValue; readonly geometry: Geometry } | undefined {
  const { draft, consumers } = context;
  if (first.kind !== "image" || node.op !== "conv" || node.attributes.groups !== 1) return undefined;
  // Not through a dropout, which only evaluation passes by: both plans lay the weights out alike.
  if (node.inputs[0] !== first.node) return undefined;
  const channels = first.channels * g.kernelH * g.kernelW;
  if (channels > MOST_PATCH_CHANNELS || consumers.get(first.node) !== 1) return undefined;
  const planes = addPlanes(draft, first.node, g.outH * g.outW, lanesOf(channels, draft.vectorWidth), false);
  emit(draft, {
    kind: "input",
    node: first.node,
    outputs: uses(planes),
    writes: valuesOf(planes),
    geometry: g,
    extra: [first.channels],
  });
  const geometry = wholeImage(g.outH, g.outW);
  return { source: planesValue(first.node, planes, g.outH, g.outW), geometry };
}

/** An adaptive pool is a plain one where every bin is as large as every other, and a pool over the whole image where there is one. */
function lowerAdaptivePool(
  context: Context,
  node: NodeOf<"adaptiveAvgPool"> | NodeOf<"adaptiveMaxPool">,
  input: Value,
): Value {
  const { draft, stored } = context;
  const { h, w } = input;
  const [outH, outW] = node.attributes.size;
  const isMean = node.op === "adaptiveAvgPool";
  if (h === outH && w === outW) return passed(input);
  if (isMean && outH === 1 && outW === 1) return addGlobalPool(draft, node.id, activated(draft, stored, input));
  const window = binWindow([h, w, 1], node.attributes.size);
  const [kernelH, kernelW] = window?.kernel ?? [Math.ceil(h / outH), Math.ceil(w / outW)];
  const geometry = { ...wholeImage(h, w), outH, outW, kernelH, kernelW, strideH: kernelH, strideW: kernelW };
  const { planes } = plain(draft, stored, input);
  const pool = window === undefined ? node.op : isMean ? "avgPool" : "maxPool";
  return { kind: "pool", node: node.id, pool, geometry, source: planes, h: outH, w: outW };
}

function lowerDropout(context: Context, node: string, rate: number, input: Value): Value {
  const { draft, stored } = context;
  if (rate === 0) return passed(input);
  // A vector of pixels becomes one of channels in both plans: the weights after it are laid out once.
  if (!draft.training)
    return input.kind === "planes" && input.flat ? unflattened(draft, plain(draft, stored, input)) : passed(input);
  const value = unflattened(draft, plain(draft, stored, input));
  const lanes = value.planes.map((plane) => plane.lanes);
  const factors = addPlanes(draft, `${node}*`, value.h * value.w, lanes, false);
  for (const plane of factors) {
    plane.buffer.keepsImages = true;
    touch(plane.buffer, 0, 0);
  }
  draft.uploads.push({ node, rate, planes: factors });
  return addMultiply(draft, node, value, planesValue(node, factors, value.h, value.w));
}
