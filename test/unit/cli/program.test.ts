/** @file The commands as a user meets them: help, errors, exit codes, and what runs without a study. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createColors } from "picocolors";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CellwrightError } from "../../../src/base/errors.ts";
import { reportFailure } from "../../../src/cli/failure.ts";
import { agrees, checkText, compared, type ExportCheck } from "../../../src/cli/export/check.ts";
import { engineFinding } from "../../../src/cli/doctor/examine.ts";
import { searchReference } from "../../../src/cli/commands/search.ts";
import { createProgram, runCli } from "../../../src/cli/program.ts";
import { progressIo } from "../../../src/cli/run-study.ts";
import { overridesOf } from "../../../src/cli/study-flags.ts";
import { applyOverrides, loadStudy, studyReference } from "../../../src/study/load.ts";
import { exportTargets } from "../../../src/export/index.ts";
import { defaultStudy } from "../../../src/study/default-study.ts";
import { memoryIo } from "./fixtures.ts";

const thisFile = fileURLToPath(import.meta.url);
const dir = mkdtempSync(join(tmpdir(), "cellwright-cli-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let home = "";
beforeEach(() => {
  home = process.cwd();
  vi.spyOn(process, "cwd").mockReturnValue(dir);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = memoryIo();
  const code = await runCli(args, io);
  return { code, out: io.out.text(), err: io.err.text() };
}

const commands = [
  "init",
  "search",
  "status",
  "top",
  "resume",
  "retrain",
  "train",
  "scale",
  "export",
  "import",
  "draw",
  "profile",
  "space",
  "doctor",
];
const all = [...commands, "space size", "space show", "space sample", "space check"];

async function commandOf(name: string) {
  let found: Awaited<ReturnType<typeof createProgram>> | undefined = await createProgram(memoryIo());
  for (const part of name.split(" ")) found = found?.commands.find((each) => each.name() === part);
  return found;
}

describe("help", () => {
  it("lists every command", async () => {
    const { code, out } = await cli("--help");
    expect(code).toBe(0);
    for (const name of commands) expect(out).toMatch(new RegExp(`^  ${name} `, "m"));
    expect(out).toContain("Exit codes: 0 done, 1 a fault of ours, 2 something to mend, 130 interrupted.");
  });

  it.each(all)("%s: examples that its own parser knows, every option described with its default", async (name) => {
    const { code, out } = await cli(...name.split(" "), "--help");
    expect(code).toBe(0);
    const examples = [...out.matchAll(/^ {2}\$ npx cellwright (.*?) +#/gm)].map((match) => (match[1] ?? "").trim());
    expect(examples.length).toBeGreaterThanOrEqual(2);
    const command = await commandOf(name);
    const known = [command, ...(command?.commands ?? [])].flatMap((each) => each?.options ?? []);
    const flags = new Set(known.flatMap((option) => [option.long, option.short]));
    for (const example of examples) {
      expect(`${example} `).toMatch(new RegExp(`^${name} `));
      for (const word of example.split(" ")) if (word.startsWith("-")) expect(flags).toContain(word);
    }
    for (const option of command?.options ?? []) expect(option.description.length, option.flags).toBeGreaterThan(10);
  });

  it("help <command> is <command> --help", async () => {
    expect(await cli("help", "top")).toEqual(await cli("top", "--help"));
    expect(await cli("help", "space", "check")).toEqual(await cli("space", "check", "--help"));
    expect(await cli("help")).toEqual(await cli("--help"));
  });

  it("search names the defaults that the built-in study has", async () => {
    const search = (await createProgram(memoryIo())).commands.find((command) => command.name() === "search");
    const named = new Map(
      search?.options.flatMap(({ description }) => {
        const match = /; default ([\w.,/]+?)[,:]? .*\(key ([\w.]+)\)$/.exec(description);
        return match === null ? [] : [[match[2], match[1]]];
      }),
    );
    const { evaluator, skeleton, budget, failedTrials = "skip", maxFailedShare = 0.5, seed = 0 } = defaultStudy;
    const data = evaluator.options["data"] as { train: number; validation: number };
    expect(named.get("evaluator.epochs")).toBe(String(evaluator.options["epochs"]));
    expect(named.get("evaluator.train")).toBe(data.train.toLocaleString("en"));
    expect(named.get("evaluator.validation")).toBe(data.validation.toLocaleString("en"));
    expect(named.get("skeleton.cellsPerStack")).toBe(String(skeleton?.["cellsPerStack"]));
    expect(named.get("skeleton.filters")).toBe(String(skeleton?.["filters"]));
    const [hours, parts] = (named.get("budget.hours") ?? "").split("/").map(Number);
    expect((hours ?? 0) / (parts ?? 1)).toBeCloseTo(budget?.hours ?? 0, 12);
    expect([named.get("failedTrials"), named.get("maxFailedShare"), named.get("seed")]).toEqual([
      failedTrials,
      String(maxFailedShare),
      String(seed),
    ]);
    for (const key of ["budget.trials", "budget.target", "constraints.maxParams", "constraints.maxMacs"]) {
      expect(named.get(key), key).toBe("none");
      const [head = "", tail = ""] = key.split(".");
      expect((defaultStudy as unknown as Record<string, Record<string, unknown>>)[head]?.[tail], key).toBeUndefined();
    }
  });

  it("prints the version", async () => {
    expect((await cli("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

it("names both of two subjects whose difference it prints, a network by name too", async () => {
  const { out } = await cli("draw", "resnet-18", "resnet-34", "--format", "text");
  expect(out).toMatch(/^- resnet-18, as published\n\+ resnet-34, as published\n {2}\d+ differences/);
});

describe("mistakes", () => {
  it.each([
    [["nope"], "cellwright: unknown command 'nope'"],
    [["space", "nope"], "cellwright: unknown command 'nope'"],
    [["space", "sample", "nasnet", "-n", "0"], '--count  Expected a whole number of 1 or more. Received: "0".'],
    [["help", "nope"], "cellwright: unknown command 'nope'"],
    [["draw"], "cellwright: missing required argument 'what'"],
    [["search", "--trails", "5"], "(Did you mean --trials?)"],
    [["search", "--trials", "ten"], '--trials  Expected a whole number of 1 or more. Received: "ten".'],
    [["top", "absent", "--results", dir], "absent  Expected the name of a study: there is none in"],
    [["profile", "absent", "--results", dir], "Networks by name: nasnet-a-cifar"],
    [["profile", "resnet50", "--results", dir], "Received: no such study. Did you mean resnet-50?"],
    [["profile", "mobilnet-v2@1.4", "--results", dir], 'Received: "1.4". Did you mean mobilenet-v2@1.4?'],
    [["draw", "nasnet-a@3", "--results", dir], "Received: no such study. Did you mean nasnet-a?"],
    [["space", "size", "nasnt"], "Received: no such space. Did you mean nasnet?"],
    [["profile", join(dir, "no.json")], "no.json  Expected a network as JSON. Received: no such file."],
    [["profile", "nasnet-a-cifar", "--trial", "3"], "--trial  Expected a study to take a trial from."],
    [["search", "--results", join(thisFile, "below")], "program.test.ts, which is a file."],
    [["search", join(dir, "none.config.ts")], 'none.config.ts  Expected a study file. Received: "no such file".'],
    [["init", "study.yaml"], "study.yaml  Expected a file that ends in .ts, .mts, .js or .mjs."],
    [["export", "x", "--to", "abacus"], `--to  Expected ${exportTargets.join(", ")}. Received: "abacus".`],
    [["export", "lenet-5", "--untrained", "--bytes"], '--bytes  Expected --to onnx. Received: "pytorch".'],
    [["draw", "nasnet-a", "--trial", "3"], "--trial  Expected a study to take a trial from."],
  ])("%j: exit 2, the complaint once, no stack", async (args, complaint) => {
    const { code, err } = await cli(...args);
    expect(code).toBe(2);
    expect(err).toContain(complaint);
    expect(err.split(complaint)).toHaveLength(2);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it("are told from faults, whose stack --verbose shows", () => {
    const io = memoryIo();
    const fault = new CellwrightError("internal", "Expected peace. Received: war.", { cause: new Error("the cause") });
    expect(reportFailure(fault, io, false)).toBe(1);
    expect(io.err.text()).toBe(
      "Expected peace. Received: war.\nThis is a fault of Cellwright. Run again with --verbose for the stack, and report it.\n",
    );
    expect(reportFailure(fault, io, true)).toBe(1);
    expect(io.err.text()).toMatch(/\n {4}at .*\ncaused by: the cause\n {4}at /s);
    const long = memoryIo();
    reportFailure(new CellwrightError("config", "first line\nsecond line"), long, true);
    expect(long.err.text().split("second line")).toHaveLength(2);
    expect(reportFailure(new CellwrightError("config", "x"), memoryIo(), false)).toBe(2);
    expect(reportFailure(new TypeError("x"), memoryIo(), false)).toBe(1);
  });

  it("are what the machine refuses, too, wherever it was met", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const io = memoryIo();
    expect(reportFailure(full, io, false)).toBe(2);
    expect(io.err.text()).toBe("ENOSPC: no space left on device, write\n");
    // A file of ours that is not there is no fault of the user's.
    expect(reportFailure(Object.assign(new Error("x"), { code: "ENOENT" }), memoryIo(), false)).toBe(1);
  });

  it("are coloured by where they are printed: standard error may be a file where standard output is a terminal", () => {
    const io = { ...memoryIo({ isTTY: true, color: true }), errColors: createColors(false) };
    reportFailure(new CellwrightError("config", "x"), io, false);
    expect(io.err.text()).toBe("x\n");
    expect(progressIo(io, true)).toMatchObject({ out: io.err, colors: io.errColors });
  });
});

describe("profile", () => {
  it("prints exactly three counts as JSON", async () => {
    expect((await cli("profile", "nasnet-a-cifar", "--json")).out).toBe(
      '{\n  "params": 3346538,\n  "total": 3383786,\n  "macs": 544333312\n}\n',
    );
  });

  it("takes a network at a multiplier, and says what is wrong with one", async () => {
    expect((await cli("profile", "mobilenet-v2@1.4", "--json")).out).toBe(
      '{\n  "params": 6108776,\n  "total": 6156712,\n  "macs": 582195824\n}\n',
    );
    const { code, err } = await cli("profile", "mobilenet-v2@wide");
    expect(code).toBe(2);
    expect(err).toContain("mobilenet-v2@wide  Expected a multiplier above 0 and up to 16, such as mobilenet-v2@0.5.");
  });

  it("names the file in which a network is wrong, and stops after a screenful", async () => {
    const file = join(dir, "wrong.json");
    const nodes = Array.from({ length: 30 }, (_, i) => ({ id: `n${i}`, op: "nothing", inputs: [], attributes: {} }));
    writeFileSync(file, JSON.stringify({ name: "wrong", nodes, outputs: { logits: "n0" } }));
    const { code, err } = await cli("profile", file);
    expect(code).toBe(2);
    const lines = err.trimEnd().split("\n");
    expect(lines).toHaveLength(11);
    for (const line of lines) expect(line).toMatch(/^wrong\.json: /);
    expect(lines.at(-1)).toMatch(/^wrong\.json: and \d+ more\.$/);
  });

  it("prints a table by part that adds up", async () => {
    const { out } = await cli("profile", "nasnet-a-proxy-n2-f16");
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    const params = rows.slice(1).map((row) => Number((row.at(-3) ?? "").replaceAll(",", "")));
    expect(rows.at(-1)?.[0]).toBe("all");
    expect(params.at(-1)).toBe(363_194);
    expect(params.slice(0, -1).reduce((sum, n) => sum + n, 0)).toBe(363_194);
    expect(rows.map((row) => row[0])).toContain("reduction1");
  });
});

describe("draw", () => {
  it("draws a published genotype", async () => {
    const out = join(dir, "pictures");
    const { code, out: text } = await cli("draw", "nasnet-a", "--out", out);
    expect(code).toBe(0);
    expect(text).toContain("Normal cell\n  b0 = sep 5×5(h)");
    expect(text).toContain("out = concat(h-1, b0, b1, b2, b3, b4)");
    for (const name of ["normal", "reduction"])
      expect(readFileSync(join(out, `${name}.svg`), "utf8")).toContain("nasnet-a, as published");
  });

  const example = (name: string): string => join(thisFile, "../../../examples", name);
  const pictures = async (...args: string[]): Promise<{ text: string; files: string[] }> => {
    const out = mkdtempSync(join(dir, "drawn-"));
    const { code, out: text, err } = await cli("draw", ...args, "--out", out);
    expect(err).toBe("");
    expect(code).toBe(0);
    return { text, files: readdirSync(out).toSorted((a, b) => (a < b ? -1 : 1)) };
  };

  it.each([
    { args: ["darts-v2", "--as", "pair"], files: ["cells.svg"], text: "n3 = identity(h-1) + dilated 3×3(n0)" },
    { args: ["nas-bench-201@best-cifar10"], files: ["cell.svg"], text: "n1 = conv 3×3(in)" },
    { args: ["amoebanet@5", "--format", "png"], files: ["normal.png", "reduction.png"], text: "Reduction cell" },
    { args: ["resnet-50"], files: ["network.svg"], text: "input     224×224×3" },
    { args: ["nasnet-a-mobile"], files: ["network.svg"], text: "cell0–3     ×4  28×28×264" },
    { args: ["nasnet-a", "--as", "network", "--format", "png"], files: ["network.png"], text: "reduction0" },
    {
      args: ["darts-v1", "darts-v2"],
      files: ["difference.svg"],
      text: "- n1 = identity(h-1) + sep 3×3(h)\n+ n1 = sep 3×3(h-1)  + sep 3×3(h)",
    },
    { args: ["darts@1", "darts@2", "--format", "text"], files: [], text: "- darts · sample 1\n+ darts · sample 2\n  " },
    { args: [example("small-cells.yaml") + "@by-hand"], files: ["normal.svg", "reduction.svg"], text: "squeezed3(b0)" },
    {
      args: ["nasnet-a-cifar", "nasnet-a-cifar-100"],
      files: ["difference.svg"],
      text: "- head            10 ",
    },
    { args: [example("chain.ts") + "@2"], files: ["network.svg"], text: "depth=" },
  ])("draws $args", async ({ args, files, text }) => {
    const drawn = await pictures(...args);
    expect(drawn.files).toEqual(files);
    expect(drawn.text).toContain(text);
  });

  it.each([
    [
      ["nasnet@first"],
      'nasnet@first  Expected nasnet-a, pnasnet-5, or the seed of a sample after the @. Received: "first".',
    ],
    [["chain.ts"], 'chain.ts  Expected a file with a space (.ts, .js, .yaml, .json). Received: "no such file".'],
    [["nasnet-a-cifar", "--as", "pair"], '--as  Expected network, for there are no cells to draw. Received: "pair".'],
    [["nasnet-a", "nasnet-a-cifar", "--as", "cells"], '--as  Expected network for a difference. Received: "cells".'],
    [["absent"], "absent  Expected a study, a model, a space, its file, a published genotype or a network by name"],
  ])("refuses %j, saying what there is", async (args, complaint) => {
    const { code, err } = await cli("draw", ...args, "--out", dir);
    expect(code).toBe(2);
    expect(err).toContain(complaint);
  });

  it("profiles what it draws", async () => {
    const counts = async (target: string): Promise<unknown> => {
      const { code, out } = await cli("profile", target, "--json");
      expect(code).toBe(0);
      return JSON.parse(out) as unknown;
    };
    expect(await counts("darts-v2")).toEqual(await counts("darts-v2-cifar"));
    expect(await counts(example("small-cells.yaml"))).not.toEqual(
      await counts(example("small-cells.yaml") + "@by-hand"),
    );
    const file = join(dir, "cells.json");
    const operations = { identity: { kind: "identity" }, conv3: { kind: "conv", kernel: 3 } };
    writeFileSync(file, JSON.stringify({ name: "json-cells", operations, cells: { normal: { blocks: 2 } } }));
    expect(await counts(file)).toMatchObject({ params: expect.any(Number) as number });
  });
});

describe("init", () => {
  it("writes a study that loads, once", async () => {
    const file = join(dir, "mine.config.ts");
    expect((await cli("init", file)).code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain("npx cellwright search mine.config.ts");
    const again = await cli("init", file);
    expect(again.code).toBe(2);
    expect(again.err).toContain("replace it with --force");
    expect((await cli("init", file, "--force")).code).toBe(0);
    vi.restoreAllMocks();
    expect(process.cwd()).toBe(home);
    const definition = await loadStudy(studyReference(file));
    expect(definition.space.name).toBe("nasnet");
    expect(definition.budget).toEqual({ trials: 200, hours: 6 });
    expect(existsSync(join(dir, "results"))).toBe(false);
  });
});

describe("flags of a study", () => {
  it("are keys of a study, every one", async () => {
    const search = (await createProgram(memoryIo())).commands.find((command) => command.name() === "search");
    const flags = search?.options.filter((option) => option.description.includes("(key ") && option.required) ?? [];
    expect(flags.length).toBeGreaterThan(15);
    const sample: Record<string, string> = {
      "--engine": "native",
      "--failed-trials": "stop",
      "--max-failed-share": "0.25",
    };
    for (const option of flags) {
      if (option.long === "--name") continue;
      const key = /\(key ([\w.]+)\)/.exec(option.description)?.[1] ?? "";
      // The flag is the key's last part in kebab case.
      expect(option.attributeName()).toBe(key.split(".").at(-1));
      const value = option.parseArg?.(sample[option.long ?? ""] ?? "7", undefined) as unknown;
      const overrides = overridesOf({ [option.attributeName()]: value });
      const [head = "", tail] = key.split(".");
      expect(overrides).toEqual({ [head]: tail === undefined ? value : { [tail]: value } });
      const changed = applyOverrides(defaultStudy, overrides) as unknown as Record<string, Record<string, unknown>>;
      if (head === "evaluator") expect(changed["evaluator"]?.["key"]).not.toBe(defaultStudy.evaluator.key);
      else expect(tail === undefined ? changed[head] : changed[head]?.[tail]).toBe(value);
    }
  });

  it("stand beside what is searched: a file by its path, the built-in study by its name", async () => {
    expect(searchReference("a.config.ts", {}).module).toBe(join(dir, "a.config.ts"));
    const builtIn = searchReference(undefined, { seed: 3 });
    // No path: a study outlives an upgrade or a move of the package.
    expect(builtIn.module).not.toContain("/");
    expect(await loadStudy(builtIn)).toMatchObject({ name: defaultStudy.name, seed: 3 });
  });

  it("come together in one override", () => {
    expect(overridesOf({ trials: 5, hours: 2, epochs: 3, workers: 4, other: 1 })).toEqual({
      budget: { trials: 5, hours: 2 },
      evaluator: { epochs: 3 },
      workers: 4,
    });
  });
});

describe("the check of an export", () => {
  const check: ExportCheck = {
    checked: true,
    difference: 3e-6,
    largest: 1,
    images: 32,
    runtime: "torch 2.1",
    params: 5,
  };
  const none: ExportCheck = { checked: false, reason: "no PyTorch", broken: false };

  it("says that logits agree only where they do", () => {
    expect(checkText(check, "PyTorch")).toBe("logits agree with ours: 3e-6 of their largest on 32 images (torch 2.1)");
    expect(checkText({ ...check, difference: 0.2 }, "PyTorch")).toMatch(
      /^LOGITS DIFFER FROM OURS: 2e-1 of their largest/,
    );
    expect(checkText({ ...check, difference: Number.NaN }, "PyTorch")).toMatch(/^LOGITS DIFFER/);
    expect(checkText(none, "PyTorch")).toBe("not checked against PyTorch: no PyTorch");
    expect(checkText({ ...none, reason: "NameError: x", broken: true }, "PyTorch")).toBe(
      "DOES NOT RUN IN PYTORCH: NameError: x",
    );
    expect([check, { ...check, difference: Number.NaN }, { ...none, broken: true }, none].map(agrees)).toEqual([
      true,
      false,
      false,
      undefined,
    ]);
  });

  it("takes a missing logit and NaN for a difference", () => {
    const given = { images: new Float32Array(2), imageShape: [2, 1, 1, 1], logits: Float32Array.of(1, -4) } as const;
    const of = (theirs: number[]) => compared(given, theirs, { runtime: "x" });
    expect(of([1, -4.5])).toMatchObject({ difference: 0.5, largest: 4, images: 2 });
    for (const wrong of [[1], [1, Number.NaN], [Number.NaN, -4], [1, -4, 0], []])
      expect(agrees(of(wrong)), wrong.join()).toBe(false);
  });
});

describe("doctor's findings", () => {
  it("say of an engine what it means", () => {
    const base = { name: "tfjs", target: "cpu", reason: "found" } as const;
    expect(engineFinding({ ...base, available: true, chosen: true, slowdown: 1500 })).toEqual({
      topic: "engines",
      state: "warning",
      text: "tfjs: cpu, about 1500 times slower than native <- chosen",
    });
    expect(
      engineFinding({ ...base, available: false, chosen: false, reason: "not installed\nmore", advice: "npm i" }),
    ).toEqual({ topic: "engines", state: "missing", text: "tfjs: cpu cannot run: not installed", advice: "npm i" });
    expect(
      engineFinding({ name: "native", target: "AVX2", available: true, chosen: true, reason: "", slowdown: 1 }).state,
    ).toBe("ok");
  });
});
