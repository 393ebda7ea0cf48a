/** @file The table of NAS-Bench-201 against its published figures. Skipped, saying so, where the file is not there. */
import { describe, expect, test } from "vitest";
import { nasBench201, nasBench201Class, nasBench201Text, parseNasBench201 } from "../../../../search-spaces/index.ts";
import { columnOf, findNasBench201, nasBench201Table, readNasBench201 } from "../../../../src/evaluators/index.ts";
import { contextFor, task } from "../../../support/evaluation.ts";
import { describeSkipped } from "../../../support/skipped.ts";
import { smallNetwork } from "../../../support/small-training.ts";

function find(): string | undefined {
  try {
    return findNasBench201();
  } catch {
    return undefined;
  }
}

const path = find();
const best = nasBench201.named["best-cifar10"]!;

if (path === undefined) describeSkipped("NAS-Bench-201's table", "nb201.csv.gz is in no data folder");
else
  describe("NAS-Bench-201's table", () => {
    test("has every cell of the space, and its classes", async () => {
      const table = await readNasBench201(path);
      expect(table.keys.length).toBe(15_625);
      const classes = new Map<string, number>();
      for (const genotype of nasBench201.enumerate()) {
        const row = table.rowOf.get(nasBench201Text(genotype));
        expect(row).toBeDefined();
        const own = nasBench201Class(genotype);
        const published = columnOf(table, "iso_class")[row!]!;
        expect(classes.get(own) ?? published).toBe(published);
        classes.set(own, published);
      }
      expect(classes.size).toBe(6466);
      expect(new Set(classes.values()).size).toBe(6466);
    });

    test("the best cells are those that papers name", async () => {
      const table = await readNasBench201(path);
      const bestOf = (column: string) => {
        const values = columnOf(table, column);
        const row = values.indexOf(Math.max(...values));
        return [values[row], table.keys[row]];
      };
      expect(bestOf("c10_test_200")).toEqual([94.3733, nasBench201Text(best)]);
      expect(bestOf("c100_test_200")).toEqual([73.5133, nasBench201Text(nasBench201.named["best-cifar100"]!)]);
      expect(bestOf("c10_val_12")[0]).toBe(84.892);
      expect(bestOf("c100_val_12")[0]).toBe(61.32);
    });

    test("answers trials with the accuracy chosen, as a fraction, and with a device's latency", async () => {
      const context = contextFor(smallNetwork);
      const trial = { ...task, genotype: best };
      const test200 = nasBench201Table({ reward: "test-200", device: "pixel3" });
      expect(test200.measures).toEqual(["accuracy", "latencyMs"]);
      const outcome = await test200.evaluate(trial, context);
      if (outcome.state !== "complete") throw new Error("it was not complete");
      expect(outcome.values[0]).toBeCloseTo(0.943733, 12);
      expect(outcome.values[1]).toBeGreaterThan(1);
      // Row 0 of the two files, as they lie there.
      const first = parseNasBench201(
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
      );
      expect(await test200.evaluate({ ...trial, genotype: first }, context)).toMatchObject({
        values: [85.8633 / 100, 3.60585],
        metrics: { params: 129_306, macs: 15_647_360, row: 0 },
      });
      const val = nasBench201Table({ data: "cifar100" });
      expect(await val.evaluate({ ...trial, genotype: first }, context)).toMatchObject({ values: [31.84 / 100] });
      expect(new Set([test200.key, val.key, nasBench201Table().key]).size).toBe(3);
    });

    test("an unknown device is named", async () => {
      await expect(readNasBench201(path, "abacus")).rejects.toThrow("Expected a column named abacus.");
    });
  });

test("options are checked", () => {
  expect(() => nasBench201Table({ data: "cifar11" as "cifar10" })).toThrow(
    'nasBench201Table.data  Expected one of "cifar10", "cifar100". Received: "cifar11".',
  );
  expect(nasBench201Table().with?.({ data: "cifar100" }).options["data"]).toBe("cifar100");
});
