/** @file `cellwright export` as a user runs it: on a disk that fills up, for every target; and with a training script, which PyTorch then runs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decodeSafetensors, exportTargets } from "../../../src/export/index.ts";
import { network, serializeNetwork } from "../../../src/network/index.ts";
import { builtPath } from "../../support/built.ts";
import { requireTorch } from "../../support/python.ts";
import { smallFiles, writeFiles } from "../../support/small-cifar.ts";

const main = builtPath("src/cli/main.js");
const dir = mkdtempSync(join(tmpdir(), "cellwright-export-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const torch = requireTorch();

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in the test's folder; `blocks` limits the size of every file that it writes, as a disk that is full does (EFBIG in place of ENOSPC). */
function run(command: readonly string[], { cwd = dir, blocks }: { cwd?: string; blocks?: number } = {}): Run {
  const limit = blocks === undefined ? "" : `ulimit -f ${blocks}; `;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", `${limit}exec "$@"`, "sh", ...command], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", OMP_NUM_THREADS: "1" },
  });
  return { code: status, out: stdout, err: stderr };
}

const exported = (...args: string[]): readonly string[] => [
  process.execPath,
  main,
  "export",
  ...args,
  "--untrained",
  "--no-check",
  "--no-latency",
];

/** Of timm's blocks, so that every target takes it; its weights are larger than any other file of an export. */
const net = network("net", [32, 32, 3], (b) => {
  const stem = b.batchNorm("stem/bn", b.conv("stem/conv", b.input, { filters: 8, kernel: 3, stride: 2 }));
  const dw = b.batchNorm("dw/bn", b.depthwiseConv("dw/conv", b.activate("stem/act", stem), { kernel: 3 }));
  const narrow = b.batchNorm("narrow/bn", b.conv("narrow/conv", b.activate("dw/act", dw), { filters: 16, kernel: 1 }));
  const head = b.batchNorm("head/bn", b.conv("head/conv", narrow, { filters: 1024, kernel: 1 }));
  return b.dense("classifier", b.globalAvgPool("pool", b.activate("head/act", head)), { units: 10 });
});
const file = join(dir, "net.json");
writeFileSync(file, serializeNetwork(net));

/** Every file of a folder with its bytes. */
function contents(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => [name, readFileSync(join(folder, name), "base64")] as const);
}

describe.skipIf(process.platform === "win32").each(exportTargets)("--to %s on a disk that fills up", (to) => {
  // At once, and at the weights: after the small files were written.
  it.each([1, 100])("with %i blocks: says so, leaves no half-written folder, and what was there stays", (blocks) => {
    const place = join(dir, `full-${to}-${blocks}`);
    mkdirSync(place);
    const out = join(place, "out");
    const first = run(exported(file, "--to", to, "--out", out), { blocks });
    expect(first).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(
        /out {2}Expected a place to write to\. Received: EFBIG: file too large, write\./,
      ) as string,
    });
    expect(readdirSync(place)).toEqual([]);
    if (blocks === 1) return;
    expect(run(exported(file, "--to", to, "--out", out)).code).toBe(0);
    const before = contents(out);
    expect(run(exported(file, "--to", to, "--out", out, "--fold-batch-norm"), { blocks }).code).toBe(2);
    expect(readdirSync(place)).toEqual(["out"]);
    expect(contents(out)).toEqual(before);
  });
});

describe("--with-training", () => {
  const out = join(dir, "trains");

  it("writes the model, train.py and a card that says how to run it", () => {
    const { code, out: said } = run(exported(file, "--with-training", "nasnet-cifar", "--out", out));
    expect([code, said]).toEqual([0, "trains/model.py, weights.safetensors, train.py, README.md, architecture.svg\n"]);
    expect(readFileSync(join(out, "README.md"), "utf8")).toContain(
      "`python train.py --data DIR` trains it from first values by the recipe nasnet-cifar",
    );
    const refused = run(exported(file, "--with-training", "--to", "onnx", "--out", join(dir, "none")));
    expect([refused.code, refused.err]).toEqual([
      2,
      '--with-training  Expected a target that can be trained: --to pytorch. Received: "onnx".\n',
    ]);
    expect(existsSync(join(dir, "none"))).toBe(false);
  });

  describe.skipIf(torch.skip)(torch.title("in PyTorch"), () => {
    it("explains its flags, names what is missing, and trains to weights that the model loads", () => {
      const python = (...args: string[]): Run => run([torch.python, ...args], { cwd: out });
      const help = python("train.py", "--help");
      expect([help.code, help.err]).toEqual([0, ""]);
      for (const flag of ["--data", "--epochs", "--seed", "--from", "--out", "--largest-part", "--device"])
        expect(help.out).toContain(flag);
      expect(python("train.py").err).toContain("the following arguments are required: --data");

      const data = writeFiles(join(dir, "data"), smallFiles());
      const args = ["--data", data, "--epochs", "1", "--device", "cpu"];
      const trained = python("train.py", ...args, "--out", "one.safetensors");
      expect(trained).toMatchObject({
        code: 0,
        err: "",
        out: expect.stringMatching(/^epoch 1\/1: loss \d\.\d{4}, accuracy 0\.\d{4}\n$/) as string,
      });
      const { tensors } = decodeSafetensors(readFileSync(join(out, "one.safetensors")));
      const given = decodeSafetensors(readFileSync(join(out, "weights.safetensors"))).tensors;
      expect([...tensors.keys()].toSorted()).toEqual([...given.keys()].toSorted());
      // It goes on from its own weights.
      expect(python("train.py", ...args, "--from", "one.safetensors").code).toBe(0);
    });
  });
});
