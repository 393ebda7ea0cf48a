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
  const isUsers = error instanceof CellwrightError && error.isUserError;
  // Files below the working directory are called as the user would call them.
  const message = messageOf(error).replaceAll(`${process.cwd()}/`, "");
  const lines = [io.colors.red(message)];
  if (verbose) lines.push(...stacksOf(error).map((stack) => io.colors.dim(stack)));
  else if (!isUsers)
    lines.push(io.colors.dim("This is a fault of Cellwright. Run again with --verbose for the stack, and report it."));
  io.err.write(`${lines.join("\n")}\n`);
  return isUsers ? exitCodes.yours : exitCodes.ours;
}

function stacksOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = error.stack === undefined ? [] : [error.stack.split("\n").slice(1).join("\n")];
  return error.cause === undefined ? own : [...own, `caused by: ${messageOf(error.cause)}`, ...stacksOf(error.cause)];
}
