/** @file A user's own measurement: a function as evaluator, or an evaluator written out. */
import { z } from "zod";
import { CellwrightError, expected } from "../base/errors.ts";
import { hashJson } from "../base/hash.ts";
import type { Rng } from "../base/rng.ts";
import { parseOptions } from "../data/options.ts";
import type { Network } from "../network/index.ts";
import { countObjection, finiteOrFailed } from "./check-values.ts";
import type { EvaluationContext, Evaluator, Outcome, Task, TrialMetrics } from "./evaluator.ts";

/** What a function is given. */
export interface Candidate {
  readonly network: Network;
  readonly task: Task;
  /** Seeded by the trial. */
  readonly rng: Rng;
  /** Aborted when the trial is to stop: what is returned after that is dropped, and the trial runs again on resume. */
  readonly signal: AbortSignal;
  /** Stores the measures so far after step `step` (from 1), and asks the pruner: after `"stop"`, return soon. */
  readonly report: (step: number, measured: Measured) => Promise<"continue" | "stop">;
  /** Progress from 0 to 1, for the live view. */
  readonly heartbeat: (fraction: number) => void;
}

/** One value, one per measure in order, or by name (then further names become metrics). */
export type Measured = number | readonly number[] | Readonly<Record<string, number>>;

export interface FunctionalOptions {
  /** Names of the values. Default `["value"]`. */
  readonly measures?: readonly string[];
  /** Plain JSON that decides what is measured: part of the key. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** To be raised when the function's results change: stored ones are then not taken for new ones. Default 1. */
  readonly version?: number;
}

const text = z.string("a name").min(1, "a name");
const functionalSchema = z.strictObject({
  measures: z
    .array(text, "a list of names")
    .min(1, "at least one name")
    .default(() => ["value"]),
  options: z.record(z.string(), z.unknown(), "an object of options").default({}),
  version: z.number("a number").default(1),
});

/** Returns an evaluator that calls `fn` for each candidate. A value that is missing or not finite fails the trial, naming it. */
export function functional(
  name: string,
  fn: (candidate: Candidate) => Measured | Promise<Measured>,
  options: FunctionalOptions = {},
): Evaluator {
  const { measures, options: facts, version } = parseOptions(functionalSchema, options, "evaluator");
  const call = parseOptions(
    z.custom<typeof fn>((value) => typeof value === "function", "a function of a candidate"),
    fn,
    "evaluator",
  );
  return defineEvaluator({
    name,
    version,
    measures,
    options: facts,
    async evaluate(task, context): Promise<Outcome> {
      const started = performance.now();
      let answer = "continue" as "continue" | "stop";
      const measured = await call({
        network: context.network,
        task,
        rng: context.rng,
        signal: context.signal,
        async report(step, soFar) {
          answer = await context.report({ step, ...namedValues(measures, soFar) });
          return answer;
        },
        heartbeat: (fraction) => context.heartbeat({ imagesTrained: 0, fraction }),
      });
      // A function that returns early when it is stopped must not pass for one that measured.
      if (context.signal.aborted) return { state: "failed", reason: "stopped before its end", metrics: {} };
      const { values, metrics } = namedValues(measures, measured);
      const all: TrialMetrics = { ...metrics, totalMs: performance.now() - started };
      return { state: answer === "stop" ? "pruned" : "complete", values, metrics: all };
    },
  });
}

/** Throws `internal` for what is no measurement at all: a function that forgot its `return`. */
function namedValues(
  measures: readonly string[],
  measured: Measured,
): { readonly values: readonly number[]; readonly metrics: Record<string, number> } {
  if (typeof measured !== "number" && (typeof measured !== "object" || measured === null))
    throw new CellwrightError(
      "internal",
      expected("the measuring function", `a number, a list, or a record with ${measures.join(", ")}`, measured),
    );
  if (typeof measured === "number") return { values: [measured], metrics: nameAll(measures, [measured]) };
  if (Array.isArray(measured)) return { values: measured, metrics: nameAll(measures, measured) };
  const record = measured as Readonly<Record<string, number>>;
  return { values: measures.map((name) => record[name] ?? Number.NaN), metrics: { ...record } };
}

function nameAll(measures: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    measures.flatMap((name, index) => (index < values.length ? [[name, values[index] as number]] : [])),
  );
}

export interface EvaluatorSpec extends Pick<Evaluator, "prepare" | "provide"> {
  readonly name: string;
  /** Names of the values, in order. */
  readonly measures: readonly string[];
  /** Plain JSON that decides what is measured: part of the key. Default none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** To be raised when the same options would give other results. Default 1. */
  readonly version?: number;
  evaluate(task: Task, context: EvaluationContext): Promise<Outcome>;
}

const specSchema = z.strictObject({
  name: text,
  measures: z.array(text, "a list of names").min(1, "at least one name"),
  options: z.record(z.string(), z.unknown(), "an object of options").default({}),
  version: z.number("a number").default(1),
  prepare: z.custom<NonNullable<Evaluator["prepare"]>>((value) => typeof value === "function", "a function").optional(),
  provide: z.custom<NonNullable<Evaluator["provide"]>>((value) => typeof value === "function", "a function").optional(),
  evaluate: z.custom<Evaluator["evaluate"]>((value) => typeof value === "function", "a function of a task"),
});

function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== "object" || value === null || !("state" in value)) return false;
  return !("values" in value) || Array.isArray(value.values);
}

/**
 * Returns a user's evaluator, checked, with a key made of its name, version, measures and options. What it measures is checked, too: a trial
 * without a finite value for each measure is failed with the reason. Throws `config`.
 */
export function defineEvaluator(spec: EvaluatorSpec): Evaluator {
  const { name, version, measures, options, prepare, provide, evaluate } = parseOptions(specSchema, spec, "evaluator");
  return {
    name,
    key: hashJson({ evaluator: name, version, measures, options }),
    measures,
    options,
    ...(prepare && { prepare }),
    ...(provide && { provide }),
    async evaluate(task, context) {
      // Written without types, it may return or throw at once, and what is no outcome at all is for the executor to say.
      const outcome: unknown = await evaluate(task, {
        ...context,
        report: async (report) => {
          const wrongCount =
            Array.isArray(report?.values) && countObjection("the evaluator's report", report.values, measures);
          if (wrongCount) throw new CellwrightError("internal", wrongCount);
          return context.report(report);
        },
      });
      return isOutcome(outcome) ? finiteOrFailed(outcome, measures) : (outcome as Outcome);
    },
  };
}
