/**
 * @file Plans of the engine suites' kinds, saved and run without Node: under the address and undefined-behaviour sanitizers, under valgrind, and for
 * 64-bit ARM under an emulator. They come to the numbers that they gave in Node, touch no memory that isn't theirs, and what was tampered with is refused.
 * `npm run check:plans` does the same with every plan that the engine suites open, `npm run fuzz:plans` with as many mutations as one wants.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBinding, type NativeTarget } from "../../../src/engines/native/binding.ts";
import { encodeSavedPlan } from "../../../src/engines/native/saved-plan.ts";
import { run } from "../../support/commands.ts";
import { buildRunner, describeRunner, runPlans } from "../../support/runner.ts";
import { saveSmallPlans, smallCases } from "../../support/small-plans.ts";
import { findOp, headerWord, opWord, tamperedPlan, type Words } from "../../support/tampered-plans.ts";

const folder = mkdtempSync(path.join(tmpdir(), "cellwright-plans-"));
const targets: readonly NativeTarget[] = loadBinding()
  .targets()
  .filter(({ name }) => name !== "avx512");
let files: readonly string[] = [];
// Compiling takes longer than all else: begun now, while plans are saved and the first tests run.
for (const flavour of ["sanitize", "release", "arm64"] as const) void buildRunner(flavour);
const ofWidth = (width: number): readonly string[] => files.filter((file) => file.endsWith(`-${width}.plan`));

beforeAll(async () => {
  files = await saveSmallPlans(folder, targets);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The target of width 4 on this machine. */
const name4 = (targets.find(({ width }) => width === 4) as NativeTarget).name;

interface Tampered {
  readonly title: string;
  readonly net: "small" | "tall";
  readonly change: (words: Words) => void;
  readonly args?: readonly string[];
  /** What the runner prints. */
  readonly says: RegExp;
}

const tampered: readonly Tampered[] = [
  ...[2 ** 31, 1e12].map((time): Tampered => ({
    title: `an operation at time ${time}`,
    net: "small",
    change: ({ training }) => training.set([time], findOp(training, "separable") + opWord.time),
    says: /kind or time/u,
  })),
  {
    title: "a separable convolution of stride 0",
    net: "small",
    change: ({ training }) => training.set([0, 0], findOp(training, "separable") + opWord.strideH),
    says: /geometry/u,
  },
  {
    title: "an evaluation that names a row of masks which training doesn't have",
    net: "small",
    change: ({ evaluation }) => {
      evaluation[headerWord.masks] = 1000;
      evaluation[findOp(evaluation, "maxPool") + opWord.mask] = 999;
    },
    // On room of its own.
    says: /3 runs, loss/u,
  },
  {
    title: "rows beyond what an int counts",
    net: "tall",
    change: ({ training }) => training.set([2 ** 20], findOp(training, "map") + opWord.strideH),
    says: /geometry/u,
  },
  {
    title: "a window far larger than its image",
    net: "small",
    change: ({ evaluation }) => evaluation.set([2 ** 20], findOp(evaluation, "maxPool") + opWord.kernelH),
    says: /3 runs, loss/u,
  },
  ...(["arena", "statistics"] as const).map((area): Tampered => ({
    title: `${area} of two terabytes`,
    net: "small",
    change: ({ evaluation }) => evaluation.set([5e11], headerWord[area]),
    says: /a session of at most 2048 MiB of memory\. Received one of \d{7} MiB/u,
  })),
  {
    title: "segments that overlap",
    net: "small",
    change: (words) => (words.segments = Float64Array.from([...words.segments, ...words.segments])),
    says: /segments apart from each other/u,
  },
  {
    title: "a segment that begins within a vector",
    net: "small",
    change: ({ segments }) => segments.set([(segments[0] as number) + 1, 4]),
    says: /segments of whole vectors/u,
  },
  {
    title: "more work than is allowed",
    net: "small",
    change: () => {},
    args: ["--work", "10000"],
    says: /of less work/u,
  },
];

