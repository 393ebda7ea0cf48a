/** @file Every command and key of the guide on training is one that there is. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { namedNetwork } from "../../../search-spaces/index.ts";
import { addTrain } from "../../../src/cli/commands/train.ts";
import { trainingSubject } from "../../../src/cli/train/subject.ts";
import { withGivenFlags } from "../../../src/cli/train/flags.ts";
import { datasetNames } from "../../../src/data/named.ts";
import {
  checkTrainingOptions,
  chooseRecipe,
  readTrainingFile,
  usualRecipe,
} from "../../../src/study/training/options.ts";
import { recipeNames, recipeSources } from "../../../src/training/index.ts";
import { memoryIo } from "../cli/fixtures.ts";
import { Command } from "commander";

const guide = readFileSync(new URL("../../../docs/train-a-network.md", import.meta.url), "utf8");
const commands = [...guide.matchAll(/npx cellwright (train [^`\n]+)/g)].map(([, line = ""]) => line.trim());
const dir = mkdtempSync(join(tmpdir(), "cellwright-train-guide-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Parses a command line as the program would, and runs nothing. */
async function parsed(line: string): Promise<{ target: string | undefined; options: Record<string, unknown> }> {
  const program = new Command("cellwright");
  addTrain(program, memoryIo());
  const command = program.commands[0] as Command;
  let found: { target: string | undefined; options: Record<string, unknown> } | undefined;
  command.exitOverride().action((target: string | undefined, options: Record<string, unknown>) => {
    found = { target, options };
  });
  await program.parseAsync(line.split(" "), { from: "user" });
  return found as NonNullable<typeof found>;
}

describe("the guide on training", () => {
  it("has a dozen commands", () => expect(commands.length).toBeGreaterThanOrEqual(12));

  it.each(commands)("%s", async (line) => {
    const { target, options } = await parsed(line);
    const keys = checkTrainingOptions(
      { ...withGivenFlags({}, options), ...(target !== undefined && { network: target }) },
      "train",
    );
    expect(chooseRecipe(keys, usualRecipe(3)).epochs).toBeGreaterThan(0);
    const isOwn = target === undefined || /^my-|\.json$/.test(target);
    if (!isOwn) {
      const subject = await trainingSubject(target, { results: dir, skeleton: keys.skeleton ?? {} });
      expect(subject.sizes.classes).toBeGreaterThan(1);
    }
  });

  it("shows a file that is read, and its network is built", async () => {
    const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
    const file = join(dir, "train.yaml");
    writeFileSync(file, yaml);
    const keys = await readTrainingFile(file);
    expect(chooseRecipe(keys, "lenet-mnist")).toMatchObject({
      recipeName: "nasnet-paper",
      epochs: 100,
      recipe: { cutout: 16 },
    });
    const subject = await trainingSubject(keys.network ?? "", { results: dir, skeleton: keys.skeleton ?? {} });
    // NASNet-A at CIFAR's published size, with its auxiliary head.
    expect(subject.madeFor(subject.sizes).nodes.length).toBeGreaterThan(
      namedNetwork("nasnet-a-cifar")?.nodes.length ?? 0,
    );
  });

  it("lists every recipe with its epochs, and every data set", () => {
    for (const name of recipeNames) {
      expect(guide).toContain(`\`${name}\``);
      const row = guide.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
      if (row !== undefined) expect(row.endsWith(`| ${recipeSources[name].epochs} |`)).toBe(true);
    }
    for (const name of datasetNames) expect(guide).toContain(`\`${name}\``);
  });
});
