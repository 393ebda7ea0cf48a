/** @file The export in Cellwright's own format: what is read back is what was written; older versions; everything that a damaged folder can be. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createRng } from "../../../src/base/rng.ts";
import { CellwrightError } from "../../../src/base/errors.ts";
import { sha256Hex } from "../../../src/base/hash.ts";
import { manifestJsonSchema } from "../../../src/export/cellwright/manifest.ts";
import {
  encodeSafetensors,
  exportCellwright,
  readCellwrightModel,
  type ExportOptions,
  type SafetensorsTensor,
} from "../../../src/export/index.ts";
import { initializeWeights, network, weightSpecs, type Network } from "../../../src/network/index.ts";
import { anyNetwork } from "../../support/any-network.ts";
import { randomWeights } from "../../support/random-network.ts";
import { shelf } from "../../support/shelf.ts";

type Files = ReadonlyMap<string, Uint8Array>;

const fixtures = fileURLToPath(new URL("../../fixtures/models", import.meta.url));

function fixture(version: string): Files {
  const dir = `${fixtures}/${version}`;
  return new Map(readdirSync(dir).map((name) => [name, new Uint8Array(readFileSync(`${dir}/${name}`))]));
}

/** The bits of weights, NaN and negative zero too, by name. */
function bitsOf(weights: ReadonlyMap<string, Float32Array> | undefined): unknown {
  return [...(weights ?? [])].map(([name, { buffer, byteOffset, byteLength }]) => [
    name,
    sha256Hex(new Uint8Array(buffer, byteOffset, byteLength)),
  ]);
}

function roundTrip(net: Network, options: ExportOptions): void {
  const weights = new Map([...randomWeights(net, createRng("round trip"))].map(([name, data]) => [name, data.slice()]));
  const first = weights.values().next().value;
  if (first !== undefined) first.set([Number.NaN, -0, 1e-45, Infinity].slice(0, first.length));
  const files = exportCellwright(net, weights, options);
  const read = readCellwrightModel(files, "folder");
  expect(read.network).toEqual(JSON.parse(JSON.stringify(net)));
  expect(bitsOf(read.weights)).toEqual(
    bitsOf(new Map(weightSpecs(net).map(({ name }) => [name, weights.get(name) ?? new Float32Array()]))),
  );
  expect(read.options).toEqual(options);
  const again = exportCellwright(read.network, read.weights, read.options);
  expect([...again.keys()]).toEqual([...files.keys()]);
  for (const [name, bytes] of files)
    expect(sha256Hex(again.get(name) ?? new Uint8Array()), name).toBe(sha256Hex(bytes));
}

describe("the round trip", () => {
  it.each(shelf)("$name: network, weights, genotype and options come back, and are written the same", (each) => {
    const { space } = each;
    const genotype = each.sample(0);
    const net = each.decode(genotype);
    roundTrip(net, {
      name: `a ${space.name}`,
      description: "One | two.",
      normalization: { mean: [0.1, 0.2, 1 / 3], std: [0.5, 0.25, 0.1] },
      epochs: 3,
      candidate: { space: space.name, version: space.version, skeleton: { filters: 4 }, genotype },
      card: { data: "CIFAR-10", results: [{ what: "accuracy", mean: 0.5, seeds: 1 }], more: { a: "b" } },
    });
  });

  it("holds for networks of every operation", () => {
    for (let i = 0; i < 30; i++)
      roundTrip(anyNetwork(createRng(`model/${i}`), { length: 3 + (i % 10), mostNumbers: 500 }), {});
  });

  it("holds for an architecture alone", () => {
    const net = network("plain", [4, 4, 1], (b) => b.dense("d", b.flatten("f", b.input), { units: 2 }));
    const files = exportCellwright(net, undefined, {});
    expect([...files.keys()]).toEqual(["model.json", "network.json", "README.md"]);
    expect(readCellwrightModel(files, "folder")).toEqual({ network: net, options: {}, formatVersion: 1 });
  });
});

