/** @file Spaces without code: what a file says is what is decoded, what is wrong in it is named with its line, and the published JSON Schema is current. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { nasnet, nasnetNetwork } from "cellwright/spaces";
import { costOf, factorized, identity, pool, separable, type Network } from "cellwright/network";
import { cells, defineSpace } from "cellwright/space";
import { createRng } from "../../../src/base/rng.ts";
import { CellwrightError } from "../../../src/base/errors.ts";
import { cellSpace } from "../../../src/study/cell-space/define.ts";
import { parseCellSpace, readCellSpace } from "../../../src/study/cell-space/read.ts";
import { cellSpaceJsonSchema } from "../../../src/study/cell-space/schema.ts";
import { loadSpace } from "../../../src/study/load-space.ts";
import { loadStudy, studyReference } from "../../../src/study/load.ts";

const example = fileURLToPath(new URL("../../examples/small-cells.yaml", import.meta.url));
const chain = fileURLToPath(new URL("../../examples/chain.ts", import.meta.url));
const text = readFileSync(example, "utf8");
const dir = mkdtempSync(join(tmpdir(), "cellwright-cell-space-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function problemsIn(content: string, file = "my.yaml"): Promise<readonly string[]> {
  const error: unknown = await parseCellSpace(content, file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CellwrightError);
  return (error as CellwrightError).message.split("\n");
}

/** The operations of AmoebaNet's paper in NASNet's skeleton, as code says it. */
const cell = cells({
  blocks: 5,
  operations: {
    identity: identity(),
    sep3: separable(3),
    sep5: separable(5),
    sep7: separable(7),
    avg3: pool("avg", 3),
    max3: pool("max", 3),
    dilsep3: separable(3, { dilation: 2 }),
    conv1x7: factorized(7),
  },
  combiners: ["add"],
});
const asCode = defineSpace({
  name: "sums",
  version: 1,
  skeleton: nasnet.skeleton,
  decisions: { normal: cell, reduction: cell },
  decode: (choices, skeleton) => ({ network: nasnetNetwork("sums", choices, skeleton) }),
});

/** The same as a file says it. */
const asData = {
  name: "sums",
  operations: {
    identity: { kind: "identity" },
    sep3: { kind: "separable", kernel: 3 },
    sep5: { kind: "separable", kernel: 5 },
    sep7: { kind: "separable", kernel: 7 },
    avg3: { kind: "avg-pool", kernel: 3 },
    max3: { kind: "max-pool", kernel: 3 },
    dilsep3: { kind: "separable", kernel: 3, dilation: 2 },
    conv1x7: { kind: "factorized", kernel: 7 },
  },
  cells: { normal: { blocks: 5 }, reduction: { blocks: 5 } },
};

describe("a cell space as data", () => {
  it("is the space that code makes: the same decisions, hash and networks", () => {
    const space = cellSpace(asData);
    expect(space.decisions).toEqual(asCode.decisions);
    expect(space.hash).toBe(asCode.hash);
    for (let seed = 0; seed < 5; seed++) {
      const genotype = asCode.sample(createRng(seed));
      expect(space.decode(genotype).network).toEqual(asCode.decode(genotype).network);
    }
  });

  it("reads the example: its own operation, its combiners, its skeleton, its named candidate", async () => {
    const space = await readCellSpace(example);
    // (2^2 5^2 2)(3^2 5^2 2)(4^2 5^2 2) normal cells, (2^2 3^2)(3^2 3^2) reduction cells.
    expect(space.count()).toBe(200n * 450n * 800n * 36n * 81n);
    const { network } = space.decode(space.named["by-hand"] ?? {});
    const convs = network.nodes.flatMap((node) =>
      node.op === "conv" && node.id.startsWith("cell0/block1/left/") ? [[node.id, node.attributes]] : [],
    );
    expect(convs).toMatchObject([
      ["cell0/block1/left/part0/conv", { kernel: [1, 1], filters: 8 }],
      ["cell0/block1/left/part1/conv", { kernel: [3, 3], dilation: [2, 2] }],
    ]);
    expect(network.nodes.filter(({ id }) => /^cell\d+\/output$/.test(id))).toHaveLength(0);
    for (let seed = 0; seed < 20; seed++)
      expect(costOf(space.decode(space.sample(createRng(seed)), { filters: 2 }).network).params).toBeGreaterThan(0);
    expect(space.scaleSkeleton?.(space.skeleton, { depth: 2, width: 2, resolution: 1 })).toMatchObject({
      cellsPerStack: 2,
      filters: 16,
    });
  });

  it("uses one cell for both where no Reduction cell is given", () => {
    const { cells, ...rest } = asData;
    const space = cellSpace({ ...rest, cells: { normal: cells.normal } });
    expect(new Set(space.decisions.map(({ group }) => group))).toEqual(new Set(["normal"]));
    const { nodes } = space.decode(space.sample(createRng(1))).network;
    expect(nodes.some(({ id }) => id.startsWith("reduction0/block4/"))).toBe(true);
  });

  it("gives a stride to the first part of a sequence alone", () => {
    const space = cellSpace({
      name: "s",
      operations: {
        own: {
          kind: "sequence",
          layers: [
            { kind: "conv", kernel: 1 },
            { kind: "conv", kernel: 3 },
          ],
        },
      },
      cells: { normal: { blocks: 1 } },
    });
    const { nodes } = space.decode(space.sample(createRng(1))).network;
    const strides = nodes.flatMap((node) =>
      node.op === "conv" && node.id.startsWith("reduction0/block0/left/") ? [node.attributes.stride] : [],
    );
    expect(strides).toEqual([
      [2, 2],
      [1, 1],
    ]);
  });
});

