/**
 * @file NAS-Bench-101's space with only the cells that a table has. One cell in fourteen is in the table of 30,001, and which ones was decided by their hash, so
 * there is nothing to learn from a cell that is missing: a change that leads to none is refused free of charge, counted and drawn again, as a study does with
 * constraints that are checked before training. A random cell is a row of the table, every row as likely: genotypes would favour cells that many of them say.
 *
 * A cell is always told by one genotype of it, the same for everybody, so that changes without effect do not pile up; a change that leads back to
 * the same cell is drawn again too.
 */
import { findNasBench101, readNasBench101, type ResultTable } from "cellwright/evaluators";
import { flatten, type AnySpace, type Genotype } from "cellwright/space";
import type { Rng } from "cellwright/base";
import { canonicalNasBench101, nasBench101, nasBench101Cell, parseNasBench101 } from "cellwright/spaces";
import { parseCsv } from "../../src/evaluators/tabular/csv.ts";
import { readTextFile } from "../../src/evaluators/tabular/table.ts";

/** Changes of one cell in a row that lead to none of the table before a row is drawn in its place. */
const TRIES = 300;
/** Stands for a change that leads to no row. */
const NO_ROW = -1;

export interface TableSpace {
  readonly space: AnySpace;
  readonly table: ResultTable;
  /** Returns the row of a genotype's cell, or undefined where the table has none. */
  readonly rowOf: (genotype: Genotype) => number | undefined;
  /** Returns how many changes led to no cell of the table since this was last asked. */
  readonly takeRefused: () => number;
}

/** Reads the table with its cells. Throws `data` naming what is wrong. */
export async function readTableSpace(path = findNasBench101()): Promise<TableSpace> {
  const table = await readNasBench101(path);
  const { header, records } = parseCsv(path, await readTextFile(path));
  const [adjacency, ops] = [header.indexOf("adjacency"), header.indexOf("ops")];
  const genotypes: (Genotype | undefined)[] = records.map(() => undefined);
  const genotypeOf = (row: number): Genotype => {
    const { fields } = records[row] as (typeof records)[number];
    return (genotypes[row] ??= parseNasBench101(`${fields[adjacency]}/${fields[ops]}`));
  };
  // By the canonical form, which is found in a tenth of the time of the hash.
  const formOf = (genotype: Genotype): string => {
    const { matrix, operations } = canonicalNasBench101(nasBench101Cell(genotype));
    return `${matrix.join()}/${operations.join()}`;
  };
  const rowByForm = new Map(records.map((_, row) => [formOf(genotypeOf(row)), row]));
  const rowOf = (genotype: Genotype): number | undefined => rowByForm.get(formOf(genotype));
  let refused = 0;
  const sample = (rng: Rng): Genotype => genotypeOf(rng.int(records.length));
  /** Draws until a cell of the table comes that is another one. */
  const vary = (own: number | undefined, rng: Rng, draw: () => number | undefined): Genotype => {
    for (let i = 0; i < TRIES; i++) {
      const row = draw();
      if (row === undefined) refused++;
      else if (row !== own) return genotypeOf(row);
    }
    return sample(rng);
  };
  // What each change of each row leads to, found out once: hundreds of searches make the same changes, four million in all. A row and one more, NO_ROW, or 0 for unknown.
  const firstOf = new Map<string, number>();
  let changeCount = 0;
  for (const decision of flatten(nasBench101.decisions)) {
    firstOf.set(decision.path, changeCount);
    if (decision.kind === "choice") changeCount += decision.options.length;
  }
  const changes = new Int32Array(records.length * changeCount);
  const changed = (from: number, path: string, value: number): number | undefined => {
    const at = from * changeCount + (firstOf.get(path) as number) + value;
    if (changes[at] === 0) {
      const row = rowOf({ ...genotypeOf(from), [path]: value });
      changes[at] = row === undefined ? NO_ROW : row + 1;
    }
    const known = changes[at] as number;
    return known === NO_ROW ? undefined : known - 1;
  };
  const mutate: AnySpace["mutate"] = (genotype, rng, pick) => {
    const own = rowOf(genotype);
    if (own === undefined) return sample(rng);
    const from = genotypeOf(own);
    const active = nasBench101.active(from);
    return vary(own, rng, () => {
      const decision = pick?.(active, rng) ?? rng.pick(active);
      const others = decision.kind === "choice" ? decision.options.length - 1 : 0;
      const value = rng.int(others);
      return changed(own, decision.path, value < (from[decision.path] as number) ? value : value + 1);
    });
  };
  return {
    table,
    rowOf,
    takeRefused() {
      const taken = refused;
      refused = 0;
      return taken;
    },
    space: {
      ...nasBench101,
      sample,
      mutate,
      crossover: (a, b, rng) => vary(rowOf(a), rng, () => rowOf(nasBench101.crossover(a, b, rng))),
    },
  };
}
