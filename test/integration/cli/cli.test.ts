/** @file The built command, as a user runs it: a study from a file through search, Ctrl-C, resume and everything after it. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../../src/export/index.ts";
import { costOf, validateNetwork } from "../../../src/network/index.ts";
import { builtPath } from "../../support/built.ts";

const main = builtPath("src/cli/main.js");
const dir = mkdtempSync(join(tmpdir(), "cellwright-cli-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const env = { ...process.env, NO_COLOR: "1", CELLWRIGHT_PYTHON: "/nowhere/python", CELLWRIGHT_DATA: dir };

function cliWith(more: Readonly<Record<string, string>>, ...args: string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: dir,
    encoding: "utf8",
    env: { ...env, ...more },
  });
  return { code: status, out: stdout, err: stderr };
}

function cli(...args: string[]): Run {
  return cliWith({}, ...args);
}

function json(...args: string[]): unknown {
  const { code, out, err } = cli(...args, "--json");
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}

/** A study whose measure needs no training: small networks are better, one in eight fails. */
const studyFile = (pauseMs: number): string => `
import { defineStudy } from "cellwright";
import { agingEvolution } from "cellwright/controllers";
import { functional } from "cellwright/evaluators";
import { nasnet } from "cellwright/spaces";

export default defineStudy({
  space: nasnet,
  skeleton: { cellsPerStack: 1, filters: 4 },
  controller: agingEvolution({ populationSize: 4, sampleSize: 2 }),
  evaluator: functional("toy", async ({ network, task, report }) => {
    await report(1, 0.1);
    await new Promise((resolve) => setTimeout(resolve, ${pauseMs}));
    if (task.trial % 8 === 5) throw new Error("trial of the failing kind");
    return 1 / (1 + network.nodes.length / 1000);
  }, { measures: ["accuracy"] }),
  budget: { trials: 12 },
  workers: 2,
});
`;

interface StatusJson {
  readonly trials: {
    readonly complete: number;
    readonly failed: number;
    readonly duplicates: number;
    readonly pruned: number;
    readonly unfinished: number;
  };
  readonly best: { readonly trial: number; readonly values: readonly number[] };
}

interface TopJson {
  readonly rank: number;
  readonly trial: number;
  readonly value: number;
  readonly params: number;
  readonly macs: number;
  readonly genotype: Readonly<Record<string, number>>;
}

