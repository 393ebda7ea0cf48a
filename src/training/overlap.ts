/**
 * @file Batch after batch through an engine, each made while the engine works on the one before. So a step waits for the first batch of an
 * epoch only, wherever the engine works beside this thread (native on a thread of its own, TensorFlow on a GPU).
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Batch, StepResult } from "../engines/engine.ts";

/** One batch done. */
export interface BatchDone extends StepResult {
  readonly size: number;
  /** From the handing over of the batch to its result, less what the engine waited for a batch. */
  readonly workMs: number;
  /** Time in making batches while the engine had nothing to do. */
  readonly waitMs: number;
}

/** Runs `work` on every batch, in order, and yields what came of each. A batch is only valid until the one after the next is made. */
export async function* overlapped(
  batches: Iterator<Batch, void>,
  work: (batch: Batch) => Promise<StepResult>,
): AsyncGenerator<BatchDone, void, void> {
  const began = performance.now();
  let next = batches.next();
  let waitMs = performance.now() - began;
  while (next.done !== true) {
    const { size } = next.value;
    let isIdle = false;
    const started = performance.now();
    const running = work(next.value);
    const settle = (): void => {
      isIdle = true;
    };
    running.then(settle, settle);
    // An engine that queues its work begins now, not when this thread has nothing more to do.
    await turn();
    const filling = performance.now();
    next = batches.next();
    const filledMs = performance.now() - filling;
    // If the engine is done by now, nobody knows since when: all of the filling counts as waiting.
    await turn();
    const waitedMs = isIdle ? filledMs : 0;
    const result = await running;
    yield { ...result, size, workMs: performance.now() - started - waitedMs, waitMs: waitMs + waitedMs };
    waitMs = 0;
  }
}
