/**
 * @file All cells of NAS-Bench-101, one of each isomorphism class: the one that the benchmark itself was made of (generate_graphs.py takes the first in the
 * order of matrices and then of operations). Which one matters where the output's channels don't divide: the first vertices get one more.
 */
import {
  MAX_EDGES,
  MAX_VERTICES,
  nasBench101Operations,
  pruneNasBench101,
  type NasBench101Cell,
  type NasBench101Operation,
} from "./cell.ts";

/** A matrix as a number: its upper triangle column by column, from the lowest bit. */
function bit(from: number, to: number): number {
  return 1 << (from + (to * (to - 1)) / 2);
}

/** All orders of the vertices 0 … size - 1 in which the first and the last stay: `order[old]` is the new place. */
function orders(size: number): readonly (readonly number[])[] {
  const place = (taken: readonly number[]): readonly (readonly number[])[] =>
    taken.length === size - 1
      ? [[...taken, size - 1]]
      : Array.from({ length: size - 2 }, (_, i) => i + 1)
          .filter((next) => !taken.includes(next))
          .flatMap((next) => place([...taken, next]));
  return place([0]);
}

/** By size: a canonical form looks at all of them, and a search makes thousands. */
const ordersOf = new Map<number, readonly (readonly number[])[]>();

function allOrders(size: number): readonly (readonly number[])[] {
  let all = ordersOf.get(size);
  if (all === undefined) ordersOf.set(size, (all = orders(size)));
  return all;
}

/** Returns the matrix with its vertices in another order, or undefined where an edge would lead back. */
function reordered(mask: number, order: readonly number[]): number | undefined {
  let result = 0;
  for (let to = 1; to < order.length; to++)
    for (let from = 0; from < to; from++)
      if ((mask & bit(from, to)) !== 0) {
        const [a, b] = [order[from] as number, order[to] as number];
        if (a > b) return undefined;
        result |= bit(a, b);
      }
  return result;
}

function moved<T>(inner: readonly T[], order: readonly number[]): readonly T[] {
  const result = [...inner];
  inner.forEach((item, i) => {
    result[(order[i + 1] as number) - 1] = item;
  });
  return result;
}

/** Returns less than 0 where `a` comes first. */
function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}

function cellOf(mask: number, numbers: readonly number[]): NasBench101Cell {
  const size = numbers.length + 2;
  return {
    matrix: Array.from({ length: size }, (_, from) =>
      Array.from({ length: size }, (_, to) => (to > from && (mask & bit(from, to)) !== 0 ? 1 : 0)),
    ),
    operations: numbers.map((number) => nasBench101Operations[number] as NasBench101Operation),
  };
}

/** Returns the cell of its isomorphism class that the benchmark trained: the canonical form. Throws `space` as `pruneNasBench101` does. */
export function canonicalNasBench101(cell: NasBench101Cell): NasBench101Cell {
  const { matrix, operations } = pruneNasBench101(cell);
  let mask = 0;
  matrix.forEach((row, from) => row.forEach((value, to) => (mask |= value === 1 ? bit(from, to) : 0)));
  const numbers = operations.map((name) => nasBench101Operations.indexOf(name));
  let best = { mask, numbers: numbers as readonly number[] };
  for (const order of allOrders(matrix.length)) {
    const other = reordered(mask, order);
    if (other === undefined || other > best.mask) continue;
    const labels = moved(numbers, order);
    if (other < best.mask || compare(labels, best.numbers) < 0) best = { mask: other, numbers: labels };
  }
  return cellOf(best.mask, best.numbers);
}

/** Whether there are at most nine edges, one at least out of every vertex but the last and into every one but the first. */
function isCell(mask: number, size: number): boolean {
  let edges = 0;
  let [sources, readers] = [0, 0];
  for (let to = 1; to < size; to++)
    for (let from = 0; from < to; from++)
      if ((mask & bit(from, to)) !== 0) {
        edges++;
        sources |= 1 << from;
        readers |= 1 << to;
      }
  return edges <= MAX_EDGES && sources === (1 << (size - 1)) - 1 && readers === (1 << size) - 2;
}

/** Lists of `length` numbers of operations, the last varying fastest. */
function* labelings(length: number): Generator<readonly number[]> {
  if (length === 0) yield [];
  else
    for (const rest of labelings(length - 1))
      for (const number of nasBench101Operations.keys()) yield [...rest, number];
}

/** Yields every canonical cell of `vertices` vertices, 2 to 7: 1, 6, 84, 2,441, 62,010 and 359,082 of them, 423,624 in all. Those of 7 take some seconds. */
export function* nasBench101Cells(vertices: number = MAX_VERTICES): Generator<NasBench101Cell> {
  const all = allOrders(vertices);
  for (let mask = 0; mask < 2 ** ((vertices * (vertices - 1)) / 2); mask++) {
    if (!isCell(mask, vertices)) continue;
    const others = all.map((order) => reordered(mask, order));
    if (others.some((other) => other !== undefined && other < mask)) continue;
    const symmetries = all.filter((_, i) => others[i] === mask);
    for (const numbers of labelings(vertices - 2))
      if (symmetries.every((order) => compare(moved(numbers, order), numbers) >= 0)) yield cellOf(mask, numbers);
  }
}
