/** @file The worker: it owns the engine and the pictures, trains, and tells the page. A step holds this thread, so orders arrive between two of them. */
import { openWasmEngine, type Engine } from "cellwright/engines/wasm";
import { CellwrightError, messageOf, unreachable } from "../../src/base/errors.ts";
import { pickImages } from "../../src/data/image-sets.ts";
import type { Examples, Failure, Order, PicturesRead, Report } from "./messages.ts";
import { firstOfEach, readPictures, splitPictures, type Pictures } from "./pictures.ts";
import { openTraining, type Training } from "./trainer.ts";

const EXAMPLES_OF_EACH_CLASS = 2;

interface Run {
  readonly training: Training;
  isPaused: boolean;
  isOver: boolean;
  /** Lets a paused run go on. */
  wake: () => void;
}

let pictures: Pictures | undefined;
let run: Run | undefined;

/** A session does one thing at a time. */
let last: Promise<unknown> = Promise.resolve();
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const before = last;
  const result = before.then(work);
  last = result.catch(() => undefined);
  return result;
}

async function openEngine(): Promise<Engine> {
  const response = await fetch(new URL("../../native/build/cellwright.wasm", import.meta.url));
  if (!response.ok)
    throw new CellwrightError("internal", `${response.url}  Expected the engine. Received: ${response.status}.`);
  return openWasmEngine(new Uint8Array(await response.arrayBuffer()));
}

const engine = openEngine();

function tell(report: Report): void {
  postMessage(report);
}

function fail(error: unknown): void {
  const known = error instanceof CellwrightError ? error : undefined;
  const failure: Failure = {
    code: known?.code ?? "internal",
    message: messageOf(error),
    isMissing: known?.details["missing"] === true,
  };
  tell({ kind: "failed", failure });
}

engine.then(({ target }) => tell({ kind: "ready", target })).catch(fail);

/** One order after the other: what resets a training has waited for it to be opened. */
let orders = Promise.resolve();
addEventListener("message", ({ data }: MessageEvent<Order>) => {
  orders = orders.then(() => obey(data)).catch(fail);
});

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case "read":
      // Nothing is worth reading where nothing can train.
      await engine;
      // A file that is no good leaves the old pictures, and their run, as they are.
      pictures = await readPictures(order.source);
      await end();
      tell({ kind: "read", pictures: describePictures(pictures) });
      return;
    case "begin":
      if (pictures === undefined) return;
      await end();
      run = {
        training: await openTraining(await engine, splitPictures(pictures, order.settings.pictures), order.settings),
        isPaused: false,
        isOver: false,
        wake: () => undefined,
      };
      work(run).catch(fail);
      return;
    case "pause":
      if (run !== undefined) run.isPaused = true;
      return;
    case "resume":
      if (run === undefined) return;
      run.isPaused = false;
      run.wake();
      return;
    case "reset":
      await end();
      tell({ kind: "closed" });
      return;
    case "classify": {
      const { training } = run ?? {};
      if (training === undefined) return;
      tell({ kind: "classified", probabilities: await inTurn(() => training.classify(order.pixels)) });
      return;
    }
    default:
      unreachable(order);
  }
}

/** Trains until the run is done or over. */
async function work(own: Run): Promise<void> {
  const { training } = own;
  tell({ kind: "begun", totalSteps: training.totalSteps });
  await look(own);
  const steps = training.steps();
  for (;;) {
    await whileWanted(own);
    if (own.isOver) return;
    const { done, value: step } = await inTurn(() => steps.next());
    if (done === true) break;
    if (own.isOver) return;
    tell({ kind: "step", step });
    if (!Number.isFinite(step.loss))
      throw new CellwrightError("engine", `The loss was not finite at step ${step.step}: the training has diverged.`);
    if (training.isEvaluationDue(step.step)) await look(own);
  }
  tell({ kind: "finished" });
}

/** Tells how the held-out pictures fare. */
async function look(own: Run): Promise<void> {
  if (own.isOver) return;
  const evaluation = await inTurn(() => own.training.evaluate());
  if (!own.isOver) tell({ kind: "evaluation", evaluation });
}

/** Waits while a run is paused. */
async function whileWanted(own: Run): Promise<void> {
  if (!own.isPaused || own.isOver) return;
  tell({ kind: "paused" });
  await new Promise<void>((resolve) => {
    own.wake = resolve;
  });
}

async function end(): Promise<void> {
  const old = run;
  if (old === undefined) return;
  run = undefined;
  old.isOver = true;
  old.wake();
  await inTurn(() => old.training.close());
}

function describePictures(all: Pictures): PicturesRead {
  const trainable = all.images.size - all.heldOut;
  const { validation } = splitPictures(all, trainable);
  const indices = firstOfEach(validation, EXAMPLES_OF_EACH_CLASS);
  const { pixels, labels } = pickImages(validation, indices);
  const examples: Examples = { indices, labels, pixels };
  return { source: all.source, name: all.name, classes: all.images.classes, trainable, heldOut: all.heldOut, examples };
}
