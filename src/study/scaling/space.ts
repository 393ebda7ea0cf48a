/** @file The plan of a search for coefficients as a space: one decision, which of its points; decoding gives the network of that size. */
import { CellwrightError } from "../../base/errors.ts";
import type { Network } from "../../network/network.ts";
import { inferShapes } from "../../network/shapes.ts";
import { resizedInput } from "../../scale/resized-input.ts";
import type { ScaleSubject } from "../../scale/scale.ts";
import { furtherName, type ScalingPlan, type ScalingPoint } from "../../scale/scaling-plan.ts";
import { choice } from "../../space/choice.ts";
import { defineSpace } from "../../space/define.ts";
import type { AnySpace, SkeletonBase } from "../../space/space.ts";
import type { ScalingSearchOptions } from "./controller.ts";

/** A plan with its space. */
export interface ScalingSpace {
  readonly space: AnySpace;
  readonly plan: ScalingPlan;
  /** What grows, as its user calls it. */
  readonly target: string;
  /** What the controller is told of it. */
  readonly search: ScalingSearchOptions;
  /** Returns the point of an option. */
  readonly pointAt: (index: number) => ScalingPoint;
}

/** Plans by their spaces: whoever opens a study sees from its space whether it is a search for coefficients. */
const plans = new WeakMap<AnySpace, ScalingSpace>();

/** Returns the plan behind a study's space, or undefined for any other study. */
export function scalingOf(space: AnySpace): ScalingSpace | undefined {
  return plans.get(space);
}

/**
 * Returns the space of a plan. Networks take images of the size searched on, resized to what each of them wants, since the study's data has no others: more resolution is
 * then more arithmetic on the same pixels.
 */
export function scalingSpace(subject: ScaleSubject<SkeletonBase>, plan: ScalingPlan, target: string): ScalingSpace {
  const { points, grid, further } = plan;
  const later = grid.flatMap((at) => {
    const { coefficients } = points[at] as ScalingPoint;
    if (coefficients === undefined) throw new CellwrightError("internal", `point ${at} has no coefficients`);
    return further.map((level) => ({ at, level, coefficients }));
  });
  const made = new Map<number, ScalingPoint>();
  // Sized when it is wanted: one grid point of them all goes on to the further levels.
  const pointAt = (index: number): ScalingPoint => {
    const known = points[index] ?? made.get(index);
    if (known !== undefined) return known;
    const wanted = later[index - points.length];
    if (wanted === undefined) throw new CellwrightError("internal", `no point ${index}`);
    const point = plan.compoundAt(wanted.coefficients, wanted.level);
    made.set(index, point);
    return point;
  };
  const names = [
    ...points.map(({ name }) => name),
    ...later.map(({ coefficients, level }) => furtherName(coefficients, level)),
  ];
  const { space, genotype, skeleton } = subject;
  const image = imageOf(space.decode(genotype, skeleton).network);
  const grown = defineSpace({
    name: `${space.name}-scaling`,
    version: 1,
    skeleton: {},
    decisions: { point: choice(names) },
    decode({ point }) {
      const { size } = pointAt(names.indexOf(point));
      const { network, ...rest } = space.decode(genotype, size.skeleton);
      return { ...rest, network: resizedInput(network, image) };
    },
  });
  const search: ScalingSearchOptions = {
    first: points.length,
    candidates: chosenAmong(plan),
    further: chosenAmong(plan).map((candidate) =>
      later.flatMap(({ at }, i) => (at === candidate ? [points.length + i] : [])),
    ),
  };
  const result = { space: grown as AnySpace, plan, target, search, pointAt };
  plans.set(grown, result);
  return result;
}

/** Returns the points of the grid that may be chosen: those at equal cost; all of them where rounding leaves none there. */
function chosenAmong({ points, grid }: ScalingPlan): readonly number[] {
  const fair = grid.filter((at) => points[at]?.isOnTarget === true);
  return fair.length > 0 ? fair : grid;
}

function imageOf(network: Network): readonly [number, number] {
  const input = network.nodes.find(({ op }) => op === "input");
  const shape = input === undefined ? undefined : inferShapes(network).get(input.id);
  const [rows, columns] = shape ?? [];
  if (shape?.length !== 3 || rows === undefined || columns === undefined)
    throw new CellwrightError("space", "scaling  Expected a network that takes images. Received: another.");
  return [rows, columns];
}
