/** @file Exported TensorFlow.js models in a real browser, over HTTP as a page loads them: both forms, by the stock script. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nasBench201, nasnet } from "../../search-spaces/index.ts";
import { createRng } from "../../src/base/rng.ts";
import { openReferenceEngine } from "../../src/engines/index.ts";
import { findTfjs } from "../../src/engines/tfjs/load.ts";
import { exportTfjs, type TfjsForm } from "../../src/export/index.ts";
import type { Network } from "../../src/network/index.ts";
import { randomWeights } from "../support/random-network.ts";
import { describeInChromium, openChromium, openPage } from "./chromium.ts";
import { logitsOf } from "../support/logits.ts";

const finding = findTfjs("cpu");
const IMAGES = 2;
const side = 8;

const networks: readonly (readonly [TfjsForm, Network])[] = [
  [
    "layers",
    nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { input: [side, side, 3], cellsPerStack: 1, filters: 4 }).network,
  ],
  [
    "graph",
    nasBench201.decode(nasBench201.sample(createRng("browser")), {
      input: [side, side, 3],
      cellsPerStack: 1,
      filters: 4,
    }).network,
  ],
];

/** What the page is asked to do: its `tf` is the script's. */
interface PageTf {
  setBackend(name: string): Promise<boolean>;
  loadLayersModel(url: string): Promise<PageModel>;
  loadGraphModel(url: string): Promise<PageModel>;
  tensor(values: readonly number[], shape: readonly number[]): unknown;
}
interface PageModel {
  predict(images: unknown): { data(): Promise<ArrayLike<number>> };
}

describeInChromium(
  "an exported TensorFlow.js model in Chromium",
  () => {
    const files = new Map<string, Uint8Array>();
    const server = createServer((request, response) => {
      const body = files.get(request.url ?? "");
      response.writeHead(body === undefined ? 404 : 200, {
        "content-type": request.url === "/" ? "text/html" : "application/octet-stream",
      });
      response.end(body);
    });
    let browser: Browser;
    beforeAll(async () => {
      const script = createRequire(import.meta.url).resolve("@tensorflow/tfjs/dist/tf.min.js");
      files.set("/tf.min.js", readFileSync(script));
      files.set(
        "/",
        new TextEncoder().encode('<!doctype html><link rel="icon" href="data:,"><script src="/tf.min.js"></script>'),
      );
      browser = await openChromium();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    });
    afterAll(async () => {
      await browser.close();
      server.close();
    });

    it.each(networks)("as %s: the logits that we have", async (form, network) => {
      const rng = createRng(`browser/${form}`);
      const weights = randomWeights(network, rng.fork("weights"));
      for (const [name, bytes] of exportTfjs(network, weights, {}, form)) files.set(`/${form}/${name}`, bytes);
      const images = Float32Array.from({ length: IMAGES * side * side * 3 }, () => rng.normal());
      const ours = await logitsOf(openReferenceEngine(), network, weights, images, IMAGES);
      const { page, errors } = await openPage(browser);
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const theirs = await page.evaluate(
        async ({ form, values, shape }) => {
          const { tf } = globalThis as unknown as { tf: PageTf };
          await tf.setBackend("cpu");
          const url = `${location.origin}/${form}/model.json`;
          const model = form === "graph" ? await tf.loadGraphModel(url) : await tf.loadLayersModel(url);
          return Array.from(await model.predict(tf.tensor(values, shape)).data());
        },
        { form, values: [...images], shape: [IMAGES, side, side, 3] },
      );
      expect(errors).toEqual([]);
      const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(theirs).toHaveLength(ours.length);
      // Float32 against double precision, sums in another order.
      for (const [i, value] of theirs.entries())
        expect(Math.abs(value - (ours[i] ?? Number.NaN)) / largest).toBeLessThan(1e-4);
    });
  },
  finding.installed ? undefined : `${finding.missing} is not installed`,
);
