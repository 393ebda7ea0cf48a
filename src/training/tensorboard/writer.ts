/**
 * @file Curves for TensorBoard: scalars appended to an event file, whole record by whole record, so that TensorBoard may read while the
 * training runs and a killed process costs nothing that was written. A training that goes on begins a new file and says from which step on
 * what earlier files hold does not count (a session's start, TensorFlow's `purge_step`): what was trained twice is shown once.
 */
import { mkdir, open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { CellwrightError, expected, messageOf } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import { encodeEvent, FILE_VERSION, type TensorboardEvent } from "./events.ts";
import { encodeRecord } from "./records.ts";

export interface EventWriterOptions {
  /** The run's folder: TensorBoard names the run by it. Made if it is not there. */
  readonly dir: string;
  /** Gives the events' times. */
  readonly clock: Clock;
  /** A training that goes on: the first step that will be written again. Earlier files keep what they hold below it. */
  readonly purgeFrom?: number;
}

/** An open event file. */
export interface EventWriter {
  readonly file: string;
  /** Appends values of one step by tag, such as `{ "train/loss": 0.7 }`. Throws `storage` naming the file, and `data` for a step or tag that is none. */
  scalars(step: number, values: Readonly<Record<string, number>>): Promise<void>;
  /** Ends the file; what was written is on the disk then. */
  close(): Promise<void>;
}

/** Names begin so; the seconds after it, ten digits, put a run's files in order. */
const STEM = "events.out.tfevents.";
const NAME = /^events\.out\.tfevents\.(\d{10,})\./;

/** Returns the names of the event files in a folder, in the order in which TensorBoard reads them. A folder that is not there has none. */
export async function eventFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new CellwrightError("data", expected(dir, "a folder that can be read", messageOf(error)), { cause: error });
  });
  return names.filter((name) => name.includes("tfevents")).toSorted((a, b) => (a < b ? -1 : 1));
}

/** Opens a file that comes after all that are there, whatever the clock says. */
async function openNext(dir: string, nowMs: number): Promise<{ readonly file: string; readonly handle: FileHandle }> {
  await mkdir(dir, { recursive: true });
  const taken = (await eventFiles(dir)).map((name) => Number(NAME.exec(name)?.[1] ?? 0));
  let seconds = Math.max(Math.floor(nowMs / 1000), ...taken.map((each) => each + 1));
  for (;;) {
    const file = join(dir, `${STEM}${String(seconds).padStart(10, "0")}.cellwright`);
    try {
      return { file, handle: await open(file, "ax") };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      seconds++;
    }
  }
}

function checkStep(step: number, place: string): void {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new CellwrightError("data", expected(place, "a step of 0 or more, a whole number", step));
}

/** Begins an event file in a run's folder. Throws `storage` where it can't. */
export async function openEventWriter({ dir, clock, purgeFrom }: EventWriterOptions): Promise<EventWriter> {
  if (purgeFrom !== undefined) checkStep(purgeFrom, dir);
  const failed = (place: string, error: unknown): CellwrightError =>
    new CellwrightError("storage", expected(place, "a place to write to", messageOf(error)), { cause: error });
  const { file, handle } = await openNext(dir, clock.now()).catch((error: unknown) => {
    throw error instanceof CellwrightError ? error : failed(dir, error);
  });
  let size = 0;
  let last: Promise<void> = Promise.resolve();

  const append = async (bytes: Uint8Array): Promise<void> => {
    try {
      await handle.appendFile(bytes);
      size += bytes.length;
    } catch (error) {
      // Nothing after half a record could be read again.
      await handle.truncate(size).catch(() => {});
      throw failed(file, error);
    }
  };
  /** One after another, whether or not the caller waits. */
  const write = (...events: TensorboardEvent[]): Promise<void> => {
    const bytes = Buffer.concat(events.map((event) => encodeRecord(encodeEvent(event))));
    const done = last.then(() => append(bytes));
    last = done.catch(() => {});
    return done;
  };

  const wallTime = (): number => clock.now() / 1000;
  const version = { kind: "version", wallTime: wallTime(), step: 0, version: FILE_VERSION } as const;
  try {
    await (purgeFrom === undefined
      ? write(version)
      : write(version, { kind: "start", wallTime: wallTime(), step: purgeFrom }));
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    file,
    async scalars(step, values) {
      checkStep(step, file);
      if ("" in values) throw new CellwrightError("data", expected(file, "tags of one character or more", ""));
      const list = Object.entries(values).map(([tag, value]) => ({ tag, value }));
      if (list.length > 0) await write({ kind: "scalars", wallTime: wallTime(), step, values: list });
    },
    async close() {
      await last;
      await handle.sync().finally(() => handle.close());
    },
  };
}
