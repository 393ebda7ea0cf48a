/** @file The proofs of `cellwright export`: each passes an export as it is, and fails one with a weight that was changed afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { namedNetwork } from "../../search-spaces/index.ts";
import { agrees } from "../../src/cli/export/check.ts";
import { checkers } from "../../src/cli/export/checkers.ts";
import { exporters } from "../../src/export/index.ts";
import { costOf, initializeWeights, type Network } from "../../src/network/index.ts";
import { writeIntoFolder } from "../../src/storage/whole-files.ts";
import { requireTorch } from "../support/python.ts";

const torch = requireTorch();
const root = mkdtempSync(join(tmpdir(), "cellwright-checkers-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.skipIf(torch.skip)(torch.title("the proof of a PyTorch export"), () => {
  it("agrees with what was exported, and with nothing else", async () => {
    const network = namedNetwork("lenet-5") as Network;
    const weights = initializeWeights(network, 1);
    const dir = join(root, "pytorch");
    await writeIntoFolder(dir, exporters.pytorch.export(network, weights));
    const subject = { dir, network, weights, env: { CELLWRIGHT_PYTHON: torch.python } };
    const check = await checkers.pytorch(subject);
    expect(check).toMatchObject({ checked: true, images: 32, params: costOf(network).params });
    expect(agrees(check)).toBe(true);
    const other = { ...subject, weights: initializeWeights(network, 2) };
    expect(agrees(await checkers.pytorch(other))).toBe(false);
  });
});