describe("a study from a file", () => {
  let search: Run;
  beforeAll(() => {
    writeFileSync(join(dir, "toy.config.ts"), studyFile(20));
    search = cli("search", "toy.config.ts", "--seed", "3");
  });

  it("searches to its end, and says what came of it", () => {
    expect(search.err).toBe("");
    expect(search.code).toBe(0);
    const lines = search.out.split("\n");
    expect(lines[0]).toContain("toy   nasnet (5.2e36 candidates) · aging evolution · toy · 2 workers");
    expect(search.out).toContain("trial 5 failed: trial of the failing kind. Details: results/toy/trials/5/trial.log");
    expect(lines.filter((line) => /^ *\d+\/12 {2}trial \d+/.test(line)).length).toBe(11);
    expect(search.out).toMatch(/The best of 12 trials in /);
    expect(search.out).toContain("report  results/toy/report.md");
    expect(search.out).toContain("npx cellwright resume toy");
    expect(search.out).not.toContain("\u001B");
  });

  it("leaves everything under results/", () => {
    const at = (path: string): string => join(dir, "results/toy", path);
    expect(readdirSync(at("charts")).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "accuracy-macs.png",
      "accuracy-params.png",
      "best-so-far.png",
      "operations.png",
    ]);
    expect(readdirSync(at("cells")).toSorted((a, b) => a.localeCompare(b))).toEqual(["normal.svg", "reduction.svg"]);
    expect(readdirSync(at("best")).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "architecture.svg",
      "genotype.json",
      "model.py",
      "network.json",
      "README.md",
      "weights.safetensors",
    ]);
    const report = readFileSync(at("report.md"), "utf8");
    for (const [, path] of report.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g))
      expect(existsSync(at(path ?? "")), path).toBe(true);
    expect(report).toContain("trial of the failing kind");
    const log = readFileSync(at("study.log"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string });
    expect(log.filter(({ msg }) => msg === "trial-finished")).toHaveLength(12);
  });

  it("ranks by value, and its winner is what best/ holds", () => {
    const top = json("top", "toy", "--count", "20") as TopJson[];
    const values = top.map(({ value }) => value);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(top.map(({ rank }) => rank)).toEqual(top.map((_, index) => index + 1));
    const best = JSON.parse(readFileSync(join(dir, "results/toy/best/genotype.json"), "utf8")) as {
      trial: number;
      genotype: object;
    };
    expect([best.trial, best.genotype]).toEqual([top[0]?.trial, top[0]?.genotype]);
    const network = validateNetwork(JSON.parse(readFileSync(join(dir, "results/toy/best/network.json"), "utf8")));
    expect(costOf(network)).toMatchObject({ params: top[0]?.params, macs: top[0]?.macs });
    expect(json("profile", join(dir, "results/toy/best/network.json"))).toEqual({
      params: top[0]?.params,
      total: costOf(network).total,
      macs: top[0]?.macs,
    });
    expect(json("profile", "toy")).toEqual(json("profile", "toy", "--trial", String(top[0]?.trial)));
  });

  it("goes on with a larger budget, and not without", () => {
    expect(cli("resume", "toy").code).toBe(0);
    expect((json("status", "toy") as StatusJson).trials).toMatchObject({ unfinished: 0 });
    const summary = json("resume", "results/toy", "--trials", "16") as {
      study: string;
      trials: StatusJson["trials"];
      top: TopJson[];
      scaled: { params: number; largestThatFits: boolean }[];
      report: string;
    };
    expect(summary.study).toBe("toy");
    expect(summary.top).toEqual(json("top", "toy"));
    expect(summary.trials).toEqual((json("status", "toy") as StatusJson).trials);
    expect(summary.scaled.at(-1)?.largestThatFits).toBe(true);
    expect(existsSync(summary.report)).toBe(true);
    const { trials } = json("status", "toy") as StatusJson;
    expect(trials.complete + trials.failed + trials.duplicates + trials.pruned).toBe(16);
    expect(json("status") as StatusJson[]).toHaveLength(1);
  });

  it("draws, scales and exports its best", () => {
    const drawn = cli("draw", "toy");
    expect(drawn.out).toContain("Normal cell\n  b0 = ");
    expect(drawn.out.trimEnd().endsWith("results/toy/cells/normal.svg  results/toy/cells/reduction.svg")).toBe(true);
    const rows = json("scale", "toy", "--max-macs", "60M", "--out", "large.json") as {
      params: number;
      macs: number;
      largestThatFits: boolean;
    }[];
    const last = rows.at(-1);
    expect(last?.largestThatFits).toBe(true);
    expect(last?.macs).toBeLessThanOrEqual(60e6);
    expect(costOf(validateNetwork(JSON.parse(readFileSync(join(dir, "large.json"), "utf8"))))).toMatchObject({
      params: last?.params,
      macs: last?.macs,
    });
    const refused = cli("export", "toy");
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/Expected a retrained trial, which has weights\..*cellwright retrain toy --trial \d+/);
    expect(cli("export", "toy", "--untrained", "--out", "model").out).toBe(
      "model/model.py, weights.safetensors, README.md, architecture.svg · not checked against PyTorch: no PyTorch found by /nowhere/python (set CELLWRIGHT_PYTHON to a Python that has it)\n",
    );
    expect(readdirSync(join(dir, "model"))).toHaveLength(4);
    const card = readFileSync(join(dir, "model/README.md"), "utf8");
    expect(card).toMatch(
      /^\| found by \| aging evolution in the space nasnet \(version \d+\), study toy: trial \d+ of 16 \(\d+ complete, \d+ failed\), \d+ \w+ of compute in all trials, \d+ \w+ of wall time \|$/m,
    );
    expect(card).toMatch(/^\| latency \| [\d.]+ ms for one image, the median of 11: native engine/m);
    expect(card).toContain("| recipe | not known: the evaluator toy does not say |");
    expect(card).toMatch(/^\| accuracy in the search \| 0\.\d{4} \| 1 \|$/m);
    expect(card).toContain("Normal cell\n  b0 = ");
    expect(cli("export", "nasnet-a").err).toContain("Export it with --untrained.");
    expect(cli("export", "lenet-5", "--untrained", "--no-check").out).toBe(
      "lenet-5-pytorch/model.py, weights.safetensors, README.md, architecture.svg\n",
    );
    expect(cli("export", "lenet-5", "--untrained", "--no-check", "--to", "onnx", "--bytes").out).toBe(
      "lenet-5-onnx/model.onnx, README.md, architecture.svg\n",
    );
  });

  it("searches by which coefficients its best should grow, and then grows it by them", () => {
    const flags = ["--search", "--levels", "1"];
    const begun = cli("scale", "toy", ...flags, "--trials", "4");
    expect(begun.code).toBe(0);
    expect(begun.out).toContain("The grid of toy: coefficients at phi = 1");
    // Half a grid has no say.
    expect(cli("scale", "toy", "--phi", "1").out).toContain("(EfficientNet's: toy-scaling is not done)");
    const found = json("scale", "toy", ...flags, "--trials", "100") as {
      chosen: { alpha: number; beta: number; gamma: number };
      isGridDone: boolean;
      points: { trial: number; method: string; isOnTarget: boolean; isChosen: boolean; value?: number }[];
    };
    expect(found.isGridDone).toBe(true);
    const chosen = found.points.filter(({ isChosen }) => isChosen);
    expect(chosen).toHaveLength(1);
    expect(chosen[0]).toMatchObject({ method: "compound", isOnTarget: true });
    const { alpha, beta, gamma } = found.chosen;
    const grown = cli("scale", "toy", "--phi", "1").out;
    expect(grown).toContain(`${alpha}, ${beta}, ${gamma} (found by toy-scaling, trial ${chosen[0]?.trial})`);
    expect(cli("scale", "nasnet-a", "--phi", "0", "--coefficients", "toy-scaling").out).toContain(
      "found by toy-scaling",
    );
    expect(existsSync(join(dir, "results/toy-scaling/charts/scaling.png"))).toBe(true);
    expect(readFileSync(join(dir, "results/toy-scaling/report.md"), "utf8")).toContain("## How toy should grow");
    const other = cli("scale", "toy", ...flags, "--step", "0.2");
    expect(other.code).toBe(2);
    expect(other.err).toContain("a search of another architecture or grid");
    rmSync(join(dir, "results/toy-scaling"), { recursive: true });
  });

  it("prints JSON and nothing else with --json, whatever the command", () => {
    const commands = [
      ["status"],
      ["status", "toy"],
      ["top", "toy"],
      ["resume", "toy"],
      ["scale", "toy"],
      ["export", "toy", "--untrained"],
      ["draw", "toy"],
      ["profile", "toy"],
      ["space", "size", "nasnet"],
      ["space", "show", "nasnet"],
      ["space", "sample", "nasnet"],
      ["space", "check", "nasnet", "-n", "3"],
      ["doctor"],
      ["search", "toy.config.ts", "--name", "json", "--trials", "2"],
      ["retrain", "json", "--epochs", "1"],
      [
        "train",
        "lenet-5",
        "--name",
        "digits",
        "--dataset",
        "synthetic",
        "--train",
        "64",
        "--validation",
        "32",
        "--epochs",
        "1",
      ],
      ["import", "large.json", "--name", "large"],
    ];
    // Every command but init, which prints no table.
    const help = cli("--help").out.matchAll(/^ {2}([a-z]+) \[?[[<a-z]/gm);
    const names = [...help].map(([, name]) => name).filter((name) => name !== "init" && name !== "help");
    expect(new Set(commands.map(([name]) => name))).toEqual(new Set(names));
    for (const command of commands) {
      const { code, out } = cli(...command, "--json");
      expect(() => JSON.parse(out) as unknown, `${command.join(" ")}: ${out.slice(0, 200)}`).not.toThrow();
      expect(code, command.join(" ")).toBe(0);
    }
    for (const name of ["json", "digits", "large"]) rmSync(join(dir, "results", name), { recursive: true });
  });

  it("fails an export that PyTorch runs to other logits, or can't run; test/interop shows one that agrees", () => {
    const python = join(dir, "python");
    const stand = (answer: string): Run => {
      writeFileSync(python, `#!/bin/sh\ncase "$2" in *"\nimport torch") ;; *) ${answer} ;; esac\n`, { mode: 0o755 });
      return cliWith({ CELLWRIGHT_PYTHON: python }, "export", "toy", "--untrained", "--out", "model");
    };
    expect(stand(`echo '{ "logits": [[0]], "params": 1, "runtime": "torch 2.1" }'`)).toMatchObject({
      code: 1,
      out: expect.stringContaining("LOGITS DIFFER FROM OURS") as string,
    });
    expect(stand("echo 'NameError: x' >&2; exit 1")).toMatchObject({
      code: 1,
      out: expect.stringContaining("DOES NOT RUN IN PYTORCH: NameError: x") as string,
    });
  });

  it("says how much of an ONNX export was folded, and has no latency in the card of one that differs; test/interop/pip shows one that agrees", () => {
    const python = join(dir, "python");
    // Stands for ONNX Runtime: its logits are no numbers of ours, and its time is known.
    const stand = (logits: string): Run => {
      const answer = `echo '{ "logits": ${logits}, "runtime": "onnxruntime 1.0", "latencyMs": 1.25 }'`;
      writeFileSync(python, `#!/bin/sh\n[ "$2" = "import onnxruntime, numpy" ] || { ${answer}; }\n`, { mode: 0o755 });
      const args = ["resnet-20-cifar", "--untrained", "--to", "onnx", "--fold-batch-norm", "--out", "folded"];
      return cliWith({ CELLWRIGHT_PYTHON: python }, "export", ...args);
    };
    expect(stand("[[0]]")).toMatchObject({ code: 1, out: expect.stringContaining("1.25 ms for one image") as string });
    const card = (): string => readFileSync(join(dir, "folded/README.md"), "utf8");
    expect(card()).toMatch(/\| batch normalisations \| (\d+) of \1 folded/);
    // What differs has no figure to show.
    expect(card()).not.toContain("1.25 ms");
    expect(card()).toMatch(/^\| latency \| [\d.]+ ms for one image, the median of 11: native engine/m);
  });

  it("is listed beside one that can't be read, which is named", () => {
    mkdirSync(join(dir, "results/broken"));
    writeFileSync(join(dir, "results/broken/study.db"), "no database");
    const { code, out, err } = cli("status");
    expect(code).toBe(2);
    expect(out).toMatch(/^toy +\d+/m);
    expect(err).toContain("results/broken/study.db");
    rmSync(join(dir, "results/broken"), { recursive: true });
  });

  it("is not begun twice, nor under a name that is none", () => {
    const again = cli("search", "toy.config.ts");
    expect(again.code).toBe(2);
    expect(again.err).toContain("cellwright resume toy");
    expect(cli("search", "toy.config.ts", "--name", "../up").code).toBe(2);
    expect(cli("top", "toy", "--count", "0").code).toBe(2);
    expect(cli("draw", "toy", "--trial", "99").err).toContain("--trial  Expected a trial from 0 to 15. Received: 99.");
  });
});

