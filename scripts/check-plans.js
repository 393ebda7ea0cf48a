/**
 * @file Every plan that the native engine's suites open, without Node: saved while the suites run, then run under the address and undefined-behaviour sanitizers on
 * every target of this machine, under the thread sanitizer and under valgrind. Minutes; the integration tests do the same with a few dozen.
 *
 *     npm run check:plans                      all of them
 *     npm run fuzz:plans -- [100000] [seed]    so many mutations of the smaller ones, under the sanitizers
 *
 * Ends with 0 where nothing was found.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "native", "build-runner", "plans");
/** Mutations of larger plans take longer and find no more. */
const MOST_FUZZED_BYTES = 300_000;
/** Files named in one command line. */
const CHUNK = 300;

function run(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  return { good: status === 0, stdout: stdout ?? "" };
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function build(flavour) {
  const { good, stdout } = run(process.execPath, [join(root, "native/runner/build.js"), flavour], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!good) fail(`The ${flavour} runner could not be built.`);
  return stdout.trim().split("\n").at(-1);
}

/** Runs the suites, and returns what they saved. */
function savePlans() {
  rmSync(folder, { recursive: true, force: true });
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const config = join(root, "test/support/save-plans.config.ts");
  if (!run(process.execPath, [vitest, "run", "--config", config], { stdio: "inherit" }).good)
    fail("Expected the native engine's suites to pass; their plans are checked after that.");
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".plan"));
  return files.map((name) => join(folder, name)).sort();
}

/** Runs plans in chunks. Prints what is not ok, and how far the worst was off. Returns whether all was well. */
function check(title, command, files) {
  const started = Date.now();
  let ok = 0;
  let good = true;
  const worst = { loss: 0, logits: 0, gradients: 0 };
  for (let at = 0; at < files.length; at += CHUNK) {
    const [first, ...rest] = command;
    const ran = run(first, [...rest, ...files.slice(at, at + CHUNK)], { stdio: ["ignore", "pipe", "inherit"] });
    good &&= ran.good;
    for (const line of ran.stdout.split("\n")) {
      if (line.startsWith("BAD")) console.log(line);
      if (!line.startsWith("ok ")) continue;
      ok++;
      for (const kind of Object.keys(worst)) {
        const [, off] = new RegExp(`${kind} ([^\\s,]+)`, "u").exec(line.slice(line.lastIndexOf("runs,"))) ?? [];
        worst[kind] = Math.max(worst[kind], Number(off));
      }
    }
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  const off = Object.entries(worst).map(([kind, value]) => `${kind} ${value.toExponential(1)}`);
  console.log(`${title}: ${ok} runs of ${files.length} plans ok in ${seconds} s; at most off: ${off.join(", ")}.`);
  return good && ok > 0;
}

const [mode, count = "100000", seed = "1"] = process.argv.slice(2);
if (mode !== "check" && mode !== "fuzz") fail(`Expected check or fuzz. Received: ${mode}.`);
const files = savePlans();
if (mode === "fuzz") {
  const small = files.filter((file) => statSync(file).size <= MOST_FUZZED_BYTES);
  console.log(`${small.length} plans to mutate.`);
  const fuzz = ["--fuzz", count, "--seed", seed, ...small];
  if (!run(build("sanitize-all"), fuzz, { stdio: "inherit" }).good)
    fail("A mutated plan did harm; the report is above.");
} else {
  // What valgrind knows, and what has to be compiled once more for the rest.
  const narrow = files.filter((file) => !file.includes("-avx512-"));
  const results = [
    check("address and undefined-behaviour sanitizers", [build("sanitize-all")], files),
    check("thread sanitizer, three threads", [build("threads"), "--threads", "3"], narrow),
    check("valgrind", ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", build("release")], narrow),
  ];
  if (!results.every(Boolean)) fail("Something was found; see above.");
}
