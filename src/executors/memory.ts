/** @file How much memory a worker holds, seen from outside: also while its event loop is busy. */
import { readFileSync } from "node:fs";

/** Returns the resident bytes of a process, or undefined where the system does not tell (no /proc, or the process is gone). */
export function residentBytes(pid: number): number | undefined {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}
