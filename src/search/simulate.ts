/**
 * @file A study without machinery: drives a controller through outcomes that a function makes up, with any number of trials in
 * flight, finishing in any order. Laws and benchmarks of controllers run on it, and so can a search over a table of results.
 */
import { CellwrightError } from "../base/errors.ts";
import type { Rng } from "../base/rng.ts";
import type { Controller, ControllerEvent, FinishedTrial, Proposal } from "./controller.ts";

/** How a simulated trial ends. */
export type SimulatedOutcome = Pick<FinishedTrial, "state" | "values" | "reason">;

export interface SimulationOptions {
  /** Trials to start, fewer if the controller is done before. */
  readonly trials: number;
  /** Trials that may run at once. Default 1. */
  readonly inFlight?: number;
  /** Decides when a trial starts and which one finishes first. */
  readonly rng: Rng;
  readonly outcome: (number: number, proposal: Proposal) => SimulatedOutcome;
  /** Stops after the trial for which it returns true. */
  readonly until?: (trial: FinishedTrial) => boolean;
}

/** What was asked and told, in order. */
export type SimulationStep =
  | { readonly kind: "ask"; readonly number: number; readonly answer: Proposal | "wait" | "done" }
  | { readonly kind: "tell"; readonly event: ControllerEvent };

/**
 * Runs the controller and returns every step. Throws `internal` where the controller waits although nothing is in flight, since
 * a study would then stand still.
 */
export function simulate(controller: Controller, options: SimulationOptions): readonly SimulationStep[] {
  const { trials, inFlight = 1, rng, outcome, until } = options;
  const steps: SimulationStep[] = [];
  const running: { readonly number: number; readonly proposal: Proposal }[] = [];
  const tell = (event: ControllerEvent): void => {
    controller.tell(event);
    steps.push({ kind: "tell", event });
  };
  const finishOne = (): FinishedTrial => {
    const [entry] = running.splice(rng.int(running.length), 1);
    if (entry === undefined) throw new CellwrightError("internal", "Expected a trial in flight. Received: none.");
    const trial = { ...entry, ...outcome(entry.number, entry.proposal) };
    tell({ kind: "finished", trial });
    return trial;
  };
  let next = 0;
  let isDone = false;
  while (running.length > 0 || (next < trials && !isDone)) {
    const mayStart = next < trials && !isDone && running.length < inFlight;
    if (mayStart && (running.length === 0 || rng.next() < 0.6)) {
      const answer = controller.ask(next);
      steps.push({ kind: "ask", number: next, answer });
      if (answer === "done") {
        isDone = true;
        continue;
      }
      if (answer !== "wait") {
        running.push({ number: next, proposal: answer });
        tell({ kind: "started", number: next, proposal: answer });
        next++;
        continue;
      }
      if (running.length === 0)
        throw new CellwrightError(
          "internal",
          `Expected a proposal for trial ${next} or "done", as nothing is in flight. Received: "wait".`,
        );
    }
    const finished = finishOne();
    if (until?.(finished) === true) break;
  }
  return steps;
}
