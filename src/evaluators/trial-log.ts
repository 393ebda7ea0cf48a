/** @file The log of one trial: a text file in the trial's folder, a line at a time, so that a crash loses none. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

export interface TrialLog {
  write(line: string): void;
}

/** Opens `trial.log` in `dir`; without a folder, lines are dropped. */
export function openTrialLog(dir: string | undefined): TrialLog {
  if (dir === undefined) return { write() {} };
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "trial.log");
  return { write: (line) => appendFileSync(file, `${new Date().toISOString()}  ${line}\n`) };
}