describe("what is wrong in a file", () => {
  it("is named with line, column and path, all at once", async () => {
    const wrong = text
      .replace("kernel: 3 }", 'kernel: "three" }')
      .replace("kind: max-pool", "kind: maxpool")
      .replace("blocks: 3,", "blocks: 0, colour: red,")
      .replace("cellsPerStack: 1", "cellsPerStack: 1.5");
    expect(await problemsIn(wrong)).toEqual([
      'my.yaml:6:36: operations.sep3.kernel  Expected a whole number of 1 or more. Received: "three".',
      'my.yaml:8:17: operations.max3.kind  Expected an operation whose kind is one of "identity", "none", "conv", "factorized", "separable", "max-pool", "avg-pool", "sequence". Received: "maxpool".',
      "my.yaml:15:21: cells.normal.blocks  Expected a whole number from 1 to 20. Received: 0.",
      "my.yaml:15:32: cells.normal.colour  Expected no such key.",
      "my.yaml:17:61: skeleton.cellsPerStack  Expected a whole number of 1 or more. Received: 1.5.",
    ]);
  });

  it.each([
    [
      "a cell's operation that is none",
      "[sep3, sep5, max3]",
      "[sep3, sep9]",
      /^my\.yaml:16:46: cells\.reduction\.operations\[1\] {2}Expected one of the operations identity, sep3, sep5, max3, squeezed3\. Received: "sep9"\.$/,
    ],
    [
      "an operation named twice in a cell",
      "[sep3, sep5, max3]",
      "[sep3, sep3]",
      /^my\.yaml:16:46: .* {2}Expected operations that differ\. Received: "sep3" twice\.$/,
    ],
    [
      "a combiner named twice in a cell",
      "combiners: [add, concat]",
      "combiners: [add, add]",
      /^my\.yaml:15:\d+: cells\.normal\.combiners\[1\] {2}Expected combiners that differ\. Received: "add" twice\.$/,
    ],
    [
      "an operation by a name that objects keep to themselves",
      "  max3:",
      "  __proto__:",
      /^my\.yaml:8:14: operations\.__proto__ {2}Expected another name\. Received: "__proto__"\.$/,
    ],
    [
      "what is not there",
      "name: small-cells\n",
      "",
      /^my\.yaml: name {2}Expected a name of letters, digits, _ and -\. Received: nothing\.$/,
    ],
    [
      "what its object lacks",
      "sep3: { kind: separable, kernel: 3 }",
      "sep3: { kind: separable }",
      /^my\.yaml:6:9: operations\.sep3\.kernel {2}Expected .* Received: nothing\.$/,
    ],
    [
      "a name that can't be one",
      "  sep3:",
      "  sep.3:",
      /^my\.yaml:6:10: operations\.sep\.3 {2}Expected a name of letters, digits, _ and -\. Received: "sep\.3"\.$/,
    ],
    [
      "a named candidate of another space",
      "leftOperation: squeezed3",
      "leftOperation: sep9",
      /^my\.yaml: space small-cells: named\.by-hand: normal\.block1\.leftOperation {2}Expected one of .*Received: "sep9"\.$/,
    ],
    ["a key given twice", "version: 1", "name: again", /^my\.yaml:3:1 {2}Expected YAML\. Received: .*unique/],
    ["no YAML", "{ kind: identity }", "{ kind: [identity }", /^my\.yaml:5:\d+ {2}Expected YAML\. Received: /],
  ])("%s", async (_, from, to, line) => {
    expect(text).toContain(from);
    expect((await problemsIn(text.replace(from, to)))[0]).toMatch(line);
  });

  it("a .json file has to be JSON, and its problems have lines too", async () => {
    expect((await problemsIn(text, "my.json"))[0]).toMatch(/^my\.json {2}Expected JSON\. Received: /);
    const json = JSON.stringify({ ...asData, version: 0 }, null, 2);
    expect(await problemsIn(json, "my.json")).toEqual([
      expect.stringMatching(/^my\.json:\d+:14: version {2}Expected a whole number of 1 or more\. Received: 0\.$/),
    ]);
  });

  it("no list, no object, nothing", async () => {
    for (const content of ["", "[]", "3"])
      expect((await problemsIn(content))[0]).toMatch(
        /^my\.yaml {2}Expected an object with .*name, version, operations/,
      );
  });
});

