/** @file The demo page for tests: built, served by its own command or by any web server, and driven as a visitor would. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Page } from "playwright-core";
import type { RunRecord } from "../../docs/demo/record.ts";
import { siteFolder } from "../../docs/demo/site.ts";
import { root } from "../support/built.ts";
import { output } from "../support/commands.ts";

const jiti = join(root, "node_modules/jiti/lib/jiti-cli.mjs");

/** Builds the page as `npm run build:demo` does. */
export async function buildDemo(): Promise<void> {
  await output(process.execPath, [jiti, join(root, "docs/demo/build.ts")]);
}

/** Somewhere the page is served. */
export interface Served {
  readonly url: string;
  /** What the command printed. */
  readonly text: string;
  close(): void;
}

/** Serves the page as `npm run demo` does, with the data that its rule finds. */
export async function serveDemo(...args: readonly string[]): Promise<Served> {
  const child: ChildProcess = spawn(process.execPath, [jiti, "docs/demo/serve.ts", "--port", "0", ...args], {
    cwd: root,
  });
  let text = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        const url = /^open (\S+)/m.exec(text)?.[1];
        if (url !== undefined) resolve({ url, text, close: () => child.kill() });
      });
    child.on("exit", (code) => reject(new Error(`docs/demo/serve.ts ended with ${code}:\n${text}`)));
  });
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** Serves the built folder alone below `/some/where/`, as any web server would: there is no data. */
export async function serveFolder(): Promise<Served> {
  const below = "/some/where/";
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = join(siteFolder, normalize(`/${pathname.slice(below.length)}`).replace(/\/$/, "/index.html"));
    if (!pathname.startsWith(below) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" });
    response.end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${below}`, text: "", close: () => server.close() };
}

/** The controls of the page. */
export function controls(page: Page) {
  return {
    start: page.getByRole("button", { name: "Start training" }),
    pause: page.getByRole("button", { name: "Pause", exact: true }),
    goOn: page.getByRole("button", { name: "Go on" }),
    reset: page.getByRole("button", { name: "Reset" }),
    save: page.getByRole("button", { name: "Save this run" }),
    status: page.getByRole("status"),
    notice: page.getByRole("alert"),
    field: (name: string) => page.getByLabel(name, { exact: true }),
  };
}

/** Waits until the page can begin. */
export async function untilReady(page: Page): Promise<void> {
  await controls(page).start.and(page.locator(":enabled")).waitFor();
}

/** Waits until a run has made a number of steps. */
export async function untilStep(page: Page, step: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(/step ([\d,]+)/.exec(document.body.innerText)?.[1]?.replace(",", "") ?? 0) >= wanted,
    step,
  );
}

/** Returns the run as the page saves it. */
export async function savedRun(page: Page): Promise<RunRecord> {
  const [download] = await Promise.all([page.waitForEvent("download"), controls(page).save.click()]);
  return JSON.parse(readFileSync(await download.path(), "utf8")) as RunRecord;
}

/** Returns how many pixels of a canvas have the colour of a custom property of the page's style. */
export async function pixelsOfColour(page: Page, canvas: string, property: string): Promise<number> {
  return page.evaluate(
    ([id, name]) => {
      const element = document.getElementById(id) as HTMLCanvasElement;
      const probe = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
      probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
      probe.fillRect(0, 0, 1, 1);
      const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
      const { data } = (element.getContext("2d") as CanvasRenderingContext2D).getImageData(
        0,
        0,
        element.width,
        element.height,
      );
      let count = 0;
      for (let i = 0; i < data.length; i += 4)
        if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) count++;
      return count;
    },
    [canvas, property] as const,
  );
}
