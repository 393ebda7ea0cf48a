/** @file What a sample of a space looks like: what fails, what computes the same, how large candidates are. */
import { createRng } from "../base/rng.ts";
import { messageOf } from "../base/errors.ts";
import type { Network } from "../network/index.ts";
import type { Constraints } from "../space/constraints.ts";
import type { AnySpace, CandidateCost, Genotype, SkeletonBase } from "../space/space.ts";
import { candidateOf, functionKey, type Candidate } from "./candidate.ts";
import { countRefusal, NONE_REFUSED, refusalsOf, type RefusalCounts } from "./constraints.ts";

/** One sample, looked at. */
export type Sample = {
  /** Its place among the samples, from 0. */
  readonly number: number;
  readonly genotype: Genotype;
} & (
  | { readonly state: "good"; readonly candidate: Candidate; readonly key: string }
  | { readonly state: "failed"; readonly reason: string }
);

export type GoodSample = Extract<Sample, { state: "good" }>;
export type FailedSample = Extract<Sample, { state: "failed" }>;

/** Where to look. */
export interface SpaceSubject {
  readonly space: AnySpace;
  /** Keys that override the space's default skeleton. */
  readonly skeleton?: SkeletonBase | undefined;
  /** What candidates have to meet; latencies aren't looked at. Default none. */
  readonly constraints?: readonly Constraints<Network>[];
}

/** A sample that computes what an earlier one of another genotype does. */
export interface DuplicateSample {
  readonly number: number;
  readonly of: number;
}

/** Smallest, middle and largest of a measure, and all of it. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** In ascending order. */
  readonly values: readonly number[];
}

/** Samples that are decoded twice, to see whether `decode` is pure. */
const DECODED_TWICE = 20;

/** Returns sample `number` of a seed: the same whoever asks, and however many are asked for. */
export function sampleOf(space: AnySpace, seed: number, number: number): Genotype {
  return space.sample(createRng(`${seed}`).fork(`sample/${number}`));
}

/** Decodes, sizes and names a genotype. Never throws: what goes wrong is the reason. */
export function lookAt({ space, skeleton }: SpaceSubject, genotype: Genotype, number = 0): Sample {
  try {
    const candidate = candidateOf(space, genotype, skeleton);
    return { number, genotype, state: "good", candidate, key: functionKey(candidate) };
  } catch (error) {
    return { number, genotype, state: "failed", reason: messageOf(error) };
  }
}

/** Draws `count` samples and looks at each. The first few are decoded twice: a `decode` that isn't pure fails. */
export function drawSamples(subject: SpaceSubject, count: number, seed: number): readonly Sample[] {
  return Array.from({ length: count }, (_, number) => {
    const genotype = sampleOf(subject.space, seed, number);
    const sample = lookAt(subject, genotype, number);
    if (number >= DECODED_TWICE || sample.state === "failed") return sample;
    const again = lookAt(subject, genotype, number);
    if (again.state === "good" && again.key === sample.key) return sample;
    const reason = "decode  Expected the same network for the same genotype and skeleton. Received: another one.";
    return { number, genotype, state: "failed", reason };
  });
}

/** Returns how many samples the constraints refuse, and which constraint how many. */
export function refusedSamples(
  samples: readonly GoodSample[],
  constraints: SpaceSubject["constraints"] = [],
): RefusalCounts {
  return samples.reduce((counts, { candidate }) => {
    const names = refusalsOf(constraints, candidate).map(({ constraint }) => constraint);
    return names.length === 0 ? counts : countRefusal(counts, names);
  }, NONE_REFUSED);
}

/** Returns the samples that compute what an earlier one does, though their genotypes differ, and how many were drawn before as they are. */
export function findDuplicates(samples: readonly GoodSample[]): {
  readonly duplicates: readonly DuplicateSample[];
  readonly repeated: number;
} {
  const genotypes = new Set<string>();
  const firstOf = new Map<string, number>();
  const duplicates: DuplicateSample[] = [];
  let repeated = 0;
  for (const { number, genotype, key } of samples) {
    const text = JSON.stringify(genotype);
    const first = firstOf.get(key);
    if (genotypes.has(text)) repeated++;
    else if (first === undefined) firstOf.set(key, number);
    else duplicates.push({ number, of: first });
    genotypes.add(text);
  }
  return { duplicates, repeated };
}

/** Returns the spread of a cost over the samples, or undefined where there is none. */
export function spreadOf(samples: readonly GoodSample[], measure: keyof CandidateCost): Spread | undefined {
  const values = samples.map(({ candidate }) => candidate.cost[measure]).toSorted((a, b) => a - b);
  const [min] = values;
  const max = values.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const half = values.length / 2;
  const median = ((values[Math.ceil(half) - 1] ?? min) + (values[Math.floor(half)] ?? max)) / 2;
  return { min, median, max, values };
}

/** Returns the values that every failing sample took and no other did, as `path=value`: where to look for the fault. */
export function suspectsOf(space: AnySpace, samples: readonly Sample[]): readonly string[] {
  const taken = ({ genotype }: Sample): readonly string[] =>
    space.active(genotype).flatMap((decision) => {
      const value = genotype[decision.path] as number;
      if (decision.kind === "float") return [];
      return [`${decision.path}=${decision.kind === "choice" ? decision.options[value]?.name : value}`];
    });
  const innocent = new Set(samples.filter(({ state }) => state === "good").flatMap(taken));
  const [first, ...others] = samples.filter(({ state }) => state === "failed").map(taken);
  return (first ?? []).filter((one) => !innocent.has(one) && others.every((sample) => sample.includes(one)));
}
