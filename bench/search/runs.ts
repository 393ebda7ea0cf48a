/** @file Searches of NAS-Bench-201, each made once: the sections ask for the same ones. */
import { pickController } from "cellwright/controllers";
import { findNasBench201, readNasBench201, type ResultTable } from "cellwright/evaluators";
import type { ControllerDefinition } from "cellwright/search";
import { nasBench201 } from "cellwright/spaces";
import { contenders } from "./contenders.ts";
import { problemOf, search, type DataName, type Problem } from "./problem.ts";

export interface RunOptions {
  readonly data: DataName;
  readonly controller: string;
  readonly iso: boolean;
  readonly queries: number;
}

export interface Runs {
  readonly problem: Problem;
  /** By seed: the rows read, in order. */
  readonly rows: readonly (readonly number[])[];
}

let table: Promise<ResultTable> | undefined;

/** Returns the problem of a data set, its table read once. */
export async function problem(data: DataName, reward: "val_12" | "test_200"): Promise<Problem> {
  table ??= readNasBench201(findNasBench201());
  return problemOf(await table, data, reward);
}

/** What `auto` picks searches as it does by itself. */
function definitionOf(controller: string, queries: number): ControllerDefinition {
  return controller === "auto" ? pickController(nasBench201, queries).definition : contenders[controller]!;
}

const kept = new Map<string, readonly number[]>();

/** Returns the searches of these seeds by 12-epoch validation. */
export async function runsOf(seeds: readonly number[], options: RunOptions): Promise<Runs> {
  const { data, controller, iso, queries } = options;
  const own = await problem(data, "val_12");
  const definition = definitionOf(controller, queries);
  const rows = seeds.map((seed) => {
    const key = [data, iso, seed, definition.name, JSON.stringify(definition.options)].join();
    const known = kept.get(key);
    // A search of fewer queries is the beginning of one of more.
    if (known !== undefined && known.length >= queries) return known.slice(0, queries);
    const read = search(definition, own, { seed, queries, iso });
    kept.set(key, read);
    return read;
  });
  return { problem: own, rows };
}
