/**
 * @file The model card of every target and every source: each field is there or says why it is not known, its drawing lies beside it. And exports that fail, for every target: a clear
 * error, nothing half-written.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { nasnet } from "../../../search-spaces/index.ts";
import { runCli } from "../../../src/cli/program.ts";
import { exportTargets } from "../../../src/export/index.ts";
import { initializeWeights, network as build, serializeNetwork, type Network } from "../../../src/network/index.ts";
import { writeWeights } from "../../../src/training/index.ts";
import { memoryIo } from "./fixtures.ts";

const root = mkdtempSync(join(tmpdir(), "cellwright-card-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const results = join(root, "results");
const at = (...path: string[]): string => join(root, ...path);

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = memoryIo();
  const code = await runCli([...args, "--results", results], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

/** Exports without measuring and returns the card; fails where the export does. */
async function cardOf(...args: string[]): Promise<string> {
  const out = at("out", String(readdirSync(at("out")).length));
  const { code, err } = await cli("export", ...args, "--no-check", "--no-latency", "--out", out);
  expect([code, err]).toEqual([0, ""]);
  const card = readFileSync(join(out, "README.md"), "utf8");
  const svg = readFileSync(join(out, "architecture.svg"), "utf8");
  expect(card).toContain("![The architecture](architecture.svg)");
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  return card;
}

/** What the package publishes as cellwright/model.schema.json. */
function publishedSchema(): z.ZodType {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, string> };
  const file = exports["./model.schema.json"] ?? "";
  return z.fromJSONSchema(JSON.parse(readFileSync(file, "utf8")) as Parameters<typeof z.fromJSONSchema>[0]);
}

const FIELDS = [
  "task",
  "data",
  "training",
  "recipe",
  "input",
  "preprocessing",
  "classes",
  "parameters",
  "multiply-accumulates",
  "latency",
  "weights",
  "found by",
  "licence",
] as const;

/** A field of the table. */
function field(card: string, name: string): string {
  return new RegExp(`^\\| ${name} \\| (.+) \\|$`, "m").exec(card)?.[1] ?? "";
}

/** What timm's blocks can express, and so every target: two stages of inverted bottlenecks. */
function ofClasses(units: number): Network {
  return build("small", [16, 16, 3], (b) => {
    const unit = (path: string, input: typeof b.input, filters: number): typeof b.input =>
      b.activate(
        `${path}/act`,
        b.batchNorm(`${path}/bn`, b.conv(`${path}/conv`, input, { filters, kernel: path === "stem" ? 3 : 1 })),
      );
    const stem = unit("stem", b.input, 8);
    const wide = unit("wide", stem, 48);
    const dw = b.activate("dw/act", b.batchNorm("dw/bn", b.depthwiseConv("dw/conv", wide, { kernel: 3, stride: 2 })));
    const narrow = b.batchNorm("narrow/bn", b.conv("narrow/conv", dw, { filters: 16, kernel: 1 }));
    const head = unit("head", narrow, 64);
    return b.dense("classifier", b.globalAvgPool("pool", head), { units });
  });
}
const small = ofClasses(10);

const file = at("small.json");
const runDir = join(results, "digits");
const classes = Array.from({ length: 10 }, (_, k) => `class ${k}`);
const skeleton = { cellsPerStack: 1, filters: 4 };
const cells = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, skeleton).network as Network;

/** A training run as `train` leaves it. */
async function writeRun(name: string, network: Network, more: object): Promise<string> {
  const dir = join(results, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "training.db"), "");
  writeFileSync(join(dir, "network.json"), serializeNetwork(network));
  await writeWeights(join(dir, "weights.safetensors"), network, initializeWeights(network, 7), {
    mean: [0.25, 0.5, 0.75],
    std: [0.5, 0.5, 0.5],
    classes,
  });
  const summary = {
    network: { name },
    data: { name: "CIFAR-10", train: 45_000 },
    recipe: { preset: "bag-of-tricks" },
    epochs: 20,
    seed: 3,
    engine: "native (AVX2)",
    test: { images: 10_000, accuracy: 0.9012 },
  };
  writeFileSync(join(dir, "summary.json"), JSON.stringify({ ...summary, ...more }));
  return dir;
}

beforeAll(async () => {
  mkdirSync(at("out"));
  writeFileSync(file, serializeNetwork(small));
  await writeRun("digits", small, {});
  await writeRun("winner", cells, {
    origin: {
      foundBy: "aging evolution in the space nasnet (version 1), study cells: trial 12 of 120",
      candidate: { space: "nasnet", version: nasnet.version, skeleton, genotype: nasnet.named["nasnet-a"] },
    },
  });
});

