/** @file Builds native/runner for tests, and finds the tools that run it: what this machine lacks is skipped by name with the reason; in CI (CI=true) that fails instead. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe } from "vitest";
import { root } from "./built.ts";
import { run, type Ran } from "./commands.ts";
import { describeSkipped } from "./skipped.ts";

/** `release` for valgrind, `sanitize` for the address and undefined-behaviour sanitizers on plain and AVX2, `sanitize-all` for AVX-512 too, `arm64` for an emulator. */
export type RunnerFlavour = "release" | "sanitize" | "sanitize-all" | "arm64";

const compilers: Readonly<Record<RunnerFlavour, string>> = {
  release: process.env["CXX"] || "g++",
  sanitize: process.env["CXX"] || "g++",
  "sanitize-all": process.env["CXX"] || "g++",
  arm64: process.env["CXX_ARM64"] || "aarch64-linux-gnu-g++",
};

const builds = new Map<RunnerFlavour, Promise<string>>();
let last: Promise<unknown> = Promise.resolve();

/** Returns the runner, built anew where a source is newer; builds queue, as each keeps every core busy. Rejects with the compiler's messages. */
export function buildRunner(flavour: RunnerFlavour): Promise<string> {
  const known = builds.get(flavour);
  if (known) return known;
  const build = last.then(() => runBuild(flavour));
  builds.set(flavour, build);
  // Whoever waits for it is told; where nobody does (a tool is missing) there is nobody to tell.
  last = build.catch(() => undefined);
  return build;
}

async function runBuild(flavour: RunnerFlavour): Promise<string> {
  const build = await run(process.execPath, [path.join(root, "native/runner/build.js"), flavour]);
  if (build.code !== 0) throw new Error(`native/runner/build.js ${flavour} ended with ${build.code}:\n${build.stderr}`);
  return build.stdout.trim().split("\n").at(-1) as string;
}

/** Describes a suite that needs a flavour of the runner and other commands besides. */
export function describeRunner(
  title: string,
  flavour: RunnerFlavour,
  commands: readonly string[],
  suite: () => void,
): void {
  const missing = [compilers[flavour], ...commands].filter(
    (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).status !== 0,
  );
  if (missing.length === 0) describe(title, suite);
  else describeSkipped(title, `this machine has no ${missing.join(", no ")}`);
}

/** Runs the runner, or a command in front of it; what it prints with a sanitizer's report is in `stderr`. */
export function runPlans(command: readonly string[], args: readonly string[]): Promise<Ran> {
  const [first, ...rest] = command as [string, ...string[]];
  // Whatever a sanitizer has to say it says on its own; nothing from outside may change what it looks for.
  return run(first, [...rest, ...args], { env: { ASAN_OPTIONS: undefined, UBSAN_OPTIONS: undefined } });
}
