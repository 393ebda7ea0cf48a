/**
 * @file Decisions that decide nothing: those that no candidate which decodes can reach, those that never change what is computed when
 * they alone are changed, and those of a single value. A search would spend trials on telling the like of them apart.
 */
import { createRng, type Rng } from "../base/rng.ts";
import { isMutable, sampleValue } from "../space/values.ts";
import { walk } from "../space/walk.ts";
import type { AnySpace, Decision, Genotype } from "../space/space.ts";
import { lookAt, type GoodSample, type SpaceSubject } from "./sample-space.ts";

export interface DecisionFinding {
  readonly path: string;
  /** `unreachable`: no genotype that takes it decodes. `inert`: it never changed the network. `constant`: it has one value. */
  readonly kind: "unreachable" | "inert" | "constant";
  /** Genotypes that were tried. */
  readonly tries: number;
  /** Of an inert one: changes of it alone, beside those tried, after which the genotype didn't decode; absent for none. */
  readonly failing?: number;
  /** Of an unreachable one: why the last genotype that takes it doesn't decode. */
  readonly reason?: string;
}

/** A decision with what has to be taken for it to exist. */
interface Placed {
  readonly decision: Decision;
  readonly opening: ReadonlyMap<string, number>;
}

/** Most genotypes that are tried for one decision. */
const MAX_TRIES = 32;

/** Looks at every decision of the space, active or not, over `samples` that decode and others that take it. */
export function checkDecisions(
  subject: SpaceSubject,
  samples: readonly GoodSample[],
  seed: number,
): readonly DecisionFinding[] {
  const rng = createRng(`${seed}`).fork("decisions");
  return placed(subject.space.decisions, new Map()).flatMap((each) => {
    const finding = findingOf(subject, each, samples, rng.fork(each.decision.path));
    return finding === undefined ? [] : [finding];
  });
}

function findingOf(
  subject: SpaceSubject,
  { decision, opening }: Placed,
  samples: readonly GoodSample[],
  rng: Rng,
): DecisionFinding | undefined {
  const { path } = decision;
  const contexts = samples.filter(({ genotype }) => Object.hasOwn(genotype, path)).slice(0, MAX_TRIES);
  let reason: string | undefined;
  for (let i = 0; i < MAX_TRIES && contexts.length < MAX_TRIES / 4; i++) {
    const genotype = taking(subject.space, opening, samples[i % Math.max(1, samples.length)]?.genotype ?? {}, rng);
    const sample = lookAt(subject, genotype);
    if (sample.state === "good") contexts.push(sample);
    else reason = sample.reason;
  }
  if (contexts.length === 0)
    return { path, kind: "unreachable", tries: MAX_TRIES, ...(reason !== undefined && { reason }) };
  if (!isMutable(decision)) return { path, kind: "constant", tries: 0 };

  let tries = 0;
  let failing = 0;
  for (let i = 0; i < MAX_TRIES; i++) {
    const context = contexts[i % contexts.length] as GoodSample;
    const changed = lookAt(
      subject,
      subject.space.mutate(context.genotype, rng, () => decision),
    );
    // One that fails can't tell whether the network would be another.
    if (changed.state === "failed") {
      failing++;
      continue;
    }
    if (changed.key !== context.key) return undefined;
    tries++;
  }
  return tries === 0 ? undefined : { path, kind: "inert", tries, ...(failing > 0 && { failing }) };
}

/** Returns a genotype that takes what opens a decision, and else what `base` takes, where that says anything. */
function taking(space: AnySpace, opening: ReadonlyMap<string, number>, base: Genotype, rng: Rng): Genotype {
  return walk(
    space.decisions,
    (decision) =>
      opening.get(decision.path) ??
      (Object.hasOwn(base, decision.path) ? (base[decision.path] as number) : sampleValue(decision, rng)),
  );
}

function placed(decisions: readonly Decision[], opening: ReadonlyMap<string, number>): readonly Placed[] {
  return decisions.flatMap((decision) => [
    { decision, opening },
    ...(decision.kind === "choice"
      ? decision.options.flatMap(({ children }, taken) =>
          placed(children, new Map([...opening, [decision.path, taken]])),
        )
      : []),
  ]);
}
