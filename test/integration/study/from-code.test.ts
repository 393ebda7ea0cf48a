/** @file The README's code, run: by our loop in worker processes, and by hand. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { loadStudy, studyReference } from "cellwright";
import { runTwice } from "../../examples/from-code.ts";
import { root } from "../../support/built.ts";

it("runs a study by our loop in worker processes, and by hand", async () => {
  const resultsDir = await mkdtemp(join(tmpdir(), "cellwright-code-"));
  try {
    const file = pathToFileURL(join(root, "test/fixtures/toy-study.ts")).href;
    const seen = await runTwice(await loadStudy(studyReference(file)), file, resultsDir);
    expect(seen).toHaveLength(41);
    expect(seen.at(-1)).toEqual([0.71]);
  } finally {
    await rm(resultsDir, { recursive: true, force: true });
  }
});
