/**
 * @file The controller contract: an algorithm that proposes genotypes and is told what happened. It does no I/O and never sees a
 * network. `ask` changes nothing; only `tell` does. So the stored events alone rebuild it (law 2), and no controller needs a
 * checkpoint format of its own.
 */
import type { Rng } from "../base/rng.ts";
import type { AnySpace, Genotype } from "../space/space.ts";
import type { Reward } from "./mnasnet-reward.ts";

export interface Proposal {
  readonly genotype: Genotype;
  /** Training length where the controller decides it (ASHA); absent: the evaluator's own. */
  readonly epochs?: number;
  /** Number of the trial whose checkpoint to continue from: one that was told as complete or pruned. */
  readonly continueFrom?: number;
  /**
   * Which measurement of the same candidate this is, from 1; absent: the first. A study takes the stored result of a proposal that is otherwise equal only where this is equal,
   * too, so that what is to be measured again is.
   */
  readonly repeat?: number;
}

export interface Objective {
  readonly name: string;
  readonly direction: "maximize" | "minimize";
  /** Set where the objective weighs a measure by a cost. A controller is told the result and needs not look at it. */
  readonly reward?: Reward;
}

/** What a controller is told of a trial that ended. */
export interface FinishedTrial {
  readonly number: number;
  readonly proposal: Proposal;
  readonly state: "complete" | "pruned" | "failed";
  /** One per objective, for `complete`; for `pruned` the last reported values if there are any. */
  readonly values?: readonly number[];
  readonly reason?: string;
}

export type ControllerEvent =
  | { readonly kind: "started"; readonly number: number; readonly proposal: Proposal }
  | { readonly kind: "finished"; readonly trial: FinishedTrial };

export interface Controller {
  /** Proposes trial `number` (0, 1, 2 …). Changes nothing: asked twice, it answers the same. `wait`: something in flight must finish first. */
  ask(number: number): Proposal | "wait" | "done";
  tell(event: ControllerEvent): void;
  /** One line for the user, fixed at creation: what `auto` picked and why, for instance. */
  readonly note?: string;
}

export interface ControllerContext {
  readonly space: AnySpace;
  /** Root stream of the controller; draws for proposal n come from `rng.fork("ask/n")`. */
  readonly rng: Rng;
  readonly objectives: readonly Objective[];
}

/** What a study is given: `agingEvolution({ … })` returns one. */
export interface ControllerDefinition {
  readonly name: string;
  /** Plain JSON; part of the study's stored config. */
  readonly options: Readonly<Record<string, unknown>>;
  create(context: ControllerContext): Controller;
  /**
   * Says whether an ask or a tell can take longer than 20 ms in this space. A study that is loaded from a file then has the controller in a thread of its
   * own, so that it hears its workers meanwhile. Absent: no.
   */
  isHeavy?(space: AnySpace): boolean;
  /**
   * Says whether it tells lengths of training apart. A scheduler around it then tells it of every rung, with `epochs` and `continueFrom`, where it tells others of the first
   * alone. Absent: no.
   */
  hearsAllRungs?(space: AnySpace): boolean;
}

/** Returns the first objective's value with the sign that makes larger better, or undefined if the trial has none. */
export function scoreOf(trial: FinishedTrial, objectives: readonly Objective[]): number | undefined {
  const value = trial.values?.[0];
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return objectives[0]?.direction === "minimize" ? -value : value;
}
