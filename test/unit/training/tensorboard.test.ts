/** @file TensorBoard files: the bytes of the format, what is read back, what a cut-off tail and a resumed run leave. */
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { manualClock } from "../../../src/base/clock.ts";
import { openEventWriter, readEventFile, readScalars } from "../../../src/training/index.ts";
import { decodeEvent, encodeEvent } from "../../../src/training/tensorboard/events.ts";
import { crc32c, decodeRecords, encodeRecord } from "../../../src/training/tensorboard/records.ts";
import { temporaryFolder } from "../../support/small-cifar.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("records", () => {
  it("have the checksums of RFC 3720, B.4", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, k) => k))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  });

  it("come back whatever is cut off, up to the last whole one; a wrong byte is noticed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(),
        (data, cut, flip) => {
          const whole = Uint8Array.from(Buffer.concat(data.map(encodeRecord)));
          expect(decodeRecords(whole)).toEqual({ records: data });
          const length = cut % whole.length;
          const ends = data.map((_, k) => Buffer.concat(data.slice(0, k + 1).map(encodeRecord)).length);
          const count = ends.filter((end) => end <= length).length;
          const read = decodeRecords(whole.subarray(0, length));
          expect(read.records).toEqual(data.slice(0, count));
          const offset = ends[count - 1] ?? 0;
          expect(read.broken).toEqual(offset === length ? undefined : { offset, reason: "cut off" });
          const at = flip % whole.length;
          const wrong = Uint8Array.from(whole);
          wrong[at] = (wrong[at] ?? 0) ^ 16;
          const good = ends.filter((end) => end <= at).length;
          expect(decodeRecords(wrong).records).toEqual(data.slice(0, good));
          expect(decodeRecords(wrong).broken).toMatchObject({ offset: ends[good - 1] ?? 0, reason: "checksum" });
        },
      ),
    );
  });
});

describe("events", () => {
  it("are the bytes of the protocol buffers", () => {
    const event = { kind: "scalars", wallTime: 1.5, step: 300, values: [{ tag: "loss", value: 0.5 }] } as const;
    // wall_time 1.5; step 300 = ac 02; summary of 13 bytes; value of 11: tag of 4, simple_value 0.5.
    expect(hex(encodeEvent(event))).toBe("09000000000000f83f10ac022a0d0a0b0a046c6f7373150000003f");
    expect(decodeEvent(encodeEvent(event), "here")).toEqual(event);
  });

  it("come back, steps beyond 32 bits and text beyond ASCII too", () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.double({ noNaN: true }),
        fc.array(fc.record({ tag: fc.string({ unit: "grapheme", minLength: 1 }), value: fc.float() })),
        (step, wallTime, values) => {
          const event = { kind: "scalars", wallTime, step, values } as const;
          expect(decodeEvent(encodeEvent(event), "here")).toEqual(event);
        },
      ),
    );
  });

  it("that break are named", () => {
    const bytes = encodeEvent({ kind: "version", wallTime: 1, step: 0, version: "brain.Event:2" });
    expect(() => decodeEvent(bytes.subarray(0, -2), "a/file")).toThrow("a/file  Expected a whole TensorBoard event.");
  });
});

describe("a run's folder", () => {
  const value = (step: number): number => Math.fround(1 / (step + 1));
  const steps = async (dir: string) =>
    (await readScalars(dir)).scalars.get("train/loss")?.map(({ step, wallTime }) => [step, wallTime]);

  it("holds what was written, in order, with the clock's times", async () => {
    const dir = join(temporaryFolder(), "runs", "one");
    const clock = manualClock(1_700_000_000_500);
    const writer = await openEventWriter({ dir, clock });
    expect(writer.file).toBe(join(dir, "events.out.tfevents.1700000000.cellwright"));
    const writing: Promise<void>[] = [];
    for (const step of [0, 1, 2]) {
      clock.advance(1_000);
      // Not waited for: they must not write into each other.
      writing.push(writer.scalars(step, { "train/loss": value(step), "train/accuracy": 0.5 }));
    }
    await Promise.all(writing);
    const { scalars, incomplete } = await readScalars(dir);
    expect(incomplete).toEqual([]);
    expect([...scalars.keys()]).toEqual(["train/loss", "train/accuracy"]);
    expect(scalars.get("train/loss")).toEqual(
      [0, 1, 2].map((step) => ({ step, value: value(step), wallTime: 1_700_000_001.5 + step })),
    );
    await writer.close();
  });

  it("is read up to a cut-off tail, and goes on in a new file without repeating steps", async () => {
    const dir = temporaryFolder();
    const clock = manualClock(1_700_000_000_000);
    const first = await openEventWriter({ dir, clock });
    for (const step of [1, 2, 3]) await first.scalars(step, { "train/loss": value(step) });
    await first.close();
    truncateSync(first.file, readFileSync(first.file).length - 3);
    expect((await steps(dir))?.map(([step]) => step)).toEqual([1, 2]);
    expect((await readScalars(dir)).incomplete).toEqual([
      expect.stringMatching(/tfevents.*: cut off at byte \d+ of \d+$/),
    ]);

    // The clock has gone back: the new file still comes after the old one.
    clock.advance(-5_000);
    const second = await openEventWriter({ dir, clock, purgeFrom: 2 });
    for (const step of [2, 3]) await second.scalars(step, { "train/loss": value(step) });
    await second.close();
    expect(readdirSync(dir)).toEqual([1_700_000_000, 1_700_000_001].map((s) => `events.out.tfevents.${s}.cellwright`));
    expect(await steps(dir)).toEqual([
      [1, 1_700_000_000],
      [2, 1_699_999_995],
      [3, 1_699_999_995],
    ]);
  });

  it("without files has no scalars, whether or not it is there", async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, "notes.txt"), "no events");
    expect((await readScalars(dir)).scalars.size).toBe(0);
    expect((await readScalars(join(dir, "nowhere"))).scalars.size).toBe(0);
  });

  it("that can't be written or read is named, and so is a step that is none", async () => {
    const dir = temporaryFolder();
    const clock = manualClock(1_000);
    const blocked = join(dir, "file");
    appendFileSync(blocked, "");
    await expect(openEventWriter({ dir: join(blocked, "run"), clock })).rejects.toMatchObject({ code: "storage" });
    await expect(readEventFile(join(dir, "none"))).rejects.toMatchObject({ code: "data" });
    const writer = await openEventWriter({ dir, clock });
    await expect(writer.scalars(1.5, { a: 1 })).rejects.toThrow("Expected a step of 0 or more, a whole number.");
    await expect(writer.scalars(1, { "": 1 })).rejects.toThrow("Expected tags of one character or more.");
    await writer.close();
    expect((await readEventFile(writer.file)).events.map(({ kind }) => kind)).toEqual(["version"]);
  });
});
