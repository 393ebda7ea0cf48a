/** @file The demo's pictures: an official file, byte for byte; the official archive as it streams by; the drawn ones; and what is neither. */
import { describe, expect, test } from "vitest";
import { readBatchOfArchive } from "../../../docs/demo/archive.ts";
import { firstOfEach, readPictures, splitPictures, type Pictures } from "../../../docs/demo/pictures.ts";
import { archiveOf, smallFiles } from "../../support/small-cifar.ts";

const STRIDE = 3073;

/** 120 records: labels 0 to 9 in turn, random pixels. */
const bytes = new Uint8Array(Buffer.concat([...smallFiles().values()]));

const asFile = (content: Uint8Array, name: string): { kind: "file"; file: File } => ({
  kind: "file",
  file: new File([content as Uint8Array<ArrayBuffer>], name),
});

describe("a file of CIFAR-10", () => {
  test("gives every record's label and its pixels, planes turned into colours", async () => {
    const { images, heldOut, name } = await readPictures(asFile(bytes, "mine.bin"));
    expect([images.size, heldOut, name]).toEqual([120, 24, "mine.bin"]);
    for (const record of [0, 57, 119]) {
      expect(images.labels[record]).toBe(bytes[record * STRIDE]);
      for (const [y, x] of [
        [0, 0],
        [3, 17],
        [31, 31],
      ] as const)
        for (const c of [0, 1, 2])
          expect(images.pixels[((record * 32 + y) * 32 + x) * 3 + c]).toBe(
            bytes[record * STRIDE + 1 + c * 1024 + y * 32 + x],
          );
    }
  });

  test.each([
    ["is cut off", bytes.subarray(0, 100 * STRIDE - 1), /cut\.bin {2}Expected .*3,073 bytes.* Received: 307,299 bytes/],
    ["has too few pictures", bytes.subarray(0, 99 * STRIDE), /100 pictures or more. Received: 304,227 bytes/],
    ["is empty", new Uint8Array(0), /Received: 0 bytes/],
    [
      "has a label that is no class",
      Uint8Array.from(bytes, (value, at) => (at === 5 * STRIDE ? 10 : value)),
      /10 in record 5/,
    ],
  ])("that %s is refused", async (_title, content, message) => {
    await expect(readPictures(asFile(content, "cut.bin"))).rejects.toMatchObject({ code: "data", message });
  });
});

describe("the split", () => {
  test("is class-balanced, apart, and holds the same pictures out for any number to learn from", async () => {
    const pictures = await readPictures(asFile(bytes, "mine.bin"));
    const [few, many] = [splitPictures(pictures, 50), splitPictures(pictures, 96)];
    expect([few.train.size, many.train.size, few.validation.size]).toEqual([50, 96, 24]);
    expect(few.validation.pixels).toEqual(many.validation.pixels);
    for (let label = 0; label < 10; label++) expect(few.train.labels.filter((each) => each === label)).toHaveLength(5);
    const imagesOf = ({ pixels, size }: Pictures["images"]): string[] =>
      Array.from({ length: size }, (_, i) => Buffer.from(pixels.subarray(i * 3072, (i + 1) * 3072)).toString("base64"));
    expect(new Set([...imagesOf(many.train), ...imagesOf(many.validation)]).size).toBe(120);
  });

  test("shows the first few of each class, class by class", () => {
    const set = { labels: Uint8Array.of(1, 0, 1, 2, 1, 0), classes: ["a", "b", "c"] } as unknown as Pictures["images"];
    expect(firstOfEach(set, 2)).toEqual([1, 5, 0, 2, 3]);
  });
});

describe("the official archive", () => {
  const read = (content: Uint8Array, name = "cifar-10-binary.tar.gz") => readPictures(asFile(content, name));

  test("gives its first training file, whatever stands in front of it", async () => {
    const other = smallFiles().get("data_batch_1.bin") as Uint8Array;
    const { bytes: archive } = await archiveOf(
      new Map([
        ["batches.meta.txt", new Uint8Array(700)],
        ["data_batch_4.bin", bytes],
        ["data_batch_1.bin", other],
      ]),
    );
    const { images, name } = await read(archive);
    expect(name).toBe("cifar-10-binary.tar.gz: data_batch_4.bin");
    expect(images.pixels).toEqual((await readPictures(asFile(bytes, "data_batch_4.bin"))).images.pixels);
  });

  test("gives it before anything of what follows has come, in whatever pieces it comes", async () => {
    const { bytes: archive } = await archiveOf(
      new Map([
        ["data_batch_1.bin", bytes],
        ["later.bin", incompressible(1_000_000)],
      ]),
    );
    let handed = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        // The file, and 100,000 bytes more: no decoder holds back as many. The rest never comes.
        if (handed > bytes.length + 100_000) return new Promise(() => {});
        controller.enqueue(archive.subarray(handed, (handed += 1_000)));
        return undefined;
      },
    });
    const batch = await readBatchOfArchive(stream, "archive");
    expect(batch.name).toBe("data_batch_1.bin");
    expect(Buffer.from(batch.bytes).equals(bytes)).toBe(true);
    expect(handed).toBeLessThan(archive.length / 2);
  });

  test.each([
    [
      "has no training file",
      async () => (await archiveOf(new Map([["test_batch.bin", bytes]]))).bytes,
      /data_batch_1\.bin in it.*Received: an archive without/,
    ],
    [
      "is cut off within it",
      async () => (await archiveOf(new Map([["data_batch_1.bin", bytes]]))).bytes.subarray(0, 20_000),
      /Expected a gzipped tar archive/,
    ],
    ["is no archive", async () => bytes, /Expected a gzipped tar archive/],
  ])("that %s is refused", async (_title, make, message) => {
    await expect(read(await make())).rejects.toMatchObject({ code: "data", message });
  });
});

describe("a server", () => {
  const served = (url: string) => readPictures({ kind: "served", url });
  test("without the file is told from one whose file is wrong", async () => {
    const url = (type: string, content: string): string =>
      `data:${type};base64,${Buffer.from(content).toString("base64")}`;
    await expect(served(url("text/html", "<p>not found"))).rejects.toMatchObject({
      code: "data",
      details: { missing: true },
    });
    await expect(served(url("application/octet-stream", "short"))).rejects.toMatchObject({ code: "data", details: {} });
  });
});

test("drawn pictures are five classes of shapes in two textures, a fifth of them held out", async () => {
  const { source, images, heldOut } = await readPictures({ kind: "drawn" });
  expect([source, images.size, heldOut]).toEqual(["drawn", 5_000, 1_000]);
  expect(images.classes[0]).toBe("striped disc");
});

function incompressible(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}
