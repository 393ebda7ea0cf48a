/** @file The log of a study, results/<study>/study.log: one JSON object per line, through pino. */
import { join } from "node:path";
import { destination, pino, stdTimeFunctions } from "pino";
import type { Logger } from "../base/logger.ts";

export interface LogFile extends Logger {
  /** Writes what is still in memory. */
  close(): void;
}

/** Opens the log for appending; the folder must be there. Written synchronously: the last line before a crash is the one that matters. */
export function openLogFile(dir: string): LogFile {
  const file = destination({ dest: join(dir, "study.log"), sync: true, mkdir: true });
  const log = pino({ base: null, timestamp: stdTimeFunctions.isoTime, level: "debug" }, file);
  return {
    debug: (message, facts) => log.debug(facts ?? {}, message),
    info: (message, facts) => log.info(facts ?? {}, message),
    warn: (message, facts) => log.warn(facts ?? {}, message),
    error: (message, facts) => log.error(facts ?? {}, message),
    close: () => {
      file.flushSync();
      file.end();
    },
  };
}

/** Returns a logger that opens the study's log when its folder is known; what comes before is kept and written then. */
export function lateLogger(): Logger & { attach(dir: string): void; close(): void } {
  let file: LogFile | undefined;
  const early: ((log: Logger) => void)[] = [];
  const through = (write: (log: Logger) => void): void => {
    if (file === undefined) early.push(write);
    else write(file);
  };
  return {
    debug: (message, facts) => through((log) => log.debug(message, facts)),
    info: (message, facts) => through((log) => log.info(message, facts)),
    warn: (message, facts) => through((log) => log.warn(message, facts)),
    error: (message, facts) => through((log) => log.error(message, facts)),
    attach(dir) {
      file = openLogFile(dir);
      for (const write of early.splice(0)) write(file);
    },
    close() {
      file?.close();
      file = undefined;
    },
  };
}
