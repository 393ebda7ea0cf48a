/**
 * @file Colour refinement on a directed acyclic graph (Weisfeiler and Leman): nodes get colours that depend on what surrounds them and not
 * on how they are named. A sweep goes down the graph and up again, so that news travels its whole depth at once; two or three sweeps settle a network.
 * Colours are 52-bit hashes: a collision (about 1e-11 for a thousand nodes) could at worst make two ids differ that should agree.
 */
import type { ReducedGraph } from "./reduce.ts";

/** A node that reads another, and at which of its inputs (0 where order doesn't matter). */
export interface Reader {
  readonly node: number;
  readonly position: number;
}

const HIGH = 2 ** 32;

/** Returns one 52-bit hash of two numbers of up to 53 bits. Not commutative. */
export function mix(a: number, b: number): number {
  let x = (a | 0) ^ 0x9e3779b9;
  let y = ((a / HIGH) | 0) ^ 0x85ebca6b;
  x = Math.imul(x ^ (b | 0), 0xcc9e2d51);
  y = Math.imul(y ^ ((b / HIGH) | 0) ^ (x >>> 13), 0x1b873593);
  x = Math.imul(x ^ (y >>> 16), 0x85ebca6b);
  y = Math.imul(y ^ (x >>> 15), 0xc2b2ae35);
  x = Math.imul(x ^ (y >>> 13), 0x27d4eb2f);
  y ^= x >>> 16;
  return (y >>> 12) * HIGH + (x >>> 0);
}

/** Returns a 52-bit hash of a text. */
export function hashText(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

/** Adds within 52 bits: the order of adding doesn't matter, so it hashes multisets. */
function gather(sum: number, value: number): number {
  return (sum + value) % 2 ** 52;
}

/** Returns who reads each node. */
export function readersOf(graph: ReducedGraph): readonly (readonly Reader[])[] {
  const readers: Reader[][] = graph.labels.map(() => []);
  graph.inputs.forEach((inputs, node) => {
    inputs.forEach((input, position) =>
      readers[input]?.push({ node, position: graph.unordered[node] ? 0 : position + 1 }),
    );
  });
  return readers;
}

/**
 * Refines the colours of `nodes` (ascending) in place until no class splits any more. Other nodes keep theirs. Each sweep takes time linear in
 * the nodes and their edges.
 */
export function refine(
  graph: ReducedGraph,
  readers: readonly (readonly Reader[])[],
  nodes: readonly number[],
  colours: Float64Array,
): void {
  const countColours = (): number => new Set(nodes.map((node) => colours[node])).size;
  const colourOf = (node: number): number => colours[node] as number;
  let before = countColours();
  for (;;) {
    for (const node of nodes) {
      const inputs = graph.inputs[node] as readonly number[];
      let sum = 0;
      inputs.forEach((input, position) => {
        sum = gather(sum, mix(colourOf(input), graph.unordered[node] ? 0 : position + 1));
      });
      colours[node] = mix(colourOf(node), sum);
    }
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i] as number;
      let sum = 0;
      for (const reader of readers[node] as readonly Reader[]) {
        sum = gather(sum, mix(colourOf(reader.node), reader.position));
      }
      colours[node] = mix(colourOf(node), sum);
    }
    const after = countColours();
    if (after === before || after === nodes.length) return;
    before = after;
  }
}
