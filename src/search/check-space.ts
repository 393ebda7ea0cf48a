/** @file Everything that can be said of a space without training: what `cellwright space check` reports. */
import { formatCount } from "../base/units.ts";
import type { CandidateCost } from "../space/space.ts";
import { flatten } from "../space/walk.ts";
import { MAX_REFUSED_SAMPLES } from "./constrained-space.ts";
import {
  countRefusal,
  hasConstraints,
  isRare,
  noneMeet,
  rareText,
  refusalsOf,
  refusalText,
  type RefusalCounts,
} from "./constraints.ts";
import { checkDecisions, type DecisionFinding } from "./check-decisions.ts";
import {
  drawSamples,
  findDuplicates,
  lookAt,
  refusedSamples,
  sampleOf,
  spreadOf,
  suspectsOf,
  type DuplicateSample,
  type FailedSample,
  type GoodSample,
  type SpaceSubject,
  type Spread,
} from "./sample-space.ts";

export interface SpaceCheck {
  /** How many genotypes there are; undefined where a float makes it infinite. */
  readonly genotypes: bigint | undefined;
  /** Active or not. */
  readonly decisions: number;
  readonly samples: number;
  readonly seed: number;
  readonly failed: readonly FailedSample[];
  /** Of the samples that decode; absent where there is nothing to meet. */
  readonly refused?: RefusalCounts;
  /** Values, `path=value`, that the failing samples and no others took. */
  readonly suspects: readonly string[];
  /** Samples whose very genotype was drawn before. */
  readonly repeated: number;
  readonly duplicates: readonly DuplicateSample[];
  /** Of the samples that decode; absent where none does. */
  readonly spreads: { readonly [measure in "params" | "macs" | "memory"]?: Spread };
  readonly findings: readonly DecisionFinding[];
  /** What is wrong, one line each; empty for a space to search. */
  readonly problems: readonly string[];
}

const MEASURES = ["params", "macs", "memory"] as const satisfies readonly (keyof CandidateCost)[];

/**
 * Draws `samples` genotypes, decodes and sizes each, and looks at every decision. The same seed gives the same check. Costs a decode and
 * a canonical id per sample, and at most 32 of them, most often one, per decision.
 */
export function checkSpace(
  subject: SpaceSubject,
  { samples: count, seed }: { readonly samples: number; readonly seed: number },
): SpaceCheck {
  const { space } = subject;
  const samples = drawSamples(subject, count, seed);
  const good = samples.filter((sample): sample is GoodSample => sample.state === "good");
  const failed = samples.filter((sample): sample is FailedSample => sample.state === "failed");
  const findings = checkDecisions(subject, good, seed);
  const spreads = Object.fromEntries(
    MEASURES.flatMap((measure) => {
      const spread = spreadOf(good, measure);
      return spread === undefined ? [] : [[measure, spread]];
    }),
  );
  const { constraints = [] } = subject;
  const constrained = hasConstraints(constraints);
  const refused = refusedSamples(good, constraints);
  return {
    genotypes: space.count(),
    decisions: flatten(space.decisions).length,
    samples: count,
    seed,
    failed,
    ...(constrained && { refused }),
    suspects: suspectsOf(space, samples),
    ...findDuplicates(good),
    spreads,
    findings,
    problems: [
      ...problemsOf(count, failed, findings),
      ...namedProblems(subject),
      ...(good.length > 0 && refused.refused === good.length
        ? constraintProblems(subject, good, refused, { from: count, seed })
        : []),
    ],
  };
}

/** A named genotype is checked by its decisions when the space is made; here it is decoded. */
function namedProblems(subject: SpaceSubject): readonly string[] {
  return Object.entries(subject.space.named).flatMap(([name, genotype]) => {
    const sample = lookAt(subject, genotype);
    return sample.state === "failed" ? [`named.${name} fails to decode: ${sample.reason}`] : [];
  });
}

/** Where none of the samples meets the constraints, as many are looked at as a search would draw before it gives up. */
function constraintProblems(
  subject: SpaceSubject,
  samples: readonly GoodSample[],
  counts: RefusalCounts,
  { from, seed }: { readonly from: number; readonly seed: number },
): readonly string[] {
  let [looked, refused] = [samples.length, counts];
  // Samples that don't decode are as many as they may: of those that do, there are some.
  for (let number = from; looked < MAX_REFUSED_SAMPLES && number < from + 2 * MAX_REFUSED_SAMPLES; number++) {
    const sample = lookAt(subject, sampleOf(subject.space, seed, number), number);
    if (sample.state === "failed") continue;
    looked++;
    const names = refusalsOf(subject.constraints ?? [], sample.candidate).map(({ constraint }) => constraint);
    if (names.length === 0) {
      const found = `1 of ${formatCount(looked)} samples meets the constraints (${refusalText(refused)})`;
      return [isRare(refused, 1) ? `${found}. ${rareText}` : found];
    }
    refused = countRefusal(refused, names);
  }
  return [noneMeet("samples", looked, refused).message];
}

function problemsOf(
  count: number,
  failed: readonly FailedSample[],
  findings: readonly DecisionFinding[],
): readonly string[] {
  const ofSamples = failed.length === 0 ? [] : [`${failed.length} of ${count} samples fail to decode`];
  const ofDecisions = findings.flatMap(({ path, kind, tries, failing = 0 }) => {
    switch (kind) {
      case "unreachable":
        return [`${path} is unreachable: none of ${tries} genotypes that take it decodes`];
      case "inert":
        return [
          `${path} never changes the network: ${tries} changes of it alone changed nothing${failing === 0 ? "" : `, ${failing} left nothing that decodes`}`,
        ];
      default:
        return [];
    }
  });
  return [...ofSamples, ...ofDecisions];
}
