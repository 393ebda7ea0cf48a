/**
 * @file What a search over a table has cost: one distinct row read is one query, as every benchmark on such tables counts. Reading a row again is free. Where
 * isomorphic candidates count as one (`classOf`), the first of a class that is read is the query, and the others take its result as a study takes a stored one.
 */
import type { ResultTable } from "./table.ts";

export interface Answer {
  /** The row that answers: with classes, the first one read of the candidate's class. */
  readonly row: number;
  /** Whether it cost a query. */
  readonly isNew: boolean;
}

export interface QueryCounter {
  /** Returns the row for a key and counts it, or undefined for a key that the table does not have, which costs nothing. */
  read(key: string): Answer | undefined;
  /** Queries so far. */
  readonly count: number;
  /** Rows read, in order. */
  readonly rows: readonly number[];
  /** Reads of keys that the table does not have. */
  readonly refused: number;
}

/** Returns a counter that has read nothing. `classOf` says which rows are one candidate; default every row its own. */
export function countQueries(table: ResultTable, classOf?: (row: number) => string | number): QueryCounter {
  const first = new Map<string | number, number>();
  const rows: number[] = [];
  let refused = 0;
  return {
    read(key) {
      const row = table.rowOf.get(key);
      if (row === undefined) {
        refused++;
        return undefined;
      }
      const one = classOf?.(row) ?? row;
      const known = first.get(one);
      if (known !== undefined) return { row: known, isNew: false };
      first.set(one, row);
      rows.push(row);
      return { row, isNew: true };
    },
    get count() {
      return rows.length;
    },
    get refused() {
      return refused;
    },
    rows,
  };
}
