/** @file Factors of drop path and dropout for one step, from the masks that all engines share. */
import type { StepOptions } from "../engine.ts";
import { dropoutMask, dropPathMask } from "../masks.ts";
import type { Plan } from "./plan/plan.ts";

/** Returns one row of factors by image for every drop path of the plan. Shape `[masks, batchSize]`. */
export function makeMasks(plan: Plan, seed: number, step: StepOptions, size: number): Float32Array {
  const masks = new Float32Array(plan.masks.length * plan.batchSize).fill(1);
  for (const [row, { node, depthFraction }] of plan.masks.entries()) {
    const rate = depthFraction * step.dropPathRate;
    if (rate !== 0) masks.set(dropPathMask(seed, step.step, node, size, 1 - rate), row * plan.batchSize);
  }
  return masks;
}

/** Returns the factors of every dropout of the plan, plane by plane as the arena holds them. */
export function makeUploads(plan: Plan, seed: number, step: StepOptions, size: number): Float32Array {
  const { vectorWidth: width, batchSize } = plan;
  const floats = plan.uploads.reduce(
    (sum, { planes }) => sum + planes.reduce((total, index) => total + pixelsOf(plan, index) * width * batchSize, 0),
    0,
  );
  const uploads = new Float32Array(floats);
  let at = 0;
  for (const { node, rate, planes } of plan.uploads) {
    const channels = planes.reduce((sum, index) => sum + lanesOf(plan, index), 0);
    const pixels = pixelsOf(plan, planes[0] as number);
    const mask = dropoutMask(seed, step.step, node, size * pixels * channels, 1 - rate);
    let channel = 0;
    for (const index of planes) {
      const lanes = lanesOf(plan, index);
      for (let pixel = 0; pixel < size * pixels; pixel++)
        for (let lane = 0; lane < lanes; lane++)
          uploads[at + pixel * width + lane] = mask[pixel * channels + channel + lane] as number;
      channel += lanes;
      at += pixels * width * batchSize;
    }
  }
  return uploads;
}

function pixelsOf(plan: Plan, plane: number): number {
  return plan.planes[plane]?.pixels ?? 0;
}

function lanesOf(plan: Plan, plane: number): number {
  return plan.planes[plane]?.lanes ?? 0;
}
