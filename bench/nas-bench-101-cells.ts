/**
 * @file All cells of NAS-Bench-101 by enumeration: how many there are, whether their hashes differ, and with the published table whether every row's hash is
 * one of them and its parameters are ours. Run: `npx jiti bench/nas-bench-101-cells.ts [--table nb101_30k.csv.gz]`, some minutes with the table.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { costOf } from "../src/network/index.ts";
import { nasBench101, nasBench101Cells, nasBench101Network, type NasBench101Cell } from "../search-spaces/index.ts";
import { cellHash } from "../search-spaces/nas-bench-101/cell.ts";

const { values: flags } = parseArgs({ options: { table: { type: "string" } } });

const start = performance.now();
const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;

const byHash = new Map<string, NasBench101Cell>();
let total = 0;
for (let vertices = 2; vertices <= 7; vertices++) {
  let count = 0;
  for (const cell of nasBench101Cells(vertices)) {
    count++;
    byHash.set(cellHash(cell), cell);
  }
  total += count;
  console.log(`${vertices} vertices: ${count.toLocaleString("en")} cells   ${seconds()}`);
}
console.log(`${total.toLocaleString("en")} cells, ${byHash.size.toLocaleString("en")} hashes (published: 423,624)`);

if (flags.table !== undefined) {
  const [header = "", ...lines] = gunzipSync(readFileSync(flags.table)).toString("utf8").trim().split("\n");
  const column = (name: string): number => header.split(",").indexOf(name);
  let [known, same] = [0, 0];
  for (const line of lines) {
    const row = line.split(",");
    const cell = byHash.get(row[column("hash")] as string);
    if (cell === undefined) continue;
    known++;
    if (costOf(nasBench101Network(cell, nasBench101.skeleton)).params === Number(row[column("params")])) same++;
  }
  console.log(
    `${lines.length.toLocaleString("en")} rows: ${known.toLocaleString("en")} hashes and ${same.toLocaleString("en")} parameter counts are ours   ${seconds()}`,
  );
}
