/**
 * @file A controller in a thread of its own, as the study sees it. Asks and tells are messages in one order; a thread that dies fails what waits for it and
 * all that comes after. Nothing is lost with it, since every event is stored before it is told.
 */
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { CellwrightError } from "../base/errors.ts";
import { builtModule } from "./built-module.ts";
import type { Asked, ControllerHost } from "./controller-host.ts";
import { fromSent, type FromThread, type ThreadInit, type ToThread } from "./controller-messages.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";

/** Events that are sent at once: copying them takes this thread's time, about a hundredth of a millisecond each. */
const EVENTS_A_MESSAGE = 200;

interface Waiting {
  readonly resolve: (asked: Asked) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts the thread and resolves when the controller is made. Throws what loading the study there, or making the controller, throws. */
export async function hostInThread(definition: StudyDefinition, reference: StudyReference): Promise<ControllerHost> {
  const { controller, space } = definition;
  const init: ThreadInit = {
    reference: JSON.parse(JSON.stringify(reference)) as StudyReference,
    controller: {
      name: controller.name,
      options: JSON.parse(JSON.stringify(controller.options)) as ThreadInit["controller"]["options"],
    },
    spaceHash: space.hash,
  };
  const worker = new Worker(new URL(builtModule("study/controller-thread.js")), {
    workerData: init,
    // The parent's own flags (a debugger's port, a test runner's loader) are not the thread's.
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  let broken: Error | undefined;
  let isClosed = false;
  let lastId = 0;

  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  const send = (message: ToThread): void => worker.postMessage(message);
  const fail = (error: Error): void => {
    broken ??= error;
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
    worker.unref();
  };
  const check = (): void => {
    if (broken !== undefined) throw broken;
  };
  const notes = await new Promise<readonly string[]>((resolve, reject) => {
    const end = (why: string): void => {
      const error = isClosed
        ? new CellwrightError(
            "config",
            `controller ${controller.name}  Expected an open study. Received: one that was closed.`,
          )
        : new CellwrightError(
            "internal",
            `controller ${controller.name}  Expected its thread to go on. Received: its end (${why}). All trials are stored: the study can be resumed.`,
          );
      fail(error);
      reject(error);
    };
    worker.on("message", (message: FromThread) => {
      switch (message.kind) {
        case "ready":
          resolve(message.note === undefined ? [] : [message.note]);
          break;
        case "answer":
          waiting.get(message.id)?.resolve(message.asked);
          break;
        case "error": {
          const error = fromSent(message.error);
          if (message.id === undefined) {
            fail(error);
            reject(error);
          } else waiting.get(message.id)?.reject(error);
        }
      }
    });
    worker.on("error", (error) => end(`it threw ${error instanceof Error ? error.message : String(error)}`));
    worker.on("messageerror", (error) => end(error.message));
    worker.on("exit", (code) => end(`exit code ${code}`));
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  // An open study that does nothing keeps no process alive.
  worker.unref();

  return {
    notes,
    async ask(number, signal) {
      check();
      signal?.throwIfAborted();
      const id = ++lastId;
      let onAbort: (() => void) | undefined;
      worker.ref();
      try {
        return await new Promise<Asked>((resolve, reject) => {
          waiting.set(id, { resolve, reject });
          onAbort = () => reject(signal?.reason as Error);
          signal?.addEventListener("abort", onAbort);
          send({ kind: "ask", id, number });
        });
      } finally {
        waiting.delete(id);
        if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
        if (waiting.size === 0) worker.unref();
      }
    },
    async tell(events) {
      check();
      for (let at = 0; at < events.length; at += EVENTS_A_MESSAGE) {
        if (at > 0) await turn();
        send({ kind: "tell", events: events.slice(at, at + EVENTS_A_MESSAGE) });
      }
    },
    async close() {
      isClosed = true;
      await worker.terminate();
    },
  };
}