describe("versions", () => {
  it("version 1 is read", () => {
    const model = readCellwrightModel(fixture("version-1"), "version-1");
    expect(model.formatVersion).toBe(1);
    expect(model.options).toMatchObject({
      name: "tiny",
      normalization: { mean: [0.5], std: [0.25] },
      classes: ["cat", "dog"],
      epochs: 2,
      candidate: { space: "nas-bench-201", version: 1 },
      card: { results: [{ what: "accuracy", mean: 0.75, deviation: 0.125, seeds: 2 }] },
    });
    // As initializeWeights gave them for seed 3 when the folder was written.
    const specs = weightSpecs(model.network);
    expect(specs).toHaveLength(model.weights?.size ?? 0);
    const kernel = model.weights?.get("stem/conv/kernel") ?? new Float32Array();
    expect(sha256Hex(new Uint8Array(kernel.buffer))).toMatchInlineSnapshot(
      `"86b443d9be7802a085da4f77e9e374c88f6d17668805d4102b4aef74ca7f5027"`,
    );
  });

  it("there is a folder of every version", () => {
    const { formatVersion } = JSON.parse(
      new TextDecoder().decode(
        exportCellwright(
          network("n", [2], (b) => b.input),
          undefined,
        ).get("model.json"),
      ),
    ) as { formatVersion: number };
    expect(readdirSync(fixtures).toSorted()).toEqual(
      Array.from({ length: formatVersion }, (_, index) => `version-${index + 1}`),
    );
  });
});

