/**
 * @file How well each controller searches, where everyone can check it: on NAS-Bench-201's table, a distinct row a query. `npm run bench:search`; options:
 * `--seeds 200`, `--first 0` (the first seed), `--queries 200`, `--data c10,c100`, `--controllers random,"evolution 30/10"`, `--iso`, `--oracle` (queries to
 * the best 200-epoch test as reward). The last line is one line of JSON. Minutes: every figure is the mean and its standard error over seeds.
 */
import { parseArgs } from "node:util";
import { findNasBench201, readNasBench201 } from "cellwright/evaluators";
import { contenders } from "./search/contenders.ts";
import { published } from "./search/published.ts";
import { optimaOf, problemOf, reachedAfter, search, type Reached } from "./search/problem.ts";
import { meanOf, standardErrorOf } from "./search/statistics.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    first: { type: "string", default: "0" },
    queries: { type: "string", default: "200" },
    data: { type: "string", default: "c10,c100" },
    controllers: { type: "string", default: Object.keys(contenders).join(";") },
    iso: { type: "boolean", default: false },
    oracle: { type: "boolean", default: false },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.first) + index);
const queries = Number(values.queries);
const checkpoints = [50, 100, 150, 200, 300, 500, 1000].filter((count) => count <= queries);
const kinds = ["reached", "test", "top10"] as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const table = await readNasBench201(findNasBench201());
const rows: unknown[] = [];

for (const data of values.data.split(",") as ("c10" | "c100")[])
  for (const name of values.controllers.split(";")) {
    const definition = contenders[name];
    if (definition === undefined)
      throw new Error(`Expected one of ${Object.keys(contenders).join("; ")}. Received: ${name}.`);
    const began = performance.now();
    if (values.oracle) reportOracle(data, name);
    else reportReached(data, name);
    print(`    ${((seeds.length * 60_000) / (performance.now() - began)).toFixed(0)} searches a minute`);
  }

function reportReached(data: "c10" | "c100", name: string): void {
  const problem = problemOf(table, data, "val_12");
  const runs = seeds.map((seed) => search(contenders[name]!, problem, { seed, queries, iso: values.iso }));
  for (const count of checkpoints) {
    const results = runs.map((read) => reachedAfter(problem, read, count));
    const cells = kinds.map((kind) => {
      const own = results.map((result) => result[kind]);
      const [mean, error] = [meanOf(own), standardErrorOf(own)];
      const others = values.iso
        ? []
        : published.filter((one) => isAbout(one, name, data, count) && one[kind] !== undefined);
      // The others' spread is not known: taken to be ours.
      const beside = others.map((one) => {
        const expected = one[kind] as number;
        const errors = (mean - expected) / (error * Math.sqrt(1 + seeds.length / one.seeds));
        return { published: expected, seeds: one.seeds, standardErrors: errors };
      });
      return { kind, mean, error, beside };
    });
    rows.push({ data, controller: name, queries: count, iso: values.iso, seeds: seeds.length, ...byKind(cells) });
    const text = cells.map(({ kind, mean, error, beside }) => {
      const against = beside.map((one) => ` (${one.published}: ${one.standardErrors.toFixed(1)} s.e.)`).join("");
      return `${kind} ${mean.toFixed(3)} ±${error.toFixed(3)}${against}`;
    });
    print(`${data.padEnd(4)} ${name.padEnd(22)} ${String(count).padStart(4)}  ${text.join("  ")}`);
  }
}

function isAbout(one: (typeof published)[number], name: string, data: string, count: number): boolean {
  return one.controller === name && one.data === data && one.queries === count;
}

function byKind(cells: readonly { readonly kind: keyof Reached }[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(cells.map(({ kind, ...facts }) => [kind, facts]));
}

function reportOracle(data: "c10" | "c100", name: string): void {
  const problem = problemOf(table, data, "test_200");
  const targets = optimaOf(problem, values.iso);
  const counts = seeds.map((seed) => {
    const read = search(contenders[name]!, problem, { seed, queries, iso: values.iso, targets });
    return read.some((row) => targets.has(row)) ? read.length : Infinity;
  });
  const found = counts.filter(Number.isFinite);
  const [mean, error] = [meanOf(found), standardErrorOf(found)];
  rows.push({
    data,
    controller: name,
    oracle: true,
    iso: values.iso,
    seeds: seeds.length,
    mean,
    error,
    notFound: counts.length - found.length,
  });
  print(
    `${data.padEnd(4)} ${name.padEnd(22)} optimum after ${mean.toFixed(1)} ±${error.toFixed(1)} queries (not within ${queries}: ${counts.length - found.length})`,
  );
}

print(JSON.stringify({ seeds: seeds.length, first: seeds[0], queries, rows }));
