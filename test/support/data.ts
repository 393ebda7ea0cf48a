/** @file Files of data that are no part of the repository: suites that read them run where this machine has them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { dataRoots } from "../../src/data/index.ts";

/** Describes a suite with the first file of that name below the data folders; without one it is skipped by name, in CI too: the file can't be fetched. */
export function describeData(name: string, suite: (file: string) => void): void {
  const file = dataRoots()
    .map(({ path }) => join(path, name))
    .find((path) => existsSync(path));
  if (file === undefined)
    describe.skip(`${name} [skipped: it is in none of the data folders]`, () => it("agrees", () => {}));
  else describe(name, () => suite(file));
}
