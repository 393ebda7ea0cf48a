/**
 * @file A canonical order of a graph's nodes: isomorphic graphs, put in it, become equal. Colour refinement tells most nodes apart. What stays
 * alike (two separable convolutions of one tensor, say) falls into small components between nodes that are told apart; each is ordered by itself, by
 * marking one node of its smallest class, every one in turn, and keeping the least result. Components that come out equal are interchangeable.
 * So the cost is near-linear for networks; only a large component that is highly regular (a strongly regular graph of sums) would be slow, and no cell makes one.
 */
import { hashText, mix, readersOf, refine, type Reader } from "./colours.ts";
import type { ReducedGraph } from "./reduce.ts";

interface Ordered {
  readonly order: readonly number[];
  /** Equal for interchangeable components. */
  readonly code: string;
}

/** Any mark will do, as long as it is one. */
const MARK = 0x5eed;

function groupByColour(nodes: readonly number[], colours: Float64Array): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const node of nodes) {
    const colour = colours[node] as number;
    const group = groups.get(colour);
    if (group === undefined) groups.set(colour, [node]);
    else group.push(node);
  }
  return groups;
}

function componentsOf(
  graph: ReducedGraph,
  readers: readonly (readonly Reader[])[],
  nodes: readonly number[],
): number[][] {
  const left = new Set(nodes);
  const components: number[][] = [];
  for (const start of nodes) {
    if (!left.delete(start)) continue;
    const component = [start];
    for (const node of component) {
      const around = [...(graph.inputs[node] ?? []), ...(readers[node] ?? []).map((reader) => reader.node)];
      for (const next of around) if (left.delete(next)) component.push(next);
    }
    components.push(component.sort((a, b) => a - b));
  }
  return components;
}

/** Returns the colours of the nodes in this order and the edges among them; edges to others follow from the colours. */
function encode(graph: ReducedGraph, order: readonly number[], colours: Float64Array): string {
  const position = new Map(order.map((node, index) => [node, index]));
  return order
    .map((node) => {
      const inputs = (graph.inputs[node] ?? []).map((input) => position.get(input) ?? -1);
      if (graph.unordered[node]) inputs.sort((a, b) => a - b);
      return `${colours[node]}(${inputs.join()})`;
    })
    .join(";");
}

function orderComponent(
  graph: ReducedGraph,
  readers: readonly (readonly Reader[])[],
  nodes: readonly number[],
  colours: Float64Array,
): Ordered {
  const groups = groupByColour(nodes, colours);
  const single: number[] = [];
  const alike: number[] = [];
  for (const group of groups.values()) (group.length === 1 ? single : alike).push(...group);
  single.sort((a, b) => (colours[a] as number) - (colours[b] as number));
  if (alike.length === 0) return { order: single, code: encode(graph, single, colours) };

  if (single.length > 0 || nodes.length === 0) {
    const parts = componentsOf(
      graph,
      readers,
      alike.sort((a, b) => a - b),
    ).map((component) => orderComponent(graph, readers, component, colours));
    parts.sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
    const order = [...single, ...parts.flatMap((part) => part.order)];
    return { order, code: `${encode(graph, order, colours)}[${parts.map((part) => part.code).join("|")}]` };
  }

  const [, smallest] = [...groups].reduce((best, group) => {
    const difference = group[1].length - best[1].length;
    return difference < 0 || (difference === 0 && group[0] < best[0]) ? group : best;
  });
  let least: Ordered | undefined;
  for (const chosen of smallest) {
    const marked = colours.slice();
    marked[chosen] = mix(marked[chosen] as number, MARK);
    refine(graph, readers, nodes, marked);
    const candidate = orderComponent(graph, readers, nodes, marked);
    if (least === undefined || candidate.code < least.code) least = candidate;
  }
  return least as Ordered;
}

/** Returns every node's index in the canonical order. */
export function canonicalOrder(graph: ReducedGraph): readonly number[] {
  const readers = readersOf(graph);
  const nodes = graph.labels.map((_, index) => index);
  const colours = Float64Array.from(graph.labels, hashText);
  refine(graph, readers, nodes, colours);
  return orderComponent(graph, readers, nodes, colours).order;
}
