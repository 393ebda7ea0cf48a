/** @file What a command may touch of the outside: where it prints, which folder it runs in. Passed in, so that tests read what a user would see. */
import { createColors } from "picocolors";

export interface OutStream {
  write(text: string): void;
  /** Whether it is a terminal that can be drawn on. */
  readonly isTTY: boolean;
  /** Width of the terminal; 80 where there is none. */
  readonly columns: number;
}

export type Colors = ReturnType<typeof createColors>;

export interface CliIo {
  readonly out: OutStream;
  readonly err: OutStream;
  /** For what goes to `out`. */
  readonly colors: Colors;
  /** For what goes to `err`, which may be a terminal where `out` is a file, or the reverse. */
  readonly errColors: Colors;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Returns the streams of this process. Colour where the terminal shows it and NO_COLOR is not set. */
export function processIo(): CliIo {
  return {
    out: wrap(process.stdout, process.env),
    err: wrap(process.stderr, process.env),
    colors: createColors(wantsColor(process.env, process.stdout.isTTY)),
    errColors: createColors(wantsColor(process.env, process.stderr.isTTY)),
    env: process.env,
    now: () => Date.now(),
  };
}

/** NO_COLOR (https://no-color.org) wins over FORCE_COLOR, which wins over what the stream is. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTty: boolean): boolean {
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  if (env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "" && env["FORCE_COLOR"] !== "0") return true;
  return canDraw(env, isTty);
}

/** A dumb terminal (an editor's, a serial line) prints escape sequences instead of obeying them. */
export function canDraw(env: Readonly<Record<string, string | undefined>>, isTty: boolean): boolean {
  return isTty && env["TERM"] !== "dumb";
}

function wrap(stream: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>>): OutStream {
  // A reader that goes away (`| head`) is no error of ours.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    write: (text) => void stream.write(text),
    get isTTY() {
      return canDraw(env, stream.isTTY);
    },
    get columns() {
      return stream.isTTY && stream.columns > 0 ? stream.columns : 80;
    },
  };
}

/** How wide a table may be: as the terminal, or as it likes where none cuts it off. */
export function tableWidth(io: CliIo): number {
  return io.out.isTTY ? io.out.columns : Infinity;
}

/** Prints a line to standard output. */
export function print(io: CliIo, line = ""): void {
  io.out.write(`${line}\n`);
}

/** Prints a value as JSON, two spaces deep. */
export function printJson(io: CliIo, value: unknown): void {
  io.out.write(`${JSON.stringify(value, null, 2)}\n`);
}
