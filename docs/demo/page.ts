/** @file The page: hands orders to the worker, draws what it reports, and keeps the controls true to what is going on. */
import { messageOf, unreachable } from "../../src/base/errors.ts";
import { formatCount, formatMacs } from "../../src/base/units.ts";
import { drawCellSvg } from "../../src/draw/index.ts";
import { openConfusion } from "./confusion.ts";
import { openCurves } from "./curves.ts";
import { find } from "./dom.ts";
import { openGallery } from "./gallery.ts";
import type { Failure, Order, PicturesRead, Report } from "./messages.ts";
import { modelCells, modelCost, skeleton } from "./model.ts";
import { openOwnPicture } from "./own-picture.ts";
import { servedFile, type Source } from "./pictures.ts";
import { openReadouts } from "./readouts.ts";
import { createRecord, saveRecord, type RunRecord } from "./record.ts";
import { openSettings } from "./settings.ts";

/** What the page is doing. `empty`: there are no pictures; `stopped`: the run failed; `broken`: there is no engine. */
type Phase = "loading" | "empty" | "idle" | "running" | "pausing" | "paused" | "finished" | "stopped" | "broken";

const goLabels: Readonly<Partial<Record<Phase, string>>> = {
  running: "Pause",
  pausing: "Pausing",
  paused: "Go on",
  finished: "Finished",
  stopped: "Stopped",
};

/** When other pictures may be taken. */
const exchangeable: readonly Phase[] = ["empty", "idle", "paused", "finished", "stopped"];

const go = find("go", HTMLButtonElement);
const reset = find("reset", HTMLButtonElement);
const save = find("save", HTMLButtonElement);
const status = find("status", HTMLElement);
const notice = find("notice", HTMLElement);
const dataFile = find("data-file", HTMLInputElement);
const ownFile = find("own-file", HTMLInputElement);

const settings = openSettings();
const readouts = openReadouts();
const curves = openCurves(0.1);
const gallery = openGallery();
const confusion = openConfusion();
const own = openOwnPicture((pixels) => {
  if (record !== undefined) order({ kind: "classify", pixels });
});

let phase: Phase = "loading";
let target: string | undefined;
let pictures: PicturesRead | undefined;
let record: RunRecord | undefined;

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "trainer" });

function order(message: Order): void {
  worker.postMessage(message);
}

function enter(next: Phase, words: string): void {
  if (phase === "broken") return;
  phase = next;
  status.textContent = words;
  go.textContent = goLabels[phase] ?? "Start training";
  go.disabled = !["idle", "running", "paused"].includes(phase);
  reset.disabled = record === undefined || phase === "broken" || phase === "loading";
  save.disabled = record === undefined || record.steps.length === 0;
  settings.enable(phase === "idle");
  dataFile.disabled = !exchangeable.includes(phase);
}

function say(title: string, text: string): void {
  const strong = document.createElement("strong");
  strong.textContent = title;
  notice.replaceChildren(strong, ` ${text}`);
  notice.hidden = false;
}

/** Begins to wait for orders once both the pictures and the engine are there. */
function becomeIdle(): void {
  if (target !== undefined && pictures !== undefined) enter("idle", `Ready, on ${target}.`);
}

/** What to go back to where a file turns out to be no good. */
let before: { readonly phase: Phase; readonly words: string } = { phase: "empty", words: "" };

function read(source: Source): void {
  if (phase !== "loading") before = { phase, words: status.textContent ?? "" };
  enter("loading", source.kind === "drawn" ? "Drawing pictures." : "Reading the pictures.");
  order({ kind: "read", source });
}

/** Takes the run off the page. */
function forget(): void {
  record = undefined;
  curves.clear();
  confusion.clear();
  gallery.clear();
  readouts.clear();
  own.wait();
}

function begin(): void {
  const chosen = settings.read();
  if (chosen === undefined || pictures === undefined) return;
  forget();
  record = createRecord(chosen, pictures, target ?? "");
  enter("running", "Opening the engine.");
  order({ kind: "begin", settings: chosen });
}

function take({ pictures: all }: Extract<Report, { kind: "read" }>): void {
  forget();
  pictures = all;
  const { name, trainable, heldOut, source } = all;
  settings.limit(trainable);
  gallery.show(all);
  confusion.show(all.classes);
  const origin = source === "drawn" ? "Drawn stand-in pictures, not CIFAR-10" : `CIFAR-10, ${name}`;
  find("source", HTMLElement).textContent =
    `${origin}: ${formatCount(trainable)} to learn from, ${formatCount(heldOut)} held out.`;
  if (phase === "broken") return;
  notice.hidden = source !== "drawn";
  becomeIdle();
}

