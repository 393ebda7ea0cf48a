/** @file Event files are read by TensorBoard itself, and their records by TensorFlow where it is there. */
import { readFileSync, truncateSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { manualClock } from "../../src/base/clock.ts";
import { openEventWriter } from "../../src/training/index.ts";
import { findPythonWith, runPython } from "../support/python.ts";
import { temporaryFolder } from "../support/small-cifar.ts";

const script = fileURLToPath(new URL("read_events.py", import.meta.url));
const search = findPythonWith("tensorboard");
const title = search.found ? "TensorBoard" : `TensorBoard [skipped: ${search.reason}]`;

interface Read {
  readonly scalars: Readonly<Record<string, readonly (readonly [number, number, number])[]>>;
  readonly records: readonly (readonly (readonly [number, string])[])[] | null;
}

describe.skipIf(!search.found)(title, () => {
  const read = (dir: string, records: boolean) =>
    runPython(search.found ? search.python : "", script, { dir, records }) as Read;

  it("reads tags, steps, values and times; steps that were trained again once", async () => {
    const dir = temporaryFolder();
    const clock = manualClock(1_700_000_000_250);
    const first = await openEventWriter({ dir, clock });
    for (const step of [0, 1, 2, 3]) await first.scalars(step, { "train/loss": 4 - step, "größe/2": 2 ** 33 });
    await first.close();
    clock.advance(60_000);
    const second = await openEventWriter({ dir, clock, purgeFrom: 2 });
    for (const step of [2, 3, 5_000_000_000]) await second.scalars(step, { "train/loss": 0.125 });
    await second.close();
    const { scalars, records } = read(dir, true);
    const [before, after] = [1_700_000_000.25, 1_700_000_060.25];
    expect(scalars["train/loss"]).toEqual([
      [0, 4, before],
      [1, 3, before],
      [2, 0.125, after],
      [3, 0.125, after],
      [5_000_000_000, 0.125, after],
    ]);
    expect(scalars["größe/2"]?.map(([step, value]) => [step, value])).toEqual([
      [0, 2 ** 33],
      [1, 2 ** 33],
    ]);
    if (records === null) return;
    expect(records.map((file) => file.map(([, what]) => what))).toEqual([
      ["file_version", "summary", "summary", "summary", "summary"],
      ["file_version", "session_log", "summary", "summary", "summary"],
    ]);
  });

  it("reads a file whose tail is cut off", async () => {
    const dir = temporaryFolder();
    const writer = await openEventWriter({ dir, clock: manualClock(1_700_000_000_000) });
    for (const step of [0, 1]) await writer.scalars(step, { loss: step });
    await writer.close();
    truncateSync(writer.file, readFileSync(writer.file).length - 5);
    // TensorFlow's record reader raises on such a file; TensorBoard waits for the rest.
    const { scalars } = read(dir, false);
    expect(scalars["loss"]?.map(([step]) => step)).toEqual([0]);
  });
});
