/** @file When a search is over: trials, wall time over all resumes, a target reached. */
import type { Clock } from "../base/clock.ts";
import type { Objective } from "../search/controller.ts";
import type { Budget } from "./definition.ts";

export type EndReason = "trials" | "time" | "target";

export interface BudgetWatch {
  /** Wall time of searching so far, in ms, earlier runs included. */
  elapsedMs(): number;
  /** Why no further trial may begin, or undefined. */
  spent(startedTrials: number, best: number | undefined): EndReason | undefined;
  /** Milliseconds until time is up, or undefined without a time limit. */
  remainingMs(): number | undefined;
}

/** Returns a watch that started now. `earlierMs` is the wall time of earlier runs. */
export function watchBudget(
  budget: Budget,
  objective: Objective | undefined,
  clock: Clock,
  earlierMs: number,
): BudgetWatch {
  let [spentMs, looked] = [earlierMs, clock.now()];
  const elapsedMs = () => {
    const now = clock.now();
    // A clock that is set back (to the network's time, say) takes nothing back.
    spentMs += Math.max(0, now - looked);
    looked = now;
    return spentMs;
  };
  const limitMs = budget.hours === undefined ? undefined : budget.hours * 3_600_000;
  const sign = objective?.direction === "minimize" ? -1 : 1;
  return {
    elapsedMs,
    spent(startedTrials, best) {
      if (budget.target !== undefined && best !== undefined && sign * best >= sign * budget.target) return "target";
      if (budget.trials !== undefined && startedTrials >= budget.trials) return "trials";
      if (limitMs !== undefined && elapsedMs() >= limitMs) return "time";
      return undefined;
    },
    remainingMs: () => (limitMs === undefined ? undefined : Math.max(0, limitMs - elapsedMs())),
  };
}
