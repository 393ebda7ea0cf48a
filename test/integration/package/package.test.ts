/**
 * @file The package as users get it: packed, installed into an empty folder with install scripts blocked, used from JavaScript and
 * from TypeScript, on every Node version that is supported.
 */
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { output, run } from "../../support/commands.ts";
import { guideFiles } from "../../support/guide.ts";
import { nodeEnvironment, supportedMajors } from "../../support/node-versions.ts";
import { installInto, type Packed, pack, publicEntries } from "../../support/packed.ts";
import { root } from "../../support/built.ts";
import { describeWasm, wasmMissing } from "../../support/wasm.ts";

let temporary: string;
let packed: Packed;
/** The consumer's folder: Cellwright installed, the sources of test/interop/consumers beside it. */
let consumer: string;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "cellwright-package-"));
  packed = await pack(temporary);
  consumer = join(temporary, "consumer");
  await installInto(consumer, packed);
  await cp(join(root, "test/interop/consumers/javascript"), consumer, { recursive: true });
});
afterAll(async () => {
  await rm(temporary, { recursive: true, force: true });
});

describe("the tarball", () => {
  test("holds what exports and bin point to, the prebuilt engine, and what a reader wants", async () => {
    const { targets } = await publicEntries();
    const wanted = [
      ...targets,
      "package.json",
      "README.md",
      "CHANGELOG.md",
      "LICENSE",
      "dist/src/cli/main.js",
      "docs/schemas/cell-space.schema.json",
      "docs/schemas/model.schema.json",
    ];
    expect(wanted.filter((file) => !packed.files.includes(file))).toEqual([]);
    const prebuilt = packed.files.filter((file) => file.endsWith(".node"));
    expect(prebuilt.some((file) => file.startsWith(`prebuilds/${process.platform}-${process.arch}/`))).toBe(true);
    expect(prebuilt.filter((file) => !file.startsWith("prebuilds/"))).toEqual([]);
    expect(packed.files.includes("prebuilds/cellwright.wasm")).toBe(wasmMissing() === undefined);
  });

  test("holds nothing else: no sources, no tests, nothing left in the build by a file that is gone", async () => {
    const foreign = packed.files.filter(
      (file) =>
        !/^(dist|prebuilds|docs\/schemas)\//.test(file) &&
        !["package.json", "README.md", "CHANGELOG.md", "LICENSE"].includes(file),
    );
    expect(foreign).toEqual([]);
    const built = packed.files.filter((file) => file.startsWith("dist/"));
    expect(built.filter((file) => !/\.(js|d\.ts)$/.test(file))).toEqual([]);
    const sources = await Promise.all(["src", "search-spaces", "controllers"].map(async (folder) => sourcesOf(folder)));
    const known = new Set(sources.flat());
    const stale = built.filter((file) => !known.has(file.replace(/^dist\//, "").replace(/(\.d\.ts|\.js)$/, ".ts")));
    expect(stale).toEqual([]);
  });

  test("is small: the engine's kernels and compiled TypeScript, no data and no models", () => {
    // 20 MiB leaves room for kernels of several platforms; a data set or a debug build would not fit.
    expect(packed.unpackedBytes).toBeLessThan(20 * 2 ** 20);
  });
});

/** Returns the paths of the TypeScript files below a folder of the repository. */
async function sourcesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  return entries.filter((entry) => entry.endsWith(".ts")).map((entry) => join(folder, entry));
}

/** What the first Node version trained. */
let losses: readonly number[] | undefined;
let pageLosses: readonly number[] | undefined;

describe.each(supportedMajors)("on Node %i", (major) => {
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    env = await nodeEnvironment(major);
  });
  const node = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await output("node", args, { cwd: consumer, env })) as T;

  test("every entry of exports loads and exports something, types aside", async () => {
    const { specifiers } = await publicEntries();
    const names = await node<Record<string, readonly string[]>>("entries.js", ...specifiers);
    expect(Object.keys(names)).toEqual(specifiers);
    expect(Object.entries(names).filter(([, exported]) => exported.length === 0)).toEqual([]);
    for (const exported of Object.values(names)) expect(exported).not.toContain("default");
  });

  test.each(["native", "auto"])("%s is the native engine, from its prebuilt binary, and it trains", async (choice) => {
    const result = await node<{ node: string; engine: string; losses: readonly number[]; params: number }>(
      "train.js",
      choice,
    );
    expect(result.node).toMatch(new RegExp(`^v${major}\\.`));
    expect(result.engine).toBe("native");
    expect(result.losses).toHaveLength(20);
    expect(result.losses.at(-1)).toBeLessThan((result.losses[0] as number) / 2);
    // Same seed, same bits, whatever Node runs it.
    expect(result.losses).toEqual((losses ??= result.losses));
    // NASNet-A (6@768) without its auxiliary head: reference/papers.md, G5.
    expect(result.params).toBe(3_346_538);
  });

  describeWasm("in WebAssembly", () => {
    test("the entry for pages opens the engine from the module's bytes, and it trains", async () => {
      const page = await node<{ name: string; target: string; losses: readonly number[] }>("wasm.js");
      expect(page).toMatchObject({ name: "native", target: "WebAssembly" });
      expect(page.losses.at(-1)).toBeLessThan((page.losses[0] as number) / 2);
      expect(page.losses).toEqual((pageLosses ??= page.losses));
    });
  });

  test("a study in JavaScript runs in worker processes", async () => {
    const results = join(consumer, `results-${major}`);
    const study = await node<{ reason: string; pid: number; trials: readonly { state: string; pid: number }[] }>(
      "search.js",
      results,
    );
    expect(study.reason).toBe("trials");
    expect(study.trials.map((trial) => trial.state)).toEqual(Array.from({ length: 6 }, () => "complete"));
    for (const trial of study.trials) expect(trial.pid).not.toBe(study.pid);
  });

  test("npx cellwright says its version, helps, and refuses what is wrong without a stack", async () => {
    const npx = (...args: readonly string[]) => run("npx", ["cellwright", ...args], { cwd: consumer, env });
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    expect((await npx("--version")).stdout.trim()).toBe(version);
    const help = await npx("--help");
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/search/);
    const wrong = await npx("search", "no-such-file.ts");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/no-such-file\.ts/);
    expect(wrong.stderr).not.toMatch(/^\s+at /m);
  });

  test("npx cellwright searches a study in TypeScript", async () => {
    const project = join(consumer, `project-${major}`);
    await cp(join(root, "test/fixtures/user-project"), project, { recursive: true });
    const ran = await run("npx", ["cellwright", "search", "study.config.ts", "--trials", "6"], {
      cwd: project,
      env,
    });
    expect(ran.stderr + (ran.code === 0 ? "" : ran.stdout)).not.toMatch(/^\s+at /m);
    expect(ran.code).toBe(0);
    expect((await stat(join(project, "results/stripes/study.db"))).size).toBeGreaterThan(0);
    const top = await output("npx", ["cellwright", "top", "stripes", "--json"], { cwd: project, env });
    expect(() => JSON.parse(top) as unknown).not.toThrow();
  });
});

