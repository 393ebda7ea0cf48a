/**
 * @file What a network looks like to the surrogate: how often each sequence of operations leads through each of its parts, and what it costs. Path encodings:
 * White, Neiswanger and Savani, "BANANAS", arXiv 1910.11858, section 4. Taken from the decoded network, so that any space has them, and only from
 * what the output depends on.
 *
 * A part is all nodes whose ids begin alike (`cell3/…`): paths lead from what enters it to what leaves it. A `skip_connect` is no node, a zero
 * passes nothing on, so both vanish by themselves. Counts are added over the parts.
 */
import { costOf } from "../network/cost.ts";
import type { Network, Node } from "../network/network.ts";
import { topologicalOrder } from "../network/order.ts";
import type { AnySpace, Genotype } from "../space/space.ts";
import { fnv1a } from "./fnv.ts";
import { mix } from "./mix.ts";
import { createPathTable, type PathCounts } from "./path-counts.ts";

export interface GraphFeatures {
  /** log(1 + count) by hashed path, ascending by hash. */
  readonly paths: PathCounts;
  /** log of parameters, log of multiply-accumulates, each plus 1. */
  readonly cost: readonly [number, number];
  /** Equal for networks that compute the same function by the same operations, up to what passes through unchanged. */
  readonly signature: string;
  /** Of the network that the features are of, dead ones too: decoding takes as long. */
  readonly nodeCount: number;
}

/**
 * Returns the features of what a genotype decodes to, with one cell a stack where the skeleton says how many (repeats tell nothing new); undefined where
 * the space decodes to no network, or to none with these decisions. So a controller learns from networks without seeing one. About a millisecond.
 */
export function genotypeFeatures(space: AnySpace, genotype: Genotype): GraphFeatures | undefined {
  const skeleton = "cellsPerStack" in space.skeleton ? { cellsPerStack: 1 } : {};
  try {
    const { network } = space.decode(genotype, skeleton) as { readonly network?: unknown };
    return isNetwork(network) ? graphFeatures(network) : undefined;
  } catch {
    return undefined;
  }
}

function isNetwork(value: unknown): value is Network {
  return typeof value === "object" && value !== null && "nodes" in value && "outputs" in value;
}

/** Sums: the order of their inputs makes no difference, nor (up to a permutation of weights) does a concatenation's. */
const UNORDERED: ReadonlySet<Node["op"]> = new Set(["add", "multiply", "concat"]);

/** Returns the features. Linear in nodes, and in paths, of which a part keeps at most a few hundred. */
export function graphFeatures(network: Network): GraphFeatures {
  const order = topologicalOrder(network);
  const live = liveNodes(order, network.outputs.logits);
  const costs = costOf(network).nodes.filter(({ id }) => live.has(id));
  const params = costs.reduce((sum, cost) => sum + cost.params, 0);
  const macs = costs.reduce((sum, cost) => sum + cost.macs, 0);
  const nodes = order.filter(({ id }) => live.has(id));
  const root = signatures(nodes).get(network.outputs.logits);
  return {
    paths: countPaths(nodes, network.outputs.logits),
    cost: [Math.log(1 + params), Math.log(1 + macs)],
    signature: root === undefined ? `/${params}` : `${root.high.toString(16)}/${root.low.toString(16)}/${params}`,
    nodeCount: order.length,
  };
}

/** Ids of what the output depends on: neither dead branches nor what makes zeros out of nothing. */
function liveNodes(order: readonly Node[], output: string): ReadonlySet<string> {
  const something = new Set<string>();
  for (const { id, op, inputs } of order)
    if (op === "input" || (op !== "zero" && inputs.some((input) => something.has(input)))) something.add(id);
  const live = new Set([output]);
  for (const { id, inputs } of order.toReversed())
    if (live.has(id)) for (const input of inputs) if (something.has(input)) live.add(input);
  return live;
}

