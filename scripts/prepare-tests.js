/**
 * @file Gets what the tests need besides npm packages: a Python with PyTorch, which checks the reference engine and the exports; clang and lld, which
 * build the engine's WebAssembly module; valgrind, an emulator of 64-bit ARM and a compiler for it, which run the engine's saved plans; Chromium,
 * which opens the demo page. As root on Debian it is installed; elsewhere it is named, and the suites that need it are skipped by name with the reason.
 */
import { spawnSync } from "node:child_process";
import { missingForWasm, wasmPackages } from "./build-wasm.js";

const pythons = [process.env.CELLWRIGHT_PYTHON, "python3", "/usr/bin/python3"].filter((path) => path !== undefined);

function hasTorch(python) {
  return spawnSync(python, ["-c", "import torch, numpy"], { stdio: "ignore" }).status === 0;
}

function has(command) {
  return command !== undefined && spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** What has to be there: `missing()` says whether it is not. */
const needs = [
  {
    what: "PyTorch",
    missing: () => !pythons.some(hasTorch),
    packages: ["python3-torch", "python3-numpy"],
    without:
      "the suites that compare with it are skipped. Install python3-torch, or point CELLWRIGHT_PYTHON to a Python that has torch and numpy.",
  },
  {
    what: "A compiler for WebAssembly",
    missing: () => missingForWasm() !== undefined,
    packages: wasmPackages,
    without: `the suites that run the engine's WebAssembly module are skipped. Install ${wasmPackages.join(", ")}.`,
  },
  {
    what: "A way to run the native engine's saved plans under valgrind and for ARM",
    missing: () => ["valgrind", "qemu-aarch64", "aarch64-linux-gnu-g++"].some((command) => !has(command)),
    packages: ["valgrind", "qemu-user", "g++-aarch64-linux-gnu"],
    without: "what needs them is skipped. Install valgrind, qemu-user, g++-aarch64-linux-gnu.",
  },
  {
    what: "A browser",
    missing: () => !["chromium", "chromium-browser", "google-chrome", process.env.CELLWRIGHT_CHROMIUM].some(has),
    packages: ["chromium"],
    without:
      "the suites that open the demo page are skipped. Install chromium, or point CELLWRIGHT_CHROMIUM to a Chromium.",
  },
];

function run(command, args) {
  console.log(`> ${command} ${args.join(" ")}`);
  return (
    spawnSync(command, args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    }).status === 0
  );
}

const canInstall = process.getuid?.() === 0 && spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status === 0;

for (const { what, missing, packages, without } of needs) {
  if (!missing()) continue;
  if (canInstall) {
    console.log(`${what} is not here: installing Debian's ${packages.join(", ")}.`);
    const install = ["install", "-y", "-q", "--no-install-recommends", ...packages];
    if (!run("apt-get", install)) {
      run("apt-get", ["update", "-q"]);
      run("apt-get", install);
    }
    if (!missing()) continue;
  }
  console.log(`${what} could not be had: ${without}`);
  if (process.env.CI === "true") process.exitCode = 1;
}
