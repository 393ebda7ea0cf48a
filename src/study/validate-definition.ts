/**
 * @file Checks a study definition that came from a user's module: every problem at once, each with its path. The shape is checked
 * here; what is inside a space, a controller or an evaluator is checked by whoever makes it.
 */
import { z } from "zod";
import { CellwrightError, describe } from "../base/errors.ts";
import { numberBetween, oneOf, wholeNumber } from "../data/options.ts";
import { latencyRuntimes } from "../space/constraints.ts";
import { baselineProblems } from "./baseline-plan.ts";
import { costNames } from "../search/mnasnet-reward.ts";
import type { Objective } from "../search/controller.ts";
import type { StudyDefinition } from "./definition.ts";
import { pathText, problemsOf } from "./issues.ts";

const positive = z.number("a number above 0").positive("a number above 0");
const count = wholeNumber(1);

const space = z.custom<StudyDefinition["space"]>(
  (value) => isRecord(value) && typeof value["decode"] === "function" && typeof value["sample"] === "function",
  "a space made by defineSpace({ … })",
);
const controller = z.custom<StudyDefinition["controller"]>(
  (value) =>
    isRecord(value) &&
    typeof value["create"] === "function" &&
    typeof value["name"] === "string" &&
    ["undefined", "function"].includes(typeof value["isHeavy"]),
  "a controller such as agingEvolution()",
);
const evaluator = z.custom<StudyDefinition["evaluator"]>(
  (value) =>
    isRecord(value) &&
    typeof value["evaluate"] === "function" &&
    typeof value["key"] === "string" &&
    Array.isArray(value["measures"]),
  "an evaluator such as proxyTraining({ … })",
);

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const NAME_TEXT = "a folder name of letters, digits, '.', '_' and '-', beginning with a letter or digit";

/** An object of exactly these keys. Messages complete "Expected …". */
function record<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, `an object with ${Object.keys(shape).join(", ")}`);
}

const definitionSchema = record({
  name: z.string(NAME_TEXT).regex(NAME, NAME_TEXT).optional(),
  space,
  skeleton: z.record(z.string(), z.unknown(), "an object").optional(),
  controller,
  evaluator,
  objectives: z
    .array(
      record({
        name: z.string("the name of a measure"),
        direction: oneOf(["maximize", "minimize"]),
        reward: record({
          measure: z.string("the name of a measure"),
          cost: oneOf(costNames),
          target: positive,
          alpha: z.number("a number"),
          beta: z.number("a number"),
        }).optional(),
      }),
      'a list such as [maximize("accuracy")]',
    )
    .min(1, "at least one objective")
    .optional(),
  constraints: record({
    maxParams: positive.optional(),
    maxMacs: positive.optional(),
    maxMemory: positive.optional(),
    maxLatencyMs: positive.optional(),
    latencyRuntime: oneOf(latencyRuntimes).optional(),
    accept: z
      .custom<NonNullable<StudyDefinition["constraints"]>["accept"]>(
        (value) => typeof value === "function",
        "a function of { network, cost, genotype }",
      )
      .optional(),
  }).optional(),
  budget: record({
    trials: count.optional(),
    hours: positive.optional(),
    target: z.number("a number").optional(),
  }).optional(),
  pruner: record({
    kind: z.literal("median", '"median"'),
    startupTrials: wholeNumber(0).optional(),
    warmupSteps: wholeNumber(0).optional(),
  }).optional(),
  retrain: record({ top: count, epochs: count, seeds: count.optional(), evaluator: evaluator.optional() }).optional(),
  baseline: z.union([z.string(), z.literal(false)], "the id of a network, or false for none").optional(),
  failedTrials: oneOf(["skip", "stop"]).optional(),
  maxFailedShare: numberBetween(0, 1).optional(),
  seed: wholeNumber(0).optional(),
  workers: count.optional(),
  parallelism: count.optional(),
  gpus: z.array(wholeNumber(0), "a list of GPU indices").optional(),
  workersPerGpu: count.optional(),
  limits: record({ timeMs: positive.optional(), memoryBytes: positive.optional() }).optional(),
  engine: oneOf(["auto", "native", "tfjs", "reference"]).optional(),
});

/** Returns the value as a definition, or throws `config` with every problem, each on its line as `<place>: <path>  Expected …. Received: …`. */
export function validateDefinition(value: unknown, place: string): StudyDefinition {
  if (!isRecord(value))
    throw new CellwrightError(
      "config",
      `${place}: Expected a study made by defineStudy({ … }). Received: ${describe(value)}.`,
    );
  const result = definitionSchema.safeParse(value);
  const problems = result.success
    ? []
    : result.error.issues
        .flatMap((issue) => problemsOf(issue, value))
        .map(({ path, message }) => `${pathText(path)}  ${message}`);
  if (result.success) {
    const definition = value as unknown as StudyDefinition;
    problems.push(...objectiveProblems(definition), ...baselineProblems(definition));
  }
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
  const { measures } = definition.evaluator;
  const wanted = (
    definition.objectives ?? ([{ name: measures[0] ?? "value" }] as readonly Pick<Objective, "name" | "reward">[])
  ).map(measureOf);
  const retrained = definition.retrain?.evaluator?.measures ?? measures;
  const lacking = wanted.filter((name) => measures.includes(name) && !retrained.includes(name));
  const ofRetraining = lacking.map(
    (name) =>
      `retrain.evaluator  Expected an evaluator that measures ${name}, an objective of the study. Received: one that measures ${retrained.join(", ")}.`,
  );
  const ofSearch = (definition.objectives ?? [])
    .map((objective, index) => ({ objective, index }))
    .filter(
      ({ objective }) =>
        !measures.includes(measureOf(objective)) &&
        (objective.reward !== undefined || !costNames.some((name) => name === objective.name)),
    )
    .map(
      ({ objective, index }) =>
        `objectives[${index}].${objective.reward === undefined ? "name" : "reward.measure"}  Expected one of the evaluator's measures (${measures.join(", ")})${objective.reward === undefined ? ` or a cost (${costNames.join(", ")})` : ""}. Received: ${describe(measureOf(objective))}.`,
    );
  return [...ofSearch, ...ofRetraining];
}

/** The measure that an objective is about. */
function measureOf({ name, reward }: Pick<Objective, "name" | "reward">): string {
  return reward?.measure ?? name;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
