/** @file Image folders: classes, splits, sizes, what is kept decoded and when it counts, and what is said of what is wrong. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCanvas } from "@napi-rs/canvas";
import { describe, expect, it } from "vitest";
import type { ImageSet } from "../../../src/data/dataset.ts";
import { imageFolder } from "../../../src/data/index.ts";
import { proportionalQuotas, splitInProportion } from "../../../src/data/splits.ts";
import { temporaryFolder } from "../../support/small-cifar.ts";

/** A PNG of one shade. */
function shade(value: number): Uint8Array {
  const context = createCanvas(6, 4).getContext("2d");
  context.fillStyle = `rgb(${value}, ${value}, ${value})`;
  context.fillRect(0, 0, 6, 4);
  return context.canvas.toBuffer("image/png");
}

function put(folder: string, path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** Classes of these sizes; picture `k` of class `c` has the shade `20 c + k`. */
function folderOf(sizes: Readonly<Record<string, number>>, below = "", folder = temporaryFolder(), first = 0): string {
  Object.entries(sizes).forEach(([name, size], c) => {
    for (let k = 0; k < size; k++) put(folder, join(below, name, `${k}.png`), shade(20 * c + k + first));
  });
  return folder;
}

const small = { height: 4, width: 4 } as const;
const shades = (set: ImageSet) =>
  Array.from({ length: set.size }, (_, k) => set.pixels[k * set.height * set.width * set.channels] as number);
const failure = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
};