describe("types", () => {
  test.each(["nodenext", "bundler"])("for every entry, checked whole, by %s resolution", async (resolution) => {
    const project = join(consumer, `types-${resolution}`);
    await cp(join(root, "test/interop/consumers/typescript"), project, { recursive: true });
    await cp(join(root, "test/fixtures/user-project"), project, { recursive: true });
    const { specifiers } = await publicEntries();
    const lines = specifiers.map((specifier, i) => `export * as entry${i} from ${JSON.stringify(specifier)};\n`);
    await writeFile(join(project, "entries.ts"), lines.join(""));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const args = [tsc, "-p", `tsconfig.${resolution}.json`, "--typeRoots", join(root, "node_modules/@types")];
    const { code, stdout } = await run(process.execPath, args, { cwd: project });
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });
});

describe("the guide to spaces, in an empty folder", () => {
  const files = guideFiles("define-a-space.md");
  const spaces = ["chain.ts", "own-cells.ts", "macro.ts", "small-cells.yaml"];
  let project: string;
  beforeAll(async () => {
    project = join(consumer, "guide");
    await mkdir(project);
    for (const [name, text] of files) await writeFile(join(project, name), text);
    const config = await readFile(join(root, "test/interop/consumers/typescript/tsconfig.nodenext.json"), "utf8");
    await writeFile(join(project, "tsconfig.json"), config);
    // One study for each space; that in YAML is named by its path.
    const study = files.get("study.config.ts") ?? "";
    for (const space of spaces) {
      const text = space.endsWith(".ts")
        ? study.replace("./own-cells.ts", `./${space}`)
        : study.replace(/^import space .*$/m, "").replace("  space,", `  space: "./${space}",`);
      await writeFile(join(project, `${space.replace(/\.\w+$/, "")}.config.ts`), text);
    }
  });

  test("has the three spaces, one without code, and a study", () => {
    expect([...files.keys()]).toEqual(expect.arrayContaining([...spaces, "study.config.ts"]));
  });

  test("compiles, strictly", async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const args = [tsc, "-p", ".", "--typeRoots", join(root, "node_modules/@types")];
    const { code, stdout } = await run(process.execPath, args, { cwd: project });
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  test("and a misspelt decision in it does not", async () => {
    const wrong = join(consumer, "guide-misspelt");
    await cp(project, wrong, { recursive: true });
    const chain = (files.get("chain.ts") ?? "").replace("decode({ depth,", "decode({ deph: depth,");
    const macro = (files.get("macro.ts") ?? "").replace('=== "pooled"', '=== "poled"');
    await writeFile(join(wrong, "chain.ts"), chain);
    await writeFile(join(wrong, "macro.ts"), macro);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const args = [tsc, "-p", ".", "--typeRoots", join(root, "node_modules/@types")];
    const { code, stdout } = await run(process.execPath, args, { cwd: wrong });
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/^chain\.ts.*deph/m);
    expect(stdout).toMatch(/^macro\.ts.*"poled"/m);
  });

  test.each(spaces)("%s is searched, drawn and profiled", async (space) => {
    const name = space.replace(/\.\w+$/, "");
    const npx = async (...args: readonly string[]) => await run("npx", ["cellwright", ...args], { cwd: project });
    const small = ["--trials", "2", "--train", "40", "--validation", "20", "--epochs", "1", "--no-retrain"];
    const ran = await npx("search", `${name}.config.ts`, ...small);
    expect(ran.stderr + (ran.code === 0 ? "" : ran.stdout)).not.toMatch(/^\s+at /m);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    const status = JSON.parse(
      await output("npx", ["cellwright", "top", name, "--json"], { cwd: project }),
    ) as unknown[];
    expect(status.length).toBeGreaterThan(0);
    expect((await npx("draw", `${space}@1`, "--out", `pictures-${name}`)).code).toBe(0);
    expect((await readdir(join(project, `pictures-${name}`))).every((file) => file.endsWith(".svg"))).toBe(true);
    const counts = JSON.parse(
      await output("npx", ["cellwright", "profile", `${space}@1`, "--json"], { cwd: project }),
    ) as { params: number };
    expect(counts.params).toBeGreaterThan(0);
  });
});

