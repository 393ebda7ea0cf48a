/** @file Callbacks become an async iterable, in order, with the end and the error at their place. */
import { describe, expect, it } from "vitest";
import { eventQueue } from "../../../src/study/event-queue.ts";

describe("event queue", () => {
  it("yields what is pushed before and after reading begins, and ends", async () => {
    const queue = eventQueue<number>();
    queue.push(1);
    setTimeout(() => {
      queue.push(2);
      queue.push(3);
      queue.end();
      queue.push(4);
    }, 1);
    const seen: number[] = [];
    for await (const item of queue) seen.push(item);
    expect(seen).toEqual([1, 2, 3]);
  });

  it("throws the error after what was pushed before it", async () => {
    const queue = eventQueue<number>();
    queue.push(1);
    queue.end(new Error("boom"));
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const item of queue) seen.push(item);
      })(),
    ).rejects.toThrow("boom");
    expect(seen).toEqual([1]);
  });

  it("says when the reader leaves early, and not when it reads to the end", async () => {
    let abandoned = 0;
    const left = eventQueue<number>(() => abandoned++);
    left.push(1);
    for await (const item of left) if (item === 1) break;
    expect(abandoned).toBe(1);
    const read = eventQueue<number>(() => abandoned++);
    read.end();
    for await (const item of read) expect(item).toBeUndefined();
    expect(abandoned).toBe(1);
  });
});
