/** @file The space of NAS-Bench-101 against the published table: hashes, parameter counts, texts and genotypes both ways. Tolerance 0. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, type Network } from "cellwright/network";
import {
  canonicalNasBench101,
  nasBench101,
  nasBench101Cell,
  nasBench101Cells,
  nasBench101Genotype,
  nasBench101Hash,
  nasBench101Operations,
  nasBench101Text,
  parseNasBench101,
  pruneNasBench101,
} from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { describeData } from "../support/data.ts";
import { randomBatch } from "../support/random-network.ts";

const [conv3, conv1, pool] = nasBench101Operations;

/** A third of the output each, of which one is narrower by a channel: what it reads is made in two parts, a pool and the vertex before it too. */
const UNEVEN = ["1000101111/020", "1000101111/221", "1100011111/201"];

function decode(text: string): Network {
  return nasBench101.decode(parseNasBench101(text)).network;
}

describe("cells", () => {
  it("are pruned of what isn't on a path from the input to the output", () => {
    const matrix = [
      [0, 1, 1, 0, 0],
      [0, 0, 0, 0, 1],
      [0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ];
    const live = {
      matrix: [
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
      ],
      operations: [conv1],
    };
    expect(pruneNasBench101({ matrix, operations: [conv1, conv3, pool] })).toEqual(live);
    expect(nasBench101Cell(nasBench101Genotype({ matrix, operations: [conv1, conv3, pool] }))).toEqual(live);
  });

  it("have one hash whatever the order of their vertices, and another where an operation is another", () => {
    expect(nasBench101Hash(parseNasBench101("110011/01"))).toBe(nasBench101Hash(parseNasBench101("110011/10")));
    expect(nasBench101Hash(parseNasBench101("110011/01"))).not.toBe(nasBench101Hash(parseNasBench101("110011/00")));
  });

  it("of up to five vertices are 2,532, canonical, each with its own hash, and genotypes that decode to them", () => {
    const cells = [2, 3, 4, 5].map((vertices) => [...nasBench101Cells(vertices)]);
    expect(cells.map(({ length }) => length)).toEqual([1, 6, 84, 2_441]);
    const hashes = new Set<string>();
    for (const cell of cells.flat()) {
      const genotype = nasBench101Genotype(cell);
      const texts = [cell, canonicalNasBench101(cell), nasBench101Cell(genotype)].map((same) => JSON.stringify(same));
      expect(new Set(texts).size).toBe(1);
      hashes.add(nasBench101Hash(genotype));
    }
    expect(hashes.size).toBe(2_532);
  });

  it("leave out the fifth of five side by side, the tenth edge, and edges of vertices that aren't there", () => {
    const none = nasBench101Operations.length;
    const base = nasBench101.named["inception-like"] ?? {};
    const edge = (name: string): number => {
      const extra = nasBench101.decisions.find(({ path }) => path === "edges.extra0");
      return extra?.kind === "choice" ? extra.options.findIndex((option) => option.name === name) : -1;
    };
    const textOf = (changes: Record<string, number>): string => nasBench101Text({ ...base, ...changes });
    expect(textOf({ "vertex3.to": 2 })).toBe("111100001001011/1000");
    // It has nine edges already.
    expect(textOf({ "edges.extra0": edge("0>6") })).toBe(nasBench101Text(base));
    const smaller = textOf({ "vertex5.operation": none });
    expect(textOf({ "vertex5.operation": none, "edges.extra0": edge("0>5"), "edges.extra1": edge("1>5") })).toBe(
      smaller,
    );
    expect(textOf({ "vertex5.operation": none, "edges.extra0": edge("0>6") })).not.toBe(smaller);
  });

  it("of the released code's example", () => {
    const text = nasBench101Text(nasBench101.named["inception-like"] ?? {});
    expect(text).toBe("111010000010001100011/10002");
  });

  it("have one canonical form with all that are isomorphic", () => {
    const rng = createRng("nas-bench-101/canonical");
    const known = new Map<string, string>();
    for (let i = 0; i < 400; i++) {
      const genotype = nasBench101.sample(rng);
      const canonical = canonicalNasBench101(nasBench101Cell(genotype));
      const hash = nasBench101Hash(genotype);
      const text = nasBench101Text(nasBench101Genotype(canonical));
      expect(nasBench101Hash(parseNasBench101(text))).toBe(hash);
      expect(known.get(hash) ?? text).toBe(text);
      known.set(hash, text);
    }
    expect(known.size).toBeGreaterThan(100);
  });

  it("that are sampled have at most nine edges, and their texts are read back as written", () => {
    const rng = createRng("nas-bench-101");
    const sizes = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const text = nasBench101Text(nasBench101.sample(rng));
      expect(nasBench101Text(parseNasBench101(text))).toBe(text);
      const { matrix } = nasBench101Cell(parseNasBench101(text));
      expect(matrix.flat().filter((bit) => bit === 1).length).toBeLessThanOrEqual(9);
      sizes.add(matrix.length);
    }
    expect(sizes.has(7)).toBe(true);
  });
});

