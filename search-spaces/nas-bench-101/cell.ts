/**
 * @file A cell of NAS-Bench-101 (Ying et al. 2019, arXiv 1902.09635, section 2): a graph of at most seven vertices and nine edges, as the published
 * matrix and operations, pruned as the released code prunes it (google-research/nasbench, model_spec.py), and its published hash (graph_util.py).
 */
import { CellwrightError, expected, md5Hex } from "cellwright/base";

/** In the published order: the numbers of tables and hashes. A convolution has its batch norm and activation after it. */
export const nasBench101Operations = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"] as const;

export type NasBench101Operation = (typeof nasBench101Operations)[number];

/** Vertices that a cell may have, the input and the output among them. */
export const MAX_VERTICES = 7;
export const MAX_EDGES = 9;

export interface NasBench101Cell {
  /** `matrix[from][to]` is 1 where `to` reads `from`. Vertex 0 is the cell's input, the last its output; edges lead to later vertices. */
  readonly matrix: readonly (readonly number[])[];
  /** What the vertices between the two compute. */
  readonly operations: readonly NasBench101Operation[];
}

type Matrix = NasBench101Cell["matrix"];

/** Returns the edges, row by row. */
export function edgesOf(matrix: Matrix): readonly (readonly [from: number, to: number])[] {
  const edges: (readonly [number, number])[] = [];
  for (const [from, row] of matrix.entries())
    for (let to = 0; to < row.length; to++) if (row[to] === 1) edges.push([from, to]);
  return edges;
}

/** Returns the vertices on a path from the input to the output, in order. */
function liveVertices(matrix: Matrix): readonly number[] {
  const edges = edgesOf(matrix);
  const fed = new Set([0]);
  for (const [from, to] of edges) if (fed.has(from)) fed.add(to);
  const used = new Set([matrix.length - 1]);
  for (const [from, to] of edges.toReversed()) if (used.has(to)) used.add(from);
  return matrix.map((_, vertex) => vertex).filter((vertex) => fed.has(vertex) && used.has(vertex));
}

/** Returns the cell without the vertices that no path from the input to the output passes; undefined where there is no such path. */
function pruned({ matrix, operations }: NasBench101Cell): NasBench101Cell | undefined {
  const live = liveVertices(matrix);
  if (live.length < 2) return undefined;
  return {
    matrix: live.map((from) => live.map((to) => (matrix[from] as readonly number[])[to] as number)),
    operations: live.slice(1, -1).map((vertex) => operations[vertex - 1] as NasBench101Operation),
  };
}

function fail(what: string, received: unknown): never {
  throw new CellwrightError("space", expected("cell", what, received));
}

/**
 * Returns the cell pruned, as the tables know it. Throws `space` unless it is an upper triangular matrix of 0 and 1 with an operation for each
 * vertex between input and output, joins the two, and has at most seven vertices and nine edges when pruned.
 */
export function pruneNasBench101(cell: NasBench101Cell): NasBench101Cell {
  const { matrix, operations } = cell;
  const size = matrix.length;
  const isTriangular = matrix.every(
    (row, from) => row.length === size && row.every((bit, to) => bit === 0 || (bit === 1 && to > from)),
  );
  if (size < 2 || !isTriangular) fail("a square matrix of 0 and 1, with 1 above the diagonal only", matrix);
  if (operations.length !== size - 2)
    fail(`${size - 2} operations, for all vertices but the first and the last`, operations);
  for (const name of operations)
    if (!nasBench101Operations.includes(name)) fail(`operations among ${nasBench101Operations.join(", ")}`, name);
  const live = pruned(cell) ?? fail("a path from the first vertex to the last", matrix);
  if (live.matrix.length > MAX_VERTICES) fail(`at most ${MAX_VERTICES} vertices`, live.matrix.length);
  if (edgesOf(live.matrix).length > MAX_EDGES) fail(`at most ${MAX_EDGES} edges`, edgesOf(live.matrix).length);
  return live;
}

/** Returns the cell as `<upper triangle, row by row>/<operations by number>`: `111/0` is a convolution beside which the input is added. */
export function cellText({ matrix, operations }: NasBench101Cell): string {
  const triangle = matrix.map((row, from) => row.slice(from + 1).join("")).join("");
  return `${triangle}/${operations.map((name) => nasBench101Operations.indexOf(name)).join("")}`;
}

/** The inverse of `cellText`, of any cell, pruned or not. Throws `space` for a text of another form. */
export function parseCell(text: string): NasBench101Cell {
  const [, triangle = "", numbers = ""] = /^([01]+)\/([012]*)$/.exec(text) ?? fail("<0 and 1>/<0, 1 and 2>", text);
  const size = numbers.length + 2;
  if (triangle.length !== (size * (size - 1)) / 2)
    fail(`${(size * (size - 1)) / 2} digits before the stroke, for ${size} vertices`, text);
  let at = 0;
  return {
    matrix: Array.from({ length: size }, (_, from) =>
      Array.from({ length: size }, (_, to) => (to > from ? Number(triangle[at++]) : 0)),
    ),
    operations: Array.from(numbers, (digit) => nasBench101Operations[Number(digit)] as NasBench101Operation),
  };
}

/**
 * Returns the hash by which the published tables know a pruned cell: vertices start from their degrees and operation and take in their neighbours'
 * hashes as often as there are vertices. Isomorphic cells have one hash; no two others do, of the 423,624. Takes some 0.1 ms; `md5` may be a quicker one.
 */
export function cellHash({ matrix, operations }: NasBench101Cell, md5: (text: string) => string = md5Hex): string {
  const vertices = matrix.map((_, vertex) => vertex);
  const readers = vertices.map((vertex) => vertices.filter((to) => matrix[vertex]?.[to] === 1));
  const sources = vertices.map((vertex) => vertices.filter((from) => matrix[from]?.[vertex] === 1));
  const labels = [-1, ...operations.map((name) => nasBench101Operations.indexOf(name)), -2];
  let hashes = vertices.map((vertex) =>
    md5(`(${readers[vertex]?.length}, ${sources[vertex]?.length}, ${labels[vertex]})`),
  );
  const joined = (of: readonly number[] | undefined): string =>
    (of ?? [])
      .map((vertex) => hashes[vertex] as string)
      .toSorted()
      .join("");
  for (const _ of vertices)
    hashes = vertices.map((vertex) => md5(`${joined(sources[vertex])}|${joined(readers[vertex])}|${hashes[vertex]}`));
  const sorted = hashes.toSorted().map((hash) => `'${hash}'`);
  return md5(`[${sorted.join(", ")}]`);
}
