/** @file Trials answered from a file of one's own: by genotype, by canonical id, by a text, at several lengths of training. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { countQueries, tabular } from "../../../../src/evaluators/index.ts";
import { parseCsv } from "../../../../src/evaluators/tabular/csv.ts";
import { tableOf } from "../../../../src/evaluators/tabular/table.ts";
import { canonicalId } from "../../../../src/network/index.ts";
import { contextFor, task } from "../../../support/evaluation.ts";
import { smallNetwork } from "../../../support/small-training.ts";

const dir = mkdtempSync(join(tmpdir(), "tabular-"));
let files = 0;

function write(content: string, { packed = false } = {}): string {
  const path = join(dir, `table${files++}.csv${packed ? ".gz" : ""}`);
  writeFileSync(path, packed ? gzipSync(content) : content);
  return path;
}

const context = contextFor(smallNetwork);
const trial = { ...task, genotype: { b: 1, a: 0 } };

describe("tabular", () => {
  test("by genotype as JSON, in any order of keys", async () => {
    const file = write('genotype,acc,size\n"{""a"": 1, ""b"": 1}",0.1,7\n"{""a"": 0, ""b"": 1}",0.25,9\n');
    const evaluator = tabular({ file, values: { accuracy: "acc" }, metrics: { params: "size" } });
    expect(evaluator.measures).toEqual(["accuracy"]);
    expect(await evaluator.evaluate(trial, context)).toEqual({
      state: "complete",
      values: [0.25],
      metrics: { accuracy: 0.25, params: 9, row: 1 },
    });
  });

  test("by canonical id, and by a text of one's own, from a packed file", async () => {
    const file = write(`id,acc\n${canonicalId(smallNetwork)},0.5\na0,0.75\n`, { packed: true });
    const shared = { file, keyColumn: "id", values: { accuracy: "acc" } } as const;
    const canonical = tabular({ ...shared, key: "canonical" });
    expect(await canonical.evaluate(trial, context)).toMatchObject({ values: [0.5] });
    const byText = tabular({ ...shared, key: (genotype) => `a${genotype["a"]}` });
    expect(await byText.evaluate(trial, context)).toMatchObject({ values: [0.75] });
    expect(canonical.key).not.toBe(byText.key);
  });

  test("at several lengths of training", async () => {
    const file = write("id,val_4,val_12\nx,0.3,0.6\n");
    const evaluator = tabular({
      file,
      keyColumn: "id",
      key: () => "x",
      values: { accuracy: "val_12" },
      valuesAt: { 4: { accuracy: "val_4" }, 12: { accuracy: "val_12" } },
    });
    expect(await evaluator.evaluate(trial, context)).toMatchObject({ values: [0.6] });
    expect(await evaluator.evaluate({ ...trial, epochs: 4 }, context)).toMatchObject({ values: [0.3] });
    expect(await evaluator.evaluate({ ...trial, epochs: 5 }, context)).toMatchObject({
      state: "failed",
      reason: "epochs  Expected one of 4, 12. Received: 5.",
    });
  });

  test("a candidate without a row is failed, saying which", async () => {
    const file = write("genotype,acc\n{},0.5\n");
    expect(await tabular({ file, values: { accuracy: "acc" } }).evaluate(trial, context)).toMatchObject({
      state: "failed",
      reason: `${file} has no row for {"a":0,"b":1}`,
    });
  });

  test("a wrong file is refused before the search starts, naming the line", async () => {
    const file = write("genotype,acc\n{},0.5\na0,0.5\n");
    const evaluator = tabular({ file, values: { accuracy: "acc" } });
    await expect(evaluator.provide?.({})).rejects.toThrow(
      `${file}:3, genotype  Expected a genotype as JSON. Received: "a0".`,
    );
    const missing = tabular({ file: join(dir, "none.csv"), values: { accuracy: "acc" } });
    await expect(missing.provide?.({})).rejects.toThrow(`${join(dir, "none.csv")}  Expected a file that can be read.`);
    const unpacked = tabular({ file: write("x").replace(/$/, ""), values: { accuracy: "acc" } });
    await expect(unpacked.provide?.({})).rejects.toThrow("Expected a column named genotype");
  });

  test("options are checked", () => {
    expect(() => tabular({ file: "x.csv", values: {} })).toThrow(
      "tabular.values  Expected at least one measure with its column.",
    );
    expect(() => tabular({ file: "x.csv", values: { accuracy: "a" }, valuesAt: { 4: { loss: "b" } } })).toThrow(
      'tabular.valuesAt.4  Expected accuracy. Received: {"loss":"b"}.',
    );
  });
});

describe("countQueries", () => {
  const table = tableOf(parseCsv("t.csv", "k,v\na,1\nb,2\nc,3\n"), { key: "k", values: ["v"] });

  test("a distinct row is a query; a repeat is free, an unknown key refused", () => {
    const queries = countQueries(table);
    expect(["a", "b", "a", "z"].map((key) => queries.read(key))).toEqual([
      { row: 0, isNew: true },
      { row: 1, isNew: true },
      { row: 0, isNew: false },
      undefined,
    ]);
    expect([queries.count, queries.refused, queries.rows]).toEqual([2, 1, [0, 1]]);
  });

  test("of a class, the first read answers for all", () => {
    const queries = countQueries(table, (row) => (row < 2 ? "same" : "other"));
    expect(["b", "a", "c"].map((key) => queries.read(key)?.row)).toEqual([1, 1, 2]);
    expect(queries.count).toBe(2);
  });
});