/**
 * By id 64 bits that stand for the whole expression below the node; a sum of one term is that term. Hashed number by number: texts of the attributes,
 * hundreds a network, took a third of the time of decoding it.
 */
function signatures(nodes: readonly Node[]): ReadonlyMap<string, Digest> {
  const byId = new Map<string, Digest>();
  for (const { id, op, inputs, attributes } of nodes) {
    const terms = inputs.flatMap((input) => byId.get(input) ?? []);
    const [only] = terms;
    if (op === "add" && terms.length === 1 && only !== undefined) {
      byId.set(id, only);
      continue;
    }
    if (UNORDERED.has(op)) terms.sort((x, y) => x.high - y.high || x.low - y.low);
    const digest: Mutable<Digest> = { high: 0x9747b28c, low: 0x811c9dc5 };
    absorb(digest, op);
    // An operation has the same attributes each time, in the same order.
    absorb(digest, Object.values(attributes));
    for (const { high, low } of terms) {
      digest.high = mix(digest.high, high);
      digest.low = mix(digest.low, low);
    }
    byId.set(id, digest);
  }
  return byId;
}

/** 64 bits, in two halves that are mixed apart. */
interface Digest {
  readonly high: number;
  readonly low: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

/** Mixes a value of an attribute into a digest. */
function absorb(digest: Mutable<Digest>, value: unknown): void {
  if (typeof value === "number") {
    double[0] = value;
    // One half after the other on both sides: whole numbers differ in the upper half alone.
    digest.high = mix(mix(digest.high, halves[0]!), halves[1]!);
    digest.low = mix(mix(digest.low, halves[1]!), halves[0]!);
  } else if (Array.isArray(value)) {
    for (const item of value) absorb(digest, item);
    absorb(digest, value.length);
  } else {
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    digest.high = mix(digest.high, fnv1a(text));
    digest.low = mix(digest.low, fnv1a(text, 0x9747b28c));
  }
}

const partOf = (id: string): string => id.slice(0, Math.max(0, id.indexOf("/")));

function countPaths(nodes: readonly Node[], output: string): PathCounts {
  const table = createPathTable();
  const parts = [...new Set(nodes.map(({ id }) => partOf(id)))];
  const indexOf = new Map(parts.map((part, index) => [part, index]));
  const placeOf = (id: string): number => indexOf.get(partOf(id)) as number;
  const paths = new Map<string, ReadonlyMap<number, number>>();
  const leaving = new Set([output]);
  for (const node of nodes) {
    const place = placeOf(node.id);
    const arriving = node.inputs.flatMap((input): ReadonlyMap<number, number>[] => {
      const before = paths.get(input);
      if (before === undefined) return [];
      if (placeOf(input) === place) return [before];
      leaving.add(input);
      // Which earlier part it comes from: the one before, the one before that, or any further.
      return [table.begin(Math.min(3, place - placeOf(input)))];
    });
    paths.set(node.id, table.extend(node.op === "input" ? [table.begin(0)] : arriving, labelOf(node)));
  }
  return table.total([...leaving].flatMap((id) => paths.get(id) ?? []));
}

/** What the node does to what passes through it, or undefined for what is part of another operation or only joins. */
function labelOf(node: Node): string | undefined {
  switch (node.op) {
    case "conv":
    case "depthwiseConv": {
      const { kernel, stride, dilation } = node.attributes;
      const groups = node.op === "conv" && node.attributes.groups > 1 ? "g" : "";
      return `${node.op}${groups}${kernel.join("x")}/${stride.join("x")}@${dilation.join("x")}`;
    }
    case "maxPool":
    case "avgPool":
      return `${node.op}${node.attributes.kernel.join("x")}/${node.attributes.stride.join("x")}`;
    case "globalAvgPool":
    case "adaptiveAvgPool":
    case "adaptiveMaxPool":
    case "dense":
    case "localResponseNorm":
    case "channelShuffle":
      return node.op;
    default:
      return undefined;
  }
}
