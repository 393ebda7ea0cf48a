/** @file The proof of `cellwright export --to keras`: it passes an export as it is, and fails one with weights that were changed afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { namedNetwork } from "../../../search-spaces/index.ts";
import { agrees } from "../../../src/cli/export/check.ts";
import { checkers } from "../../../src/cli/export/checkers.ts";
import { exporters } from "../../../src/export/index.ts";
import { costOf, initializeWeights, type Network } from "../../../src/network/index.ts";
import { writeIntoFolder } from "../../../src/storage/whole-files.ts";
import { requireModules } from "../../support/python.ts";

const keras = requireModules(["tensorflow", "keras"], "import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'");
const root = mkdtempSync(join(tmpdir(), "cellwright-keras-checker-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.skipIf(keras.skip)(keras.title("the proof of a Keras export"), () => {
  it("agrees with what was exported, and with nothing else", async () => {
    const network = namedNetwork("lenet-5") as Network;
    const weights = initializeWeights(network, 1);
    const dir = join(root, "keras");
    await writeIntoFolder(dir, exporters.keras.export(network, weights));
    const subject = { dir, network, weights, env: { CELLWRIGHT_PYTHON: keras.python } };
    const check = await checkers.keras(subject);
    expect(check).toMatchObject({ checked: true, images: 32, params: costOf(network).params });
    expect(agrees(check)).toBe(true);
    const other = { ...subject, weights: initializeWeights(network, 2) };
    expect(agrees(await checkers.keras(other))).toBe(false);
  });
});
