/** @file CIFAR's binary layout: read from a folder, from the archive, from a server; and every way in which files can be wrong. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cifar10, cifar100, cifarDefinition } from "../../../src/data/cifar.ts";
import {
  cifar100CoarseLayout,
  cifar100FineLayout,
  cifar10Layout,
  recordBytes,
  type CifarLayout,
} from "../../../src/data/cifar-layout.ts";
import type { ImageSet } from "../../../src/data/dataset.ts";
import { archiveOf, RECORDS, smallFiles, smallLayout, temporaryFolder, writeFiles } from "../../support/small-cifar.ts";

let root: string;

beforeEach(() => {
  root = temporaryFolder();
  // Nothing of this machine may be found: neither through the environment nor beside the working folder.
  vi.stubEnv("CELLWRIGHT_DATA", "");
  vi.spyOn(process, "cwd").mockReturnValue(root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const split = { train: 60, validation: 20, splitSeed: 0 };
const small = (options: Parameters<typeof cifarDefinition>[2] = split, layout: CifarLayout = smallLayout) =>
  cifarDefinition("cifar10", layout, options);

const digestOf = (set: ImageSet) => createHash("md5").update(set.pixels).update(set.labels).digest("hex");

/** The bytes of an image as it lies in its file, by its position in its set. */
function sameImage(set: ImageSet, index: number, file: Uint8Array, record: number): boolean {
  for (let p = 0; p < 1024; p++)
    for (let c = 0; c < 3; c++)
      if (set.pixels[(index * 1024 + p) * 3 + c] !== file[record * 3073 + 1 + c * 1024 + p]) return false;
  return true;
}

describe("reading", () => {
  test("gives the files' images with planes interleaved, class-balanced, and the official test file", async () => {
    const files = smallFiles();
    writeFiles(join(root, "data/cifar10"), files);
    const data = await small().load({});
    expect([data.train.size, data.validation.size, data.test.size]).toEqual([60, 20, RECORDS]);
    expect(data.source).toBe(join(root, "data/cifar10"));
    for (let label = 0; label < 10; label++)
      expect([...data.train.labels].filter((value) => value === label).length).toBe(6);
    const test = files.get("test_batch.bin") as Uint8Array;
    for (let record = 0; record < RECORDS; record++) {
      expect(sameImage(data.test, record, test, record)).toBe(true);
      expect(data.test.labels[record]).toBe(test[record * 3073]);
    }
    // Every training and validation image is one of the training files', with its label.
    const originals = new Map<string, number>();
    const digest = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
    for (const name of smallLayout.train) {
      const file = files.get(name) as Uint8Array;
      for (let record = 0; record < RECORDS; record++) {
        const image = new Uint8Array(3072);
        for (let p = 0; p < 1024; p++)
          for (let c = 0; c < 3; c++) image[p * 3 + c] = file[record * 3073 + 1 + c * 1024 + p] as number;
        originals.set(digest(image), file[record * 3073] as number);
      }
    }
    const seen = new Set<string>();
    for (const set of [data.train, data.validation]) {
      for (let k = 0; k < set.size; k++) {
        const key = digest(set.pixels.subarray(k * 3072, (k + 1) * 3072));
        expect(originals.get(key)).toBe(set.labels[k]);
        seen.add(key);
      }
    }
    expect(seen.size).toBe(80);
  });

  test("gives the same from the official archive as from its folder", async () => {
    const files = smallFiles();
    writeFiles(join(root, "a/cifar-10-batches-bin"), files);
    const { bytes } = await archiveOf(files);
    writeFiles(join(root, "b"), new Map([["cifar-10-binary.tar.gz", bytes]]));
    const folder = await small().load({ dir: join(root, "a") });
    for (const dir of [join(root, "b"), join(root, "b/cifar-10-binary.tar.gz")]) {
      const archive = await small().load({ dir });
      expect(archive.source).toBe(join(root, "b/cifar-10-binary.tar.gz"));
      for (const split of ["train", "validation", "test"] as const)
        expect(digestOf(archive[split])).toBe(digestOf(folder[split]));
      expect([archive.mean, archive.std]).toEqual([folder.mean, folder.std]);
    }
  });

  test.each([
    ["fine", cifar100FineLayout, 1],
    ["coarse", cifar100CoarseLayout, 0],
  ])("reads the %s labels of CIFAR-100", async (_, official, offset) => {
    const layout = { ...official, records: { "train.bin": 200, "test.bin": 100 } };
    const files = smallFiles(layout);
    for (const bytes of files.values())
      for (let at = 0; at < bytes.length; at += 3074)
        [bytes[at], bytes[at + 1]] = [(at / 3074) % 20, (at / 3074) % 100];
    writeFiles(join(root, "data/cifar-100-binary"), files);
    const data = await cifarDefinition("cifar100", layout, { validation: 100, splitSeed: 0 }).load({});
    expect(recordBytes(layout)).toBe(3074);
    expect([...data.test.labels]).toEqual(Array.from({ length: 100 }, (_, k) => (offset === 1 ? k : k % 20)));
    expect(data.test.classes.length).toBe(offset === 1 ? 100 : 20);
    expect(new Set(data.train.labels).size).toBe(data.train.classes.length);
    // The first pixel's red is the third byte of a record.
    expect(data.test.pixels[0]).toBe((files.get("test.bin") as Uint8Array)[2]);
  });

  test("looks in --data, then in $CELLWRIGHT_DATA, then in ./data, then in ../shared/data", async () => {
    const places = ["given/cifar10", "environment/cifar-10", "data/cifar-10-batches-bin", "../shared/data/cifar10"];
    vi.spyOn(process, "cwd").mockReturnValue(join(root, "project"));
    const at = (place: string) => join(root, "project", place);
    vi.stubEnv("CELLWRIGHT_DATA", at("environment"));
    for (const place of places) writeFiles(at(place), smallFiles());
    for (const place of places) {
      expect((await small().load({ dir: at("given") })).source).toBe(at(place));
      rmSync(at(place), { recursive: true });
    }
  });
});

