/** @file `cellwright space`: what is printed of spaces of the shelf and of files, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../../src/cli/program.ts";
import { histogram } from "../../../src/cli/space/histogram.ts";
import { memoryIo } from "./fixtures.ts";

const dir = mkdtempSync(join(tmpdir(), "cellwright-space-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = memoryIo();
  const code = await runCli(["space", ...args], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

const spaceText = (name: string, twin: string): string => `defineSpace({
  name: "${name}", version: 3, skeleton: { classes: 10 },
  decisions: { filters: int(1, 8, { doc: "of the stem" })${twin} },
  decode: ({ filters }, skeleton) => ({ network: network("mine", [4, 4, 3], (net) => {
    if ("${name}" === "mine" && filters === 7) throw new Error("seven is out of luck");
    const x = net.conv("stem", net.input, { filters, kernel: 3 });
    return net.dense("logits", net.globalAvgPool("pool", x), { units: skeleton.classes });
  }) }),
})`;

const mine = join(dir, "mine.ts");
const two = join(dir, "two.ts");
const study = join(dir, "mine.config.ts");
beforeAll(() => {
  const imports = `import { network } from "cellwright/network";\nimport { choice, defineSpace, int } from "cellwright/space";\n`;
  writeFileSync(mine, `${imports}export default ${spaceText("mine", `, twin: choice(["x", "y"])`)};\n`);
  writeFileSync(
    two,
    `${imports}export const one = ${spaceText("one", "")};\nexport const other = ${spaceText("other", "")};\nexport const text = "no space";\n`,
  );
  writeFileSync(study, `import space from "./mine.ts";\nexport default { space, skeleton: { classes: 3 } };\n`);
});

describe("size", () => {
  it("is exact", async () => {
    expect((await cli("size", "nas-bench-201")).out).toContain("nas-bench-201  15,625\n");
    expect((await cli("size", "nasnet")).out).toContain("nasnet  5.2e36, exactly 5,229,943,396,058,757,337,940,");
    expect(JSON.parse((await cli("size", mine, "--json")).out)).toMatchObject({
      name: "mine",
      version: 3,
      genotypes: "16",
      decisions: 2,
    });
  });
});

describe("a space without code", () => {
  const file = fileURLToPath(new URL("../../examples/small-cells.yaml", import.meta.url));

  it("is counted, shown, sampled and checked as any other", async () => {
    expect(JSON.parse((await cli("size", file, "--json")).out)).toMatchObject({ name: "small-cells", decisions: 23 });
    expect((await cli("show", file)).out).toContain("└─ reduction  8 decisions");
    expect((await cli("sample", file, "-n", "1")).out).toContain("normal: ");
    expect(await cli("check", file, "-n", "20")).toMatchObject({ code: 0, err: "" });
  });

  it("has nothing to take by a name, and its mistakes have lines", async () => {
    expect((await cli("size", `${file}#other`)).err).toContain("Expected no export: a file without code is one space.");
    const wrong = join(dir, "wrong.yaml");
    writeFileSync(wrong, "name: wrong\noperations: {}\ncells: { normal: { blocks: 1 } }\n");
    const { code, err } = await cli("size", wrong);
    expect(code).toBe(2);
    expect(err).toContain(`${wrong}:2:13: operations  Expected at least one operation. Received: {}.`);
  });
});

describe("show", () => {
  it("prints the tree, what is given, and the named genotypes", async () => {
    const { out } = await cli("show", mine);
    expect(out).toBe(
      `mine version 3, 16 genotypes  ${mine}\n├─ filters  1 to 8; 8 values  of the stem\n└─ twin     one of 2: x, y\ngiven, not decided: classes 10\n`,
    );
    expect((await cli("show", study)).out).toContain("given, not decided: classes 3\n");
    expect((await cli("show", "nas-bench-201")).out).toContain("named genotypes: best-cifar10, best-cifar100\n");
    const json = JSON.parse((await cli("show", mine, "--json")).out) as { decisions: { doc?: string }[] };
    expect(json.decisions[0]?.doc).toBe("of the stem");
  });
});

describe("sample", () => {
  it("draws the same by the same seed, sized, and says what doesn't decode", async () => {
    const json = async (...args: string[]) =>
      JSON.parse((await cli("sample", mine, "--json", ...args)).out) as {
        genotype: { filters: number };
        params?: number;
        failed?: string;
      }[];
    const samples = await json("-n", "20");
    expect(samples).toHaveLength(20);
    expect((await json()).map(({ genotype }) => genotype)).toEqual(samples.slice(0, 5).map(({ genotype }) => genotype));
    expect(await json("--seed", "1")).not.toEqual(samples.slice(0, 5));
    expect(samples.some(({ failed }) => failed !== undefined)).toBe(true);
    for (const { genotype, params, failed } of samples)
      if (genotype.filters === 7) expect(failed).toContain("seven is out of luck");
      else expect(params).toBe(27 * genotype.filters + 10 * genotype.filters + 10);
    const { out } = await cli("sample", mine, "-n", "20");
    expect(out.match(/^\d+ {2}(\d+ params {2}.*MAC|does not decode: .*)$/gm)).toHaveLength(20);
    expect(out.match(/^ {3}filters=\d; twin=[xy]$/gm)).toHaveLength(20);
  });
});

describe("check", () => {
  it("reports what is wrong, with the first failing sample, and ends with 2", async () => {
    const { code, out, err } = await cli("check", mine, "-n", "60");
    expect([code, err]).toEqual([2, ""]);
    expect(out).toMatch(/^mine version 3 /);
    expect(out).toMatch(/genotypes {4}16 {2}2 decisions/);
    expect(out).toMatch(/samples {6}\d\d of 60 decode {2}seed 0/);
    expect(out).toMatch(/duplicates {3}\d+ samples compute what another does \(\d+ = \d+, /);
    expect(out).toMatch(/params {9} +47 +\d+ +306 {2}\S/);
    expect(out).toMatch(/MACs .*\n {2}memory .* KiB/);
    expect(out).toContain("\ntwin never changes the network: 32 changes of it alone changed nothing\n");
    expect(out).toMatch(/\nsample \d+: seven is out of luck\n {2}filters {2}7\n {2}twin {5}[xy]\n$/);
    const json = JSON.parse((await cli("check", mine, "-n", "60", "--json")).out) as Record<string, unknown>;
    expect(json).toMatchObject({
      space: "mine",
      genotypes: "16",
      samples: 60,
      firstFailure: { reason: "seven is out of luck", genotype: { filters: 7 } },
      findings: [{ path: "twin", kind: "inert" }],
      params: { min: 47, max: 306 },
    });
    expect(json["failed"]).toBeGreaterThan(0);
  });

  it("ends with 0 where nothing is, and draws a cell that fails", async () => {
    const good = await cli("check", "nas-bench-201", "-n", "5");
    expect([good.code, good.out.split("\n").at(-2)]).toEqual([0, "Nothing wrong."]);
    const cell = join(dir, "cell.ts");
    writeFileSync(
      cell,
      `import { cells, defineSpace } from "cellwright/space";
export default defineSpace({ name: "c", version: 1, skeleton: {}, decisions: { normal: cells({ blocks: 2, operations: { id: 0, sep3: 1 } }) },
  decode: () => { throw new Error("never"); } });\n`,
    );
    const { code, out } = await cli("check", cell, "-n", "3");
    expect(code).toBe(2);
    expect(out).toMatch(/3 of 3 samples fail to decode\n/);
    expect(out).toMatch(/sample 0: never\n {2}Normal cell\n {4}b0 = .*\n {4}b1 = .*\n {4}out = /);
    expect(out).not.toContain("median");
  });
});

describe("constraints", () => {
  it("are respected by sample, and reported by check", async () => {
    const file = join(dir, "tight.config.ts");
    writeFileSync(
      file,
      `import { other as space } from "./two.ts";
export default { space, constraints: { maxParams: 100, accept: ({ genotype }) => genotype.filters > 1 } };
export const none = { space, constraints: { maxParams: 1 } };
let looked = 0;
export const rare = { space, constraints: { accept: () => ++looked % 1_500 === 0 } };\n`,
    );
    const sampled = JSON.parse((await cli("sample", file, "-n", "30", "--json")).out) as { params: number }[];
    expect(new Set(sampled.map(({ params }) => params))).toEqual(new Set([84]));
    expect((await cli("sample", file)).out).toMatch(
      /the constraints refused \d+ others: maxParams refuses \d+, accept refuses \d+\n$/,
    );
    expect((await cli("check", file, "-n", "60")).out).toMatch(
      /constraints {2}\d+ of \d\d meet them {2}maxParams refuses \d+, accept refuses \d+\n/,
    );
    const none = await cli("check", `${file}#none`, "-n", "20");
    expect(none.code).toBe(2);
    expect(none.out).toContain(
      "constraints  Expected at least 1 in 1,000 samples to meet them. Received: none of 3,000 (maxParams refuses 3,000).",
    );
    const { refused, problems } = JSON.parse((await cli("check", `${file}#none`, "-n", "20", "--json")).out) as Record<
      string,
      unknown
    >;
    expect(refused).toMatchObject({ by: { maxParams: expect.any(Number) as number } });
    expect(problems).toHaveLength(1);
    expect((await cli("sample", `${file}#none`)).err).toContain("1 in 1,000 samples");
    expect((await cli("sample", `${file}#rare`, "-n", "2")).out).toMatch(
      /the constraints refused 2,998 others: accept refuses 2,998\. Fewer than 1 in 1,000 meet them\.\n$/,
    );
  });
});

describe("a space without code", () => {
  const cells = JSON.stringify({
    name: "json-cells",
    operations: { identity: { kind: "identity" }, conv3: { kind: "conv", kernel: 3 } },
    cells: { normal: { blocks: 2 } },
  });

  it("is found in its file, and by a study that names it", async () => {
    const file = join(dir, "cells.json");
    writeFileSync(file, cells);
    const size = async (target: string): Promise<unknown> => JSON.parse((await cli("size", target, "--json")).out);
    expect(await size(file)).toMatchObject({ name: "json-cells", genotypes: String(2 * 2 * 2 * 2 * (3 * 3 * 2 * 2)) });
    const named = join(dir, "cells.config.ts");
    writeFileSync(named, `export default { space: "./cells.json", evaluator: {} };\n`);
    expect(await size(named)).toEqual(await size(file));
    const { code, err } = await cli("size", `${file}#normal`);
    expect([code, err]).toEqual([2, expect.stringContaining("Expected no export: a file without code is one space.")]);
  });
});

describe("a space that isn't found", () => {
  it.each([
    [["nasnetz"], "nasnetz  Expected a space of the shelf (amoebanet, darts, "],
    [[join(dir, "none.ts")], 'none.ts  Expected a file that exports a space. Received: "no such file".'],
    [
      [two],
      `two.ts#default  Expected a space made by defineSpace({ … }), or a study that has one. Received: nothing. It exports these spaces: ${two}#one, ${two}#other.`,
    ],
    [
      [`${two}#text`],
      'two.ts#text  Expected a space made by defineSpace({ … }), or a study that has one. Received: "no space".',
    ],
  ])("%j", async (args, complaint) => {
    const { code, err } = await cli("check", ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(complaint)]);
    expect((await cli("size", `${two}#other`, "--json")).out).toContain('"name": "other"');
  });
});

describe("a histogram", () => {
  it("has the tallest bar where most are, blanks where none is, and even bins of the logarithm for wide ranges", () => {
    expect(histogram([0, 0, 0, 0, 1, 1, 3], 4)).toBe("█▄ ▂");
    expect(histogram([1, 10, 100, 1000], 4)).toBe("████");
    expect(histogram([5, 5], 4)).toBe("█");
    expect(histogram([], 4)).toBe("");
  });
});
