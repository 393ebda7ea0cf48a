/** @file IDX files: read with and without gzip, and every way in which they can be wrong. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { decodeIdx, fashionMnist, idx, idxDefinition, mnist } from "../../../src/data/idx.ts";
import { datasetNames, namedDataset } from "../../../src/data/named.ts";
import { temporaryFolder } from "../../support/small-cifar.ts";

function encodeIdx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  const view = new DataView(header.buffer);
  shape.forEach((size, d) => view.setUint32(4 + 4 * d, size));
  return Uint8Array.from([...header, ...data]);
}

const rng = createRng("idx");
const pixels = (count: number) => Uint8Array.from({ length: count * 16 }, () => rng.int(256));
const labels = (count: number) => Uint8Array.from({ length: count }, (_, index) => index % 3);

const trainPixels = pixels(30);
const files = (): Record<string, Uint8Array> => ({
  "train-images-idx3-ubyte": encodeIdx([30, 4, 4], trainPixels),
  "train-labels-idx1-ubyte": encodeIdx([30], labels(30)),
  "t10k-images-idx3-ubyte": encodeIdx([9, 4, 4], pixels(9)),
  "t10k-labels-idx1-ubyte": encodeIdx([9], labels(9)),
});

const digits = idx({ name: "digits", side: 4, classes: ["a", "b", "c"], train: 12, validation: 6 });
let root: string;

beforeEach(() => {
  root = temporaryFolder();
  vi.stubEnv("CELLWRIGHT_DATA", "");
  vi.spyOn(process, "cwd").mockReturnValue(root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

function write(contents: Record<string, Uint8Array>, folder = "data/digits") {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(root, folder, name), bytes);
}

describe("reading", () => {
  test.each(["plain", "gzip", "dotted"])("%s files", async (how) => {
    const contents = Object.fromEntries(
      Object.entries(files()).map(([name, bytes]) =>
        how === "gzip"
          ? [`${name}.gz`, gzipSync(bytes)]
          : [how === "dotted" ? name.replace(/-idx/, ".idx") : name, bytes],
      ),
    );
    write(contents);
    const data = await digits.load({});
    expect([data.train.size, data.validation.size, data.test.size]).toEqual([12, 6, 9]);
    expect([data.train.height, data.train.width, data.train.channels]).toEqual([4, 4, 1]);
    expect([0, 1, 2].map((label) => [...data.train.labels].filter((value) => value === label).length)).toEqual([
      4, 4, 4,
    ]);
    const originals = Array.from({ length: 30 }, (_, k) => trainPixels.subarray(k * 16, (k + 1) * 16).join());
    for (let k = 0; k < 12; k++) {
      const original = originals.indexOf(data.train.pixels.subarray(k * 16, (k + 1) * 16).join());
      expect(original % 3).toBe(data.train.labels[k]);
      expect(original).toBeGreaterThanOrEqual(0);
    }
  });

  test("MNIST's options name 28x28 grey images of 10 classes", () => {
    const definition = mnist({ train: 100 });
    expect([definition.name, definition.inputShape, definition.classes]).toEqual(["mnist", [28, 28, 1], 10]);
    expect(definition.with?.({ train: 200 }).options).toEqual(mnist({ train: 200 }).options);
  });
});

describe("wrong files", () => {
  const message = () =>
    digits.load({}).then(
      () => "no error",
      (error: Error) => error.message,
    );
  const images = "train-images-idx3-ubyte";

  test("a wrong magic, a cut header, a wrong length are named with what was expected", () => {
    expect(() => decodeIdx(Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), [3], "x")).toThrow(
      'x  Expected an IDX file that begins with 00 00 08 03. Received: "00 00 0d 01".',
    );
    expect(() => decodeIdx(encodeIdx([2], labels(2)), [3], "x")).toThrow('Received: "00 00 08 01"');
    expect(() => decodeIdx(Uint8Array.of(0, 0), [3], "x")).toThrow('Received: "2 bytes"');
    expect(() => decodeIdx(Uint8Array.of(0, 0, 8, 3, 0, 0), [3], "x")).toThrow("Expected a header of 16 bytes");
    const whole = encodeIdx([5, 4, 4], pixels(5));
    expect(() => decodeIdx(whole.subarray(0, 50), [3], "x")).toThrow(
      'x  Expected 96 bytes (5 x 4 x 4). Received: "50 bytes".',
    );
    const endless = encodeIdx([0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array());
    expect(() => decodeIdx(endless, [3], "x")).toThrow(
      'x  Expected dimensions that a file can have. Received: "4294967295 x 4294967295 x 4294967295".',
    );
  });

  test("labels that are no class, counts that differ, another size of image", async () => {
    const wrong = labels(30);
    wrong[4] = 3;
    write({ ...files(), "train-labels-idx1-ubyte": encodeIdx([30], wrong) });
    expect(await message()).toBe(
      `${join(root, "data/digits/train-labels-idx1-ubyte")}  Expected labels below 3. Received: "3 at image 4".`,
    );
    write({ "train-labels-idx1-ubyte": encodeIdx([29], labels(29)) });
    expect(await message()).toContain("train-labels-idx1-ubyte  Expected 30 labels. Received: 29.");
    write({ ...files(), "t10k-labels-idx1-ubyte": encodeIdx([30], labels(30)) });
    expect(await message()).toContain("t10k-labels-idx1-ubyte  Expected 9 labels. Received: 30.");
    write({ ...files(), [images]: encodeIdx([0, 4, 4], new Uint8Array()) });
    expect(await message()).toContain(`${images}  Expected at least one image. Received: 0.`);
    write({ ...files(), [images]: encodeIdx([30, 2, 8], trainPixels) });
    expect(await message()).toContain('Expected images of 4 x 4. Received: "2 x 8".');
  });

  // A regular file that nobody may read from its beginning, not even root.
  test.skipIf(!existsSync("/proc/self/mem"))("a file that can't be read is named", async () => {
    write(files());
    const file = join(root, "data/digits/train-labels-idx1-ubyte");
    rmSync(file);
    symlinkSync("/proc/self/mem", file);
    await expect(digits.load({})).rejects.toMatchObject({
      code: "data",
      message: expect.stringContaining(`${file}  Expected a file that can be read. Received: "E`),
    });
  });

  test("a gzip file that is cut off, a file that is missing, none at all", async () => {
    const contents = files();
    const compressed = gzipSync(contents[images] as Uint8Array);
    delete contents[images];
    write({ ...contents, [`${images}.gz`]: compressed.subarray(0, compressed.length - 20) });
    expect(await message()).toContain(`${images}.gz  Expected a whole gzip file.`);
    rmSync(join(root, "data/digits", `${images}.gz`));
    expect(await message()).toContain(`Expected a file ${images} or ${images}.gz`);
    rmSync(join(root, "data"), { recursive: true });
    expect(await message()).toContain("Expected the IDX files of digits in one of the data folders");
  });
});

describe("a published set", () => {
  const packed = new Map(Object.entries(files()).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));
  const md5 = (name: string) =>
    createHash("md5")
      .update(packed.get(`${name}-ubyte.gz`) as Uint8Array)
      .digest("hex");
  const sums = {
    trainImages: md5("train-images-idx3"),
    trainLabels: md5("train-labels-idx1"),
    testImages: md5("t10k-images-idx3"),
    testLabels: md5("t10k-labels-idx1"),
  };
  const options = { name: "digits", side: 4, classes: ["a", "b", "c"], train: 12, validation: 6 };

  async function serving(work: (url: string, asked: string[]) => Promise<void>) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const name = request.url?.slice("/here/".length) ?? "";
      asked.push(name);
      response.end(packed.get(name));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/here/`, asked);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test("is fetched file by file, checked, and only where files are not there", async () => {
    await serving(async (url, asked) => {
      const definition = idxDefinition(options, { url, md5: sums });
      expect((await definition.load({})).train.size).toBe(12);
      expect(asked).toEqual([...packed.keys()]);
      expect(readdirSync(join(root, "data"))).toEqual(["digits"]);
      rmSync(join(root, "data/digits/t10k-labels-idx1-ubyte.gz"));
      expect((await definition.with?.({ train: 6 }).load({}))?.train.size).toBe(6);
      expect(asked.slice(4)).toEqual(["t10k-labels-idx1-ubyte.gz"]);
    });
  });

  test("is refused with a wrong sum, and nothing stays", async () => {
    await serving(async (url) => {
      const definition = idxDefinition(options, { url, md5: { ...sums, trainImages: "0".repeat(32) } });
      await expect(definition.load({})).rejects.toThrow(
        `Download: ${url}train-images-idx3-ubyte.gz  Expected an archive with MD5 ${"0".repeat(32)}.`,
      );
      expect(readdirSync(join(root, "data"))).toEqual([]);
      await expect(definition.load({ download: false })).rejects.toThrow(/Received: none of them[^]*--data\.$/);
    });
  });

  test("of clothes has their names", () => {
    const { classes, inputShape, options: kept } = fashionMnist();
    expect([classes, inputShape]).toEqual([10, [28, 28, 1]]);
    expect(kept["classes"]).toContain("Ankle boot");
  });
});

describe("namedDataset", () => {
  test("knows names in any spelling, and what is theirs", () => {
    for (const name of datasetNames) expect(namedDataset(name).name.replaceAll("-", "")).toBe(name.replaceAll("-", ""));
    expect(namedDataset("CIFAR100").classes).toBe(100);
    expect(namedDataset("Fashion_MNIST").name).toBe("fashion-mnist");
  });

  test("takes a folder for pictures or IDX files by what is in it", async () => {
    write(files(), "elsewhere/my-digits");
    const data = await namedDataset(join(root, "elsewhere/my-digits"))
      .with?.({ side: 4, train: 12, validation: 6 })
      .load({ dir: root });
    expect([data?.name, data?.train.size]).toEqual(["my-digits", 12]);
    for (const name of ["cat", "dog"]) mkdirSync(join(root, "pets", name), { recursive: true });
    const pets = namedDataset(join(root, "pets"), { height: 8, width: 9 });
    expect([pets.name, pets.classes, pets.inputShape]).toEqual(["pets", 2, [8, 9, 3]]);
  });

  test("says what it takes where it gets something else", () => {
    expect(() => namedDataset("cifar-11")).toThrow(
      'data set  Expected one of cifar-10, cifar-100, mnist, fashion-mnist, synthetic, or a folder of pictures with a subfolder for each class. Received: "cifar-11".',
    );
    expect(() => namedDataset(root)).toThrow("Expected a subfolder of pictures for each of two classes or more.");
  });
});
