/**
 * @file Builds the compiled engine (native/) with node-gyp where a C++ compiler is there, and its WebAssembly module where clang can make one; says what
 * is missing and succeeds where there is none, as the slower engines still work. `--prebuild` also copies the results to prebuilds/, where an
 * installed package finds them: Node-API 8 serves every supported Node, so one binary a platform is enough; the module serves all others.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildWasm, wasmFile } from "./build-wasm.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "native");
const binary = join(folder, "build", "Release", "cellwright.node");
const prebuildFolder = join(root, "prebuilds", `${process.platform}-${process.arch}`);

function has(command) {
  const { status, error } = spawnSync(command, ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0;
}

/** What node-gyp needs and this machine lacks. */
function missing() {
  if (process.platform === "win32") return [];
  const compilers = [process.env.CXX, "c++", "g++", "clang++"].filter((name) => name !== undefined && name !== "");
  const lacks = [];
  if (!compilers.some(has)) lacks.push("a C++ compiler (g++ or clang++)");
  if (!has("make")) lacks.push("make");
  if (!["python3", "python"].some(has)) lacks.push("Python 3");
  return lacks;
}

/** Node's headers where they're installed beside it; node-gyp downloads them otherwise. */
function headers() {
  const beside = join(dirname(process.execPath), "..");
  const cached = join(homedir(), ".cache", "node-gyp", process.versions.node);
  const folders = [process.env.npm_config_nodedir, beside, cached];
  return folders.find((path) => path !== undefined && existsSync(join(path, "include", "node", "node_api.h")));
}

function newestSource() {
  const sources = ["binding.gyp", "src", "kernels"].map((name) => join(folder, name));
  const files = sources.flatMap((path) =>
    statSync(path).isDirectory()
      ? readdirSync(path).flatMap((name) => (name === "wasm.cc" ? [] : [join(path, name)]))
      : [path],
  );
  return Math.max(...files.map((path) => statSync(path).mtimeMs));
}

function nodeGyp(...args) {
  const gyp = createRequire(import.meta.url).resolve("node-gyp/bin/node-gyp.js");
  const nodedir = headers();
  const all = [gyp, ...args, "--silent", ...(nodedir === undefined ? [] : [`--nodedir=${nodedir}`])];
  const { status } = spawnSync(process.execPath, all, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  return status === 0;
}

/** Builds the binary where it is older than its sources. Returns why there is none, or undefined. Ends the process where the build fails. */
function buildBinary() {
  if (existsSync(binary) && statSync(binary).mtimeMs >= newestSource()) {
    console.log("native engine: up to date.");
    return undefined;
  }
  const lacks = missing();
  if (lacks.length > 0) return `this machine has no ${lacks.join(", no ")}`;
  const started = Date.now();
  if (!nodeGyp("configure")) return "node-gyp found no headers of Node (it downloads them once), or no usable tools";
  if (!nodeGyp("build", "-j", String(cpus().length))) {
    console.error("native engine: the build failed; the compiler's messages are above.");
    process.exit(1);
  }
  console.log(`native engine: built in ${Math.round((Date.now() - started) / 1000)} s.`);
  return undefined;
}

const noBinary = buildBinary();
let noModule;
try {
  noModule = buildWasm();
} catch (error) {
  console.error(`native engine, WebAssembly: the build failed: ${error.message}.`);
  process.exit(1);
}
if (noBinary !== undefined) {
  console.log(`native engine: not built: ${noBinary}.`);
  const what = noModule === undefined ? "its WebAssembly module" : "a slower engine";
  console.log(`native engine: ${what} will be used; \`cellwright doctor\` says how much slower, and what to do.`);
}
if (noModule !== undefined) {
  console.log(`native engine, WebAssembly: not built: ${noModule}.`);
  console.log("native engine, WebAssembly: needed only where no binary fits the platform, and in browsers.");
}

if (process.argv.includes("--prebuild")) {
  if (noBinary !== undefined) process.exit(1);
  const isMusl = process.platform === "linux" && process.report.getReport().header.glibcVersionRuntime === undefined;
  const libc = process.platform === "linux" ? (isMusl ? ".musl" : ".glibc") : "";
  mkdirSync(prebuildFolder, { recursive: true });
  copyFileSync(binary, join(prebuildFolder, `cellwright.napi${libc}.node`));
  console.log(`native engine: copied to prebuilds/${process.platform}-${process.arch}.`);
  const prebuiltModule = join(root, "prebuilds", "cellwright.wasm");
  // None rather than an old one.
  rmSync(prebuiltModule, { force: true });
  if (noModule === undefined) {
    copyFileSync(wasmFile, prebuiltModule);
    console.log("native engine, WebAssembly: copied to prebuilds.");
  } else if (process.env.npm_command === "publish") {
    console.error("native engine, WebAssembly: what is published has the module.");
    process.exit(1);
  }
}
