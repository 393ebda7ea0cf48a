/**
 * @file What parent and worker say to each other. Every message is checked where it arrives: a worker that sends anything else is
 * replaced; the parent never acts on what it could not read. Structured clones, so NaN and infinities cross.
 */
import { z } from "zod";
import type { Json } from "../base/canonical-json.ts";
import { CellwrightError, messageOf } from "../base/errors.ts";
import type { Heartbeat, Outcome, Report, Task } from "../evaluators/evaluator.ts";

const count = z.number().int().min(0);
// A diverged loss is NaN, which zod's own number refuses.
const anyNumber = z.custom<number>((value) => typeof value === "number", "Expected a number");
const values = z.array(anyNumber);
const metrics = z.record(z.string(), z.union([anyNumber, z.string(), z.boolean(), z.undefined()]));

// Steps are counted and stored by number: one that is none would be the storage's failure, and so the study's.
const report = z.object({ trial: count, attempt: count, step: count, values, metrics });
const heartbeat = z.object({
  trial: count,
  attempt: count,
  imagesTrained: anyNumber,
  fraction: anyNumber,
  nextWithinMs: z.number().positive().exactOptional(),
});
const outcome = z.discriminatedUnion("state", [
  z.object({ state: z.literal("complete"), values, metrics }),
  z.object({ state: z.literal("pruned"), values: values.exactOptional(), metrics }),
  z.object({ state: z.literal("failed"), reason: z.string(), metrics }),
]);
const errorCode = z.enum(["config", "space", "shape", "unsupported-op", "data", "storage", "engine", "internal"]);

const fromWorker = z.discriminatedUnion("kind", [
  /** `createRunner` has resolved: tasks may come. */
  z.object({ kind: z.literal("ready") }),
  /** The module could not be loaded or `createRunner` rejected: trying again would end alike. */
  z.object({ kind: z.literal("cannot-start"), code: errorCode, message: z.string() }),
  /** The event loop turns. */
  z.object({ kind: z.literal("beat"), rssBytes: z.number().min(0) }),
  z.object({ kind: z.literal("report"), id: count, report }),
  z.object({ kind: z.literal("heartbeat"), heartbeat }),
  z.object({ kind: z.literal("outcome"), trial: count, attempt: count, outcome }),
]);

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "cannot-start"; readonly code: z.infer<typeof errorCode>; readonly message: string }
  | { readonly kind: "beat"; readonly rssBytes: number }
  | { readonly kind: "report"; readonly id: number; readonly report: Report }
  | { readonly kind: "heartbeat"; readonly heartbeat: Heartbeat }
  | { readonly kind: "outcome"; readonly trial: number; readonly attempt: number; readonly outcome: Outcome };

/** What the trial's task is inside is the runner's matter; who it is must be right. */
const task = z.custom<Task>(
  (value) => z.object({ trial: count, attempt: count }).safeParse(value).success,
  "Expected a task with its trial and attempt",
);

const toWorker = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("start"),
    runnerModule: z.string(),
    init: z.custom<Json>((value) => value !== undefined, "Expected JSON"),
    slot: z.object({ index: count, gpu: count.exactOptional() }),
    beatMs: z.number().positive(),
  }),
  z.object({ kind: z.literal("run"), task }),
  z.object({ kind: z.literal("answer"), id: count, answer: z.enum(["continue", "stop"]) }),
  /** Aborts the running task's signal. */
  z.object({ kind: z.literal("cancel"), trial: count, attempt: count }),
  /** Close the runner and exit. */
  z.object({ kind: z.literal("exit") }),
]);

export type ToWorker = z.infer<typeof toWorker>;

/** Returns the message, or what is wrong with it, in one line. */
export function readFromWorker(
  message: unknown,
): FromWorker | { readonly kind: "malformed"; readonly complaint: string } {
  const result = fromWorker.safeParse(message);
  return result.success ? result.data : { kind: "malformed", complaint: complaintOf(result.error) };
}

/** Returns the message, or what is wrong with it, in one line. */
export function readToWorker(message: unknown): ToWorker | { readonly kind: "malformed"; readonly complaint: string } {
  const result = toWorker.safeParse(message);
  return result.success ? result.data : { kind: "malformed", complaint: complaintOf(result.error) };
}

/** Returns the report as checked plain data that belongs to this attempt. Throws `internal` naming what is wrong with it. */
export function checkedReport(value: unknown, { trial, attempt }: { trial: number; attempt: number }): Report {
  const result = report.safeParse({ ...(value as object), trial, attempt });
  if (result.success) return result.data;
  throw new CellwrightError("internal", `The evaluator reported what can't be read: ${complaintOf(result.error)}.`);
}

/** Returns the heartbeat as checked plain data that belongs to this attempt, or undefined: one may always be dropped. */
export function checkedHeartbeat(
  value: unknown,
  { trial, attempt }: { trial: number; attempt: number },
): Heartbeat | undefined {
  return heartbeat.safeParse({ ...(value as object), trial, attempt }).data;
}

/** Returns what a runner's `run` came to: its result if that is an outcome, else `failed` with what is wrong with it or what it threw. */
export async function outcomeOf(run: () => Promise<unknown>, onError: (error: unknown) => void): Promise<Outcome> {
  try {
    const read = outcome.safeParse(await run());
    if (read.success) return read.data;
    return failure(`The evaluator returned no outcome: ${complaintOf(read.error)}.`);
  } catch (error) {
    onError(error);
    return failure(
      error instanceof Error || typeof error === "string"
        ? messageOf(error)
        : `It threw ${messageOf(error)}, which is no error.`,
    );
  }
}

function failure(reason: string): Outcome {
  return { state: "failed", reason, metrics: {} };
}

function complaintOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => `${issue.path.length === 0 ? "message" : issue.path.map(String).join(".")}  ${issue.message}`)
    .join("; ");
}
