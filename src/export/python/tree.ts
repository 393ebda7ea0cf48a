/**
 * @file The network as a tree of modules. Node ids are paths (`cell3/block1/left/dw`); nodes that share a prefix become one group,
 * and a group becomes one Python module. A group must be computable in one piece: where paths leave it and come back, it is
 * dissolved into its parent.
 */
import type { Network, Node } from "../../network/network.ts";

/** One operation under the name it has within its group. */
export interface Leaf {
  readonly kind: "leaf";
  readonly name: string;
  readonly node: Node;
}

/** Operations that share a path. */
export interface Group {
  readonly kind: "group";
  readonly name: string;
  readonly path: string;
  /** In an order in which they can be computed; the same for groups written alike. */
  readonly items: readonly Item[];
  /** Ids of the nodes outside that it reads, in order of first use. */
  readonly inputs: readonly string[];
  /** Ids of its nodes that are read outside, in order of computation. */
  readonly outputs: readonly string[];
}

/** Parts in a row that are written as one loop (stacks.ts). */
export interface Stack {
  readonly kind: "stack";
  readonly name: string;
  /** `chain`: each part reads the one before it. `pair`: the two before it, as the cells of NASNet and DARTS do. */
  readonly form: "chain" | "pair";
  /** The parts. */
  readonly items: readonly Group[];
  /** What the first part reads, as its arguments are ordered. */
  readonly inputs: readonly string[];
  /** `chain`: the last one's output. `pair`: those of the last two, as the arguments of a part are ordered. */
  readonly outputs: readonly string[];
  /** Of a pair: which argument is the newer. */
  readonly newer: number;
}

/** A method that returns more than this is not read with ease. */
const MAX_OUTPUTS = 3;

export type Item = Leaf | Group | Stack;

interface Draft {
  readonly name: string;
  readonly path: string;
  readonly children: Map<string, Draft | Leaf>;
}

/** Returns the root group of a network: its only input is the image, its outputs are the network's. */
export function moduleTree(network: Network): Group {
  const root: Draft = { name: "", path: "", children: new Map() };
  // The image is the argument of the whole, wherever its node was put.
  for (const node of network.nodes) insert(root, node, node.op === "input" ? [node.id] : node.id.split("/"));
  const readers = new Map<string, string[]>();
  for (const node of network.nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node.id]);
  const results = [network.outputs.logits, network.outputs.auxiliary].filter((id) => id !== undefined);
  const group = finish(root, {
    readers,
    results: new Set(results),
    rank: new Map(network.nodes.map((node, index) => [node.id, index])),
  });
  return { ...group, outputs: results };
}

function insert(draft: Draft, node: Node, path: readonly string[]): void {
  const [head = "", ...rest] = path;
  const present = draft.children.get(head);
  if (rest.length === 0) {
    // A node whose id is also a prefix of others lives inside the group of that name.
    if (present !== undefined && "children" in present)
      present.children.set(`=${node.op}`, { kind: "leaf", name: node.op, node });
    else draft.children.set(head, { kind: "leaf", name: head, node });
    return;
  }
  let child = present;
  if (child === undefined || !("children" in child)) {
    const made: Draft = { name: head, path: draft.path === "" ? head : `${draft.path}/${head}`, children: new Map() };
    if (child !== undefined) made.children.set(`=${child.node.op}`, { ...child, name: child.node.op });
    draft.children.set(head, made);
    child = made;
  }
  insert(child, node, rest);
}

interface Facts {
  readonly readers: ReadonlyMap<string, readonly string[]>;
  readonly results: ReadonlySet<string>;
  /** Place of each node as written: among what could come next, the first written does. */
  readonly rank: ReadonlyMap<string, number>;
}

function finish(draft: Draft, facts: Facts): Group {
  let items: Item[] = [...draft.children.values()].map((child) =>
    "children" in child ? collapse(finish(child, facts)) : child,
  );
  for (;;) {
    const { ordered, cyclic } = order(items, facts);
    // A part that gives many results is none.
    const apart = cyclic ?? items.find((item) => item.kind === "group" && item.outputs.length > MAX_OUTPUTS);
    if (apart?.kind !== "group") {
      items = ordered;
      break;
    }
    items = items.flatMap((item) =>
      item === apart ? apart.items.map((inner) => ({ ...inner, name: `${apart.name}_${inner.name}` })) : [item],
    );
  }
  const inside = new Set(items.flatMap((item) => nodesOf(item).map((node) => node.id)));
  const inputs = new Set<string>();
  const outputs: string[] = [];
  for (const item of items)
    for (const node of nodesOf(item)) {
      for (const input of node.inputs) if (!inside.has(input)) inputs.add(input);
      const read = facts.readers.get(node.id) ?? [];
      if (facts.results.has(node.id) || read.some((reader) => !inside.has(reader))) outputs.push(node.id);
    }
  return { kind: "group", name: draft.name, path: draft.path, items, inputs: [...inputs], outputs };
}

/** A group of one is that one, under the group's name. */
function collapse(group: Group): Item {
  const [only] = group.items;
  return group.items.length === 1 && only !== undefined ? { ...only, name: group.name } : group;
}

/** Returns every node of an item, in order of computation. */
export function nodesOf(item: Item): readonly Node[] {
  return item.kind === "leaf" ? [item.node] : item.items.flatMap(nodesOf);
}

/** Kahn's order of the items, or a group that lies on a cycle of them. */
function order(items: readonly Item[], facts: Facts): { ordered: Item[]; cyclic?: Group } {
  const owner = new Map<string, number>();
  const firstRank: number[] = [];
  items.forEach((item, index) => {
    const nodes = nodesOf(item);
    for (const node of nodes) owner.set(node.id, index);
    firstRank.push(Math.min(...nodes.map((node) => facts.rank.get(node.id) ?? 0)));
  });
  const before = items.map((item, index) => {
    const needs = new Set<number>();
    for (const node of nodesOf(item))
      for (const input of node.inputs) {
        const from = owner.get(input);
        if (from !== undefined && from !== index) needs.add(from);
      }
    return needs;
  });
  const left = new Set(items.keys());
  const ordered: Item[] = [];
  for (;;) {
    const ready = [...left].filter((index) => [...(before[index] ?? [])].every((need) => !left.has(need)));
    if (ready.length === 0) break;
    const next = ready.reduce((a, b) => ((firstRank[a] ?? 0) <= (firstRank[b] ?? 0) ? a : b));
    left.delete(next);
    ordered.push(items[next] as Item);
  }
  if (left.size === 0) return { ordered };
  // What is left lies on a cycle or behind one. A cycle of single nodes is impossible in a valid network, so there is a group on it.
  for (const index of left) {
    const item = items[index] as Item;
    if (item.kind === "group" && reaches(index, index, before)) return { ordered, cyclic: item };
  }
  return { ordered };
}

function reaches(start: number, goal: number, before: readonly ReadonlySet<number>[]): boolean {
  const seen = new Set<number>();
  const open = [...(before[start] ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === goal) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...(before[at] ?? []));
  }
  return false;
}