describe("Ctrl-C", () => {
  it("ends with 130, keeps what ran, and resume finishes it", { timeout: 120_000 }, async () => {
    writeFileSync(join(dir, "slow.config.ts"), studyFile(400));
    const child = spawn(process.execPath, [main, "search", "slow.config.ts", "--trials", "8"], {
      cwd: dir,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      // As soon as two trials have ended, so that something is there to keep.
      if (/2\/8 {2}trial/.test(out) && !child.killed) child.kill("SIGINT");
    });
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(out).toContain("stopping (press Ctrl-C again to stop at once)");
    expect(out).toMatch(/stopped\. .*Go on by `cellwright resume slow`/);
    const before = (json("status", "slow") as StatusJson).trials;
    expect(before.complete).toBeGreaterThanOrEqual(2);
    expect(before.complete + before.failed).toBeLessThan(8);
    expect(cli("resume", "slow").code).toBe(0);
    const { trials } = json("status", "slow") as StatusJson;
    expect([trials.complete + trials.failed + trials.duplicates, trials.unfinished]).toEqual([8, 0]);
  });
});

describe("Ctrl-C twice", () => {
  it("ends at once, whatever the trials are at", { timeout: 120_000 }, async () => {
    // Its trials take five minutes and listen to nothing.
    writeFileSync(join(dir, "deaf.config.ts"), studyFile(300_000));
    const child = spawn(process.execPath, [main, "search", "deaf.config.ts"], {
      cwd: dir,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    let again = 0;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (again === 0 && out.includes("press Ctrl-C again")) {
        again = performance.now();
        child.kill("SIGINT");
      }
    });
    const started = join(dir, "results/deaf/study.log");
    while (!existsSync(started) || !readFileSync(started, "utf8").includes("trial-step")) await setTimeout(100);
    child.kill("SIGINT");
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(out).toContain("stopping now");
    // Far from the five minutes; the second itself takes about one second.
    expect(performance.now() - again).toBeLessThan(30_000);
    expect((json("status", "deaf") as StatusJson).trials).toMatchObject({ complete: 0, unfinished: 2 });
  });
});

