/** @file The root of all of a study's randomness. */
import { createRng, type Rng } from "../base/rng.ts";
import type { StudyDefinition } from "./definition.ts";

/** Returns the root stream of a study. */
export function studyRng({ seed = 0 }: Pick<StudyDefinition, "seed">): Rng {
  return createRng(`${seed}`);
}
