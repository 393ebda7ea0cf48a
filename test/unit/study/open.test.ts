/** @file Making a study and going on with one: what is refused because it would not go on as it began, and what a kill leaves. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadStudy, studyReference } from "../../../src/study/load.ts";
import { network } from "../../../src/network/index.ts";
import { int, defineSpace } from "../../../src/space/index.ts";
import { maximize, minimize } from "../../../src/study/define.ts";
import { collect, fakeEvaluator, fakeStudies } from "../../support/fake-study.ts";
import { toySpace } from "../../support/toy-space.ts";

const studies = fakeStudies();

/** Makes a study of `definition`, with its trials run, and leaves it closed. */
async function begun(definition: Parameters<typeof studies.open>[0] = {}): Promise<void> {
  const { study } = await studies.open(definition);
  await collect(study.run());
  await study.close();
}

describe("a resume is refused", () => {
  it("where the objectives are others, or the same in another order: stored values would mean other things", async () => {
    const evaluator = fakeEvaluator(["accuracy", "macs"]);
    const onTask = { mode: "resume" } as const;
    await begun({ evaluator, objectives: [maximize("accuracy")] });
    for (const objectives of [[minimize("accuracy")], [maximize("macs")], [maximize("accuracy"), minimize("macs")]])
      await expect(studies.open({ evaluator, objectives }, onTask)).rejects.toMatchObject({
        code: "config",
        message: expect.stringMatching(
          /objectives {2}Expected those with which the study began, \[\{"direction":"maximize","name":"accuracy"\}\]\. Received: .* Begin a new study/,
        ),
      });
    await studies.open({ evaluator, objectives: [maximize("accuracy")], budget: { trials: 9 } }, onTask);
  });

  it("where the default objective has become another", async () => {
    await begun({ evaluator: fakeEvaluator(["accuracy", "macs"]) });
    await expect(studies.open({ evaluator: fakeEvaluator(["macs", "accuracy"]) }, { mode: "resume" })).rejects.toThrow(
      /objectives {2}Expected those/,
    );
  });

  it("where a stored genotype decodes to another network: the skeleton is another", async () => {
    await begun();
    await expect(studies.open({ skeleton: { classes: 100 } }, { mode: "resume" })).rejects.toMatchObject({
      code: "space",
      message: expect.stringMatching(
        /space toy {2}Expected trial 0 to decode to the network with which the study began\. Received: another one\..*new version/,
      ),
    });
    // The same skeleton, written out, is no other.
    await studies.open({ skeleton: { classes: 10 } }, { mode: "resume" });
  });

  it("where `decode` was changed under the same version, be it for a few genotypes, or for one that is yet to run", async () => {
    const spaceOf = (kernelOf: (a: number) => number) =>
      defineSpace({
        name: "toy",
        version: 1,
        skeleton: {},
        decisions: { a: int(1, 9), b: int(1, 9), twin: int(0, 2) },
        decode: ({ a, b }) => ({
          network: network("toy", [4, 4, 3], (net) => {
            const x = net.conv("stem", net.input, { filters: a, kernel: kernelOf(a), bias: true });
            return net.dense("logits", net.globalAvgPool("pool", x), { units: b });
          }),
        }),
      });
    const space = spaceOf(() => 1);
    await begun({ space });
    // Trials 0 to 4 have a = 1 to 5.
    for (const changed of [3, 5])
      await expect(
        studies.open({ space: spaceOf((a) => (a === changed ? 3 : 1)) }, { mode: "resume" }),
      ).rejects.toThrow(`Expected trial ${changed - 1} to decode`);
    const kept = await studies.open({ space, budget: { trials: 12 } }, { mode: "resume" });
    await kept.study.ask();
    await kept.study.close();
    await expect(studies.open({ space: spaceOf((a) => (a === 6 ? 3 : 1)) }, { mode: "resume" })).rejects.toThrow(
      "Expected trial 5 to decode",
    );
    await studies.open({ space }, { mode: "resume" });
  });

  it("where the version is another, and where the decisions are under the same version", async () => {
    await begun();
    for (const [change, message] of [
      [{ version: 2 }, /space toy {2}Expected version 1, with which the study began\. Received: 2/],
      [{ hash: "other" }, /space toy {2}Expected the decisions with which the study began.*new version/],
    ] as const)
      await expect(studies.open({ space: { ...toySpace, ...change } }, { mode: "resume" })).rejects.toMatchObject({
        code: "space",
        message: expect.stringMatching(message),
      });
  });
});

describe("a study file", () => {
  it("is named before each problem that it meets while it is evaluated", async () => {
    const file = join(studies.dir, "bad.config.mjs");
    const index = new URL("../../../src/base/errors.ts", import.meta.url).href;
    const text = `import { CellwrightError } from ${JSON.stringify(index)}; throw new CellwrightError("config", "evaluator.epochs  Expected 1.\\nevaluator.data  Expected 2.");`;
    await writeFile(file, text);
    await expect(loadStudy(studyReference(file))).rejects.toMatchObject({
      code: "config",
      message: `${file}: evaluator.epochs  Expected 1.\n${file}: evaluator.data  Expected 2.`,
    });
  });
});

describe("making a study", () => {
  it("goes over what a kill during its making left", async () => {
    const dir = join(studies.dir, "s");
    await mkdir(dir);
    await writeFile(join(dir, "study.db"), "");
    await expect(studies.open({}, { mode: "resume" })).rejects.toThrow("Its making was cut short: search again.");
    await begun();
    expect((await studies.open({}, { mode: "resume" })).study.name).toBe("s");
  });

  it("says which place can't be written, and leaves nothing", async () => {
    await writeFile(join(studies.dir, "s"), "a file, not a folder");
    await expect(studies.open()).rejects.toMatchObject({
      code: "storage",
      message: expect.stringContaining("Expected a folder to put it in. Received: a file of that name."),
    });
    expect(await readdir(studies.dir)).toEqual(["s"]);
  });

  it("leaves no folder where it fails once the database is made", async () => {
    const broken = {
      get slots(): never {
        throw new Error("no slots");
      },
    };
    const { openStudy } = await import("../../../src/study/open.ts");
    const definition = (await studies.open({ name: "other" })).definition;
    await expect(
      openStudy({
        mode: "create",
        name: "s",
        resultsDir: studies.dir,
        definition: { ...definition, name: "s" },
        executor: broken as never,
      }),
    ).rejects.toThrow("no slots");
    expect(await readdir(studies.dir)).toEqual(["other"]);
  });
});
