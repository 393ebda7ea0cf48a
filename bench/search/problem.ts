/** @file A search over NAS-Bench-201's table: which column rewards, which rows count as one, and what a search has read. */
import { createRng } from "cellwright/base";
import { columnOf, countQueries, type ResultTable } from "cellwright/evaluators";
import { simulate, type ControllerDefinition } from "cellwright/search";
import { nasBench201, nasBench201Text } from "cellwright/spaces";

/** A data set of the table. */
export type DataName = "c10" | "c100";

export interface Problem {
  readonly name: string;
  readonly table: ResultTable;
  /** What the controller is told. */
  readonly reward: Float64Array;
  /** What is reported of the row it ends with. */
  readonly test: Float64Array;
  /** By row; isomorphic cells have one number. */
  readonly isoClass: Float64Array;
}

/** Returns the problem of a data set: 12-epoch validation as reward, or the 200-epoch test, which has next to no noise. */
export function problemOf(table: ResultTable, data: DataName, reward: "val_12" | "test_200"): Problem {
  return {
    name: data,
    table,
    reward: columnOf(table, `${data}_${reward}`),
    test: columnOf(table, `${data}_test_200`),
    isoClass: columnOf(table, "iso_class"),
  };
}

export interface SearchOptions {
  readonly seed: number;
  /** Distinct rows that may be read. */
  readonly queries: number;
  /** Whether a cell isomorphic to one that was read gets its result free of charge. */
  readonly iso: boolean;
  readonly inFlight?: number;
  /** Trials at most, repeated rows among them. Default 50 a query. */
  readonly trials?: number;
  /** Ends the search once one of these rows is read. */
  readonly targets?: ReadonlySet<number>;
}

/** A controller that has settled asks for the same rows for ever: so many trials a query are the end. */
const TRIALS_PER_QUERY = 50;

const textOf = new Map<string, string>();

/** The cell's text, kept: 15,625 cells are asked for millions of times. */
export function keyOf(genotype: Readonly<Record<string, number>>): string {
  const digits = Object.values(genotype).join("");
  let text = textOf.get(digits);
  if (text === undefined) textOf.set(digits, (text = nasBench201Text(genotype)));
  return text;
}

/** Returns the rows that a search has read, in order. */
export function search(definition: ControllerDefinition, problem: Problem, options: SearchOptions): readonly number[] {
  const { seed, queries, iso, inFlight = 1, trials = queries * TRIALS_PER_QUERY, targets } = options;
  const { table, reward, isoClass } = problem;
  const counter = countQueries(table, iso ? (row) => isoClass[row] as number : undefined);
  const controller = definition.create({
    space: nasBench201,
    objectives: [{ name: "accuracy", direction: "maximize" }],
    rng: createRng(`bench/${seed}`),
  });
  let isFound = false;
  simulate(controller, {
    trials,
    inFlight,
    rng: createRng(`order/${seed}`),
    outcome(_, { genotype }) {
      const answer = counter.read(keyOf(genotype));
      if (answer === undefined) return { state: "failed", reason: "not in the table" };
      isFound ||= targets?.has(answer.row) === true;
      return { state: "complete", values: [reward[answer.row] as number] };
    },
    until: () => isFound || counter.count >= queries,
  });
  return counter.rows;
}

/** Returns the rows of greatest reward; with `iso`, all that are isomorphic to one of them, as reading these is finding it. */
export function optimaOf({ reward, isoClass }: Problem, iso: boolean): ReadonlySet<number> {
  const best = reward.reduce((a, b) => Math.max(a, b), -Infinity);
  const rows = [...reward.keys()].filter((row) => reward[row] === best);
  if (!iso) return new Set(rows);
  const classes = new Set(rows.map((row) => isoClass[row]));
  return new Set([...reward.keys()].filter((row) => classes.has(isoClass[row])));
}

export interface Reached {
  /** Best reward among the rows read. */
  readonly reached: number;
  /** The test accuracy of that row. */
  readonly test: number;
  /** The best test accuracy among the ten rows of best reward: what retraining ten would give. */
  readonly top10: number;
}

/** Returns what a search had reached after so many queries. */
export function reachedAfter({ reward, test }: Problem, rows: readonly number[], queries: number): Reached {
  const best = rows
    .slice(0, queries)
    .toSorted((a, b) => (reward[b] as number) - (reward[a] as number))
    .slice(0, 10);
  const [first = 0] = best;
  return {
    reached: reward[first] as number,
    test: test[first] as number,
    top10: Math.max(...best.map((row) => test[row] as number)),
  };
}
