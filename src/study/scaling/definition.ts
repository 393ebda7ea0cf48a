/**
 * @file The study that searches for coefficients (Tan and Le 2019, arXiv 1905.11946, section 3.3), made from what is to grow: an ordinary study, with trials, budget,
 * resume and report, over the points of a plan.
 */
import { z } from "zod";
import type { Json } from "../../base/canonical-json.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import type { Network } from "../../network/network.ts";
import type { ScaleSubject } from "../../scale/scale.ts";
import { scalingPlan, type ScalingPlanOptions } from "../../scale/scaling-plan.ts";
import type { Genotype, SkeletonBase, Space } from "../../space/space.ts";
import type { StudyDefinition, StudyReference } from "../definition.ts";
import { isSpace, loadSpace } from "../load-space.ts";
import { scalingSearch } from "./controller.ts";
import { scalingSpace } from "./space.ts";

/** What a reference names instead of a file for a search for coefficients; its override `scaling` says of what. */
export const SCALING_STUDY_MODULE = "cellwright:scaling-study";

/** Where the architecture is from: a study (whose evaluator measures), a space of the shelf, or a space's file. */
export type ScalingSource =
  | { readonly kind: "study"; readonly reference: StudyReference }
  | { readonly kind: "shelf"; readonly space: string }
  | { readonly kind: "file"; readonly path: string };

/** All that makes the study again, in a worker or on resume: plain JSON. */
export interface ScalingSpec {
  /** What its user calls it: `my-study`, `nasnet-a`. */
  readonly target: string;
  readonly source: ScalingSource;
  readonly genotype: Genotype;
  /** What differs from the space's default. */
  readonly skeleton?: SkeletonBase;
  readonly step?: number;
  readonly tolerance?: number;
  readonly levels?: readonly number[];
  readonly macsTolerance?: number;
}

/** Evaluators that look genotypes up in a table, in which no grown network stands. */
const LOOKING_UP: readonly string[] = ["tabular", "nas-bench-201"];

const specSchema = z.object({
  target: z.string(),
  source: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("study"),
      reference: z.object({ module: z.string(), export: z.string(), overrides: z.record(z.string(), z.json()) }),
    }),
    z.object({ kind: z.literal("shelf"), space: z.string() }),
    z.object({ kind: z.literal("file"), path: z.string() }),
  ]),
  genotype: z.record(z.string(), z.number()),
  skeleton: z.record(z.string(), z.json()).optional(),
  step: z.number().optional(),
  tolerance: z.number().optional(),
  levels: z.array(z.number()).optional(),
  macsTolerance: z.number().optional(),
});

/** Returns the reference by which workers and a resume find the study. `overrides` are flags laid over it. */
export function scalingReference(spec: ScalingSpec, overrides: StudyReference["overrides"] = {}): StudyReference {
  const scaling = JSON.parse(JSON.stringify(spec)) as Json;
  return { module: SCALING_STUDY_MODULE, export: "default", overrides: { ...overrides, scaling } };
}

/** What the study takes over of where the architecture is from: how that measures, and on what. */
export type ScalingOrigin = Pick<StudyDefinition, "space" | "evaluator"> & Partial<StudyDefinition>;

/**
 * Returns the study that searches for the coefficients of one genotype of a study's space. It measures as that study does; constraints are left behind, which were for
 * the architecture as searched, and nothing is pruned unless asked for: a point that stopped early can't be compared. Throws `config` for an
 * evaluator that looks genotypes up, and what planning throws.
 */
export function scalingDefinition(
  from: ScalingOrigin,
  what: { readonly genotype: Genotype; readonly target?: string } & ScalingPlanOptions,
): StudyDefinition {
  const { space, evaluator, skeleton, objectives, seed, limits, engine, workers, parallelism, gpus, workersPerGpu } =
    from;
  const { genotype, target = from.name ?? space.name, ...options } = what;
  if (LOOKING_UP.includes(evaluator.name))
    throw new CellwrightError(
      "config",
      expected("evaluator", "one that measures networks, such as proxyTraining", evaluator.name),
    );
  const subject: ScaleSubject<SkeletonBase> = {
    space: space as Space<SkeletonBase, Network>,
    genotype,
    ...(skeleton !== undefined && { skeleton }),
  };
  const made = scalingSpace(subject, scalingPlan(subject, options), target);
  return {
    space: made.space,
    controller: scalingSearch(made.search),
    evaluator,
    ...(objectives !== undefined && { objectives }),
    ...(seed !== undefined && { seed }),
    ...(limits !== undefined && { limits }),
    ...(engine !== undefined && { engine }),
    ...(workers !== undefined && { workers }),
    ...(parallelism !== undefined && { parallelism }),
    ...(gpus !== undefined && { gpus }),
    ...(workersPerGpu !== undefined && { workersPerGpu }),
    baseline: false,
  };
}

/**
 * Returns the study of a spec: `scalingDefinition` of its source, or of the built-in study where the architecture is from no study. Throws `config` for a spec
 * that is none, and what loading its source throws.
 */
export async function scalingStudy(
  given: unknown,
  load: (reference: StudyReference) => Promise<StudyDefinition>,
): Promise<StudyDefinition> {
  const parsed = specSchema.safeParse(given);
  if (!parsed.success)
    throw new CellwrightError("config", `scaling  ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  const { source, target, genotype, skeleton, step, tolerance, levels, macsTolerance } = parsed.data as ScalingSpec;
  const from = await sourceOf(source, load);
  return scalingDefinition(
    { ...from, skeleton: { ...from.skeleton, ...skeleton } },
    {
      target,
      genotype,
      ...(step !== undefined && { step }),
      ...(tolerance !== undefined && { tolerance }),
      ...(levels !== undefined && { levels }),
      ...(macsTolerance !== undefined && { macsTolerance }),
    },
  );
}

async function sourceOf(
  source: ScalingSource,
  load: (reference: StudyReference) => Promise<StudyDefinition>,
): Promise<ScalingOrigin> {
  if (source.kind === "study") return await load(source.reference);
  const { defaultStudy } = await import("../default-study.ts");
  const { evaluator } = defaultStudy;
  if (source.kind === "file") return { space: await loadSpace(source.path), evaluator };
  const shelf = await import("../../../search-spaces/index.ts");
  const space = Object.values<unknown>(shelf)
    .filter(isSpace)
    .find(({ name }) => name === source.space);
  if (space === undefined)
    throw new CellwrightError("config", expected("scaling.source.space", "a space of the shelf", source.space));
  return { space, evaluator };
}
