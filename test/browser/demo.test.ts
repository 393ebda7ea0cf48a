/**
 * @file The demo page in a headless Chromium, as a visitor has it: it trains on CIFAR-10 to the very bits of Node, draws it, pauses, resets, takes files, and says
 * what is wrong. Nothing here waits for a time: only for what the page shows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { model } from "../../docs/demo/model.ts";
import { readPictures, servedFile, splitPictures } from "../../docs/demo/pictures.ts";
import type { Settings } from "../../docs/demo/trainer.ts";
import { cifarSignature } from "../../src/data/cifar.ts";
import { cifar10Layout } from "../../src/data/cifar-layout.ts";
import { dataRoots, locateData } from "../../src/data/locate.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { openNativeEngine } from "../../src/engines/native/index.ts";
import { recipes } from "../../src/training/recipe.ts";
import { train } from "../../src/training/train.ts";
import { archiveOf, smallFiles } from "../support/small-cifar.ts";
import { describeInChromium, openChromium, openPage } from "./chromium.ts";
import {
  buildDemo,
  controls,
  pixelsOfColour,
  savedRun,
  serveDemo,
  serveFolder,
  untilReady,
  untilStep,
  type Served,
} from "./page.ts";

/** 100 steps, two epochs. */
const settings: Settings = { pictures: 1_600, epochs: 2, batchSize: 32, seed: 7 };

/** Trains in Node, by the framework's own loop on the engine in WebAssembly. */
async function trainInNode(file: string): Promise<{ losses: number[]; accuracies: number[] }> {
  const pictures = await readPictures({ kind: "file", file: new File([readFileSync(file)], "data_batch_1.bin") });
  const engine = await openNativeEngine({ target: "wasm" });
  const losses: number[] = [];
  const watched: Engine = {
    ...engine,
    async open(...args) {
      const session = await engine.open(...args);
      return {
        ...session,
        async trainStep(...step) {
          const result = await session.trainStep(...step);
          losses.push(result.loss);
          return result;
        },
      };
    },
  };
  const { history } = await train({
    engine: watched,
    network: model,
    dataset: splitPictures(pictures, settings.pictures),
    recipe: { ...recipes["nasnet-cifar"], batchSize: settings.batchSize },
    epochs: settings.epochs,
    seed: settings.seed,
  });
  return { losses, accuracies: history.map(({ accuracy }) => accuracy) };
}

let browser: Browser;

async function openBuilt(): Promise<void> {
  await buildDemo();
  browser = await openChromium();
}

const found = locateData(cifarSignature(cifar10Layout), dataRoots());
const noData =
  found?.kind === "folder"
    ? undefined
    : `no folder of CIFAR-10 in ${dataRoots()
        .map(({ path }) => path)
        .join(", ")}`;

