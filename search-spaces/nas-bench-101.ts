/**
 * @file The space of NAS-Bench-101 (Ying et al. 2019, arXiv 1902.09635): cells of at most seven vertices and nine edges over three operations, 423,624 up to
 * isomorphism, all of them trained for the published tables.
 *
 * A matrix drawn bit by bit is mostly no cell: it has too many edges, or doesn't join input and output. So what is decided here is one edge into
 * every vertex, by which the input reaches the output whatever is drawn, and up to five further edges: with them any cell can be said. Vertices
 * that don't lead to the output are dead and pruned; a further edge that would make more than nine live ones is left out.
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

const OUTPUT = MAX_VERTICES - 1;
const EXTRAS = ["extra0", "extra1", "extra2", "extra3", "extra4"] as const;

const operation = choice(nasBench101Operations, { role: "operation" });
const EXTRA_EDGES: readonly string[] = [
  "none",
  ...Array.from({ length: OUTPUT }, (_, from) =>
    Array.from({ length: OUTPUT - from }, (_, i) => `${from}>${from + 1 + i}`),
  ).flat(),
];
const extra = choice(EXTRA_EDGES, { role: "input" });

/** The first vertex can read only the cell's input. */
const decisions = {
  vertex1: { operation },
  vertex2: { input: choice([0, 1], { role: "input" }), operation },
  vertex3: { input: choice([0, 1, 2], { role: "input" }), operation },
  vertex4: { input: choice([0, 1, 2, 3], { role: "input" }), operation },
  vertex5: { input: choice([0, 1, 2, 3, 4], { role: "input" }), operation },
  output: { input: choice([0, 1, 2, 3, 4, 5], { role: "input" }) },
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

/** Returns the cell of the decisions taken, pruned. */
function cellOf(choices: ChoicesOf<typeof decisions>): NasBench101Cell {
  const { vertex1, vertex2, vertex3, vertex4, vertex5, output, edges } = choices;
  const vertices = [vertex1, vertex2, vertex3, vertex4, vertex5];
  const operations = vertices.map(({ operation }) => operation);
  const matrix = Array.from({ length: MAX_VERTICES }, () => Array.from({ length: MAX_VERTICES }, () => 0));
  const join = (from: number, to: number, bit: number): void => {
    (matrix[from] as number[])[to] = bit;
  };
  [0, vertex2.input, vertex3.input, vertex4.input, vertex5.input, output.input].forEach((from, i) =>
    join(from, i + 1, 1),
  );
  let cell = pruned({ matrix, operations }) as NasBench101Cell;
  for (const name of EXTRAS) {
    if (edges[name] === "none") continue;
    const [from, to] = edges[name].split(">").map(Number) as [number, number];
    if (matrix[from]?.[to] === 1) continue;
    join(from, to, 1);
    const larger = pruned({ matrix, operations }) as NasBench101Cell;
    if (edgesOf(larger.matrix).length <= MAX_EDGES) cell = larger;
    else join(from, to, 0);
  }
  return cell;
}

/** Deeper stacks, wider cells, larger images; height and width, where they grow, to a multiple of all pools together. */
function scale<S extends NasBench101Skeleton>(skeleton: S, { depth, width, resolution }: ScaleFactors): S {
  const [height, wide, channels] = skeleton.input;
  const stride = 2 ** (skeleton.stacks - 1);
  const side = (pixels: number): number =>
    resolution === 1 ? pixels : Math.max(stride, Math.round((pixels * resolution) / stride) * stride);
  return {
    ...skeleton,
    cellsPerStack: Math.max(1, Math.round(skeleton.cellsPerStack * depth)),
    filters: Math.max(OUTPUT - 1, Math.round(skeleton.filters * width)),
    input: [side(height), side(wide), channels],
  };
}

/**
 * 3^5 operations, 6! first edges, 22^5 further ones: many genotypes are one cell, told by its hash. All of them decode to the network that was trained for
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
      vertex1: { operation: "conv1x1-bn-relu" },
      vertex2: { input: 0, operation: "conv3x3-bn-relu" },
      vertex3: { input: 0, operation: "conv3x3-bn-relu" },
      vertex4: { input: 3, operation: "conv3x3-bn-relu" },
      vertex5: { input: 0, operation: "maxpool3x3" },
      output: { input: 1 },
      edges: { extra0: "2>6", extra1: "4>6", extra2: "5>6", extra3: "none", extra4: "none" },
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
  // The output stands last, whatever comes before it: vertices that are missing read the input and are dead.
  const place = (vertex: number): number => (vertex === matrix.length - 1 ? OUTPUT : vertex);
  const firsts = new Map<number, number>();
  const further: string[] = [];
  for (const [from, to] of edgesOf(matrix))
    if (firsts.has(place(to))) further.push(`${from}>${place(to)}`);
    else firsts.set(place(to), from);
  const genotype: Record<string, number> = {};
  for (let vertex = 1; vertex < OUTPUT; vertex++) {
    if (vertex > 1) genotype[`vertex${vertex}.input`] = firsts.get(vertex) ?? 0;
    const name = operations[vertex - 1] ?? (nasBench101Operations[0] as NasBench101Operation);
    genotype[`vertex${vertex}.operation`] = nasBench101Operations.indexOf(name);
  }
  genotype["output.input"] = firsts.get(OUTPUT) as number;
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
