/** @file Ctrl-C: the first stops cleanly, the second at once, the third leaves. */
import { exitCodes } from "./failure.ts";

export interface Interrupts {
  /** Stop after the running epochs. */
  readonly signal: AbortSignal;
  /** Stop now. */
  readonly hardSignal: AbortSignal;
  /** Whether any was pressed. */
  readonly pressed: boolean;
  /** Stops listening. */
  dispose(): void;
}

/** Listens for SIGINT and SIGTERM. `say` prints what was understood. */
export function listenForInterrupts(say: (line: string) => void, target: NodeJS.EventEmitter = process): Interrupts {
  const soft = new AbortController();
  const hard = new AbortController();
  let count = 0;
  const onSignal = (): void => {
    count++;
    if (count === 1) {
      say("stopping after the running epochs (press Ctrl-C again to stop now)");
      soft.abort();
    } else if (count === 2) {
      say("stopping now");
      hard.abort();
    } else process.exit(exitCodes.interrupted);
  };
  for (const name of ["SIGINT", "SIGTERM"]) target.on(name, onSignal);
  return {
    signal: soft.signal,
    hardSignal: hard.signal,
    get pressed() {
      return count > 0;
    },
    dispose() {
      for (const name of ["SIGINT", "SIGTERM"]) target.removeListener(name, onSignal);
    },
  };
}
