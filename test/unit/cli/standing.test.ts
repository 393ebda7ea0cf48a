/** @file `status` and `top` of training runs: done, stopped and being trained, beside studies or alone; one that can't be read hides none of the others. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../../src/cli/program.ts";
import { openTrainingStorage, type TrainingStorage } from "../../../src/storage/training-storage.ts";
import { recipes } from "../../../src/training/index.ts";
import { memoryIo } from "./fixtures.ts";

const root = mkdtempSync(join(tmpdir(), "cellwright-standing-"));
const results = join(root, "results");
const open: TrainingStorage[] = [];
afterAll(() => {
  for (const storage of open) storage.close();
  rmSync(root, { recursive: true, force: true });
});

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = memoryIo();
  const code = await runCli([...args, "--results", results], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

/** A run with these accuracies, epoch by epoch. */
function write(
  name: string,
  accuracies: readonly number[],
  {
    subject = "lenet-5",
    data = "mnist",
    validation = 5_000,
  }: { subject?: string; data?: string; validation?: number } = {},
): TrainingStorage {
  const config = {
    subject,
    data: { name: data, validation },
    network: "hash",
    epochs: 3,
    recipeName: "lenet-mnist",
    recipe: { ...recipes["lenet-mnist"] },
    seed: 0,
    engine: "native",
    beganOn: "native (AVX2)",
    largestPart: 64,
  };
  const storage = openTrainingStorage(join(results, name, "training.db"), {
    create: { name, createdMs: 5, config, version: "0.1.0" },
  });
  accuracies.forEach((accuracy, index) =>
    storage.putEpoch(index + 1, { trainLoss: 2 - index, trainAccuracy: 0.5, loss: 1.5 - index / 2, accuracy }),
  );
  storage.addElapsed(65_000);
  return storage;
}

beforeAll(() => {
  const done = write("done", [0.5, 0.9, 0.8]);
  done.putResult({ test: { accuracy: 0.875 } });
  done.close();
  write("stopped", [0.6], { subject: "resnet-20-cifar", data: "/elsewhere/flowers" }).close();
  open.push(write("running", [], { validation: 0 }));
});

/** A table's line without its spaces. */
const words = (out: string, name: string): string =>
  (out.split("\n").find((line) => line.startsWith(`${name} `)) ?? "").trim().replaceAll(/ +/g, " ");

describe("status", () => {
  it("lists trainings: network, data, epoch of epochs, accuracy, state", async () => {
    const { code, out, err } = await cli("status");
    expect([code, err]).toEqual([0, ""]);
    expect(words(out, "training")).toBe("training network data epoch accuracy state");
    expect(words(out, "done")).toBe("done lenet-5 mnist 3/3 0.8750 test done");
    expect(words(out, "stopped")).toBe("stopped resnet-20-cifar flowers 1/3 0.6000 validation stopped");
    expect(words(out, "running")).toBe("running lenet-5 mnist 0/3 - running");
  });

  it("shows one by name or folder, with how to go on", async () => {
    const { out } = await cli("status", "stopped");
    expect(out).toMatch(/^epoch +1\/3$/m);
    expect(out).toMatch(/^best +0\.6000 on validation images {2}epoch 1$/m);
    expect(out).toContain(`cellwright train --resume ${join(results, "stopped")}`);
    expect((await cli("status", join(results, "done"))).out).toMatch(/^accuracy +0\.8750 on test images$/m);
  });

  it("has raw numbers for scripts, told from studies by their kind", async () => {
    const all = JSON.parse((await cli("status", "--json")).out) as { name: string }[];
    expect(all.find(({ name }) => name === "done")).toEqual({
      kind: "training",
      name: "done",
      dir: join(results, "done"),
      network: "lenet-5",
      data: "mnist",
      recipe: "lenet-mnist",
      epochs: 3,
      epoch: 3,
      split: "validation",
      testAccuracy: 0.875,
      state: "done",
      elapsedMs: 65_000,
      last: { epoch: 3, trainLoss: 0, loss: 0.5, accuracy: 0.8 },
      best: { epoch: 2, trainLoss: 1, loss: 1, accuracy: 0.9 },
    });
    expect(JSON.parse((await cli("status", "done", "--json")).out)).toEqual(all.find(({ name }) => name === "done"));
  });
});

describe("top", () => {
  it("ranks trainings by accuracy within their data", async () => {
    const { code, out } = await cli("top");
    expect(code).toBe(0);
    const names = out
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(" ")[0]);
    expect(names).toEqual(["stopped", "done", "running"]);
    expect((JSON.parse((await cli("top", "--json")).out) as { name: string }[]).map(({ name }) => name)).toEqual(names);
  });

  it("lists a training's best epochs", async () => {
    const { out } = await cli("top", "done", "--count", "2");
    expect(out.split("\n").map((line) => line.trim().replaceAll(/ +/g, " "))).toEqual([
      "rank epoch validation accuracy loss training loss",
      "1 2 0.9000 1.0000 1.0000",
      "2 3 0.8000 0.5000 0.0000",
      "",
    ]);
    expect((await cli("top", "running")).out).toBe("No epoch of running is over yet.\n");
  });

  it("says that there is nothing yet", async () => {
    const io = memoryIo();
    expect(await runCli(["top", "--results", join(root, "none")], io)).toBe(0);
    expect(io.out.text()).toBe(`No study in ${join(root, "none")} yet. Begin one: npx cellwright search\n`);
  });
});

it("one that can't be read is named, and hides none of the others", async () => {
  mkdirSync(join(results, "broken"));
  writeFileSync(join(results, "broken", "training.db"), "no database, whatever its name says");
  for (const command of ["status", "top"]) {
    const { code, out, err } = await cli(command);
    expect(code).toBe(2);
    expect(words(out, "done")).toContain("3/3");
    expect(err).toContain(join(results, "broken", "training.db"));
  }
});
