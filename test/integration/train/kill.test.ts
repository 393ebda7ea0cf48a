/**
 * @file `kill -9` of a training at any moment, then `--resume`: it ends with the bits of one that was not interrupted. And Ctrl-C, which stops softly
 * and says how to go on.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../../src/export/index.ts";
import { network, serializeNetwork, weightSpecs } from "../../../src/network/index.ts";
import { holdsTraining, openTrainingStorage } from "../../../src/storage/training-storage.ts";
import { readScalars } from "../../../src/training/index.ts";
import { builtPath } from "../../support/built.ts";

const main = builtPath("src/cli/main.js");
const dir = mkdtempSync(join(tmpdir(), "cellwright-train-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A residual branch, batch norm, drop path: a part of everything whose state a training has. */
const tiny = network("tiny", [32, 32, 3], (net) => {
  const stem = net.batchNorm("stem/bn", net.conv("stem/conv", net.input, { filters: 4, kernel: 3, stride: 4 }));
  const branch = net.batchNorm(
    "branch/bn",
    net.conv("branch/conv", net.activate("branch/act", stem), { filters: 4, kernel: 3 }),
  );
  const sum = net.add("add", [stem, net.dropPath("branch/drop", branch, 1)]);
  return net.dense("head", net.globalAvgPool("pool", net.activate("act", sum)), { units: 10 });
});

/** Everything on that has a state or draws: two slots and an average, mixup, AutoAugment, cutout, drop path, dropout, batches in parts. */
const config = `
network: tiny.json
dataset: synthetic
train: 240
validation: 40
epochs: 4
microBatch: 6
checkpointMinutes: 0
recipe:
  preset: bag-of-tricks
  batchSize: 12
  optimizer: rmsprop
  learningRate: 0.002
  emaDecay: 0.98
  autoAugment: true
  cutout: 8
  dropPathRate: 0.3
  dropout: 0.2
`;

const env = { ...process.env, NO_COLOR: "1" };

function start(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<string> } {
  const child = spawn(process.execPath, [main, "train", ...args], { cwd: dir, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (text += data.toString()));
  const ended = new Promise<string>((resolve) => child.on("close", () => resolve(text)));
  return { child, ended };
}

function run(...args: string[]): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "train", ...args], {
    cwd: dir,
    env,
    encoding: "utf8",
  });
  return { code: status, text: stdout + stderr };
}

/** Resolves when a file has been written so many times, or the process is over. */
async function written(file: string, times: number, child: ChildProcess): Promise<void> {
  let seen = 0;
  let last = existsSync(file) ? statSync(file).mtimeMs : 0;
  while (seen < times && child.exitCode === null && child.signalCode === null) {
    await wait(2);
    const now = existsSync(file) ? statSync(file).mtimeMs : 0;
    if (now !== last) seen++;
    last = now;
  }
}

/** What must not depend on interruptions: weights to the bit, and every epoch's and step's figures that are no times. */
function essence(name: string) {
  const folder = join(dir, "results", name);
  const storage = openTrainingStorage(join(folder, "training.db"), { readonly: true });
  try {
    const timeless = (figures: Readonly<Record<string, number>>) =>
      Object.fromEntries(
        Object.entries(figures).filter(([key]) => key !== "imagesPerSecond" && key !== "elapsedSeconds"),
      );
    const { test, ...rest } = storage.run.result as Record<string, unknown>;
    return {
      weights: readFileSync(join(folder, "weights.safetensors")).toString("base64"),
      epochs: storage.epochs().map(({ epoch, figures }) => [epoch, timeless(figures)]),
      steps: storage.steps(),
      test,
      last: rest["last"],
    };
  } finally {
    storage.close();
  }
}

beforeAll(() => {
  writeFileSync(join(dir, "tiny.json"), serializeNetwork(tiny));
  writeFileSync(join(dir, "train.yaml"), config);
});