function fail({ code, message, isMissing }: Failure): void {
  if (phase === "broken") return;
  if (isMissing) {
    read({ kind: "drawn" });
    say(
      "These are not photographs.",
      `No CIFAR-10 was found beside this page (${servedFile}), so it trains on drawn shapes, and what it learns says nothing about CIFAR-10. For the real pictures, serve it by “npm run demo -- --data <folder of CIFAR-10>”; or choose, or drop anywhere, data_batch_1.bin or the official cifar-10-binary.tar.gz.`,
    );
  } else if (code === "data") {
    say("Those pictures can't be used.", message);
    if (before.phase === "empty") enter("empty", "There are no pictures to learn from yet.");
    else enter(before.phase, before.words);
  } else if (target === undefined) {
    if (code === "engine")
      say(
        "This browser can't train.",
        `It takes WebAssembly with SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, or later. ${message}`,
      );
    else say("The engine could not be loaded.", message);
    enter("broken", "Stopped.");
  } else {
    say("The training has stopped.", `${message} Reset to begin again.`);
    enter("stopped", "Stopped.");
  }
}

worker.addEventListener("message", ({ data }: MessageEvent<Report>) => hear(data));
worker.addEventListener("error", (event) => {
  fail({ code: "internal", message: event.message ?? "The worker could not be started.", isMissing: false });
});

function hear(report: Report): void {
  switch (report.kind) {
    case "ready":
      target = report.target;
      becomeIdle();
      return;
    case "read":
      take(report);
      return;
    case "begun":
      if (record === undefined) return;
      record.totalSteps = report.totalSteps;
      curves.begin(report.totalSteps);
      enter("running", "Training.");
      return;
    case "step": {
      if (record === undefined) return;
      record.steps.push(report.step);
      const means = readouts.add(report.step, record.totalSteps);
      curves.add(report.step, means);
      save.disabled = false;
      return;
    }
    case "evaluation": {
      if (record === undefined) return;
      const { step, loss, accuracy, probabilities } = report.evaluation;
      record.evaluations.push({ step, loss, accuracy });
      readouts.evaluate(accuracy);
      curves.evaluate(report.evaluation);
      confusion.fill(report.evaluation.confusion);
      gallery.guess(probabilities);
      const pixels = own.pixels();
      if (pixels !== undefined) order({ kind: "classify", pixels });
      return;
    }
    case "classified":
      if (record !== undefined) own.guess(report.probabilities, pictures?.classes ?? []);
      return;
    case "paused":
      if (record !== undefined) enter("paused", "Paused.");
      return;
    case "finished":
      if (record !== undefined) enter("finished", `Finished: ${readouts.summary()}`);
      return;
    case "closed":
      becomeIdle();
      return;
    case "failed":
      fail(report.failure);
      return;
    default:
      unreachable(report);
  }
}

go.addEventListener("click", () => {
  if (phase === "idle") begin();
  else if (phase === "running") {
    enter("pausing", "Pausing after this step.");
    order({ kind: "pause" });
  } else if (phase === "paused") {
    enter("running", "Training.");
    order({ kind: "resume" });
  }
});

reset.addEventListener("click", () => {
  forget();
  enter("loading", "Closing the session.");
  order({ kind: "reset" });
});

save.addEventListener("click", () => {
  if (record !== undefined) saveRecord(record);
});

/** Takes a file of pictures to train on, or one picture to be guessed. */
function accept(file: File | undefined): void {
  if (file === undefined) return;
  if (file.type.startsWith("image/"))
    own.take(file).catch((error: unknown) => say("That picture can't be read.", `${file.name}: ${messageOf(error)}`));
  else if (exchangeable.includes(phase)) read({ kind: "file", file });
  else say("Not now.", "Pause the training before it gets other pictures.");
}

for (const input of [dataFile, ownFile])
  input.addEventListener("change", () => {
    accept(input.files?.[0]);
    // The same file may be chosen again.
    input.value = "";
  });

const dropZone = find("own", HTMLElement);
addEventListener("dragover", (event) => {
  event.preventDefault();
  dropZone.classList.add("is-over");
});
addEventListener("dragleave", () => dropZone.classList.remove("is-over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  dropZone.classList.remove("is-over");
  accept(event.dataTransfer?.files[0]);
});

find("inert", HTMLElement).remove();
find("network-size", HTMLElement).textContent =
  ` (N = ${skeleton.cellsPerStack}, F = ${skeleton.filters}: ${formatCount(modelCost.params)} parameters, ${formatMacs(modelCost.macs)} a picture)`;
find("cells", HTMLElement).innerHTML = modelCells
  .map((cell) => `<div tabindex="0" role="group" aria-label="${cell.name} cell">${drawCellSvg(cell)}</div>`)
  .join("");
for (const svg of document.querySelectorAll<SVGSVGElement>("#cells svg"))
  svg.style.setProperty("--natural-width", svg.getAttribute("width"));
read({ kind: "served", url: new URL(servedFile, document.baseURI).href });
