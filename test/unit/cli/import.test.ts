/** @file Models taken back: `cellwright import`, and the commands that take what it keeps. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { loadStudy } from "../../../src/study/load.ts";
import { searchReference } from "../../../src/cli/commands/search.ts";
import { runCli } from "../../../src/cli/program.ts";
import { memoryIo } from "./fixtures.ts";

const fixture = fileURLToPath(new URL("../../fixtures/models/version-1", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "cellwright-import-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const results = join(root, "results");

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = memoryIo();
  const code = await runCli([...args, "--results", results], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

/** A copy of the fixture with one file's text changed. */
function changed(name: string, file: string, change: (text: string) => string): string {
  const dir = join(root, name);
  cpSync(fixture, dir, { recursive: true });
  writeFileSync(join(dir, file), change(readFileSync(join(dir, file), "utf8")));
  return dir;
}

describe("cellwright import", () => {
  it("keeps a model by its name, says what it is, and every command takes it", async () => {
    const { code, out } = await cli("import", fixture);
    expect(code).toBe(0);
    expect(out).toContain("A cell of NAS-Bench-201 with one filter.");
    expect(out).toMatch(/weights +trained for 2 epochs/);
    expect(out).toMatch(/genotype +of nas-bench-201, checked/);
    expect(out).toContain("cellwright search --start-from tiny");
    for (const name of ["model.json", "network.json", "genotype.json"])
      expect(JSON.parse(readFileSync(join(results, "tiny", name), "utf8")), name).toEqual(
        JSON.parse(readFileSync(join(fixture, name), "utf8")),
      );
    const [kept, given] = [join(results, "tiny"), fixture].map((dir) => readFileSync(join(dir, "weights.safetensors")));
    expect(kept?.equals(given ?? new Uint8Array())).toBe(true);

    const profiled = await cli("profile", "tiny", "--json");
    expect(JSON.parse(profiled.out)).toEqual({ params: 1180, total: 1284, macs: 2376 });
    expect((await cli("profile", join(results, "tiny"), "--json")).out).toBe(profiled.out);
    expect((await cli("scale", "tiny", "--phi", "1")).out).toMatch(/^tiny, grown by alpha/);
    const pictures = await cli("draw", "tiny", "--out", join(root, "pictures"));
    expect(pictures.code, pictures.err).toBe(0);
    expect(readdirSync(join(root, "pictures")).length).toBeGreaterThan(0);

    const exported = await cli("export", "tiny", "--to", "cellwright", "--out", join(root, "again"));
    expect(exported.code, exported.err).toBe(0);
    expect(exported.out).toContain("logits agree with ours: 0e+0");
    expect(readFileSync(join(root, "again", "weights.safetensors"))).toEqual(
      readFileSync(join(fixture, "weights.safetensors")),
    );
  });

  it("takes a network as JSON, and says that it has no weights", async () => {
    const { out } = await cli("import", join(fixture, "network.json"), "--name", "bare");
    expect(out).toMatch(/weights +none: an architecture alone/);
    expect(JSON.parse((await cli("profile", "bare", "--json")).out)).toMatchObject({ params: 1180 });
    const { code, err } = await cli("export", "bare", "--to", "cellwright", "--out", join(root, "bare"));
    expect([code, err]).toEqual([2, expect.stringContaining("Export it with --untrained.")]);
    expect(existsSync(join(root, "bare"))).toBe(false);
    expect((await cli("scale", "bare")).err).toContain(
      "Expected an architecture that has a space, which says how it grows",
    );
    expect((await cli("search", "--start-from", "bare")).err).toContain(
      "--start-from  Expected something with a genotype.",
    );
  });

  it("is offered by name where a name is none", async () => {
    expect((await cli("profile", "absent")).err).toMatch(/ Models: .*tiny/);
  });

  it.each([
    ["tiny", "tiny  Expected a name that is free. Received: "],
    ["nasnet-a", "nasnet-a  Expected a name that is free. Received: that of a published genotype."],
    ["resnet-50", "resnet-50  Expected a name that is free. Received: that of a network."],
    ["darts", "darts  Expected a name that is free. Received: that of a space."],
    ["../up", "--name  Expected a name of letters"],
  ])("refuses the name %s", async (name, message) => {
    mkdirSync(join(results, "tiny"), { recursive: true });
    const { code, err } = await cli("import", fixture, "--name", name);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it("names what is wrong with a folder, and keeps nothing", async () => {
    const broken = changed("broken", "network.json", (text) =>
      text.replace('"avgPool"', '"attention"').replace('"conv"', '"convolution"'),
    );
    for (const [path, message] of [
      [join(root, "nowhere"), 'Expected a model\'s folder, or a network as JSON. Received: "no such file".'],
      [root, "Expected a folder with a model.json"],
      [broken, "Expected an operation (input, conv"],
      [changed("genotype", "genotype.json", (text) => text.replace(/("node1.from0": )\d/, "$199")), "genotype.json: "],
      [
        changed("other", "genotype.json", (text) => text.replace(/("node1.from0": )\d/, "$10")),
        "genotype.json  Expected the genotype that network.json was decoded from.",
      ],
    ] as const) {
      const { code, err } = await cli("import", path, "--name", "kept");
      expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    }
    expect(existsSync(join(results, "kept"))).toBe(false);
  });

  it("keeps a model whose genotype is of another version of its space, and says that it can't go on from it", async () => {
    const dir = changed("older", "genotype.json", (text) => text.replace('"version": 1', '"version": 7'));
    const { code, out } = await cli("import", dir, "--name", "older");
    expect(code).toBe(0);
    expect(out).toContain(
      "none to go on from: its genotype is of version 7 of the space nas-bench-201; this is version 1",
    );
    expect(out).not.toContain("--start-from");
  });
});

describe("a search that starts from a genotype", () => {
  it("of another space is refused before anything is made", async () => {
    await cli("import", fixture, "--name", "start");
    const { code, err } = await cli("search", "--start-from", "start", "--name", "never");
    expect([code, err]).toEqual([
      2,
      expect.stringContaining(
        "--start-from  Expected a genotype of the study's space, nasnet version 1. Received: one of nas-bench-201 version 1.",
      ),
    ]);
    expect(existsSync(join(results, "never"))).toBe(false);
  });

  it("has it as the first proposal, also when it is loaded again", async () => {
    const { nasnet } = await import("../../../search-spaces/index.ts");
    const given = nasnet.named["nasnet-a"] ?? {};
    const startFrom = { space: "nasnet", version: nasnet.version, genotype: given };
    const definition = await loadStudy(searchReference(undefined, { startFrom }));
    const { createRng } = await import("../../../src/base/rng.ts");
    const controller = definition.controller.create({
      space: definition.space,
      rng: createRng(0),
      objectives: [{ name: "accuracy", direction: "maximize" }],
    });
    expect(controller.ask(0)).toEqual({ genotype: given });
  });
});
