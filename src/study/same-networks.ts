/**
 * @file Law 4 where a hash can't see: a space's hash covers its decisions, not the code of `decode` nor the skeleton, so before a study goes
 * on a few of its trials are decoded again and compared by canonical id with what was stored.
 */
import { CellwrightError } from "../base/errors.ts";
import type { TrialRecord } from "../storage/storage.ts";
import { identify } from "./admission.ts";
import type { StudyDefinition } from "./definition.ts";

/** How many of the trials that measured something are decoded, spread over all; of those that are to run, every one. */
const SAMPLES = 5;

/** Throws `space` naming the first trial whose genotype decodes to another network than it did. A few decodes, whatever the number of trials. */
export function checkSameNetworks(definition: StudyDefinition, trials: readonly TrialRecord[], place: string): void {
  const measured = trials.filter(({ state }) => state === "complete" || state === "pruned");
  const step = Math.max(1, (measured.length - 1) / (SAMPLES - 1));
  const spread = Array.from({ length: Math.min(SAMPLES, measured.length) }, (_, i) => measured[Math.round(i * step)]);
  for (const trial of [...spread, ...trials.filter(({ state }) => state === "running")]) {
    if (trial === undefined || identify(definition, trial.proposal).canonicalId === trial.canonicalId) continue;
    throw new CellwrightError(
      "space",
      `${place}: space ${definition.space.name}  Expected trial ${trial.number} to decode to the network with which the study began. Received: another one. If \`decode\` changed, give the space a new version and begin a new study, or undo the change; if the skeleton did, begin a new study with --name.`,
      { details: { trial: trial.number } },
    );
  }
}
