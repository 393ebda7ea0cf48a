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
  pruned,
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

/** Returns the cell of the decisions taken. */
function cellOf({ vertex1, vertex2, vertex3, vertex4, vertex5, edges }: ChoicesOf<typeof decisions>): NasBench101Cell {
  const vertices = [vertex1, vertex2, vertex3, vertex4, { ...vertex5, to: OUTPUT }];
  // Five side by side have ten edges: the last is left out.
  if (vertices.every(({ operation, to }) => operation !== "none" && to === OUTPUT)) vertices.pop();
  const isThere = (vertex: number): boolean =>
    vertex === 0 || vertex === OUTPUT || (vertices[vertex - 1]?.operation ?? "none") !== "none";
  const chosen = vertices.flatMap(({ to }, i) =>
    isThere(i + 1) ? [{ from: i + 1, to: isThere(to) ? to : OUTPUT }] : [],
  );
  let cell = fed(vertices, chosen, isThere);
  for (const name of EXTRAS) {
    const [from = 0, to = 0] = edges[name].split(">").map(Number);
    if (edges[name] === "none" || !isThere(from) || !isThere(to)) continue;
    const larger = fed(vertices, [...chosen, { from, to }], isThere);
    if (edgesOf(larger.matrix).length > MAX_EDGES) continue;
    chosen.push({ from, to });
    cell = larger;
  }
  return cell;
}

interface Edge {
  readonly from: number;
  readonly to: number;
}

/** The cell of these edges, in which every vertex that none leads to reads the input. */
function fed(
  vertices: readonly { readonly operation: NasBench101Operation | "none" }[],
  edges: readonly Edge[],
  isThere: (vertex: number) => boolean,
): NasBench101Cell {
  const read = new Set(edges.map(({ to }) => to));
  const matrix = Array.from({ length: MAX_VERTICES }, (_, from) =>
    Array.from({ length: MAX_VERTICES }, (_, to) => {
      const isFed = from === 0 && to > 0 && isThere(to) && !read.has(to);
      return isFed || edges.some((edge) => edge.from === from && edge.to === to) ? 1 : 0;
    }),
  );
  const operations = Array.from({ length: OUTPUT - 1 }, (_, i): NasBench101Operation => {
    const name = vertices[i]?.operation ?? "none";
    return name === "none" ? nasBench101Operations[0] : name;
  });
  return pruned({ matrix, operations }) as NasBench101Cell;
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
