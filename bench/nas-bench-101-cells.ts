/**
 * @file All cells of NAS-Bench-101 by enumeration: how many there are, whether their hashes differ, and with the published table whether every row's hash is
 * one of them and its parameters are ours. Run: `npx jiti bench/nas-bench-101-cells.ts [--table nb101_30k.csv.gz]`, after a build; some minutes.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { costOf } from "../src/network/index.ts";
import { nasBench101, nasBench101Cells, nasBench101Network } from "../search-spaces/index.ts";
import { cellHash } from "../search-spaces/nas-bench-101/cell.ts";

const { values: flags } = parseArgs({ options: { table: { type: "string" } } });

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const start = performance.now();
const report = (text: string): void => console.log(`${text}   ${((performance.now() - start) / 1000).toFixed(1)} s`);

/** Parameters by hash, as published. */
function readTable(file: string): Map<string, number> {
  const [header = "", ...lines] = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
  const [hash, params] = ["hash", "params"].map((name) => header.split(",").indexOf(name)) as [number, number];
  return new Map(lines.map((line) => [line.split(",")[hash] as string, Number(line.split(",")[params])]));
}

let counted = 0;
for (let vertices = 2; vertices <= 7; vertices++) {
  let count = 0;
  for (const _ of nasBench101Cells(vertices)) count++;
  counted += count;
  report(`${vertices} vertices: ${count.toLocaleString("en")} cells`);
}
report(`${counted.toLocaleString("en")} cells; published: 423,624`);

const table = flags.table === undefined ? new Map<string, number>() : readTable(flags.table);
const hashes = new Set<string>();
let [known, same] = [0, 0];
for (let vertices = 2; vertices <= 7; vertices++)
  for (const cell of nasBench101Cells(vertices)) {
    const hash = cellHash(cell, md5);
    hashes.add(hash);
    const params = table.get(hash);
    if (params === undefined) continue;
    known++;
    if (costOf(nasBench101Network(cell, nasBench101.skeleton)).params === params) same++;
  }
report(`${hashes.size.toLocaleString("en")} different hashes`);
if (table.size > 0)
  report(
    `${table.size.toLocaleString("en")} rows: ${known.toLocaleString("en")} hashes and ${same.toLocaleString("en")} parameter counts are ours`,
  );