/** Rows of the published table: text, hash, trainable parameters. */
const rows = [
  ["100110100001001010101/02001", "00005c142e6f48ac74fdcf73e3439874", 8_555_530],
  ["100000100001000111101/11010", "0000718c96730a92ea6d5242f8ce77e2", 5_878_154],
  ["100010100101000101101/02121", "0000cb5372fad9d62c470df699ac6d52", 3_729_162],
  ["101000100001001100101/10212", "0000fa05697179112aaf69c2f0a51a0f", 3_729_162],
] as const;

describe("networks", () => {
  it.each(rows)("%s has the published hash %s and %s parameters", (text, hash, params) => {
    expect(nasBench101Hash(parseNasBench101(text))).toBe(hash);
    expect(costOf(decode(text)).params).toBe(params);
  });

  it("halve the image and double the channels between stacks", () => {
    const shapes = inferShapes(decode("111/0"));
    expect(
      ["stem/act", "cell2/output/add", "reduction0/pool", "cell5/output/add", "cell8/output/add"].map((id) =>
        shapes.get(id),
      ),
    ).toEqual([
      [32, 32, 128],
      [32, 32, 128],
      [16, 16, 128],
      [16, 16, 256],
      [8, 8, 512],
    ]);
  });

  it("leave out the last channel where a vertex reads a wider one", () => {
    const net = decode("1000101111/020");
    const shapes = inferShapes(net);
    expect(["vertex1/whole", "vertex2/whole", "vertex3/act"].map((id) => shapes.get(`cell0/${id}`)?.[2])).toEqual([
      undefined,
      undefined,
      42,
    ]);
    const inputs = (id: string): readonly string[] | undefined =>
      net.nodes.find((node) => node.id === `cell0/${id}`)?.inputs;
    expect(inputs("vertex3/conv")).toEqual(["cell0/vertex2/part0/pool"]);
    expect(inputs("vertex2/part0/pool")).toEqual(["cell0/vertex1/part0/act"]);
    expect(inputs("output/concat")).toEqual(
      ["vertex1/part0/act", "vertex1/part1/act", "vertex2/part0/pool", "vertex2/part1/pool", "vertex3/act"].map(
        (id) => `cell0/${id}`,
      ),
    );
  });

  it("train on the native engine as on the reference, uneven ones and the smallest too", async () => {
    const native = await openEngine("native");
    const rng = createRng("nas-bench-101/engines");
    const sampled = Array.from({ length: 4 }, () => nasBench101.sample(rng));
    for (const [seed, genotype] of [...[...UNEVEN, "1/"].map(parseNasBench101), ...sampled].entries()) {
      const skeleton = { input: [8, 8, 3], stacks: 2, cellsPerStack: 1, filters: 8 } as const;
      const { network } = nasBench101.decode(genotype, skeleton);
      const weights = initializeWeights(network, seed);
      const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
      await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
    }
  });
});

it("grows with phi, and names what is wrong with a skeleton", () => {
  const grown = nasBench101.scaleSkeleton?.(nasBench101.skeleton, { depth: 1.44, width: 1.21, resolution: 1.32 });
  expect(grown).toMatchObject({ cellsPerStack: 4, filters: 155, input: [44, 44, 3] });
  expect(() => nasBench101.decode(parseNasBench101("1/"), { stacks: 0, filters: 4 })).toThrow(
    /skeleton\.stacks {2}Expected a whole number of 1 or more\. Received: 0\.\nskeleton\.filters {2}Expected a whole number of 5 or more/,
  );
});

it.each([
  ["11/", "1 digits before the stroke, for 2 vertices"],
  ["0/", "a path from the first vertex to the last"],
  ["1/3", "Expected <0 and 1>/<0, 1 and 2>"],
  ["1111111111/000", "at most 9 edges"],
  [`${"1".repeat(28)}/000000`, "at most 7 vertices"],
])("refuses %s", (text, message) => {
  expect(() => parseNasBench101(text)).toThrow(message);
});

it("refuses a matrix that isn't triangular, and operations that aren't its own", () => {
  const none = {
    matrix: [
      [0, 1],
      [1, 0],
    ],
    operations: [],
  };
  expect(() => nasBench101Genotype(none)).toThrow("with 1 above the diagonal only");
  expect(() =>
    nasBench101Genotype({
      matrix: [
        [0, 1],
        [0, 0],
      ],
      operations: [conv3],
    }),
  ).toThrow("Expected 0 operations");
  const other = {
    matrix: [
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ],
    operations: ["identity" as never],
  };
  expect(() => nasBench101Genotype(other)).toThrow("operations among conv3x3-bn-relu");
});

describeData("nasbench101/nb101_30k.csv.gz", (file) => {
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n").slice(1);
  const some = lines.filter((_, i) => i % 100 === 0).map((line) => line.split(","));
  it("the table's hashes", () => {
    expect(some.length).toBe(301);
    for (const [hash, , adjacency, operations] of some)
      expect(nasBench101Hash(parseNasBench101(`${adjacency}/${operations}`))).toBe(hash);
  });
  it("the table's parameter counts, in whatever order the vertices are given", () => {
    for (const [hash, , adjacency, operations, params] of some)
      expect([hash, costOf(decode(`${adjacency}/${operations}`)).params]).toEqual([hash, Number(params)]);
  });
});
