/** @file Ctrl-C: the first stops cleanly, the second at once, and what does not heed it (a download, a third) is left. */
import { exitCodes } from "./failure.ts";

export interface Interrupts {
  /** Stop cleanly: running trials may end as they see fit. */
  readonly signal: AbortSignal;
  /** Stop now. */
  readonly hardSignal: AbortSignal;
  /** Whether any was pressed. */
  readonly pressed: boolean;
  /** Stops listening. */
  dispose(): void;
}

export interface InterruptOptions {
  readonly target?: NodeJS.EventEmitter;
  /** Ends the process. */
  readonly exit?: (code: number) => void;
  /** How long the second is waited for. */
  readonly patienceMs?: number;
}

/** Longer than workers take to be ended and a report to be written. Whatever is lost by then, the database is not. */
const PATIENCE_MS = 5_000;

/** Listens for SIGINT and SIGTERM. `say` prints what was understood. */
export function listenForInterrupts(say: (line: string) => void, options: InterruptOptions = {}): Interrupts {
  const { target = process, exit = (code) => process.exit(code), patienceMs = PATIENCE_MS } = options;
  const soft = new AbortController();
  const hard = new AbortController();
  let count = 0;
  let deadline: NodeJS.Timeout | undefined;
  const onSignal = (): void => {
    count++;
    if (count === 1) {
      say("stopping (press Ctrl-C again to stop at once)");
      soft.abort();
    } else if (count === 2) {
      say("stopping now");
      hard.abort();
      deadline = setTimeout(() => exit(exitCodes.interrupted), patienceMs);
      deadline.unref();
    } else exit(exitCodes.interrupted);
  };
  for (const name of ["SIGINT", "SIGTERM"]) target.on(name, onSignal);
  return {
    signal: soft.signal,
    hardSignal: hard.signal,
    get pressed() {
      return count > 0;
    },
    dispose() {
      clearTimeout(deadline);
      for (const name of ["SIGINT", "SIGTERM"]) target.removeListener(name, onSignal);
    },
  };
}
