/** @file A study of a file in its own project goes on after the project has moved. */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { studyReference } from "../../../src/study/load.ts";
import { foundReference, keptReference } from "../../../src/study/kept-reference.ts";
import { openStudy } from "../../../src/study/open.ts";
import { findScalable } from "../../../src/cli/scale/subject.ts";
import { collect } from "../../support/fake-study.ts";

const toy = join(import.meta.dirname, "../../fixtures/toy-study.ts");
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "cellwright-moved-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe("the path of a study's file", () => {
  const of = (module: string) => ({ module, export: "default", overrides: {} });

  it("is kept from the study's folder on, within its project alone", () => {
    const dir = "/home/project/results/one";
    const kept = (module: string): string => keptReference(of(module), dir).module;
    expect(kept("/home/project/study.config.ts")).toBe("../../study.config.ts");
    expect(kept("file:///home/project/studies/a%20b.ts")).toBe("../../studies/a b.ts");
    expect(kept("/home/elsewhere/study.config.ts")).toBe("/home/elsewhere/study.config.ts");
    expect(kept("/home/project-2/study.config.ts")).toBe("/home/project-2/study.config.ts");
    expect(kept("cellwright:default-study")).toBe("cellwright:default-study");
    expect(keptReference(undefined, dir)).toBeUndefined();
  });

  it("is found again, and one that was kept whole stays", () => {
    const dir = "/mnt/clone/results/one";
    expect(foundReference(of("../../study.config.ts"), dir).module).toBe("/mnt/clone/study.config.ts");
    expect(foundReference(of("/home/project/study.config.ts"), dir).module).toBe("/home/project/study.config.ts");
    expect(foundReference(of("cellwright:default-study"), dir).module).toBe("cellwright:default-study");
  });
});

it("a study is read and gone on with where its project was moved to", async () => {
  const [before, after] = [join(home, "before"), join(home, "after")];
  await mkdir(before);
  await cp(toy, join(before, "study.config.ts"));
  const reference = studyReference(join(before, "study.config.ts"), { budget: { trials: 3 } });
  const options = { name: "toy", executor: "inline" } as const;
  const first = await openStudy({ ...options, mode: "create", resultsDir: join(before, "results"), reference });
  await collect(first.run());
  await first.close();
  await cp(before, after, { recursive: true });
  await rm(before, { recursive: true });

  const moved = { ...options, resultsDir: join(after, "results") };
  const overrides = { budget: { trials: 5 } };
  const second = await openStudy({ ...moved, mode: "resume", overrides });
  await collect(second.run());
  expect((await second.status()).trials.complete).toBe(5);
  await second.close();
  // A command that is given the study's folder finds its file from there, wherever results usually are.
  const { source } = await findScalable(join(after, "results/toy"), { results: join(home, "elsewhere") });
  expect(source).toMatchObject({ kind: "study", reference: { module: join(after, "study.config.ts") } });
  const third = await openStudy({ ...moved, mode: "read" });
  expect(JSON.stringify(third.storage.study.config)).not.toContain(home);
  await third.close();
});
