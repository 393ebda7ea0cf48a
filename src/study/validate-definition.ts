/**
 * @file Checks a study definition that came from a user's module: every problem at once, each with its path. The shape is checked
 * here; what is inside a space, a controller or an evaluator is checked by whoever makes it.
 */
import { z } from "zod";
import { CellwrightError, describe } from "../base/errors.ts";
import type { StudyDefinition } from "./definition.ts";

const positive = z.number().positive();
const count = z.number().int().min(1);

const space = z.custom<StudyDefinition["space"]>(
  (value) => isRecord(value) && typeof value["decode"] === "function" && typeof value["sample"] === "function",
  "Expected a space made by defineSpace",
);
const controller = z.custom<StudyDefinition["controller"]>(
  (value) => isRecord(value) && typeof value["create"] === "function" && typeof value["name"] === "string",
  "Expected a controller such as agingEvolution()",
);
const evaluator = z.custom<StudyDefinition["evaluator"]>(
  (value) =>
    isRecord(value) &&
    typeof value["evaluate"] === "function" &&
    typeof value["key"] === "string" &&
    Array.isArray(value["measures"]),
  "Expected an evaluator such as proxyTraining({ … })",
);

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

const definitionSchema = z.strictObject({
  name: z.string().regex(NAME, "Expected a folder name of letters, digits, '.', '_' and '-'").optional(),
  space,
  skeleton: z.record(z.string(), z.unknown()).optional(),
  controller,
  evaluator,
  objectives: z
    .array(z.strictObject({ name: z.string(), direction: z.enum(["maximize", "minimize"]) }))
    .min(1)
    .optional(),
  constraints: z.strictObject({ maxParams: positive.optional(), maxMacs: positive.optional() }).optional(),
  budget: z
    .strictObject({ trials: count.optional(), hours: positive.optional(), target: z.number().optional() })
    .optional(),
  pruner: z
    .strictObject({
      kind: z.literal("median"),
      startupTrials: z.number().int().min(0).optional(),
      warmupSteps: z.number().int().min(0).optional(),
    })
    .optional(),
  retrain: z
    .strictObject({ top: count, epochs: count, seeds: count.optional(), evaluator: evaluator.optional() })
    .optional(),
  failedTrials: z.enum(["skip", "stop"]).optional(),
  maxFailedShare: z.number().min(0).max(1).optional(),
  seed: z.number().int().optional(),
  workers: count.optional(),
  parallelism: count.optional(),
  gpus: z.array(z.number().int().min(0)).optional(),
  workersPerGpu: count.optional(),
  limits: z.strictObject({ timeMs: positive.optional(), memoryBytes: positive.optional() }).optional(),
  engine: z.enum(["auto", "native", "tfjs", "reference"]).optional(),
});

/** Returns the value as a definition, or throws `config` with every problem, each on its line as `<place>: <path>  Expected …. Received: …`. */
export function validateDefinition(value: unknown, place: string): StudyDefinition {
  if (!isRecord(value))
    throw new CellwrightError(
      "config",
      `${place}: Expected a study made by defineStudy({ … }). Received: ${describe(value)}.`,
    );
  const result = definitionSchema.safeParse(value);
  const problems = result.success ? [] : result.error.issues.map((issue) => issueLine(issue, value));
  if (result.success) problems.push(...objectiveProblems(value as unknown as StudyDefinition));
  if (problems.length > 0)
    throw new CellwrightError("config", problems.map((problem) => `${place}: ${problem}`).join("\n"), {
      details: { problems },
    });
  return value as unknown as StudyDefinition;
}

/** Returns whether a text may name a study (and so a folder). */
export function isStudyName(name: string): boolean {
  return NAME.test(name);
}

function objectiveProblems(definition: StudyDefinition): string[] {
  const measures = definition.evaluator.measures;
  return (definition.objectives ?? [])
    .map((objective, index) => ({ objective, index }))
    .filter(({ objective }) => !measures.includes(objective.name))
    .map(
      ({ objective, index }) =>
        `objectives[${index}].name  Expected one of the evaluator's measures (${measures.join(", ")}). Received: ${describe(objective.name)}.`,
    );
}

function issueLine(issue: z.core.$ZodIssue, root: unknown): string {
  if (issue.code === "unrecognized_keys") {
    const at = issue.path.length > 0 ? `${pathText(issue.path)}.` : "";
    return `${at}${issue.keys.join(", ")}  Expected no such key.`;
  }
  const received = issue.path.reduce<unknown>(
    (value, key) =>
      isRecord(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
  const message = issue.message
    .replace(/^Invalid input: expected/, "Expected")
    .replace(/^Too (small|big): expected/, "Expected");
  const what = message.split(/, received/)[0] ?? message;
  return `${pathText(issue.path)}  ${what.replace(/\.$/, "")}. Received: ${describe(received)}.`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
