/** @file Genotypes of cell spaces said in other words: blocks, nodes or vertices in another order, a sum's inputs exchanged. What they compute stays the same. */
import type { Rng } from "cellwright/base";
import type { Genotype } from "cellwright/space";
import { darts, nasBench101Cell, nasBench101Genotype } from "cellwright/spaces";

/** Returns a random order of `count` things in which each comes after those that it reads: `order[old]` is the new place. */
function randomOrder(count: number, reads: (reader: number) => readonly number[], rng: Rng): readonly number[] {
  const order: number[] = Array.from({ length: count }, () => -1);
  for (let place = 0; place < count; place++) {
    const ready = order.flatMap((taken, i) =>
      taken < 0 && reads(i).every((source) => source < 0 || (order[source] as number) >= 0) ? [i] : [],
    );
    order[rng.pick(ready)] = place;
  }
  return order;
}

/** For spaces made of `cells`: the blocks of every cell in another order, and sides exchanged in some. */
export function relabelledBlocks(genotype: Genotype, rng: Rng): Genotype {
  const result: Record<string, number> = {};
  const groups = new Set(Object.keys(genotype).map((path) => path.slice(0, path.indexOf(".block"))));
  for (const group of groups) {
    const at = (block: number, field: string): number => genotype[`${group}.block${block}.${field}`] as number;
    const order = randomOrder(5, (block) => [at(block, "leftInput") - 2, at(block, "rightInput") - 2], rng);
    const renamed = (state: number): number => (state < 2 ? state : 2 + (order[state - 2] as number));
    for (const [block, place] of order.entries()) {
      const to = `${group}.block${place}`;
      const [left, right] = rng.int(2) === 0 ? ["left", "right"] : ["right", "left"];
      result[`${to}.${left}Input`] = renamed(at(block, "leftInput"));
      result[`${to}.${right}Input`] = renamed(at(block, "rightInput"));
      result[`${to}.${left}Operation`] = at(block, "leftOperation");
      result[`${to}.${right}Operation`] = at(block, "rightOperation");
      const combiner = genotype[`${group}.block${block}.combiner`];
      if (combiner !== undefined) result[`${to}.combiner`] = combiner;
    }
  }
  return result;
}

/** The options of DARTS' node `i`: which two states it reads, as text. */
function dartsInputs(i: number): readonly string[] {
  const decision = darts.decisions.find(({ path }) => path === `normal.node${i}.inputs`);
  return decision?.kind === "choice" ? decision.options.map(({ name }) => name) : [];
}

/** The nodes of both cells in another order; a node's terms then stand in the order of what they read. */
export function relabelledNodes(genotype: Genotype, rng: Rng): Genotype {
  const result: Record<string, number> = {};
  for (const group of ["normal", "reduction"]) {
    const at = (node: number, field: string): number => genotype[`${group}.node${node}.${field}`] as number;
    const reads = (node: number): readonly number[] =>
      (dartsInputs(node)[at(node, "inputs")] as string).split(",").map(Number);
    const order = randomOrder(4, (node) => reads(node).map((state) => state - 2), rng);
    const renamed = (state: number): number => (state < 2 ? state : 2 + (order[state - 2] as number));
    for (const [node, place] of order.entries()) {
      const terms = reads(node).map((state, side) => ({
        state: renamed(state),
        operation: at(node, side === 0 ? "first" : "second"),
      }));
      const [first, second] = terms.toSorted((a, b) => a.state - b.state) as [(typeof terms)[0], (typeof terms)[0]];
      const to = `${group}.node${place}`;
      result[`${to}.inputs`] = dartsInputs(place).indexOf(`${first.state},${second.state}`);
      result[`${to}.first`] = first.operation;
      result[`${to}.second`] = second.operation;
    }
  }
  return result;
}

/** NAS-Bench-101's vertices between input and output in another order. */
export function relabelledVertices(genotype: Genotype, rng: Rng): Genotype {
  const { matrix, operations } = nasBench101Cell(genotype);
  const inner = operations.length;
  const order = randomOrder(
    inner,
    (vertex) => matrix.flatMap((row, from) => (from > 0 && row[vertex + 1] === 1 ? [from - 1] : [])),
    rng,
  );
  const place = (vertex: number): number =>
    vertex === 0 || vertex === inner + 1 ? vertex : 1 + (order[vertex - 1] as number);
  const moved = matrix.map((row) => row.map(() => 0));
  matrix.forEach((row, from) =>
    row.forEach((bit, to) => {
      (moved[place(from)] as number[])[place(to)] = bit;
    }),
  );
  const names = [...operations];
  operations.forEach((name, vertex) => {
    names[order[vertex] as number] = name;
  });
  return nasBench101Genotype({ matrix: moved, operations: names });
}

/** NAS-Bench-201's nodes 1 and 2 exchanged where neither reads the other; else the genotype as it is. */
export function relabelledEdges(genotype: Genotype): Genotype {
  if (genotype["node2.from1"] !== 0) return genotype;
  const at = (path: string): number => genotype[path] as number;
  return {
    "node1.from0": at("node2.from0"),
    "node2.from0": at("node1.from0"),
    "node2.from1": 0,
    "node3.from0": at("node3.from0"),
    "node3.from1": at("node3.from2"),
    "node3.from2": at("node3.from1"),
  };
}
