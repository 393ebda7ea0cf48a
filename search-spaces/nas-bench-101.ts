/**
 * @file The space of NAS-Bench-101 (Ying et al. 2019, arXiv 1902.09635): cells of at most seven vertices and nine edges over three operations, 423,624 up to
 * isomorphism, all of them trained for the published tables.
 *
 * A matrix drawn bit by bit is mostly no cell: it has too many edges, or doesn't join input and output. So what is decided here is, for every vertex,
 * whether it is there and one that reads it; whichever nobody leads to reads the input. With up to five further edges any cell can be said, and
 * whatever is drawn is one: a further edge that would be the tenth, or that has no vertex at an end, is left out.
 */
import { choice, defineSpace, type ChoicesOf, type Genotype, type ScaleFactors } from "cellwright/space";
import {
  cellHash,
  cellText,
  edgesOf,
  MAX_EDGES,
  MAX_VERTICES,
  nasBench101Operations,
  parseCell,
  pruneNasBench101,
  type NasBench101Cell,
  type NasBench101Operation,
} from "./nas-bench-101/cell.ts";
import { canonicalNasBench101 } from "./nas-bench-101/enumerate.ts";
import { nasBench101Network, type NasBench101Skeleton } from "./nas-bench-101/network.ts";
import { grownInput } from "./grown-input.ts";

const OUTPUT = MAX_VERTICES - 1;
/** The option that says that a vertex is missing. */
const NONE = nasBench101Operations.length;

const EXTRAS = ["extra0", "extra1", "extra2", "extra3", "extra4"] as const;

const operation = choice([...nasBench101Operations, "none"], { role: "operation" });
const EXTRA_EDGES: readonly string[] = [
  "none",
  ...Array.from({ length: OUTPUT }, (_, from) =>
    Array.from({ length: OUTPUT - from }, (_, i) => `${from}>${from + 1 + i}`),
  ).flat(),
];
const extra = choice(EXTRA_EDGES, { role: "input" });

/** `to` is the vertex that reads this one, 6 the output; one that isn't there stands for the output. Only the output can read vertex 5. */
const decisions = {
  vertex1: { operation, to: choice([2, 3, 4, 5, 6], { role: "input" }) },
  vertex2: { operation, to: choice([3, 4, 5, 6], { role: "input" }) },
  vertex3: { operation, to: choice([4, 5, 6], { role: "input" }) },
  vertex4: { operation, to: choice([5, 6], { role: "input" }) },
  vertex5: { operation },
  edges: { extra0: extra, extra1: extra, extra2: extra, extra3: extra, extra4: extra },
};

/** The network of the paper; a smaller one trains sooner. */
const skeleton = {
  input: [32, 32, 3],
  classes: 10,
  stacks: 3,
  cellsPerStack: 3,
  filters: 128,
  batchNorm: { epsilon: 1e-5, momentum: 0.997 },
} satisfies NasBench101Skeleton;

/** Returns the cell of the decisions taken. Edges are bits, a row a vertex: the lookup of a table's cells and a search's candidates come through here by the million. */
function cellOf({ vertex1, vertex2, vertex3, vertex4, vertex5, edges }: ChoicesOf<typeof decisions>): NasBench101Cell {
  const vertices = [vertex1, vertex2, vertex3, vertex4, { ...vertex5, to: OUTPUT }];
  // Five side by side have ten edges: the last is left out.
  if (vertices.every(({ operation, to }) => operation !== "none" && to === OUTPUT)) vertices.pop();
  let there = 1 | (1 << OUTPUT);
  for (const [i, { operation }] of vertices.entries()) if (operation !== "none") there |= 1 << (i + 1);
  const isThere = (vertex: number): boolean => ((there >> vertex) & 1) === 1;
  const rows: number[] = Array.from({ length: MAX_VERTICES }, () => 0);
  for (const [i, { to }] of vertices.entries()) if (isThere(i + 1)) rows[i + 1] = 1 << (isThere(to) ? to : OUTPUT);
  for (const name of EXTRAS) {
    const [from, to] = ENDS.get(edges[name]) ?? [0, 0];
    if (to === 0 || !isThere(from) || !isThere(to)) continue;
    const before = rows[from] as number;
    rows[from] = before | (1 << to);
    if (edgeCount(rows, there) > MAX_EDGES) rows[from] = before;
  }
  const all = fed(rows, there);
  const live = liveOf(all);
  const kept = all.map((_, vertex) => vertex).filter((vertex) => ((live >> vertex) & 1) === 1);
  return {
    matrix: kept.map((from) => kept.map((to) => ((all[from] as number) >> to) & 1)),
    // What is kept between the ends is there.
    operations: kept.slice(1, -1).map((vertex) => vertices[vertex - 1]?.operation as NasBench101Operation),
  };
}

/** By an extra edge's name, its ends. */
const ENDS: ReadonlyMap<string, readonly [from: number, to: number]> = new Map(
  EXTRA_EDGES.slice(1).map((name) => {
    const [from = 0, to = 0] = name.split(">").map(Number);
    return [name, [from, to]];
  }),
);