describe("the published JSON Schema", () => {
  const schema = cellSpaceJsonSchema();

  it("is current", async () => {
    const file = "../../../docs/schemas/cell-space.schema.json";
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(file);
  });

  it("accepts and refuses what the loader does", () => {
    const published = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
    const good = parse(text) as Record<string, unknown>;
    expect(published.safeParse(good).error).toBeUndefined();
    expect(published.safeParse(asData).success).toBe(true);
    for (const bad of [
      {},
      { ...asData, name: "a b" },
      { ...asData, colour: "red" },
      { ...asData, cells: { normal: { blocks: 0 } } },
      { ...asData, cells: { normal: { blocks: 2, combiners: ["times"] } } },
      { ...asData, operations: { a: { kind: "conv" } } },
      { ...asData, operations: { a: { kind: "pool", kernel: 3 } } },
      { ...asData, skeleton: { input: [32, 32] } },
    ]) {
      expect(published.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
      expect(() => cellSpace(bad)).toThrow(CellwrightError);
    }
  });
});

describe("wherever a space's file is taken", () => {
  it("loadSpace takes data and code, and says what a file lacks", async () => {
    expect((await loadSpace(example)).name).toBe("small-cells");
    expect((await loadSpace(chain)).name).toBe("chain");
    await expect(loadSpace(join(dir, "none.yaml"))).rejects.toThrow(/none\.yaml {2}Expected a file with a space/);
    const empty = join(dir, "empty.mjs");
    writeFileSync(empty, "export const a = 1;");
    await expect(loadSpace(empty)).rejects.toThrow(
      /empty\.mjs {2}Expected a space as the default export .*Received: "a"/,
    );
  });

  it.each([example, chain])("a study file may be a space's: %s", async (file) => {
    const study = await loadStudy(studyReference(file, { budget: { trials: 3 } }));
    expect(study.space.name).toBe((await loadSpace(file)).name);
    expect(study).toMatchObject({ budget: { trials: 3 }, evaluator: { measures: ["accuracy"] } });
    expect(study.skeleton).toBeUndefined();
    const network = study.space.decode(study.space.sample(createRng(1))).network as Network;
    expect(network.nodes[0]?.attributes).toEqual({ shape: [32, 32, 3] });
  });

  it("a study may name its space by a path, from its own folder on", async () => {
    writeFileSync(join(dir, "cells.yaml"), text);
    const study = join(dir, "study.config.mjs");
    const rest =
      'controller: { name: "c", options: {}, create: () => ({}) }, evaluator: { name: "e", key: "k", measures: ["a"], options: {}, evaluate: () => ({}) }';
    writeFileSync(study, `export default { space: "./cells.yaml", ${rest} };`);
    expect((await loadStudy(studyReference(study))).space.name).toBe("small-cells");
  });
});
