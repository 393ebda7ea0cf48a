/** @file The table of NAS-Bench-101 against its published figures. Skipped, saying so, where the file is not there. */
import { describe, expect, test } from "vitest";
import { nasBench101, nasBench101Hash, parseNasBench101 } from "../../../../search-spaces/index.ts";
import { createRng } from "../../../../src/base/rng.ts";
import {
  columnOf,
  findNasBench101,
  nasBench101Table,
  readNasBench101,
  type NasBench101Epochs,
} from "../../../../src/evaluators/index.ts";
import { contextFor, task } from "../../../support/evaluation.ts";
import { describeSkipped } from "../../../support/skipped.ts";
import { smallNetwork } from "../../../support/small-training.ts";

function find(): string | undefined {
  try {
    return findNasBench101();
  } catch {
    return undefined;
  }
}

const path = find();
/** The first row of the file. */
const first = parseNasBench101("100110100001001010101/02001");

if (path === undefined) describeSkipped("NAS-Bench-101's table", "nb101_30k.csv.gz is in no data folder");
else
  describe("NAS-Bench-101's table", () => {
    test("has 30,001 cells and their published statistics", async () => {
      const table = await readNasBench101(path);
      expect(table.keys.length).toBe(30_001);
      const meanOf = (column: string): number => columnOf(table, column).reduce((a, b) => a + b, 0) / 30_001;
      const means = ["val_4", "val_12", "val_36", "val_108", "train_time_s"].map(meanOf);
      [0.279, 0.5283, 0.8427, 0.9105, 1925].forEach((mean, i) => expect(means[i]! / mean).toBeCloseTo(1, 3));
      expect(Math.max(...columnOf(table, "val_108"))).toBe(0.949119);
    });

    test("answers by the cell's hash, with the accuracy after the epochs of the trial", async () => {
      expect(nasBench101Hash(first)).toBe("00005c142e6f48ac74fdcf73e3439874");
      const evaluator = nasBench101Table();
      const context = contextFor(smallNetwork);
      const at = async (epochs: number | undefined) => {
        const { epochs: _, ...rest } = task;
        const outcome = await evaluator.evaluate(
          { ...rest, genotype: first, ...(epochs !== undefined && { epochs }) },
          context,
        );
        return outcome.state === "complete" ? outcome.values[0] : outcome;
      };
      expect(await at(undefined)).toBe(0.930489);
      expect(await at(108)).toBe(0.930489);
      expect(await at(4)).toBe(0.360477);
      expect(await at(36)).toBe(0.90014);
      expect(await at(5)).toMatchObject({
        state: "failed",
        reason: expect.stringContaining("4, 12, 36, 108") as string,
      });
    });

    test("fails a cell that it does not have, by its hash", async () => {
      const table = await readNasBench101(path);
      const rng = createRng("outside");
      let genotype = nasBench101.sample(rng);
      while (table.rowOf.has(nasBench101Hash(genotype))) genotype = nasBench101.sample(rng);
      const outcome = await nasBench101Table().evaluate({ ...task, epochs: 108, genotype }, contextFor(smallNetwork));
      expect(outcome).toMatchObject({
        state: "failed",
        reason: expect.stringContaining(nasBench101Hash(genotype)) as string,
      });
    });
  });

test("options are checked", () => {
  expect(() => nasBench101Table({ epochs: 5 as NasBench101Epochs })).toThrow(
    "nasBench101Table.epochs  Expected one of",
  );
  expect(nasBench101Table().with?.({ epochs: 12 }).options["epochs"]).toBe(12);
});
