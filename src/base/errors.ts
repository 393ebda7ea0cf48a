/**
 * @file The one error class. A failure of a trial is data; everything thrown is one of these, with a code from a closed
 * list, so the command line can tell what the user can mend (exit 2) from what we must (exit 1).
 */

export type ErrorCode = "config" | "space" | "shape" | "unsupported-op" | "data" | "storage" | "engine" | "internal";

/** Codes that name something the user can mend. */
const USER_CODES: ReadonlySet<ErrorCode> = new Set(["config", "space", "shape", "unsupported-op", "data", "storage"]);

/** An error that names the place and what was expected: `Expected <what>. Received: <value>.` */
export class CellwrightError extends Error {
  readonly code: ErrorCode;
  /** Facts beside the message, for `--json` and logs. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CellwrightError";
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Whether the user can mend it: exit code 2 rather than 1. */
  get isUserError(): boolean {
    return USER_CODES.has(this.code);
  }
}

/** Returns the house form of a complaint: `<place>  Expected <what>. Received: <value>.` */
export function expected(place: string, what: string, received: unknown): string {
  return `${place}  Expected ${what}. Received: ${describe(received)}.`;
}

/** Returns a short, one-line picture of any value for an error message. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return String(value);
  const text = jsonOf(value) ?? Object.prototype.toString.call(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

/** The JSON text of a value, or undefined where it has none (a cycle, a symbol, a `toJSON` that throws). */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Returns the message of anything thrown, also of what is no error. Never throws. */
export function messageOf(error: unknown): string {
  if (typeof error === "string") return error;
  return error instanceof Error && typeof error.message === "string" ? error.message : describe(error);
}

/** Ends a switch over a closed union: the compiler proves that it can't be reached. */
export function unreachable(value: never): never {
  throw new CellwrightError("internal", `Expected no other case. Received: ${describe(value)}.`);
}
