/**
 * @file What the thread of a heavy controller runs: it loads the study as the parent did, makes the controller, and answers one message after the other, so
 * that what it is told and asked is in the parent's order. It knows neither storage nor workers; it ends when the parent ends it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { canonicalJson } from "../base/canonical-json.ts";
import { CellwrightError } from "../base/errors.ts";
import { createController, type HostedController } from "./controller-host.ts";
import { toSent, type FromThread, type ThreadInit, type ToThread } from "./controller-messages.ts";
import type { StudyDefinition } from "./definition.ts";
import { keepPick } from "./kept-pick.ts";
import { loadStudy } from "./load.ts";

function send(message: FromThread): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(message);
}

/** Loads the study. Throws `config` or `space` where it is not what the parent loaded: a file may depend on when or where it is. */
async function load({ reference, controller, spaceHash }: ThreadInit): Promise<StudyDefinition> {
  const definition = keepPick(await loadStudy(reference), { controller });
  const { name, options } = definition.controller;
  if (definition.space.hash !== spaceHash)
    throw new CellwrightError(
      "space",
      `${reference.module}: space ${definition.space.name}  Expected the same decisions in the controller's thread as in the study. Received others (does the file depend on the environment?).`,
    );
  if (
    name !== controller.name ||
    canonicalJson(JSON.parse(JSON.stringify(options))) !== canonicalJson(controller.options)
  )
    throw new CellwrightError(
      "config",
      `${reference.module}: controller ${name}  Expected the same controller in its thread as in the study. Received another, or other options (does the file depend on the environment?).`,
    );
  return definition;
}

function answer({ controller, takeRefused }: HostedController, message: ToThread): void {
  if (message.kind === "tell") {
    for (const event of message.events) controller.tell(event);
    return;
  }
  const { id, number } = message;
  try {
    takeRefused();
    const proposed: unknown = controller.ask(number);
    send({ kind: "answer", id, asked: { answer: proposed, refused: takeRefused() } });
  } catch (error) {
    send({ kind: "error", id, error: toSent(error) });
  }
}

try {
  const hosted = createController(await load(workerData as ThreadInit));
  let isBroken = false;
  // Whatever was sent before waits in the port.
  parentPort?.on("message", (message: ToThread) => {
    if (isBroken) return;
    try {
      answer(hosted, message);
    } catch (error) {
      isBroken = true;
      send({ kind: "error", error: toSent(error) });
    }
  });
  const { note } = hosted.controller;
  send({ kind: "ready", ...(note !== undefined && { note }) });
} catch (error) {
  send({ kind: "error", error: toSent(error) });
}
