/**
 * @file From a proposal to a trial: decode, size, check the constraints, and name what the trial computes, so that a duplicate
 * can take a stored result (law 5).
 */
import { hashJson } from "../base/hash.ts";
import { messageOf } from "../base/errors.ts";
import type { Outcome, TrialMetrics } from "../evaluators/evaluator.ts";
import { canonicalId, type Network } from "../network/index.ts";
import { candidateOf, type Candidate } from "../search/candidate.ts";
import { latencyLimit, latencyRefusal, refusalsOf } from "../search/constraints.ts";
import type { Proposal } from "../search/controller.ts";
import type { ConstraintName } from "../space/constraints.ts";
import type { RecipeOverrides } from "../space/space.ts";
import { objectivesOf } from "./config-record.ts";
import type { Constraints, StudyDefinition } from "./definition.ts";
import { needsLatency } from "./measured.ts";

export interface Admission {
  readonly proposal: Proposal;
  readonly canonicalId: string;
  /** With the canonical id: what makes two results the same. */
  readonly resultKey: string;
  /** Sizes, and the latency where it was measured: stored with the trial. */
  readonly metrics: TrialMetrics;
  readonly recipe: RecipeOverrides;
  /** Why the trial may not train, if so. */
  readonly rejected?: string;
  /** The constraints that reject it; none where its network can't be made. */
  readonly refusedBy?: readonly ConstraintName[];
}

/** Returns the latency of a network, by its canonical id where it is known. */
export type LatencyOf = (canonicalId: string, network: Network) => Promise<number>;

/** How a trial's seed is chosen. Part of the result key: results under another policy are not the same measurement. */
const SEED_POLICY = "seed of the study and number of the trial";

/** Returns the constraints that a candidate of a study has to meet: those of its space, and its own. */
export function constraintsOf({
  space,
  constraints,
}: Pick<StudyDefinition, "space" | "constraints">): readonly Constraints[] {
  return [space.constraints as Constraints | undefined, constraints].filter((each) => each !== undefined);
}

/** Returns whether a candidate's latency is measured before it is trained: a constraint limits it, or an objective is about it. */
export function measuresLatency(definition: StudyDefinition): boolean {
  return (
    latencyLimit(constraintsOf(definition)) !== undefined ||
    needsLatency(definition.evaluator, objectivesOf(definition))
  );
}

/** Decodes, sizes and names a proposal, whose genotype is valid, whatever the constraints say of it. */
export function identify(definition: StudyDefinition, proposal: Proposal): Admission {
  return identified(definition, proposal).admission;
}

/** Decodes and sizes a proposal, whose genotype is valid. A network that cannot be made or sized is a rejection. Latencies aren't looked at. */
export function admit(definition: StudyDefinition, proposal: Proposal): Admission {
  return judged(definition, identified(definition, proposal));
}

/** The same with the latency, where a constraint limits it or an objective is about it, and all else is met. What can't be measured is a rejection. */
export async function admitMeasured(
  definition: StudyDefinition,
  proposal: Proposal,
  latencyOf: LatencyOf,
): Promise<Admission> {
  const found = identified(definition, proposal);
  const admission = judged(definition, found);
  const limit = latencyLimit(constraintsOf(definition));
  if (admission.rejected !== undefined || found.candidate === undefined || !measuresLatency(definition))
    return admission;
  try {
    const latencyMs = await latencyOf(admission.canonicalId, found.candidate.network);
    const measured = { ...admission, metrics: { ...admission.metrics, latencyMs } };
    const refusal = limit === undefined ? undefined : latencyRefusal(latencyMs, limit);
    return refusal === undefined ? measured : { ...measured, rejected: refusal.reason, refusedBy: ["maxLatencyMs"] };
  } catch (error) {
    const reason = `it can't be measured: ${messageOf(error)}`;
    if (limit === undefined) return { ...admission, rejected: `objective latencyMs: ${reason}` };
    return { ...admission, rejected: `constraints.maxLatencyMs: ${reason}`, refusedBy: ["maxLatencyMs"] };
  }
}

/** Returns the outcome of a trial that was rejected: data, like any other. */
export function rejectedOutcome({ rejected = "", refusedBy = [] }: Admission): Outcome {
  return {
    state: "failed",
    reason: rejected,
    metrics: { rejected: true, ...(refusedBy.length > 0 && { refusedBy: refusedBy.join(" ") }) },
  };
}

interface Identified {
  readonly admission: Admission;
  readonly candidate?: Candidate;
}

function identified(definition: StudyDefinition, proposal: Proposal): Identified {
  const { space, evaluator } = definition;
  const keyOf = (recipe: RecipeOverrides) =>
    hashJson({
      evaluator: evaluator.key,
      epochs: proposal.epochs ?? null,
      continueFrom: proposal.continueFrom ?? null,
      recipe,
      seeds: SEED_POLICY,
      // Absent of a first measurement, as in studies that were stored before there were others.
      ...(proposal.repeat !== undefined && { repeat: proposal.repeat }),
    });
  try {
    const candidate = candidateOf(space, proposal.genotype, definition.skeleton);
    const { network, recipe } = candidate;
    const { params, total, macs } = candidate.cost;
    const metrics = { params, total, macs };
    return {
      admission: { proposal, canonicalId: canonicalId(network), resultKey: keyOf(recipe), metrics, recipe },
      candidate,
    };
  } catch (error) {
    // A network that can't be made still needs an identity, by which its like is rejected without another try.
    return {
      admission: {
        proposal,
        canonicalId: `undecodable-${hashJson({ ...proposal.genotype })}`,
        resultKey: keyOf({}),
        metrics: {},
        recipe: {},
        rejected: messageOf(error),
      },
    };
  }
}

function judged(definition: StudyDefinition, { admission, candidate }: Identified): Admission {
  const refusals = candidate === undefined ? [] : refusalsOf(constraintsOf(definition), candidate);
  const [first] = refusals;
  if (first === undefined) return admission;
  return { ...admission, rejected: first.reason, refusedBy: refusals.map(({ constraint }) => constraint) };
}
