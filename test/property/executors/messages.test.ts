/** @file Whatever a process sends, reading it gives a message or a complaint and never throws; every message that we send is read as it was. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outcomeOf, readFromWorker, readToWorker } from "../../../src/executors/messages.ts";

const count = fc.nat();
// Metrics and values may be NaN or infinite: a loss that diverged.
const values = fc.array(fc.double());
// Key names that an object can't carry are no test of ours.
const key = fc.string({ minLength: 1 }).filter((name) => name !== "__proto__");
const metrics = fc.dictionary(key, fc.oneof(fc.double(), fc.string(), fc.boolean()), { noNullPrototype: true });
const report = fc.record({ trial: count, attempt: count, step: count, values, metrics });
const heartbeat = fc.record(
  {
    trial: count,
    attempt: count,
    imagesTrained: count,
    fraction: fc.double(),
    nextWithinMs: fc.double({ min: 1, max: 1e9, noNaN: true }),
  },
  { requiredKeys: ["trial", "attempt", "imagesTrained", "fraction"] },
);
const outcome = fc.oneof(
  fc.record({ state: fc.constant("complete" as const), values, metrics }),
  fc.record({ state: fc.constant("pruned" as const), values, metrics }, { requiredKeys: ["state", "metrics"] }),
  fc.record({ state: fc.constant("failed" as const), reason: fc.string(), metrics }),
);
const message = fc.oneof(
  fc.constant({ kind: "ready" }),
  fc.record({ kind: fc.constant("beat"), rssBytes: count }),
  fc.record({ kind: fc.constant("heartbeat"), heartbeat }),
  fc.record({ kind: fc.constant("report"), id: count, report }),
  fc.record({ kind: fc.constant("outcome"), trial: count, attempt: count, outcome }),
);

describe("messages", () => {
  test("any value is read or complained of", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const read of [readFromWorker(value), readToWorker(value)])
          if (read.kind === "malformed") expect(read.complaint).not.toBe("");
      }),
    );
  });

  test("what a worker says is read as it was said", () => {
    fc.assert(
      fc.property(message, (said) => {
        expect(readFromWorker(said)).toEqual(said);
      }),
    );
  });

  test("a message with one field gone is malformed", () => {
    fc.assert(
      fc.property(message, fc.nat(), (said, choice) => {
        const fields = Object.keys(said);
        const gone = fields[choice % fields.length] ?? "kind";
        const rest = Object.fromEntries(Object.entries(said).filter(([field]) => field !== gone));
        expect(readFromWorker(rest).kind).toBe("malformed");
      }),
    );
  });

  test("a runner's result is an outcome, whatever it returns or throws", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), fc.boolean(), async (value, throws) => {
        const run = async (): Promise<unknown> => {
          if (throws) throw value;
          return value;
        };
        expect(["complete", "pruned", "failed"]).toContain((await outcomeOf(run, () => {})).state);
      }),
    );
    await fc.assert(
      fc.asyncProperty(outcome, async (value) => {
        expect(
          await outcomeOf(
            async () => value,
            () => {},
          ),
        ).toEqual(value);
      }),
    );
  });
});