describe("wrong files", () => {
  const folder = () => join(root, "data/cifar10");
  const failure = async (options = small()) =>
    options.load({ download: false }).then(
      () => "no error",
      (error: Error) => error.message,
    );

  test("a truncated file is named with what was expected", async () => {
    const files = smallFiles();
    files.set("data_batch_3.bin", (files.get("data_batch_3.bin") as Uint8Array).subarray(0, 12_582));
    writeFiles(folder(), files);
    const message = await failure();
    expect(message).toContain(
      `${join(folder(), "data_batch_3.bin")}  Expected 61,460 bytes (20 records). Received: 12,582.`,
    );
    await expect(small().provide?.({})).rejects.toThrow("data_batch_3.bin");
  });

  test("the official sizes are 30,730,000 bytes a file", async () => {
    writeFiles(folder(), new Map([["data_batch_1.bin", new Uint8Array(7)]]));
    expect(await failure(cifar10())).toContain(
      `${join(folder(), "data_batch_1.bin")}  Expected 30,730,000 bytes (10,000 records). Received: 7.`,
    );
  });

  test("a missing file is named", async () => {
    const files = smallFiles();
    files.delete("data_batch_4.bin");
    writeFiles(folder(), files);
    expect(await failure()).toContain("data_batch_4.bin  Expected 61,460 bytes (20 records). Received: no such file.");
  });

  test("a folder under a file's name is no file", async () => {
    const files = smallFiles();
    files.delete("data_batch_4.bin");
    mkdirSync(join(writeFiles(folder(), files), "data_batch_4.bin"));
    expect(await failure()).toContain("data_batch_4.bin  Expected 61,460 bytes (20 records). Received: no such file.");
  });

  test("a label that is no class is named with its record", async () => {
    const files = smallFiles();
    (files.get("data_batch_2.bin") as Uint8Array)[7 * 3073] = 10;
    writeFiles(folder(), files);
    expect(await failure()).toBe(
      `${join(folder(), "data_batch_2.bin")}  Expected labels from 0 to 9. Received: "10 in record 7".`,
    );
  });

  test("an archive that is cut off, or none, is named", async () => {
    const { bytes } = await archiveOf(smallFiles());
    const file = "cifar-10-binary.tar.gz";
    for (const wrong of [bytes.subarray(0, bytes.length / 2), Uint8Array.of(1, 2, 3)]) {
      writeFiles(join(root, "data"), new Map([[file, wrong]]));
      expect(await failure()).toContain(`${join(root, "data", file)}  Expected a whole .tar.gz archive.`);
      // In the parent already, before any worker is started.
      await expect(small().provide?.({ download: false })).rejects.toThrow("Expected a whole .tar.gz archive.");
    }
    const files = smallFiles();
    files.delete("test_batch.bin");
    writeFiles(join(root, "data"), new Map([[file, (await archiveOf(files)).bytes]]));
    expect(await failure()).toContain(
      `${file}:test_batch.bin  Expected 61,460 bytes (20 records). Received: no such file. Delete ${join(root, "data", file)} and run again`,
    );
    files.set("test_batch.bin", new Uint8Array(61_459));
    writeFiles(join(root, "data"), new Map([[file, (await archiveOf(files)).bytes]]));
    expect(await failure()).toContain(`${file}:test_batch.bin  Expected 61,460 bytes (20 records). Received: 61,459.`);
    await expect(small().provide?.({ download: false })).rejects.toThrow("test_batch.bin");
  });

  test("--data that is a plain file is a place without data", async () => {
    writeFileSync(join(root, "notes.txt"), "x");
    await expect(small().load({ dir: join(root, "notes.txt"), download: false })).rejects.toMatchObject({
      code: "data",
      message: expect.stringContaining(`${join(root, "notes.txt")} (--data)`),
    });
  });

  test("no files at all: the error lists the places, the download's fate and what to do", async () => {
    const message = await failure();
    expect(message).toContain(`${join(root, "data")} (./data)`);
    expect(message).toContain("../shared/data");
    expect(message).toContain("Download: it was not tried");
    expect(message).toContain("Put cifar-10-binary.tar.gz");
  });
});