describe("a reader that goes away", () => {
  it("is no error, and ends no search", async () => {
    writeFileSync(join(dir, "piped.config.ts"), studyFile(20));
    const child = spawn(process.execPath, [main, "search", "piped.config.ts"], {
      cwd: dir,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    expect([code, err]).toEqual([0, ""]);
    expect((json("status", "piped") as StatusJson).trials).toMatchObject({ unfinished: 0 });
  });
});

describe("a study that comes to nothing", () => {
  it("says what went wrong, retrains nothing, and ends with 2", () => {
    writeFileSync(
      join(dir, "vain.config.ts"),
      studyFile(0)
        .replace("task.trial % 8 === 5", "task.trial >= 0")
        .replace("budget: { trials: 12 }", "budget: { trials: 4 }, retrain: { top: 1, epochs: 1 }"),
    );
    const { code, out, err } = cli("search", "vain.config.ts");
    expect([code, err]).toEqual([2, ""]);
    expect(out).toContain("  4 trials: trial of the failing kind");
    expect(out).not.toContain("Retraining");
    expect(cli("retrain", "vain", "--epochs", "1")).toMatchObject({
      code: 2,
      out: "",
      err: "vain  Expected at least one complete trial. Received: none yet.\n",
    });
  });
});

describe("a study that trains", () => {
  it("retrains its best and exports the trained weights", { timeout: 300_000 }, () => {
    writeFileSync(
      join(dir, "train.config.ts"),
      `
import { defineStudy } from "cellwright";
import { random } from "cellwright/controllers";
import { proxyTraining, synthetic } from "cellwright/evaluators";
import { nasnet } from "cellwright/spaces";

export default defineStudy({
  space: nasnet,
  skeleton: { cellsPerStack: 1, filters: 2 },
  controller: random(),
  evaluator: proxyTraining({ data: synthetic({ train: 64, validation: 50 }), epochs: 1 }),
  budget: { trials: 3 },
  workers: 2,
  retrain: {
    top: 1,
    epochs: 2,
    evaluator: proxyTraining({ data: synthetic({ train: 96, validation: 40 }), epochs: 2 }),
  },
});
`,
    );
    const { code, out, err } = cli("search", "train.config.ts");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/Retraining the best one for 2 epochs/);
    expect(out).toMatch(/trial \d+ {2}accuracy 0\.\d{4} retrained, 0\.\d{4} in the search/);
    expect(out).toMatch(/The baseline: resnet-18-cifar, width \d+ \(.*\), trained as trial \d+ was/);
    expect(out).toMatch(/^ +baseline .* 0\.\d{4} \(1 seed\) +resnet-18-cifar, width \d+$/m);
    expect(readFileSync(join(dir, "results/train/report.md"), "utf8")).toMatch(
      /^resnet-18-cifar, width \d+ .* trained for 2 epochs by the winner's recipe/m,
    );
    const [best] = json("top", "train") as (TopJson & { retrained: number[] })[];
    expect(best?.retrained).toHaveLength(1);
    const exported = cli("export", "train", "--out", "trained");
    expect(exported.code).toBe(0);
    const { tensors } = decodeSafetensors(readFileSync(join(dir, "trained/weights.safetensors")));
    const statistics = [...tensors]
      .filter(([name]) => name.endsWith("running_mean"))
      .flatMap(([, tensor]) => [...tensor.data]);
    // Moving statistics begin at 0: these have moved.
    expect(statistics.some((value) => value !== 0)).toBe(true);
    const card = readFileSync(join(dir, "trained/README.md"), "utf8");
    // The data is what the weights were trained on, not the search's.
    expect(card).toContain("| data | synthetic images 96/40 |");
    expect(card).toContain("accuracy after retraining for 2 epochs, 40 validation images");
    expect(card).toContain("accuracy in the search, 50 validation images");
    expect(card).toMatch(/divided by the standard deviation/);
    expect(card).toMatch(/^\| recipe \| nasnet-cifar \(NASNet's for a few epochs\): SGD, batch \d+/m);
    expect(card).toMatch(/study train: trial \d+ of 3 \(3 complete\), \d+ \w+ of compute in all trials/);
    // Shorter retraining, of more than there are workers: the longer one's weights stay what is exported.
    const more = cli("retrain", "train", "--top", "3", "--epochs", "1", "--seeds", "2");
    expect([more.code, more.err]).toEqual([0, ""]);
    // What it will cost stands there before anything runs.
    expect(more.out).toMatch(
      /^(trial \d+ {2}[\d,]+ params {2}[\d.]+ [kM]MAC\n){3}\nRetraining 3 candidates for 1 epoch, 2 seeds each\n/,
    );
    const all = json("top", "train") as (TopJson & { retrained: number[] })[];
    // Two runs each; of the one that was trained for longer before, that one counts.
    expect(all.map(({ retrained }) => retrained.length).toSorted((a, b) => a - b)).toEqual([1, 2, 2]);
    expect(cli("export", "train", "--trial", String(best?.trial), "--out", "again").code).toBe(0);
    // Of several seeds the card has mean and spread, and says which these weights are.
    const other = all.find(({ retrained }) => retrained.length === 2)?.trial;
    expect(cli("export", "train", "--trial", String(other), "--no-check", "--out", "seeds").code).toBe(0);
    const seeds = readFileSync(join(dir, "seeds/README.md"), "utf8");
    expect(seeds).toMatch(
      /^\| accuracy after retraining for 1 epoch, 40 validation images \| [\d.]+ ± [\d.]+ \| 2 \|$/m,
    );
    expect(seeds).toMatch(
      /^\| the same of these weights, the best of the 2 by these images \(seed \d+\) \| [\d.]+ \| 1 \|$/m,
    );
    const weights = (folder: string): Buffer => readFileSync(join(dir, folder, "weights.safetensors"));
    expect(weights("again").equals(weights("trained"))).toBe(true);
  });
});
