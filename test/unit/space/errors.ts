/** @file The error that a call throws, for tests that read its message. */
import { CellwrightError } from "../../../src/base/errors.ts";

/** Returns what `run` throws; fails if that is nothing or not one of ours. */
export function thrownBy(run: () => unknown): CellwrightError {
  try {
    run();
  } catch (error) {
    if (error instanceof CellwrightError) return error;
    throw error;
  }
  throw new Error("Expected an error. Received: none.");
}
