/** @file What goes between a study and the thread that hosts its controller. Both ends are ours and of one build: shapes are not checked again. */
import { CellwrightError, messageOf, type ErrorCode } from "../base/errors.ts";
import type { ControllerEvent } from "../search/controller.ts";
import type { Asked } from "./controller-host.ts";
import type { ConfigRecord } from "./config-record.ts";
import type { StudyReference } from "./definition.ts";

/** What the thread begins with: how to load the study, and what it then has to be. */
export interface ThreadInit {
  readonly reference: StudyReference;
  readonly controller: ConfigRecord["controller"];
  readonly spaceHash: string;
}

export type ToThread =
  | { readonly kind: "tell"; readonly events: readonly ControllerEvent[] }
  | { readonly kind: "ask"; readonly id: number; readonly number: number };

export type FromThread =
  | { readonly kind: "ready"; readonly note?: string }
  | { readonly kind: "answer"; readonly id: number; readonly asked: Asked }
  /** The ask that could not be answered; without one, nothing more can be. */
  | { readonly kind: "error"; readonly id?: number; readonly error: SentError };

/** An error as it crosses: `code` where it is one of ours. */
export interface SentError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly stack?: string;
}

/** Returns what is sent of anything thrown. */
export function toSent(error: unknown): SentError {
  return {
    ...(error instanceof CellwrightError && { code: error.code }),
    message: messageOf(error),
    ...(error instanceof Error && error.stack !== undefined && { stack: error.stack }),
  };
}

/** Returns the error that was sent, with the stack that it had where it was thrown. */
export function fromSent({ code, message, stack }: SentError): Error {
  const error = code === undefined ? new Error(message) : new CellwrightError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