describe("the published JSON Schema", () => {
  it("is current", async () => {
    const file = "../../../docs/schemas/model.schema.json";
    await expect(`${JSON.stringify(manifestJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(file);
  });

  it("accepts what is written, and refuses what is not a model", () => {
    const published = z.fromJSONSchema(manifestJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    const manifest = manifestOf(fixture("version-1"));
    expect(published.safeParse(manifest).success).toBe(true);
    for (const bad of [{}, { ...manifest, colour: 1 }, { ...manifest, counts: {} }, { ...manifest, formatVersion: 2 }])
      expect(published.safeParse(bad).success).toBe(false);
  });
});

function manifestOf(files: Files): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(files.get("model.json"))) as Record<string, unknown>;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function thrownBy(files: Files): CellwrightError {
  try {
    readCellwrightModel(files, "dir");
  } catch (error) {
    if (error instanceof CellwrightError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** The fixture with one file changed. */
function damaged(name: string, change: (value: never) => unknown): Files {
  const files = fixture("version-1");
  const value: unknown = JSON.parse(new TextDecoder().decode(files.get(name)));
  return new Map([...files, [name, json(change(value as never))]]);
}

/** The fixture with other weights, and a manifest that knows their hash. */
function reweighed(change: (tensors: Map<string, SafetensorsTensor>) => void): Files {
  const files = fixture("version-1");
  const { network: net, weights } = readCellwrightModel(files, "dir");
  const tensors = new Map<string, SafetensorsTensor>(
    weightSpecs(net).map(({ name, shape }) => [name, { shape, data: weights?.get(name) ?? new Float32Array() }]),
  );
  change(tensors);
  const bytes = encodeSafetensors(tensors);
  const manifest = { ...manifestOf(files), weights: { file: "weights.safetensors", sha256: sha256Hex(bytes) } };
  return new Map([...files, ["model.json", json(manifest)], ["weights.safetensors", bytes]]);
}

function without(name: string): Files {
  return new Map([...fixture("version-1")].filter(([key]) => key !== name));
}

describe("a damaged folder", () => {
  it("reweighed as it was, reads", () => {
    expect(
      readCellwrightModel(
        reweighed(() => {}),
        "dir",
      ).weights?.size,
    ).toBeGreaterThan(0);
  });

  it.each<[string, Files, string]>([
    ["no manifest", without("model.json"), 'dir/model.json  Expected a file. Received: "none of that name".'],
    ["no network", without("network.json"), "dir/network.json  Expected a file."],
    ["no weights", without("weights.safetensors"), "dir/weights.safetensors  Expected a file."],
    ["no genotype", without("genotype.json"), "dir/genotype.json  Expected a file."],
    [
      "not JSON",
      new Map([...fixture("version-1"), ["network.json", new TextEncoder().encode("<html>")]]),
      'dir/network.json  Expected JSON. Received: "<html>".',
    ],
    [
      "another format",
      damaged("model.json", () => ({ format: "onnx", formatVersion: 1 })),
      'dir/model.json: format  Expected "cellwright-model". Received: "onnx".',
    ],
    [
      "a newer version",
      damaged("model.json", (value: object) => ({ ...value, formatVersion: 2 })),
      "dir/model.json: formatVersion  Expected version 1 or older, the newest that this Cellwright reads; a newer Cellwright wrote this one. Received: 2.",
    ],
    [
      "version 0",
      damaged("model.json", (value: object) => ({ ...value, formatVersion: 0 })),
      "dir/model.json: formatVersion  Expected a version from 1 to 1. Received: 0.",
    ],
    [
      "a wrong kind in the card",
      damaged("model.json", (value: object) => ({
        ...value,
        card: { results: [{ what: "a", mean: "high", seeds: 1 }] },
      })),
      'dir/model.json: card.results[0].mean  Expected a number. Received: "high".',
    ],
    [
      "a key that means nothing",
      damaged("model.json", (value: object) => ({ ...value, colour: "red" })),
      "dir/model.json: colour  Expected no such key.",
    ],
    [
      "counts of another network",
      damaged("model.json", (value: { counts: object }) => ({ ...value, counts: { ...value.counts, params: 5 } })),
      "dir/model.json: counts.params  Expected",
    ],
    [
      "classes of another network",
      damaged("model.json", (value: object) => ({ ...value, classes: ["one"] })),
      "dir/model.json: classes  Expected 2 names, one per logit. Received: 1.",
    ],
    [
      "a mean of other images",
      damaged("model.json", (value: object) => ({ ...value, preprocessing: { mean: [1, 2, 3], std: [1, 2, 3] } })),
      "dir/model.json: preprocessing.mean  Expected 1 numbers, one per channel. Received: 3.",
    ],
    [
      "an unknown operation",
      damaged("network.json", (value: { nodes: { op: string }[] }) => ({
        ...value,
        nodes: value.nodes.map((node, index) => (index === 3 ? { ...node, op: "attention" } : node)),
      })),
      "dir/network.json: nas-bench-201: ",
    ],
    [
      "a weight that is missing",
      reweighed((tensors) => tensors.delete("stem/conv/kernel")),
      "dir/weights.safetensors: stem/conv/kernel  Expected a tensor of that name. Received: nothing.",
    ],
    [
      "a misshapen weight",
      reweighed((tensors) => tensors.set("stem/conv/kernel", { shape: [9], data: new Float32Array(9) })),
      "dir/weights.safetensors: stem/conv/kernel  Expected shape [3, 3, 1, 1]. Received: [9].",
    ],
    [
      "a weight too many",
      reweighed((tensors) => tensors.set("more", { shape: [1], data: new Float32Array(1) })),
      "dir/weights.safetensors: more  Expected weights of the network alone.",
    ],
    [
      "a wrong hash",
      damaged("model.json", (value: object) => ({
        ...value,
        weights: { file: "weights.safetensors", sha256: "0".repeat(64) },
      })),
      `dir/weights.safetensors  Expected a file of SHA-256 ${"0".repeat(64)}, as model.json says. Received: "`,
    ],
    [
      "a genotype of texts",
      damaged("genotype.json", (value: object) => ({ ...value, genotype: { a: "b" } })),
      'dir/genotype.json: genotype.a  Expected a number. Received: "b".',
    ],
  ])("%s", (_, files, message) => {
    const error = thrownBy(files);
    expect(error.message).toContain(message);
    expect(error.isUserError).toBe(true);
  });

  it("one bit of the weights flipped", () => {
    const files = fixture("version-1");
    const bytes = files.get("weights.safetensors")?.slice() ?? new Uint8Array();
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(thrownBy(new Map([...files, ["weights.safetensors", bytes]])).message).toContain(
      "Expected a file of SHA-256",
    );
  });

  it("weights that are missing at export", () => {
    const { network: net } = readCellwrightModel(fixture("version-1"), "dir");
    const weights = new Map(initializeWeights(net, 0));
    weights.delete("stem/conv/kernel");
    expect(() => exportCellwright(net, weights)).toThrow(
      "weight stem/conv/kernel  Expected 9 values. Received: nothing.",
    );
  });
});