describeInChromium(
  "the demo page on CIFAR-10",
  () => {
    let served: Served;
    beforeAll(async () => {
      await openBuilt();
      served = await serveDemo();
    });
    afterAll(async () => {
      served?.close();
      await browser?.close();
    });

    test("trains to the bits of Node, and draws it", async () => {
      const { page, errors, requests } = await openPage(browser);
      await page.goto(served.url);
      await untilReady(page);
      const { start, status, field, notice } = controls(page);
      expect(await notice.isVisible()).toBe(false);
      await field("Pictures").fill(String(settings.pictures));
      await field("Epochs").fill(String(settings.epochs));
      await field("Batch").selectOption(String(settings.batchSize));
      await field("Seed").fill(String(settings.seed));
      const blank = await Promise.all(["loss-chart", "accuracy-chart"].map((id) => pixelsOfColour(page, id, "--blue")));
      expect(blank).toEqual([0, 0]);
      await start.click();
      await status.getByText("Finished").waitFor();

      const run = await savedRun(page);
      const losses = run.steps.map(({ loss }) => loss);
      const inNode = await trainInNode(join(found?.path ?? "", "data_batch_1.bin"));
      expect(inNode.losses).toHaveLength(100);
      expect(losses).toEqual(inNode.losses);
      expect([50, 100].map((step) => run.evaluations.find((each) => each.step === step)?.accuracy)).toEqual(
        inNode.accuracies,
      );
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      // Guessing costs 2.3; batch norm's first batches somewhat more.
      expect(mean(losses.slice(0, 10)) - mean(losses.slice(-10))).toBeGreaterThan(0.4);
      const accuracy = run.evaluations.at(-1)?.accuracy ?? 0;
      expect(accuracy).toBeGreaterThan(0.25);

      expect(await status.textContent()).toContain(`${(100 * accuracy).toFixed(1)}%`);
      // A curve across a chart some 500 pixels wide, two or three pixels high.
      for (const id of ["loss-chart", "accuracy-chart"])
        for (const colour of ["--blue", "--orange"])
          expect(await pixelsOfColour(page, id, colour), `${id} ${colour}`).toBeGreaterThan(100);
      expect(await page.getByRole("img", { name: /^Loss against steps: after 100 steps/ }).count()).toBe(1);
      expect(await page.getByRole("img", { name: /, taken for .* sure$/ }).count()).toBe(20);
      const counts = await page.locator("#confusion td:not(:first-child)").allTextContents();
      expect(counts.reduce((sum, text) => sum + Number(text), 0)).toBe(1_000);
      expect(await page.locator("#cells svg").count()).toBe(2);

      expect(errors).toEqual([]);
      expect(
        requests.filter((url) => !url.startsWith(served.url) && !url.startsWith("data:") && !url.startsWith("blob:")),
      ).toEqual([]);
      expect(requests).toContain(served.url + servedFile);
    });

    test("pauses between two steps, goes on to the same bits, and begins anew after a reset", async () => {
      const { page, errors } = await openPage(browser, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
      await page.goto(served.url);
      await untilReady(page);
      const { start, pause, goOn, reset, status, field } = controls(page);
      await field("Pictures").fill("320");
      await start.click();
      await untilStep(page, 3);
      await pause.click();
      await status.getByText("Paused.").waitFor();
      const paused = await savedRun(page);
      await goOn.click();
      await untilStep(page, paused.steps.length + 3);
      await pause.click();
      await status.getByText("Paused.").waitFor();
      const wentOn = await savedRun(page);
      expect(wentOn.steps.length).toBeGreaterThanOrEqual(paused.steps.length + 3);
      expect(wentOn.steps.slice(0, paused.steps.length)).toEqual(paused.steps);

      await reset.click();
      await untilReady(page);
      expect(await pixelsOfColour(page, "loss-chart", "--blue")).toBe(0);
      await start.click();
      await untilStep(page, wentOn.steps.length);
      await pause.click();
      await status.getByText("Paused.").waitFor();
      const again = await savedRun(page);
      const losses = wentOn.steps.map(({ loss }) => loss);
      expect(again.steps.map(({ loss }) => loss).slice(0, losses.length)).toEqual(losses);
      expect(new Set(losses).size).toBe(losses.length);
      // On a phone nothing is wider than the screen.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
      expect(errors).toEqual([]);
    });
  },
  noData,
);

describeInChromium("the demo page on any web server", () => {
  let served: Served;
  let folder: string;
  beforeAll(async () => {
    await openBuilt();
    served = await serveFolder();
    folder = mkdtempSync(join(tmpdir(), "cellwright-demo-"));
  });
  afterAll(async () => {
    served?.close();
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const put = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };

  test("says loudly that it has drawn pictures where it has no others, trains on them, and takes a file of CIFAR-10 then", async () => {
    const { page } = await openPage(browser);
    await page.goto(served.url);
    await untilReady(page);
    const { start, pause, status, notice, field } = controls(page);
    expect(await notice.textContent()).toMatch(/not photographs.*says nothing about CIFAR-10.*data_batch_1\.bin/s);
    expect(await page.locator("#source").textContent()).toContain("not CIFAR-10");
    await field("Pictures").fill("320");
    await start.click();
    await untilStep(page, 2);
    await pause.click();
    await status.getByText("Paused.").waitFor();

    const files = smallFiles();
    const whole = new Uint8Array(Buffer.concat([...files.values()]));
    await page.getByLabel("Use a CIFAR-10 file of yours").setInputFiles(put("mine.bin", whole));
    await page.getByText("CIFAR-10, mine.bin: 96 to learn from, 24 held out.").waitFor();
    await untilReady(page);
    expect(await notice.isVisible()).toBe(false);
    expect(await field("Pictures").inputValue()).toBe("96");
    await start.click();
    await untilStep(page, 1);
  });

  test("refuses a file that is none, says why, and keeps the pictures and the run that it has", async () => {
    const { page } = await openPage(browser);
    await page.goto(served.url);
    await untilReady(page);
    const { start, pause, goOn, status, notice, field } = controls(page);
    await field("Pictures").fill("320");
    await start.click();
    await untilStep(page, 1);
    await pause.click();
    await status.getByText("Paused.").waitFor();
    const { steps } = await savedRun(page);
    const choose = page.getByLabel("Use a CIFAR-10 file of yours");
    await choose.setInputFiles(put("short.bin", new Uint8Array(5_000)));
    await notice.getByText(/short\.bin.*3,073 bytes a picture.*Received: 5,000 bytes/s).waitFor();
    const { bytes } = await archiveOf(new Map([["readme.txt", new Uint8Array(10)]]));
    await choose.setInputFiles(put("other.tar.gz", bytes));
    await notice.getByText(/other\.tar\.gz.*data_batch_1\.bin/s).waitFor();
    await goOn.click();
    await untilStep(page, steps.length + 1);
    await pause.click();
    await status.getByText("Paused.").waitFor();
    expect((await savedRun(page)).steps.slice(0, steps.length)).toEqual(steps);
  });

  test("guesses at a picture of the visitor's", async () => {
    const { page } = await openPage(browser);
    await page.goto(served.url);
    await untilReady(page);
    const { start, notice, field } = controls(page);
    const choose = page.getByLabel("Choose a picture, or drop one");
    await choose.setInputFiles(join(import.meta.dirname, "../../docs/pictures/search.png"));
    await page.getByText("Start the training for a guess.").waitFor();
    // The shrunk picture is there, and it is no even colour.
    expect(
      await page.evaluate(() => {
        const canvas = document.getElementById("own-picture") as HTMLCanvasElement;
        const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, 32, 32);
        return new Set(data).size;
      }),
    ).toBeGreaterThan(5);
    await field("Pictures").fill("320");
    await start.click();
    const guesses = page.locator("#own-guesses li");
    await guesses.nth(2).waitFor();
    const shares = (await guesses.allTextContents()).map((text) => Number(/ (\d+)%$/.exec(text)?.[1]));
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    expect(shares[0]).toBeGreaterThanOrEqual(10);
    await choose.setInputFiles({ name: "broken.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
    await notice.getByText("That picture can't be read. broken.png").waitFor();
  });

  test.each([
    {
      lack: "no WebAssembly",
      flags: ["--js-flags=--jitless"],
      module: undefined,
      says: /can't train.*SIMD.*Received: none/s,
    },
    {
      lack: "none of its instructions",
      flags: [],
      module: "\0asm\x01\0\0\0\x0a\x01\x01",
      says: /can't train.*SIMD.*Received: /s,
    },
    { lack: "no module", flags: [], module: 404, says: /engine could not be loaded.*cellwright\.wasm.*404/s },
  ])("says what it takes where there is $lack", async ({ flags, module, says }) => {
    const lacking = await openChromium(flags);
    const { page } = await openPage(lacking);
    if (module !== undefined)
      await page.route("**/cellwright.wasm", (route) =>
        route.fulfill(typeof module === "number" ? { status: module } : { body: Buffer.from(module, "latin1") }),
      );
    await page.goto(served.url);
    const { notice, status, start } = controls(page);
    await status.getByText("Stopped.").waitFor();
    expect(await notice.textContent()).toMatch(says);
    expect(await start.isEnabled()).toBe(false);
    await lacking.close();
  });

  test("says what it takes where there is no JavaScript", async () => {
    const { page } = await openPage(browser, { javaScriptEnabled: false });
    await page.goto(served.url);
    expect(await page.getByText("This page has not started.").isVisible()).toBe(true);
    expect(await page.getByText("npm run demo").first().isVisible()).toBe(true);
  });
});
