/**
 * @file The engine in WebAssembly in a browser beside the same in Node: the demo page's own training (NASNet-A, N=1 F=8, CIFAR-10) in a headless Chromium, drawing as it goes,
 * and its trainer in this process, in turn.
 *
 *     npm run bench:browser -- [--rounds 5] [--batch 64] [--steps 24]
 *
 * Both clocks are given: the wall's, and the processor time of the process that trains (of the page's, whatever it draws included), which says more on
 * a machine that does other things. The last line is JSON.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, CDPSession, Page } from "playwright-core";
import { readPictures, splitPictures } from "../docs/demo/pictures.ts";
import { openTraining, type Settings } from "../docs/demo/trainer.ts";
import { cifarSignature } from "../src/data/cifar.ts";
import { cifar10Layout } from "../src/data/cifar-layout.ts";
import { dataRoots, locateData } from "../src/data/locate.ts";
import { openNativeEngine } from "../src/engines/native/index.ts";
import { findChromium, openChromium } from "../test/browser/chromium.ts";
import { controls, savedRun, serveDemo, untilReady, untilStep } from "../test/browser/page.ts";
import { median } from "./engine/statistics.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    batch: { type: "string", default: "64" },
    steps: { type: "string", default: "24" },
  },
});
const rounds = Number(flags.rounds);
const steps = Number(flags.steps);
const settings: Settings = { pictures: 9_000, epochs: 8, batchSize: Number(flags.batch), seed: 1 };

/** Steps before the clock runs: the runtime compiles meanwhile. */
const WARM_UP = 6;

/** Images a second, by either clock. */
interface Rate {
  readonly wall: number;
  readonly cpu: number;
}

function rate(images: number, wallMs: number, cpuMs: number): Rate {
  return { wall: (1000 * images) / wallMs, cpu: (1000 * images) / cpuMs };
}

const found = locateData(cifarSignature(cifar10Layout), dataRoots());
if (found?.kind !== "folder") throw new Error("Expected CIFAR-10 in one of the data folders. Received: none.");
const file = new File([readFileSync(join(found.path, "data_batch_1.bin"))], "data_batch_1.bin");
const pictures = await readPictures({ kind: "file", file });
const engine = await openNativeEngine({ target: "wasm" });

async function inNode(): Promise<Rate> {
  const training = await openTraining(engine, splitPictures(pictures, settings.pictures), settings);
  let wallMs = 0;
  let before = process.cpuUsage();
  for await (const { step, ms } of training.steps()) {
    if (step === WARM_UP) before = process.cpuUsage();
    if (step > WARM_UP) wallMs += ms;
    if (step === WARM_UP + steps) break;
  }
  const { user, system } = process.cpuUsage(before);
  await training.close();
  return rate(steps * settings.batchSize, wallMs, (user + system) / 1000);
}

/** Processor time of the processes that have pages, in milliseconds. */
async function rendererMs(session: CDPSession): Promise<number> {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((sum, { type, cpuTime }) => sum + (type === "renderer" ? 1000 * cpuTime : 0), 0);
}

async function inBrowser(browser: Browser, url: string): Promise<Rate> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await untilReady(page);
  const { start, field, goOn } = controls(page);
  await field("Pictures").fill(String(settings.pictures));
  await field("Epochs").fill(String(settings.epochs));
  await field("Batch").selectOption(String(settings.batchSize));
  await start.click();
  const session = await browser.newBrowserCDPSession();
  const first = await pausedAfter(page, WARM_UP);
  const began = await rendererMs(session);
  await goOn.click();
  const last = await pausedAfter(page, first + steps);
  const cpuMs = (await rendererMs(session)) - began;
  const run = await savedRun(page);
  await context.close();
  const wallMs = run.steps.slice(first).reduce((sum, { ms }) => sum + ms, 0);
  if (run.evaluations.some(({ step }) => step > first && step <= last))
    throw new Error("Expected steps alone. Received: an evaluation among them. Take fewer --steps.");
  return rate((last - first) * settings.batchSize, wallMs, cpuMs);
}

/** Pauses once a number of steps is made. Returns how many there are then. */
async function pausedAfter(page: Page, step: number): Promise<number> {
  const { pause, status } = controls(page);
  await untilStep(page, step);
  await pause.click();
  await status.getByText("Paused.").waitFor();
  return (await savedRun(page)).steps.length;
}

if (findChromium() === undefined) throw new Error("Expected a Chromium: see test/browser/chromium.ts.");
const served = await serveDemo();
const browser = await openChromium();
const rates = { browser: [] as Rate[], node: [] as Rate[] };
for (let round = 1; round <= rounds; round++) {
  // Whoever goes first has the cooler machine.
  const turns = [
    async () => rates.browser.push(await inBrowser(browser, served.url)),
    async () => rates.node.push(await inNode()),
  ];
  if (round % 2 === 0) turns.reverse();
  for (const turn of turns) await turn();
  const [b, n] = [rates.browser.at(-1), rates.node.at(-1)];
  console.log(
    `round ${round}: Chromium ${b?.wall.toFixed(0)} images/s, ${b?.cpu.toFixed(0)} by processor time; Node ${n?.wall.toFixed(0)}, ${n?.cpu.toFixed(0)}`,
  );
}
const version = browser.version();
await browser.close();
served.close();

const middle = (of: readonly Rate[], clock: keyof Rate): number => Math.round(median(of.map((each) => each[clock])));
const ratios = (clock: keyof Rate): number =>
  Number(median(rates.browser.map((each, i) => each[clock] / (rates.node[i]?.[clock] ?? 0))).toFixed(3));
const report = {
  machine: cpus()[0]?.model,
  chromium: version,
  node: process.versions.node,
  batch: settings.batchSize,
  chromiumImagesPerSecond: { wall: middle(rates.browser, "wall"), cpu: middle(rates.browser, "cpu") },
  nodeImagesPerSecond: { wall: middle(rates.node, "wall"), cpu: middle(rates.node, "cpu") },
  chromiumOverNode: { wall: ratios("wall"), cpu: ratios("cpu") },
};
console.log(JSON.stringify(report));
