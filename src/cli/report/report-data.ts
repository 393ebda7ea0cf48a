/** @file Everything a report says, gathered once from the study's database. */
import type { TrialRecord } from "../../storage/storage.ts";
import type { Baseline } from "../../study/baseline-plan.ts";
import type { StudyFront } from "../../study/front.ts";
import { scalingResults, type ScalingResults } from "../../study/scaling/results.ts";
import type { Study } from "../../study/study.ts";
import { studyCells, topCandidates, type Candidate } from "../candidates.ts";
import { scaleRows, scaleSubject, type ScaleRow } from "../scaling.ts";

/** How much larger than searched the report's scaled architecture may be, in multiply-accumulates. */
const SCALE_BUDGET = 10;

export interface ReportData {
  readonly study: Study;
  readonly measure: string;
  readonly direction: "maximize" | "minimize";
  readonly trials: readonly TrialRecord[];
  /** In the order of finishing. */
  readonly finished: readonly TrialRecord[];
  readonly top: readonly Candidate[];
  readonly winner?: Candidate;
  /** What the winner is compared with, trained as it was. */
  readonly baseline?: Baseline;
  /** What the search alone found best: after retraining another may have won. */
  readonly searchBest?: { readonly trial: number; readonly value: number };
  /** Of a study with several objectives. */
  readonly front?: StudyFront;
  readonly elapsedMs: number;
  readonly scaled: readonly ScaleRow[];
  /** Operations of each trial that trained, in the order of proposing; empty for a space without cells. */
  readonly operations: readonly (readonly string[])[];
  readonly operationNames: readonly string[];
  /** Of a search for coefficients. */
  readonly scaling?: ScalingResults;
}

/** Returns the facts of a study's report. */
export async function gatherReport(study: Study): Promise<ReportData> {
  const { definition, storage } = study;
  const trials = await storage.trials();
  const finished = trials
    .filter((trial) => trial.state !== "running")
    .toSorted((a, b) => (a.finishedMs ?? 0) - (b.finishedMs ?? 0) || a.number - b.number);
  const top = await topCandidates(study, 5);
  const winner = top[0];
  const { best, front } = await study.status();
  const baseline = (await study.baseline())?.trained;
  const scaling = await scalingResults(study);
  const operations = trials.map((trial) =>
    studyCells(definition, trial.proposal.genotype).flatMap((cell) =>
      cell.blocks.flatMap(({ steps }) => steps.map(({ operation }) => operation)),
    ),
  );
  return {
    study,
    measure: study.objectives[0]?.name ?? "value",
    direction: study.objectives[0]?.direction ?? "maximize",
    trials,
    finished,
    top,
    ...(winner !== undefined && { winner }),
    ...(baseline !== undefined && { baseline }),
    ...(best?.values?.[0] !== undefined && { searchBest: { trial: best.number, value: best.values[0] } }),
    ...(front !== undefined && { front }),
    elapsedMs: storage.study.elapsedMs,
    scaled: winner === undefined ? [] : winnerScaled(study, winner),
    operations: operations.some((list) => list.length > 0) ? operations : [],
    operationNames: operationNames(study),
    ...(scaling !== undefined && { scaling }),
  };
}

function winnerScaled(study: Study, winner: Candidate): readonly ScaleRow[] {
  if (study.definition.space.scaleSkeleton === undefined || winner.macs === undefined) return [];
  const subject = scaleSubject(study.definition, winner.genotype);
  return scaleRows(subject, { budget: { maxMacs: winner.macs * SCALE_BUDGET } });
}

/** Every operation that the space's cells may take, in the order of declaration. */
function operationNames(study: Study): readonly string[] {
  const names = study.definition.space.decisions.flatMap((decision) =>
    decision.role === "operation" && decision.kind === "choice" ? decision.options.map((option) => option.name) : [],
  );
  return [...new Set(names)];
}