describe("downloading", () => {
  async function serve(
    answer: (respond: { bytes(data: Uint8Array): void; status(code: number): void; hang(): void }) => void,
  ) {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      answer({
        bytes: (data) => response.end(data),
        status: (code) => response.writeHead(code).end(),
        hang: () => response.write("x"),
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}/cifar-10-binary.tar.gz`,
      requests: () => requests,
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  test("fetches the archive once for several that want it, checks it, unpacks it and says so", async () => {
    const { bytes, md5 } = await archiveOf(smallFiles());
    const server = await serve((respond) => respond.bytes(bytes));
    try {
      const layout = { ...smallLayout, archive: { ...smallLayout.archive, url: server.url, md5 } };
      const messages: string[] = [];
      const load = () => small(split, layout).load({ onProgress: (message) => messages.push(message) });
      const [one, two] = await Promise.all([load(), load()]);
      expect(server.requests()).toBe(1);
      expect(digestOf(two.train)).toBe(digestOf(one.train));
      expect(messages).toContain(`downloading ${server.url}`);
      expect(readdirSync(join(root, "data")).sort()).toEqual(["cifar10"]);
      expect(readdirSync(join(root, "data/cifar10")).length).toBe(6);
      await load();
      expect(server.requests()).toBe(1);
    } finally {
      server.close();
    }
  });

  test("fills in what a folder lacks, be it everything, and leaves what is there", async () => {
    const { bytes, md5 } = await archiveOf(smallFiles());
    const server = await serve((respond) => respond.bytes(bytes));
    try {
      const layout = { ...smallLayout, archive: { ...smallLayout.archive, url: server.url, md5 } };
      const folder = join(root, "data/cifar10");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "README.txt"), "the user's");
      expect((await small(split, layout).load({})).train.size).toBe(60);
      rmSync(join(folder, "data_batch_3.bin"));
      const own = smallFiles().get("data_batch_1.bin") as Uint8Array;
      own[1] = 255 - (own[1] as number);
      writeFileSync(join(folder, "data_batch_1.bin"), own);
      expect(await small(split, layout).provide?.({})).toEqual({ source: folder });
      expect(server.requests()).toBe(2);
      expect(readFileSync(join(folder, "data_batch_1.bin")).equals(own)).toBe(true);
      const fetched = readFileSync(join(folder, "data_batch_3.bin"));
      expect(fetched.equals(smallFiles().get("data_batch_3.bin") as Uint8Array)).toBe(true);
      expect(readdirSync(join(root, "data"))).toEqual(["cifar10"]);
      // Also where the folder itself is what --data names.
      rmSync(join(folder, "test_batch.bin"));
      expect((await small(split, layout).load({ dir: folder })).test.size).toBe(RECORDS);
      expect(readdirSync(folder).length).toBe(7);
    } finally {
      server.close();
    }
  });

  test("does not begin while a file is there that must go; a file that is missing and cannot be fetched is named with the reason", async () => {
    const server = await serve((respond) => respond.status(503));
    try {
      const layout = { ...smallLayout, archive: { ...smallLayout.archive, url: server.url } };
      const folder = writeFiles(join(root, "data/cifar10"), smallFiles());
      rmSync(join(folder, "data_batch_5.bin"));
      const options = { ...split, fallback: "synthetic" } as const;
      await expect(small(options, layout).provide?.({})).rejects.toThrow(
        `${join(folder, "data_batch_5.bin")}  Expected 61,460 bytes (20 records). Received: no such file. Put the official file there. Download: ${server.url}  the server answered 503`,
      );
      expect(server.requests()).toBe(1);
      writeFileSync(join(folder, "data_batch_2.bin"), "short");
      await expect(small(options, layout).load({})).rejects.toThrow(
        `${join(folder, "data_batch_2.bin")}  Expected 61,460 bytes (20 records). Received: 5. Delete it and run again to fetch it anew`,
      );
      expect(server.requests()).toBe(1);
    } finally {
      server.close();
    }
  });

  test("a wrong sum, a refusal and a dead server leave nothing and are told", async () => {
    const { bytes } = await archiveOf(smallFiles());
    const wrongSum = await serve((respond) => respond.bytes(bytes));
    const refused = await serve((respond) => respond.status(404));
    const dead = await serve(() => undefined);
    dead.close();
    try {
      for (const [server, text] of [
        [wrongSum, "Expected an archive with MD5 c32a1d4ab5d03f1284b67883e8d87530"],
        [refused, "the server answered 404"],
        [dead, "ECONNREFUSED"],
      ] as const) {
        const layout = { ...smallLayout, archive: { ...smallLayout.archive, url: server.url } };
        await expect(small(split, layout).load({})).rejects.toThrow(text);
        expect(readdirSync(join(root, "data"))).toEqual([]);
      }
    } finally {
      wrongSum.close();
      refused.close();
    }
  });

  test("what a dead process left behind is taken over", async () => {
    const { bytes, md5 } = await archiveOf(smallFiles());
    const server = await serve((respond) => respond.bytes(bytes));
    try {
      const layout = { ...smallLayout, archive: { ...smallLayout.archive, url: server.url, md5 } };
      const part = join(writeFiles(join(root, "data"), new Map()), "cifar-10-binary.tar.gz.part");
      writeFileSync(part, "half");
      utimesSync(part, new Date(0), new Date(0));
      expect((await small(split, layout).load({})).train.size).toBe(60);
      expect(existsSync(part)).toBe(false);
    } finally {
      server.close();
    }
  });
});

describe("fallback", () => {
  test("takes the synthetic set where asked for, and says so loudly", async () => {
    const messages: string[] = [];
    const options = { ...split, fallback: "synthetic" } as const;
    const data = await small(options).load({ download: false, onProgress: (message) => messages.push(message) });
    expect(data.name).toBe("synthetic");
    expect([data.train.size, data.validation.size]).toEqual([60, 20]);
    expect(messages.join()).toContain("SYNTHETIC");
    const provided = await small(options).provide?.({ dir: join(root, "nowhere"), onProgress: () => undefined });
    expect(provided?.source).toContain("synthetic");
    expect(provided?.warning).toContain("SYNTHETIC");
  }, 30_000);
});

describe("options", () => {
  test("are checked, each with its path", () => {
    expect(() => cifar10({ train: "all" as never })).toThrow(
      'data.train  Expected a whole number of 1 or more. Received: "all".',
    );
    expect(() => cifar100({ labels: "rough" as never })).toThrow(
      'data.labels  Expected one of "fine", "coarse". Received: "rough".',
    );
    expect(() => cifar10({ valid: 3 } as never)).toThrow("data  Expected only these options: train, validation");
  });

  test("name the split: equal ones are equal, others differ; flags can replace them", () => {
    expect(cifar10({ train: 5 }).options).toEqual(cifar10({ train: 5 }).options);
    expect(cifar10({ train: 5 }).with?.({ train: 6, validation: 7 }).options).toEqual(
      cifar10({ train: 6, validation: 7 }).options,
    );
    expect(cifar100().classes).toBe(100);
    expect(cifar100({ labels: "coarse" }).classes).toBe(20);
    expect(cifar100FineLayout.classes.length).toBe(100);
    expect(cifar10Layout.classes.length).toBe(10);
  });
});
