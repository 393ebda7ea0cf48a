/** @file The README's code is code that compiles and runs: every line of it stands in a file under test/examples. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf } from "cellwright/network";
import chain from "../../examples/chain.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** Lines without their indentation, so that code in a function compares with code at the top. */
const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

describe("code in the README", () => {
  const blocks = [...read("README.md").matchAll(/```ts\n(.*?)```/gs)].map((match) => linesOf(match[1] ?? ""));

  it("is that of the examples, line for line", () => {
    const examples = ["test/examples/chain.ts", "test/examples/from-code.ts"].map((path) =>
      linesOf(read(path)).join("\n"),
    );
    expect(blocks).toHaveLength(2);
    blocks.forEach((block, index) => {
      const [imports, rest] = [
        block.filter((line) => line.startsWith("import ")),
        block.filter((line) => !line.startsWith("import ")),
      ];
      for (const line of imports) expect(examples[index]).toContain(line);
      for (const paragraph of [rest.join("\n")].flatMap((text) => text.split(/(?<=^\}$)/m)))
        expect(examples[index]).toContain(paragraph.trim());
    });
  });

  it("decodes whatever is sampled", () => {
    const rng = createRng("readme");
    for (let i = 0; i < 30; i++)
      expect(costOf(chain.decode(chain.sample(rng.fork(i))).network).params).toBeGreaterThan(0);
  });

  it("names only files and commands that are there", () => {
    for (const [, path] of read("README.md").matchAll(/\]\(([\w./-]+\.(?:md|png|svg))\)/g))
      expect(() => read(path as string), path).not.toThrow();
    const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts);
    for (const [, script] of read("README.md").matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toContain(script);
  });
});