describe.each(exportTargets)("--to %s", (to) => {
  it("has a card whose every field says something, of what was not trained, too", async () => {
    const card = await cardOf(file, "--untrained", "--to", to);
    for (const name of FIELDS) expect(field(card, name), name).not.toBe("");
    for (const section of ["Results", "Use", "Drawing", "Genotype"]) expect(card).toContain(`\n## ${section}\n\n`);
    expect(card).not.toMatch(/undefined|NaN|\[object/);
    expect(field(card, "data")).toBe("none: the weights are first values");
    expect(field(card, "latency")).toBe("not measured: exported with --no-latency");
    expect(field(card, "found by")).toBe(`not known: ${file} holds the network alone`);
    expect(card).toContain("## Results\n\nNone: the weights are first values.");
    expect(card).toMatch(/## Genotype\n\nNone is known/);
    expect(card).toMatch(/## Use\n\n(.*\n)+?```/);
  });

  it("has a card of a training run: data, recipe, accuracy with its seeds, how to load", async () => {
    const card = await cardOf("digits", "--to", to, "--licence", "MIT");
    for (const line of [
      "| data | CIFAR-10, 45,000 training images |",
      "| training | 20 epochs, seed 3, native (AVX2) |",
      "| recipe | bag-of-tricks (Bag of Tricks for CIFAR's sizes, arXiv 1812.01187): SGD, batch 128, learning rate 0.05, cosine |",
      "| accuracy on 10,000 test images | 0.9012 | 1 |",
      "| licence | MIT |",
      `| found by | not known: ${join(runDir, "summary.json")} does not say |`,
    ])
      expect(card).toContain(line);
    expect(field(card, "preprocessing")).toContain("less the mean (0.2500, 0.5000, 0.7500)");
    expect(field(card, "classes")).toContain("class 9");
  });

  it.each([
    [
      "an unknown operation",
      (nodes: Record<string, unknown>[]) =>
        nodes.map((node) => (node["op"] === "conv" ? { ...node, op: "attention" } : node)),
      "stem/conv (attention)  Expected an operation (input, conv",
    ],
    [
      "two nodes of one path",
      (nodes: Record<string, unknown>[]) => [...nodes, ...nodes.slice(1, 2)],
      'stem/conv (conv)  Expected a path that no other node has. Received: "stem/conv".',
    ],
  ])("refuses %s, and writes nothing", async (what, change, message) => {
    const { nodes, ...rest } = JSON.parse(serializeNetwork(small)) as { nodes: Record<string, unknown>[] };
    const dir = at("refused", `${to}-${what.replaceAll(" ", "-")}`);
    mkdirSync(dir, { recursive: true });
    const bad = join(dir, "bad.json");
    writeFileSync(bad, JSON.stringify({ ...rest, nodes: change(nodes) }));
    const { code, err } = await cli("export", bad, "--untrained", "--to", to, "--out", join(dir, "out"));
    expect([code, err]).toEqual([2, expect.stringContaining(`${bad}: `)]);
    expect(err).toContain(message);
    expect(readdirSync(dir)).toEqual(["bad.json"]);
  });

  it("refuses weights that do not match, naming file and tensor, and leaves what was there", async () => {
    const name = `other-${to}`;
    const dir = await writeRun(name, small, {});
    const out = at("kept", to);
    expect((await cli("export", name, "--to", to, "--no-check", "--no-latency", "--out", out)).code).toBe(0);
    const before = readdirSync(out).map((path) => [path, readFileSync(join(out, path))]);
    const narrow = ofClasses(9);
    await writeWeights(join(dir, "weights.safetensors"), narrow, initializeWeights(narrow, 7), {
      mean: [0, 0, 0],
      std: [1, 1, 1],
      classes,
    });
    const { code, err } = await cli("export", name, "--to", to, "--out", out);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining(`${join(dir, "weights.safetensors")}: classifier/kernel  Expected shape [64, 10].`),
    ]);
    expect(readdirSync(out).map((path) => [path, readFileSync(join(out, path))])).toEqual(before);
    expect(readdirSync(at("kept")).filter((path) => path.includes(".tmp-"))).toEqual([]);
  });

  it("refuses an --out that is a file", async () => {
    const out = at(`file-${to}`);
    writeFileSync(out, "mine");
    const { code, err } = await cli(
      "export",
      file,
      "--untrained",
      "--to",
      to,
      "--no-check",
      "--no-latency",
      "--out",
      out,
    );
    expect([code, err]).toEqual([2, expect.stringContaining(`${out}  Expected a place to write to.`)]);
    expect(readFileSync(out, "utf8")).toBe("mine");
    expect(readdirSync(root).filter((path) => path.includes(".tmp-"))).toEqual([]);
  });
});

describe("the card of each source", () => {
  it("a published network: its cells are drawn, its genotype goes along", async () => {
    const card = await cardOf("darts-v2-proxy", "--untrained", "--to", "cellwright");
    expect(field(card, "found by")).toBe(
      "no search here: darts-v2-proxy is a published network, a candidate of the space darts (version 1)",
    );
    expect(card).toMatch(/## Genotype\n\n```text\nNormal cell\n[\s\S]*Reduction cell\n[\s\S]*\{".*\}\n```/);
  });

  it("a network without cells: its stages are drawn", async () => {
    const card = await cardOf("lenet-5", "--untrained");
    expect(field(card, "found by")).toBe("no search here: lenet-5 is a published network");
  });

  it("a sample of a space", async () => {
    const card = await cardOf("nas-bench-201@3", "--untrained");
    expect(field(card, "found by")).toBe("no search: sample 3 of the space nas-bench-201 (version 1), drawn at random");
  });

  it("a training of a study's winner: the search that found it, cells and genotype", async () => {
    const card = await cardOf("winner", "--to", "cellwright");
    expect(field(card, "found by")).toBe(
      "aging evolution in the space nasnet (version 1), study cells: trial 12 of 120",
    );
    expect(card).toContain("Normal cell\n  b0 = ");
    // A candidate of the shelf can be grown from its training, too.
    expect((await cli("scale", "winner", "--phi", "1")).out).toMatch(/^winner, grown by/);
  });

  it("a training whose recipe was changed", async () => {
    await writeRun("changed", small, { recipe: { preset: "bag-of-tricks", cutout: 8 } });
    expect(field(await cardOf("changed"), "recipe")).toMatch(/cosine; changed: cutout 8$/);
  });

  it("a scaled network: from a folder all that is known, from a file that it is not known", async () => {
    const folder = at("large");
    expect((await cli("scale", "winner", "--phi", "1", "--out", folder)).code).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual([
      "README.md",
      "architecture.svg",
      "genotype.json",
      "model.json",
      "network.json",
    ]);
    expect(readFileSync(join(folder, "README.md"), "utf8")).toContain("| data | none: this is an architecture alone |");
    const card = await cardOf(folder, "--untrained");
    expect(field(card, "found by")).toContain("study cells: trial 12 of 120");
    expect(field(card, "scaled from")).toBe("winner: depth x 1.2, width x 1.1, resolution x 1.15");
    expect(card).toContain("Reduction cell\n  b0 = ");
    const json = at("large.json");
    await cli("scale", "winner", "--phi", "1", "--out", json);
    expect(field(await cardOf(json, "--untrained"), "found by")).toBe(`not known: ${json} holds the network alone`);
  });

  it("a model that was imported: what its maker knew, with the drawing, through any number of hands", async () => {
    await cli("export", "winner", "--to", "cellwright", "--no-check", "--no-latency", "--out", at("hand"));
    const { code, err } = await cli("import", at("hand"), "--name", "handed");
    expect([code, err]).toEqual([0, ""]);
    expect(existsSync(join(results, "handed", "architecture.svg"))).toBe(true);
    expect(readFileSync(join(results, "handed", "model.json"), "utf8").replace('"handed"', '"winner"')).toBe(
      readFileSync(at("hand", "model.json"), "utf8"),
    );
    const manifest: unknown = JSON.parse(readFileSync(at("hand", "model.json"), "utf8"));
    expect(publishedSchema().safeParse(manifest).error).toBeUndefined();
    const card = await cardOf("handed", "--to", "cellwright");
    expect(field(card, "found by")).toContain("study cells: trial 12 of 120");
    expect(card).toContain("| accuracy on 10,000 test images | 0.9012 | 1 |");
  });

  it("states the latency of one image on the native engine, with the processor, in model.json too, which keeps to its schema", async () => {
    const out = at("timed");
    const { code, out: said } = await cli(
      "export",
      file,
      "--untrained",
      "--to",
      "cellwright",
      "--no-check",
      "--out",
      out,
      "--json",
    );
    expect(code).toBe(0);
    expect(JSON.parse(said)).toMatchObject({ latencyMs: expect.any(Number) as number });
    const text = field(readFileSync(join(out, "README.md"), "utf8"), "latency");
    expect(text).toMatch(/^[\d.e-]+ ms for one image, the median of 11: native engine \(.+\), 1 thread/);
    const manifest = JSON.parse(readFileSync(join(out, "model.json"), "utf8")) as { card: object };
    expect(manifest.card).toMatchObject({ latency: text, drawing: "architecture.svg" });
    const schema = publishedSchema();
    expect(schema.safeParse(manifest).error).toBeUndefined();
    expect(schema.safeParse({ ...manifest, format: "another" }).success).toBe(false);
  });
});