describe("imageFolder", () => {
  it("takes classes from subfolders and draws splits of their proportion, each picture in one", async () => {
    const folder = folderOf({ cats: 20, ants: 10 });
    put(folder, "cats/notes.txt", "no picture");
    put(folder, ".hidden/x.png", "no class");
    const told: string[] = [];
    const definition = imageFolder({ folder, ...small });
    expect([definition.classes, definition.inputShape]).toEqual([2, [4, 4, 3]]);
    const data = await definition.load({ onProgress: (message) => told.push(message) });
    expect(data.train.classes).toEqual(["ants", "cats"]);
    expect([data.train.size, data.validation.size, data.test.size]).toEqual([24, 3, 3]);
    // `ants` are shades 20 to 29 (second of the two that were made), `cats` 0 to 19.
    for (const set of [data.train, data.validation, data.test])
      shades(set).forEach((value, k) => expect(set.labels[k]).toBe(value < 20 ? 1 : 0));
    const all = [data.train, data.validation, data.test].flatMap(shades);
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, k) => k));
    expect([...data.validation.labels].toSorted((a, b) => a - b)).toEqual([0, 1, 1]);
    expect(told[0]).toMatch(
      /decoding 30 pictures to 4 x 4 x 3 \(1 other files left out\): 1.4 KiB of memory, and as much on the disk/,
    );
    expect(data.mean).toHaveLength(3);
  });

  it("takes splits that are folders, and draws those that are missing from the training folder", async () => {
    const given = folderOf({ a: 6, b: 6 }, "train");
    folderOf({ a: 1, b: 1 }, "val", given, 100);
    const two = await imageFolder({ folder: given, ...small }).load({});
    expect([two.train.size, two.validation.size]).toEqual([12, 2]);
    expect(shades(two.validation)).toEqual([100, 120]);
    expect(two.test).toBe(two.validation);
    folderOf({ b: 2 }, "test", given, 150);
    const three = await imageFolder({ folder: given, ...small }).load({});
    expect([three.train.size, three.validation.size]).toEqual([12, 2]);
    expect(shades(three.test)).toEqual([150, 151]);
    rmSync(join(given, "val"), { recursive: true });
    const drawn = await imageFolder({ folder: given, ...small, validation: 4 }).load({});
    expect([drawn.train.size, drawn.validation.size, drawn.test.size]).toEqual([8, 4, 2]);
    expect([...drawn.validation.labels].toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1]);
  });

  it("takes a folder `train` with pictures for a class", async () => {
    const folder = folderOf({ train: 5, tram: 5 });
    expect((await imageFolder({ folder, ...small }).load({})).train.classes).toEqual(["train", "tram"]);
  });

  it("reads what it decoded before, and only while it is of the same files and whole", async () => {
    const folder = folderOf({ a: 5, b: 5 });
    const definition = imageFolder({ folder, ...small, splitSeed: 3 });
    const load = async (from = definition) => {
      const told: string[] = [];
      const data = await from.load({ onProgress: (message) => told.push(message) });
      return { data, hasDecoded: told.some((message) => message.includes("decoding")) };
    };
    const first = await load();
    const [name = ""] = readdirSync(join(folder, ".cellwright"));
    const kept = join(folder, ".cellwright", name);
    const bytes = readFileSync(kept);
    const again = await load();
    expect([first.hasDecoded, again.hasDecoded]).toEqual([true, false]);
    expect(again.data).toEqual(first.data);
    // Another split is drawn from the same decoded pictures.
    expect((await load(definition.with?.({ splitSeed: 4 }))).hasDecoded).toBe(false);

    const damages: [string, () => void][] = [
      ["cut off", () => writeFileSync(kept, bytes.subarray(0, -1))],
      [
        "another byte",
        () =>
          writeFileSync(
            kept,
            Uint8Array.from(bytes, (byte, at) => (at === 200 ? byte ^ 1 : byte)),
          ),
      ],
      ["no file of ours", () => writeFileSync(kept, "hello")],
      ["empty", () => writeFileSync(kept, "")],
      ["a file's time", () => utimesSync(join(folder, "a/0.png"), 1, 1)],
    ];
    for (const [what, damage] of damages) {
      damage();
      const anew = await load();
      expect(anew.hasDecoded, what).toBe(true);
      expect(anew.data, what).toEqual(first.data);
      expect((await load()).hasDecoded, what).toBe(false);
    }
    put(folder, "b/new.png", shade(90));
    expect((await load()).data.train.size).toBe(9);
    expect(readdirSync(join(folder, ".cellwright"))).toEqual([name]);

    // What a process left that died while it wrote is taken away, once it can't be one that still writes.
    const [old, young] = [`${kept}.tmp-1`, `${kept}.tmp-2`];
    for (const left of [old, young]) writeFileSync(left, "half of it");
    utimesSync(old, 1, 1);
    await load();
    expect(readdirSync(join(folder, ".cellwright"))).toEqual([name, `${name}.tmp-2`]);
    rmSync(young);

    const uncached = await load(definition.with?.({ cache: false, width: 3 }));
    expect([uncached.hasDecoded, uncached.data.train.width]).toEqual([true, 3]);
    expect(readdirSync(join(folder, ".cellwright"))).toEqual([name]);
  });

  it("goes on in memory where nothing can be kept, and says so", async () => {
    const folder = folderOf({ a: 5, b: 5 });
    writeFileSync(join(folder, ".cellwright"), "in the way");
    const told: string[] = [];
    const data = await imageFolder({ folder, ...small }).load({ onProgress: (message) => told.push(message) });
    expect(data.train.size).toBe(8);
    expect(told.join("\n")).toContain("decoded pictures can't be kept, so the next start decodes them again");
  });

  it("names a picture that is broken, or leaves it out and counts it", async () => {
    const folder = folderOf({ a: 5, b: 5 });
    const jpeg = readFileSync(fileURLToPath(new URL("../../fixtures/pictures/rgb.jpg", import.meta.url)));
    put(folder, "b/cut.JPG", jpeg.subarray(0, 300));
    symlinkSync(join(folder, "nowhere.png"), join(folder, "a/link.png"));
    const definition = imageFolder({ folder, ...small });
    expect(await failure(() => definition.load({}))).toMatch(/a\/link.png {2}Expected a whole JPEG or PNG .*ENOENT/);
    rmSync(join(folder, "a/link.png"));
    expect(await failure(() => definition.load({}))).toBe(
      `${join(folder, "b/cut.JPG")}  Expected a whole JPEG or PNG (broken: "skip" leaves such out). Received: "a JPEG that is cut off".`,
    );
    expect(readdirSync(join(folder, ".cellwright"))).toEqual([]);
    const skipping = definition.with?.({ broken: "skip" });
    const provision = await skipping?.provide?.({});
    expect(provision?.warning).toBe(
      `WARNING: 1 pictures in ${folder} can't be decoded and are left out; 10 are whole.\n  b/cut.JPG: a JPEG that is cut off`,
    );
    const data = await skipping?.load({});
    expect([data?.train.size, data?.validation.size, data?.test.size]).toEqual([8, 1, 1]);
    // What was kept with one left out is no excuse where none may be.
    expect(await failure(() => definition.load({}))).toContain("b/cut.JPG  Expected a whole JPEG");
  });

  it("says what is missing", async () => {
    const empty = temporaryFolder();
    expect(await failure(() => imageFolder({ folder: join(empty, "none") }))).toContain('Received: "no such folder".');
    expect(await failure(() => imageFolder({ folder: empty }))).toContain(
      'Expected a subfolder of pictures for each of two classes or more. Received: "none".',
    );
    const folder = folderOf({ a: 3, b: 3 }, "train");
    mkdirSync(join(folder, "val/c"), { recursive: true });
    expect(await failure(() => imageFolder({ folder }).load({}))).toContain(
      `${join(folder, "val/c")}  Expected a folder of one of the 2 classes.`,
    );
    rmSync(join(folder, "val"), { recursive: true });
    expect(await failure(() => imageFolder({ folder, validation: 5 }).load({}))).toContain("one of each class left");
    mkdirSync(join(folder, "train/d"));
    expect(await failure(() => imageFolder({ folder }).load({}))).toContain(
      `${join(folder, "train/d")}  Expected JPEG or PNG pictures of the class. Received: "none".`,
    );
    expect(await failure(() => imageFolder({ folder, height: 0, colour: "red" as never }))).toMatch(
      /data.height.*\ndata.colour {2}Expected one of "rgb", "grey"/,
    );
  });

  it("is another set to the evaluator's key under other options, and finds a named folder below a data root", async () => {
    const root = temporaryFolder();
    folderOf({ a: 5, b: 5 }, "mine", root);
    const definition = imageFolder({ folder: "mine", classes: ["a", "b"], ...small, colour: "grey" });
    expect([definition.name, definition.inputShape]).toEqual(["mine", [4, 4, 1]]);
    const data = await definition.load({ dir: root });
    expect([data.source, data.train.channels]).toEqual([join(root, "mine"), 1]);
    expect(await failure(() => definition.load({}))).toContain("Looked for");
    expect(definition.with?.({ resize: "stretch" }).options).not.toEqual(definition.options);
    expect(definition.with?.({ cache: false }).options).toEqual(definition.options);
  });

  it("labels more classes than a byte can name", async () => {
    const folder = temporaryFolder();
    const picture = shade(7);
    for (let c = 0; c < 260; c++)
      for (let k = 0; k < 3; k++) put(folder, `class-${String(c).padStart(3, "0")}/${k}.png`, picture);
    const data = await imageFolder({ folder, height: 1, width: 1, validation: 260, test: 260 }).load({});
    expect(data.train.labels).toBeInstanceOf(Uint16Array);
    expect([...data.train.labels]).toEqual(Array.from({ length: 260 }, (_, c) => c));
    expect([...data.test.labels]).toEqual([...data.train.labels]);
  });
});

describe("proportional splits", () => {
  it("keep the proportion, and the last image of each class", () => {
    expect(proportionalQuotas(10, [60, 30, 10])).toEqual([6, 3, 1]);
    expect(proportionalQuotas(3, [10, 10, 10, 2])).toEqual([1, 1, 1, 0]);
    expect(proportionalQuotas(12, [10, 2, 1, 5])).toEqual([7, 1, 0, 4]);
    expect(proportionalQuotas(99, [3, 1])).toEqual([2, 0]);
  });

  it("of a larger training set contain the smaller one, and validation does not move", () => {
    const labels = Uint8Array.from({ length: 60 }, (_, k) => (k % 3 === 0 ? 1 : 0));
    const split = (train: number) =>
      splitInProportion(labels, 2, { train, validation: 6, test: 6, splitSeed: 1 }, "here");
    const [fewer, more] = [split(12), split(30)];
    expect([fewer.train.length, more.train.length]).toEqual([12, 30]);
    expect(more.validation).toEqual(fewer.validation);
    expect(fewer.train.every((index) => more.train.includes(index))).toBe(true);
    expect(new Set([...more.train, ...more.validation, ...more.test]).size).toBe(42);
  });
});
