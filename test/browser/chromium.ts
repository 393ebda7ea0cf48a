/**
 * @file A headless Chromium for tests of what runs in a browser: $CELLWRIGHT_CHROMIUM, or what is installed under one of its names. Where there is none, suites on it
 * are skipped by name with the reason; in CI (CI=true) that fails instead.
 */
import { spawnSync } from "node:child_process";
import { describe, it, onTestFinished } from "vitest";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { wasmMissing } from "../support/wasm.ts";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Returns the command of a Chromium, or undefined. */
export function findChromium(): string | undefined {
  const given = process.env["CELLWRIGHT_CHROMIUM"];
  const commands = given ? [given] : names.map((name) => pathOf(name));
  return commands.find((command) => command !== undefined && spawnSync(command, ["--version"]).status === 0);
}

function pathOf(name: string): string | undefined {
  const { status, stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Starts it. `flags` are its own. */
export async function openChromium(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(`Expected a Chromium: ${missing()}`);
  return chromium.launch({ executablePath, args: [...flags] });
}

function missing(): string {
  return `none of ${names.join(", ")} runs; install Debian's chromium, or point CELLWRIGHT_CHROMIUM to one`;
}

/** Describes a suite that needs a Chromium, the engine's WebAssembly module, and, if `also` says why it is not to be had, something else. */
export function describeInChromium(title: string, suite: () => void, also?: string): void {
  const reason = also ?? (findChromium() === undefined ? missing() : wasmMissing());
  if (reason === undefined) {
    describe(title, suite);
    return;
  }
  if (process.env["CI"] === "true" && also === undefined) throw new Error(`CI needs a browser: ${reason}`);
  describe.skip(`${title} [skipped: ${reason}]`, () => it("runs", () => {}));
}

/** A page and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console and exceptions that nothing caught. */
  readonly errors: readonly string[];
  /** Addresses that the page asked for. */
  readonly requests: readonly string[];
}

/** Longer than anything takes on a busy machine; what never comes is named, before the test's own time is up. */
const PATIENCE_MS = 240_000;

/** Opens a page that keeps account of its errors and requests, until the test ends. */
export async function openPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<WatchedPage> {
  const context: BrowserContext = await browser.newContext(options);
  onTestFinished(() => context.close());
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  return { page, errors, requests };
}