/** Returns the rows in which every vertex that none leads to reads the input. */
function fed(rows: readonly number[], there: number): readonly number[] {
  const read = rows.reduce((all, row) => all | row, 0);
  return [(rows[0] as number) | (there & ~read & ~1), ...rows.slice(1)];
}

/** Returns the vertices on a path from the input to the output. */
function liveOf(rows: readonly number[]): number {
  let reached = 1;
  let used = 1 << OUTPUT;
  for (let vertex = 0; vertex < MAX_VERTICES; vertex++)
    if (((reached >> vertex) & 1) === 1) reached |= rows[vertex] as number;
  for (let vertex = OUTPUT; vertex >= 0; vertex--) if (((rows[vertex] as number) & used) !== 0) used |= 1 << vertex;
  return reached & used;
}

/** Returns how many edges the cell of these rows has when it is fed and pruned. */
function edgeCount(rows: readonly number[], there: number): number {
  const all = fed(rows, there);
  const live = liveOf(all);
  let count = 0;
  for (const [vertex, row] of all.entries())
    if (((live >> vertex) & 1) === 1) for (let rest = row & live; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Deeper stacks, wider cells, larger images; height and width, where they grow, to a multiple of all pools together. */
function scale<S extends NasBench101Skeleton>(skeleton: S, { depth, width, resolution }: ScaleFactors): S {
  const stride = 2 ** (skeleton.stacks - 1);
  return {
    ...skeleton,
    cellsPerStack: Math.max(1, Math.round(skeleton.cellsPerStack * depth)),
    filters: Math.max(OUTPUT - 1, Math.round(skeleton.filters * width)),
    input: grownInput(skeleton.input, resolution, stride),
  };
}

/**
 * 4^5 operations, 5! first edges, 22^5 further ones: many genotypes are one cell, told by its hash. All of them decode to the network that was trained for
 * the tables, its vertices in the order they had there.
 */
export const nasBench101 = defineSpace({
  name: "nas-bench-101",
  version: 1,
  skeleton,
  decisions,
  decode: (choices, skeleton) => ({ network: nasBench101Network(canonicalNasBench101(cellOf(choices)), skeleton) }),
  scaleSkeleton: scale,
  named: {
    /** The example of the released code: an inception module, its 5x5 convolution as two of 3x3. */
    "inception-like": {
      vertex1: { operation: "conv1x1-bn-relu", to: 6 },
      vertex2: { operation: "conv3x3-bn-relu", to: 6 },
      vertex3: { operation: "conv3x3-bn-relu", to: 4 },
      vertex4: { operation: "conv3x3-bn-relu", to: 6 },
      vertex5: { operation: "maxpool3x3" },
      edges: { extra0: "none", extra1: "none", extra2: "none", extra3: "none", extra4: "none" },
    },
  },
});

const cellsOnly = defineSpace({
  name: nasBench101.name,
  version: nasBench101.version,
  skeleton: {},
  decisions,
  decode: (choices) => ({ network: cellOf(choices) }),
});

/** Returns the matrix and operations of a genotype, pruned. Throws `space` unless it is valid. */
export function nasBench101Cell(genotype: Genotype): NasBench101Cell {
  return cellsOnly.decode(genotype).network;
}

/** Returns a genotype of a cell, whose matrix and operations are given pruned or not. Throws `space` naming what makes it none of the space's. */
export function nasBench101Genotype(cell: NasBench101Cell): Genotype {
  const { matrix, operations } = pruneNasBench101(cell);
  // The output stands last, whatever comes before it.
  const place = (vertex: number): number => (vertex === matrix.length - 1 ? OUTPUT : vertex);
  const all = edgesOf(matrix).map(([from, to]) => ({ from, to: place(to) }));
  const firsts = new Map<number, number>();
  const further: string[] = [];
  for (const { from, to } of all)
    if (from > 0 && !firsts.has(from)) firsts.set(from, to);
    else if (from > 0 || all.some((other) => other.from > 0 && other.to === to)) further.push(`${from}>${to}`);
  const genotype: Record<string, number> = {};
  for (let vertex = 1; vertex < OUTPUT; vertex++) {
    const name = operations[vertex - 1];
    genotype[`vertex${vertex}.operation`] = name === undefined ? NONE : nasBench101Operations.indexOf(name);
    if (vertex < OUTPUT - 1) genotype[`vertex${vertex}.to`] = (firsts.get(vertex) ?? OUTPUT) - vertex - 1;
  }
  EXTRAS.forEach((name, i) => {
    genotype[`edges.${name}`] = EXTRA_EDGES.indexOf(further[i] ?? "none");
  });
  return genotype;
}

/** Returns the cell as text, `<upper triangle, row by row>/<operations by number>`: `111/0` is a 3x3 convolution that the input is added to. */
export function nasBench101Text(genotype: Genotype): string {
  return cellText(nasBench101Cell(genotype));
}

/** Returns a genotype of the cell that a text says, pruned or not. Throws `space` naming what isn't right. */
export function parseNasBench101(text: string): Genotype {
  return nasBench101Genotype(parseCell(text));
}

/** Returns the hash by which the published tables know the cell: the same for all genotypes and texts of isomorphic cells. */
export function nasBench101Hash(genotype: Genotype): string {
  return cellHash(nasBench101Cell(genotype));
}