/** Writes bytes to a file of the folder. */
function write(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

describeRunner("under the address and undefined-behaviour sanitizers", "sanitize", [], () => {
  let runner = "";
  beforeAll(async () => {
    runner = await buildRunner("sanitize");
  });

  it("every plan runs clean, to the numbers that Node got", async () => {
    expect(files.length).toBe(targets.length * smallCases().length);
    const ran = await runPlans([runner], files);
    expect(ran.stderr).toBe("");
    const lines = ran.stdout.trim().split("\n");
    expect(lines.filter((line) => line.startsWith("ok ")).length, ran.stdout).toBe(files.length);
    expect(ran.code).toBe(0);
  });

  it("with three threads too", async () => {
    const ran = await runPlans([runner], ["--threads", "3", ...files.slice(0, 12), ...files.slice(-12)]);
    expect(ran.stderr).toBe("");
    expect(ran.code, ran.stdout).toBe(0);
  });

  it("other numbers than those of the file are told", async () => {
    const bytes = Uint8Array.from(readFileSync(files[0] as string));
    // The last number of the last run's results: a gradient, or a logit where that run is an evaluation.
    new DataView(bytes.buffer).setFloat32(bytes.length - 8, 0.5, true);
    const ran = await runPlans([runner], [write("other.plan", bytes)]);
    expect(ran.stdout).toMatch(/^BAD .*(?:logits|gradients) [1-9]\.\de-0[01](?:,| off)/u);
    expect(ran.code).toBe(1);
  });

  it("files that are no plans, or cut short, or too long are refused", async () => {
    const bytes = Uint8Array.from(readFileSync(files[0] as string));
    const cuts = [0, 7, 8, 20, 63, 64, 100, 1000, bytes.length - 8, bytes.length - 1].map((length) =>
      write(`cut-${length}.plan`, bytes.subarray(0, length)),
    );
    const long = write("long.plan", Uint8Array.from([...bytes, 0, 0, 0, 0, 0, 0, 0, 0]));
    // Version 1, which knew SGD alone.
    const old = Uint8Array.from(bytes);
    old[8] = 1;
    const missing = path.join(folder, "missing.plan");
    const ran = await runPlans([runner], [...cuts, long, missing, write("old.plan", old)]);
    expect(ran.stderr).toBe("");
    const lines = ran.stdout.trim().split("\n");
    expect(lines.length).toBe(13);
    expect(lines.at(-1)).toMatch(/wrong version/u);
    for (const line of lines) expect(line).toMatch(/^BAD .*Expected a saved plan\. Received one with a wrong/u);
    expect(ran.code).toBe(1);
  });

  it("5,000 mutated plans are refused or do no harm", async () => {
    // Larger ones take longer and find no more.
    const small = files.filter((file) => statSync(file).size < 300_000);
    const ran = await runPlans([runner], ["--fuzz", "5000", "--seed", "1", ...small]);
    expect(ran.stderr).toBe("");
    expect(ran.code, ran.stdout).toBe(0);
    const [, count, refused, done] = /^(\d+) mutated plans .* (\d+) refused, (\d+) ran/u.exec(ran.stdout) ?? [];
    expect(Number(count)).toBe(5000);
    // Most are refused by a check of their words; what gets past all checks is what runs into the kernels.
    expect(Number(refused)).toBeGreaterThan(1000);
    expect(Number(done)).toBeGreaterThan(500);
  });

  describe("plans that did harm, or would have", () => {
    it.each(tampered)("$title", async ({ net, change, args = [], says }) => {
      const file = write("tampered.plan", encodeSavedPlan(tamperedPlan(net, change)));
      const ran = await runPlans([runner], ["--target", name4, ...args, file]);
      expect(ran.stderr).toBe("");
      expect(ran.stdout).toMatch(says);
    });

    it.each(["small", "tall"] as const)("the %s plan itself runs", async (net) => {
      const file = write("sound.plan", encodeSavedPlan(tamperedPlan(net, () => {})));
      const ran = await runPlans([runner], ["--target", name4, file]);
      expect(ran.stdout).toMatch(/^ok .* 3 runs/u);
      expect(ran.code).toBe(0);
    });
  });
});

describeRunner("under valgrind", "release", ["valgrind"], () => {
  it("a handful of plans run clean and give back all memory", async () => {
    const runner = await buildRunner("release");
    // The smallest of each width, a cell, an image of one pixel.
    const few = [4, 8].flatMap((width) => [0, 13, 16, 28, 36, 40].flatMap((i) => ofWidth(width)[i] ?? []));
    const valgrind = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=all"];
    const ran = await runPlans([...valgrind, runner], few);
    expect(ran.stderr).toBe("");
    expect(ran.code, ran.stdout).toBe(0);
    expect(ran.stdout.match(/^ok /gmu)?.length).toBe(few.length);
  });
});

describeRunner("NEON", "arm64", ["qemu-aarch64", "aarch64-linux-gnu-objdump"], () => {
  it("a handful of plans come to the same numbers under an emulator", async () => {
    const runner = await buildRunner("arm64");
    const few = ofWidth(4).slice(0, 40);
    const ran = await runPlans(["qemu-aarch64", runner], few);
    expect(ran.stderr).toBe("");
    expect(ran.code, ran.stdout).toBe(0);
    expect(ran.stdout.match(/^ok {2}neon:4 /gmu)?.length).toBe(few.length);
  });

  it("the products are fused multiply-adds", async () => {
    const object = path.join(path.dirname(await buildRunner("arm64")), "neon.o");
    const { stdout } = await run("aarch64-linux-gnu-objdump", ["-d", "--no-show-raw-insn", object]);
    const count = (pattern: RegExp): number => stdout.match(pattern)?.length ?? 0;
    // Most of them by a lane of a register, as the tiles of gemm.h are meant.
    expect(count(/\tfmla\tv\d+\.4s, v\d+\.4s, v\d+\.s\[\d\]/gu)).toBeGreaterThan(1000);
    expect(count(/\tfmul\tv\d+\.4s/gu)).toBeLessThan(count(/\tfmla\tv\d+\.4s/gu) / 10);
  });
});
