/** @file Reads the scalars of a run back as TensorBoard shows them: all files in order, what a later start took back left out. */
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { CellwrightError, expected, messageOf } from "../../base/errors.ts";
import { decodeEvent, type TensorboardEvent } from "./events.ts";
import { decodeRecords } from "./records.ts";
import { eventFiles } from "./writer.ts";

/** One point of a curve. */
export interface ScalarPoint {
  readonly step: number;
  readonly value: number;
  /** Seconds since the epoch. */
  readonly wallTime: number;
}

/** A run's curves. */
export interface ScalarsRead {
  /** By tag, in the order of writing. */
  readonly scalars: ReadonlyMap<string, readonly ScalarPoint[]>;
  /** Files whose end is not whole (a process was killed, or still writes), each with what was found. */
  readonly incomplete: readonly string[];
}

/** Returns the events of one file and, where its end is not whole, what was found there. Throws `data` if it can't be read. */
export async function readEventFile(
  file: string,
): Promise<{ readonly events: readonly TensorboardEvent[]; readonly incomplete?: string }> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new CellwrightError("data", expected(file, "a file that can be read", messageOf(error)), { cause: error });
  }
  const { records, broken } = decodeRecords(bytes);
  const events = records.map((record) => decodeEvent(record, file));
  if (broken === undefined) return { events };
  return { events, incomplete: `${file}: ${broken.reason} at byte ${broken.offset} of ${bytes.length}` };
}

/** Returns the scalars of a run's folder. A folder without event files has none. */
export async function readScalars(dir: string): Promise<ScalarsRead> {
  const scalars = new Map<string, ScalarPoint[]>();
  const incomplete: string[] = [];
  for (const name of await eventFiles(dir)) {
    const read = await readEventFile(join(dir, name));
    if (read.incomplete !== undefined) incomplete.push(read.incomplete);
    for (const event of read.events) {
      if (event.kind === "start")
        for (const [tag, points] of scalars)
          scalars.set(
            tag,
            points.filter(({ step }) => step < event.step),
          );
      if (event.kind !== "scalars") continue;
      const { step, wallTime } = event;
      for (const { tag, value } of event.values) {
        const points = scalars.get(tag) ?? [];
        points.push({ step, value, wallTime });
        scalars.set(tag, points);
      }
    }
  }
  return { scalars, incomplete };
}