describe("without a binary for this platform", () => {
  const prebuilds = (): string => join(consumer, "node_modules/cellwright/prebuilds");
  const away = (): string => join(temporary, "prebuilds-away");
  const search = async (
    name: string,
    flags: readonly string[] = [],
  ): Promise<{ readonly code: number | null; readonly text: string }> => {
    const project = join(consumer, name);
    await cp(join(root, "test/fixtures/user-project"), project, { recursive: true });
    const config = await readFile(join(project, "trained.config.ts"), "utf8");
    const left = config.replace(', engine: "reference"', "").replace("export const study =", "export default");
    await writeFile(join(project, "trained.config.ts"), left);
    const { code, stdout, stderr } = await run("npx", ["cellwright", "search", "trained.config.ts", ...flags], {
      cwd: project,
    });
    return { code, text: stdout + stderr };
  };
  beforeAll(async () => {
    await rename(prebuilds(), away());
    await mkdir(prebuilds());
  });
  afterAll(async () => {
    await rm(prebuilds(), { recursive: true });
    await rename(away(), prebuilds());
  });

  describeWasm("but with the WebAssembly module", () => {
    beforeAll(async () => {
      await copyFile(join(away(), "cellwright.wasm"), join(prebuilds(), "cellwright.wasm"));
    });
    afterAll(async () => {
      await rm(join(prebuilds(), "cellwright.wasm"));
    });

    test.each(["native", "auto"])("%s trains in WebAssembly, as the binary does", async (choice) => {
      const result = JSON.parse(await output("node", ["train.js", choice], { cwd: consumer })) as {
        readonly engine: string;
        readonly losses: readonly number[];
      };
      expect(result.engine).toBe("native");
      expect(result.losses).toHaveLength(20);
      expect(result.losses.at(-1)).toBeLessThan((result.losses[0] as number) / 2);
      // Rounded alike but for fused multiply-adds, which WebAssembly has not.
      expect(result.losses[0]).toBeCloseTo(losses?.[0] as number, 4);
    });

    test("doctor chooses it, says how much slower it is than the binary, and what to do", async () => {
      const { stdout } = await run("npx", ["cellwright", "doctor"], { cwd: consumer });
      expect(stdout).toMatch(/native cannot run/);
      expect(stdout).toMatch(/npm run build:native/);
      expect(stdout).toMatch(/native: WebAssembly, about \d+ times slower than .* <- chosen/);
    });

    test.each([
      { asked: "left to us", flags: [] },
      { asked: "asked for by name", flags: ["--engine", "native"] },
    ])("a search says that it runs in WebAssembly and how much slower that is, and runs, $asked", async ({ flags }) => {
      const { code, text } = await search(`wasm${flags.length}`, flags);
      expect(text).toMatch(
        /Only a slower engine is to be had: native \(WebAssembly\), about \d+ times slower than native/,
      );
      expect(code).toBe(0);
    });
  });

  describe("and without the WebAssembly module", () => {
    test("the native engine says what it wants", async () => {
      const native = await run("node", ["train.js", "native"], { cwd: consumer });
      expect(native.code).not.toBe(0);
      expect(native.stderr).toMatch(
        /Expected the native engine for \S+, in prebuilds\/ or built by "npm run build:native"/,
      );
      expect(native.stderr).toMatch(/WebAssembly module, in prebuilds\/ or built by "npm run build:native"/);
    });

    test("doctor says which engine is left, how much slower it is, and what to do", async () => {
      const { stdout } = await run("npx", ["cellwright", "doctor"], { cwd: consumer });
      expect(stdout).toMatch(/native cannot run/);
      expect(stdout).toMatch(/WebAssembly cannot run/);
      expect(stdout).toMatch(/npm install @tensorflow\/tfjs-node\b/);
      expect(stdout).toMatch(/reference: .* about \d+ times slower than native <- chosen/);
    });

    test("a search warns that only a slower engine is to be had, with how much slower, and runs", async () => {
      const { code, text } = await search("slow");
      expect(text).toMatch(/Only a slower engine is to be had: reference .* about \d+ times slower than native/);
      expect(code).toBe(0);
    });
  });
});
