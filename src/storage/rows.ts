/** @file Rows to records and back. Every row that is read is checked: a damaged one is named by table, row and column. */
import { z } from "zod";
import { CellwrightError, describe } from "../base/errors.ts";
import type { ControllerEvent, FinishedTrial, Proposal } from "../search/controller.ts";
import { decodeJson } from "./json.ts";
import type { BaselineRecord, RetrainRecord, StepRecord, StudyRecord, TrialRecord } from "./storage.ts";

/** Where a row stands, for the message. */
export interface RowPlace {
  readonly file: string;
  readonly table: string;
  readonly row: number | string;
}

const json = z.string().transform((text, context): unknown => {
  try {
    return decodeJson(text);
  } catch {
    context.addIssue({ code: "custom", message: "Expected JSON", input: text });
    return z.NEVER;
  }
});
// NaN and infinities are values that a loss takes; zod's own number refuses them.
const anyNumber = z.custom<number>((value) => typeof value === "number", "Expected a number");
const whole = z.number().int();
const count = whole.min(0);
const values = json.pipe(z.array(anyNumber));
const metrics = json.pipe(z.record(z.string(), z.union([anyNumber, z.string(), z.boolean()])));
const proposal = json.pipe(
  z.strictObject({
    genotype: z.record(z.string(), z.number()),
    epochs: z.number().optional(),
    continueFrom: count.optional(),
    repeat: count.optional(),
  }),
);

const studyRow = z.object({
  name: z.string().min(1),
  created_ms: z.number(),
  config: json.pipe(z.json()),
  version: z.string(),
  elapsed_ms: z.number().min(0),
});
const trialRow = z.object({
  number: count,
  proposal,
  state: z.enum(["running", "complete", "pruned", "failed"]),
  objective_values: values.nullable(),
  metrics,
  reason: z.string().nullable(),
  canonical_id: z.string(),
  duplicate_of: count.nullable(),
  result_key: z.string(),
  seed: whole,
  attempts: count,
  started_ms: z.number(),
  finished_ms: z.number().nullable(),
});
const stepRow = z.object({ trial: count, attempt: count, step: whole, objective_values: values, metrics });
const retrainRow = z.object({
  trial: count,
  epochs: z.number(),
  seed: whole,
  state: z.enum(["running", "complete", "failed"]),
  objective_values: values.nullable(),
  metrics,
  reason: z.string().nullable(),
});
const baselineRow = z.object({
  value: json.pipe(
    z.object({
      name: z.string(),
      phase: z.enum(["search", "retrain"]),
      epochs: z.number(),
      seed: whole,
      state: z.enum(["complete", "failed"]),
      values: z.array(anyNumber).optional(),
      metrics: z.record(z.string(), z.union([anyNumber, z.string(), z.boolean()])),
      reason: z.string().optional(),
    }),
  ),
});
const eventRow = z.object({
  kind: z.enum(["started", "finished"]),
  trial: count,
  proposal,
  state: z.enum(["running", "complete", "pruned", "failed"]),
  objective_values: values.nullable(),
  reason: z.string().nullable(),
});

export function toStudy(row: unknown, file: string): StudyRecord {
  const read = parse(studyRow, row, { file, table: "studies", row: 1 });
  return {
    name: read.name,
    createdMs: read.created_ms,
    config: read.config,
    version: read.version,
    elapsedMs: read.elapsed_ms,
  };
}

export function toTrial(row: unknown, file: string): TrialRecord {
  const read = parse(trialRow, row, { file, table: "trials", row: rowName(row, ["number"]) });
  return {
    number: read.number,
    proposal: toProposal(read.proposal),
    state: read.state,
    ...(read.objective_values === null ? {} : { values: read.objective_values }),
    metrics: read.metrics,
    ...(read.reason === null ? {} : { reason: read.reason }),
    canonicalId: read.canonical_id,
    ...(read.duplicate_of === null ? {} : { duplicateOf: read.duplicate_of }),
    resultKey: read.result_key,
    seed: read.seed,
    attempts: read.attempts,
    startedMs: read.started_ms,
    ...(read.finished_ms === null ? {} : { finishedMs: read.finished_ms }),
  };
}

export function toStep(row: unknown, file: string): StepRecord {
  const read = parse(stepRow, row, { file, table: "steps", row: rowName(row, ["trial", "attempt", "step"]) });
  return {
    trial: read.trial,
    attempt: read.attempt,
    step: read.step,
    values: read.objective_values,
    metrics: read.metrics,
  };
}

export function toRetrain(row: unknown, file: string): RetrainRecord {
  const read = parse(retrainRow, row, { file, table: "retrains", row: rowName(row, ["trial", "epochs", "seed"]) });
  return {
    trial: read.trial,
    epochs: read.epochs,
    seed: read.seed,
    state: read.state,
    ...(read.objective_values === null ? {} : { values: read.objective_values }),
    metrics: read.metrics,
    ...(read.reason === null ? {} : { reason: read.reason }),
  };
}

/** A row of `meta` that is a baseline's. */
export function toBaseline(row: unknown, file: string): BaselineRecord {
  const read = parse(baselineRow, row, { file, table: "meta", row: rowName(row, ["key"]) }).value;
  return {
    name: read.name,
    phase: read.phase,
    epochs: read.epochs,
    seed: read.seed,
    state: read.state,
    ...(read.values === undefined ? {} : { values: read.values }),
    metrics: read.metrics,
    ...(read.reason === undefined ? {} : { reason: read.reason }),
  };
}

/** A row of `events` joined with its trial. Throws `storage` on a `finished` event whose trial is running. */
export function toEvent(row: unknown, file: string): ControllerEvent {
  const place = { file, table: "events", row: rowName(row, ["place"]) };
  const read = parse(eventRow, row, place);
  const asked = toProposal(read.proposal);
  if (read.kind === "started") return { kind: "started", number: read.trial, proposal: asked };
  if (read.state === "running")
    throw damaged(place, `trial ${read.trial}  Expected a trial that ended. Received: "running".`);
  const trial: FinishedTrial = {
    number: read.trial,
    proposal: asked,
    state: read.state,
    ...(read.objective_values === null ? {} : { values: read.objective_values }),
    ...(read.reason === null ? {} : { reason: read.reason }),
  };
  return { kind: "finished", trial };
}

function toProposal(read: z.infer<typeof proposal>): Proposal {
  return {
    genotype: read.genotype,
    ...(read.epochs === undefined ? {} : { epochs: read.epochs }),
    ...(read.continueFrom === undefined ? {} : { continueFrom: read.continueFrom }),
    ...(read.repeat === undefined ? {} : { repeat: read.repeat }),
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, row: unknown, place: RowPlace): z.infer<Schema> {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  const complaints = result.error.issues.map((issue) => {
    const column = issue.path[0];
    const stored = typeof row === "object" && row !== null ? (row as Record<PropertyKey, unknown>)[column ?? ""] : row;
    const what = issue.message.replace(/^Invalid input: expected (.*), received .*$/, "Expected $1");
    return `${issue.path.map(String).join(".")}  ${what}. Received: ${describe(stored)}.`;
  });
  throw damaged(place, complaints.join("; "));
}

function damaged(place: RowPlace, complaint: string): CellwrightError {
  return new CellwrightError("storage", `${place.file}: table ${place.table}, row ${place.row}, ${complaint}`, {
    details: { ...place },
  });
}

function rowName(row: unknown, keys: readonly string[]): string {
  if (typeof row !== "object" || row === null) return "?";
  return keys.map((key) => describe((row as Record<string, unknown>)[key])).join("/");
}
