/** @file The next batch is made while the engine works on the one before, and time is charged to whom it belongs. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Batch, StepResult } from "../../../src/engines/engine.ts";
import { overlapped, type BatchDone } from "../../../src/training/overlap.ts";

const batch = (label: number): Batch => ({ size: 1, images: new Float32Array(1), labels: Uint8Array.of(label) });

const spin = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

/** Batches 0, 1, 2, each of which takes 20 ms to make. `made` hears of each, and of the end. */
function* slowBatches(log: string[], made: () => void = () => {}): Generator<Batch, void, void> {
  for (let number = 0; number < 3; number++) {
    log.push(`make ${number}`);
    spin(20);
    made();
    yield batch(number);
  }
  made();
}

/** An engine beside this thread that queues its work, and is done with a batch some turns after the next one was made. */
function engineBeside(log: string[]): { work: (batch: Batch) => Promise<StepResult>; made: () => void } {
  let finish: () => void = () => {};
  return {
    work: ({ labels }) =>
      Promise.resolve().then(async () => {
        log.push(`begin ${labels[0]}`);
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        log.push(`end ${labels[0]}`);
        return { loss: labels[0] as number, correct: 1 };
      }),
    made: () => {
      const finishThis = finish;
      void (async () => {
        for (let count = 0; count < 5; count++) await turn();
        finishThis();
      })();
    },
  };
}

async function all(run: AsyncGenerator<BatchDone>): Promise<BatchDone[]> {
  const done: BatchDone[] = [];
  for await (const each of run) done.push(each);
  return done;
}

describe("overlapped", () => {
  test("an engine beside this thread has begun before the next batch is made, and never waits for one but the first", async () => {
    const log: string[] = [];
    const { work, made } = engineBeside(log);
    const done = await all(overlapped(slowBatches(log, made), work));
    expect(log).toEqual(["make 0", "begin 0", "make 1", "end 0", "begin 1", "make 2", "end 1", "begin 2", "end 2"]);
    expect(done.map(({ loss, size }) => [loss, size])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
    expect(done[0]?.waitMs).toBeGreaterThanOrEqual(20);
    expect(done.slice(1).map(({ waitMs }) => waitMs)).toEqual([0, 0]);
    // It worked while the next batch was made.
    for (const { workMs } of done.slice(0, 2)) expect(workMs).toBeGreaterThanOrEqual(20);
  });

  test("an engine on this thread waits for every batch, and is not charged for it", async () => {
    const log: string[] = [];
    const done = await all(
      overlapped(slowBatches(log), async () => {
        spin(5);
        return { loss: 0, correct: 1 };
      }),
    );
    // The last one has no batch after it.
    expect(done.map(({ waitMs }) => waitMs >= 20)).toEqual([true, true, false]);
    for (const { workMs } of done) expect(workMs).toBeGreaterThanOrEqual(5);
  });

  test("what the engine or the data throws comes out", async () => {
    const failing = all(overlapped(slowBatches([]), () => Promise.reject(new Error("device lost"))));
    await expect(failing).rejects.toThrow("device lost");
    const broken = function* (): Generator<Batch, void, void> {
      yield batch(0);
      throw new Error("disk on fire");
    };
    await expect(all(overlapped(broken(), async () => ({ loss: 0, correct: 1 })))).rejects.toThrow("disk on fire");
  });
});
