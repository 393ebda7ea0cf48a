/** @file The space of NAS-Bench-201 against the published tables: its size, all cells' texts, their classes, and sizes by the closed form. Tolerance 0. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights } from "cellwright/network";
import { nasBench201, nasBench201Class, nasBench201Text, parseNasBench201 } from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";
import { describeData } from "../support/data.ts";

const all = [...nasBench201.enumerate()];
const edges = (text: string, name: string): number => text.split(name).length - 1;

it("has 15,625 cells, whose texts are read back as written, in 6,466 classes", () => {
  expect(nasBench201.count()).toBe(15_625n);
  expect(new Set(all.map(nasBench201Text)).size).toBe(15_625);
  for (const genotype of all) expect(parseNasBench201(nasBench201Text(genotype))).toEqual(genotype);
  expect(new Set(all.map(nasBench201Class)).size).toBe(6_466);
});

it("has the sizes of the closed form, whatever the output depends on", () => {
  const rng = createRng("nas-bench-201");
  const some = [all[0], all.at(-1), ...Array.from({ length: 150 }, () => nasBench201.sample(rng))];
  for (const genotype of some) {
    const text = nasBench201Text(genotype ?? {});
    const [narrow, wide] = [edges(text, "nor_conv_1x1"), edges(text, "nor_conv_3x3")];
    const { params, macs } = costOf(nasBench201.decode(genotype ?? {}).network);
    expect([text, params, macs]).toEqual([
      text,
      73_306 + 28_000 * narrow + 243_040 * wide,
      7_783_040 + 3_932_160 * narrow + 35_389_440 * wide,
    ]);
  }
  const best = nasBench201.named["best-cifar10"] ?? {};
  expect(costOf(nasBench201.decode(best).network)).toMatchObject({ params: 1_073_466, macs: 153_272_960 });
  expect(costOf(nasBench201.decode(best, { classes: 100 }).network).params).toBe(1_073_466 + 5_850);
});

it("halves the image and doubles the channels between stacks", () => {
  const { network } = nasBench201.decode(nasBench201.named["best-cifar10"] ?? {});
  const shapes = inferShapes(network);
  expect(["stem/bn", "reduction0/add", "reduction1/add"].map((id) => shapes.get(id))).toEqual([
    [32, 32, 16],
    [16, 16, 32],
    [8, 8, 64],
  ]);
});

it("trains on the native engine as on the reference, cells with nothing in them too", async () => {
  const native = await openEngine("native");
  const nothing = Object.fromEntries(Object.keys(all[0] ?? {}).map((path) => [path, 0]));
  const rng = createRng("nas-bench-201/engines");
  for (const [seed, genotype] of [nothing, ...Array.from({ length: 5 }, () => nasBench201.sample(rng))].entries()) {
    const { network } = nasBench201.decode(genotype, { input: [8, 8, 3], cellsPerStack: 1, filters: 5 });
    // As training begins: what comes of nothing is a constant, whose variance single precision tells from zero only about the mean.
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
  }
});

it.each([
  ["|nor_conv_3x3~0|", "Expected |op~0|+|op~0|op~1|+|op~0|op~1|op~2|."],
  ["|none~0|+|none~0|none~1|+|none~0|sep_conv~1|none~2|", "cell, edge 4  Expected one of none, skip_connect"],
  ["|none~0|+|none~1|none~0|+|none~0|none~1|none~2|", "Expected |op~0|+|op~0|op~1|"],
])("refuses %s", (text, message) => {
  expect(() => parseNasBench201(text)).toThrow(message);
});

it("names what is wrong with a skeleton", () => {
  expect(() => nasBench201.decode(all[0] ?? {}, { input: [30, 32, 3], filters: 0 })).toThrow(
    /skeleton\.filters {2}Expected a whole number of 1 or more\. Received: 0\.\nskeleton\.input {2}Expected height and width that are multiples of 4/,
  );
});

describeData("nasbench201/nb201.csv.gz", (file) => {
  it("the published table's cells, classes and sizes", () => {
    const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
    const header = (lines[0] as string).split(",");
    const column = (name: string): number => header.indexOf(name);
    const ours = new Map<string, string>();
    const theirs = new Map<string, string>();
    for (const line of lines.slice(1)) {
      const row = line.split(",");
      const genotype = parseNasBench201(row[column("arch")] as string);
      const published = row[column("iso_class")] as string;
      const name = nasBench201Class(genotype);
      expect(ours.get(name) ?? published).toBe(published);
      expect(theirs.get(published) ?? name).toBe(name);
      ours.set(name, published);
      theirs.set(published, name);
    }
    expect([lines.length - 1, ours.size, theirs.size]).toEqual([15_625, 6_466, 6_466]);
  });
});
