/** @file Memory of a worker: how much it holds, seen from outside also while its event loop is busy; and who goes first when there is none left. */
import { readFileSync, writeFileSync } from "node:fs";

/** Returns the resident bytes of a process, or undefined where the system does not tell (no /proc, or the process is gone). */
export function residentBytes(pid: number): number | undefined {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}

/**
 * Asks the system to end this process before all others when memory runs out: a worker costs a trial one try, its parent would cost the
 * search, and another program its user. Does nothing where there is no such wish (it is Linux's).
 */
export function goFirstWithoutMemory(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Then the largest goes first, which is most often a worker, too.
  }
}