describe("a training that is killed", () => {
  it("goes on to the bits of one that was not interrupted", async () => {
    const whole = run("--config", "train.yaml", "--name", "whole", "--threads", "1");
    expect(whole.text).toContain("test ");
    expect(whole.code).toBe(0);

    const checkpoint = join(dir, "results/killed/checkpoint.safetensors");
    const database = join(dir, "results/killed/training.db");
    let kills = 0;
    // Before its first checkpoint, after its first, in the middle of epochs, and while a checkpoint is being written or just was.
    for (const [file, times, delayMs] of [
      [database, 1, 5],
      [checkpoint, 1, 0],
      [checkpoint, 7, 1],
      [checkpoint, 23, 3],
      [checkpoint, 15, 0],
    ] as const) {
      const args = holdsTraining(database) ? ["--resume", "killed"] : ["--config", "train.yaml", "--name", "killed"];
      const { child, ended } = start(...args, "--checkpoint-minutes", "0");
      await written(file, times, child);
      await wait(delayMs);
      if (child.kill("SIGKILL")) kills++;
      await ended;
    }
    expect(kills).toBe(5);
    const end = run("--resume", "killed");
    expect(end.text).toMatch(/goes on after \d epochs?/);
    expect(end.code).toBe(0);
    expect(essence("killed")).toEqual(essence("whole"));
    expect(existsSync(checkpoint)).toBe(false);
    expect(readdirSync(join(dir, "results/killed")).filter((name) => name.includes(".tmp-"))).toEqual([]);

    // TensorBoard shows each epoch once, whatever was trained twice.
    const { scalars } = await readScalars(join(dir, "results/killed/tensorboard"));
    expect(scalars.get("validation/accuracy")?.map(({ step }) => step)).toEqual([19, 39, 59, 79]);
  });

  it("leaves weights with all that a reader needs", () => {
    const file = join(dir, "results/whole/weights.safetensors");
    const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
    expect([...tensors.keys()]).toEqual(weightSpecs(tiny).map(({ name }) => name));
    const { mean, std, classes } = JSON.parse(metadata["preprocessing"] ?? "") as Record<string, unknown[]>;
    expect([mean?.length, std?.length, classes?.length]).toEqual([3, 3, 10]);
    const rows = readFileSync(join(dir, "results/whole/metrics.csv"), "utf8").trim().split("\n");
    expect(rows[0]).toBe(
      "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate,images_per_second,elapsed_seconds",
    );
    expect(rows).toHaveLength(5);
    for (const name of ["curves", "classes", "confusion"])
      expect(
        readFileSync(join(dir, `results/whole/charts/${name}.png`))
          .subarray(1, 4)
          .toString(),
      ).toBe("PNG");
  });

  it("that is done says so, and refuses a second of its name", () => {
    const again = run("--resume", "whole");
    expect(again.code).toBe(0);
    expect(again.text).toContain("whole is done already");
    const second = run("--config", "train.yaml", "--name", "whole");
    expect(second.code).toBe(2);
    expect(second.text).toContain("Expected a place for a new training run. Received: a training run.");
    const flags = run("--resume", "whole", "--epochs", "9");
    expect(flags.code).toBe(2);
    expect(flags.text).toContain("Expected the run alone");
  });
});

describe("Ctrl-C", () => {
  it("stops between two steps and says how to go on", async () => {
    const { child, ended } = start(
      "--config",
      "train.yaml",
      "--name",
      "stopped",
      "--epochs",
      "400",
      "--checkpoint-minutes",
      "60",
    );
    await written(join(dir, "results/stopped/metrics.csv"), 1, child);
    child.kill("SIGINT");
    const text = await ended;
    expect(child.exitCode).toBe(130);
    expect(text).toMatch(/stopped after \d+ epochs?( and \d+ steps?)?\. Go on by `cellwright train --resume stopped`/);
    expect(existsSync(join(dir, "results/stopped/checkpoint.safetensors"))).toBe(true);
  });
});
