/** @file Files and folders appear whole or not at all. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFolder, writeIntoFolder, writeWhole } from "../../../src/storage/whole-files.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "cellwright-atomic-"));
});
afterEach(async () => {
  await chmod(dir, 0o755);
  await rm(dir, { recursive: true, force: true });
});

describe("atomic writing", () => {
  it("makes folders on the way, replaces a file, and leaves no temporary behind", async () => {
    const file = join(dir, "a/b.txt");
    await writeWhole(file, "one");
    await writeWhole(file, "two");
    expect(await readFile(file, "utf8")).toBe("two");
    expect(await readdir(join(dir, "a"))).toEqual(["b.txt"]);
  });

  it("replaces a folder whole: what was there and is not in the new one is gone", async () => {
    const folder = join(dir, "best");
    await writeFolder(
      folder,
      new Map([
        ["old.txt", "1"],
        ["sub/x.txt", "2"],
      ]),
    );
    await writeFolder(folder, new Map([["new.txt", "3"]]));
    expect(await readdir(folder)).toEqual(["new.txt"]);
    expect(await readdir(dir)).toEqual(["best"]);
  });

  it("keeps the old folder and names the place where a file can't be written", async () => {
    const folder = join(dir, "best");
    await writeFolder(folder, new Map([["old.txt", "1"]]));
    // A file and a folder of one name cannot both be written.
    const clash = new Map([
      ["x", "1"],
      ["x/y", "2"],
    ]);
    await expect(writeFolder(folder, clash)).rejects.toThrow(folder);
    expect(await readdir(folder)).toEqual(["old.txt"]);
    expect(await readdir(dir)).toEqual(["best"]);
  });

  it("writes into a folder that holds other files, and touches nothing where a file can't be written", async () => {
    const folder = join(dir, "export");
    await writeIntoFolder(folder, new Map([["a/new.txt", "1"]]));
    await writeFile(join(folder, "mine.txt"), "mine");
    await writeIntoFolder(
      folder,
      new Map([
        ["a/new.txt", "2"],
        ["b.txt", "3"],
      ]),
    );
    expect(await readFile(join(folder, "a/new.txt"), "utf8")).toBe("2");
    const clash = new Map([
      ["a/new.txt", "4"],
      ["x", "1"],
      ["x/y", "2"],
    ]);
    await expect(writeIntoFolder(folder, clash)).rejects.toThrow(folder);
    expect(await readFile(join(folder, "a/new.txt"), "utf8")).toBe("2");
    expect((await readdir(folder)).toSorted()).toEqual(["a", "b.txt", "mine.txt"]);
    expect(await readdir(dir)).toEqual(["export"]);
  });

  it("names a file whose place is taken by a folder, and leaves it", async () => {
    await mkdir(join(dir, "taken/inside"), { recursive: true });
    await writeFile(join(dir, "taken/inside/keep"), "k");
    await expect(writeWhole(join(dir, "taken"), "x")).rejects.toThrow(join(dir, "taken"));
    expect(await readdir(join(dir, "taken/inside"))).toEqual(["keep"]);
    expect(await readdir(dir)).toEqual(["taken"]);
  });
});
