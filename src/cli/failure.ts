/** @file How a command ends: 0 done, 1 our fault, 2 what the user can mend, 130 interrupted. */
import { CommanderError } from "commander";
import { CellwrightError, messageOf } from "../base/errors.ts";
import type { CliIo } from "./io.ts";

export const exitCodes = { done: 0, ours: 1, yours: 2, interrupted: 130 } as const;

/** Thrown by a command that stopped because it was told to. What there was to say has been printed. */
export class Interrupted extends Error {}

/** Thrown by a command that has printed what is wrong itself, such as `doctor`. */
export class PrintedFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("printed");
    this.exitCode = exitCode;
  }
}

/** Prints an error once, in the house form, without a stack unless `verbose`. Returns the exit code. */
export function reportFailure(error: unknown, io: CliIo, verbose: boolean): number {
  if (error instanceof Interrupted) return exitCodes.interrupted;
  if (error instanceof PrintedFailure) return error.exitCode;
  if (error instanceof CommanderError) {
    // Help and version are no errors; commander has printed them, and its complaints.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.yours;
  }
  const isUsers = error instanceof CellwrightError ? error.isUserError : isOfTheSystem(error);
  // Files below the working directory are called as the user would call them.
  const message = messageOf(error).replaceAll(`${process.cwd()}/`, "");
  const { red, dim } = io.errColors;
  const lines = [red(message)];
  if (verbose) lines.push(...stacksOf(error).map((stack) => dim(stack)));
  else if (!isUsers)
    lines.push(dim("This is a fault of Cellwright. Run again with --verbose for the stack, and report it."));
  io.err.write(`${lines.join("\n")}\n`);
  return isUsers ? exitCodes.yours : exitCodes.ours;
}

/** Prints what is wrong with those of a list that could not be read, after the others. Throws `PrintedFailure` where there are any. */
export function reportBroken(broken: readonly unknown[], io: CliIo, verbose: boolean): void {
  for (const error of broken) reportFailure(error, io, verbose);
  if (broken.length > 0) throw new PrintedFailure(exitCodes.yours);
}

/** What the machine refuses (a full disk, a folder that may not be written to) is for the user to mend, wherever it was met. */
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  "EACCES",
  "EDQUOT",
  "EMFILE",
  "ENFILE",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

function isOfTheSystem(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && SYSTEM_CODES.has(code);
}

/** The lines of where it was thrown, without the message, which may have several lines of its own. */
function stacksOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const own = frames.length === 0 ? [] : [frames.join("\n")];
  return error.cause === undefined ? own : [...own, `caused by: ${messageOf(error.cause)}`, ...stacksOf(error.cause)];
}
