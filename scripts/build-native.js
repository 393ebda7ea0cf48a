/**
 * @file Builds the compiled engine (native/) with node-gyp where a C++ compiler is there; says what is missing and succeeds where there is none, as the
 * slower engines still work. `--prebuild` also copies the result to prebuilds/, where an installed package finds it: Node-API 8 serves
 * every supported Node, so one binary a platform is enough.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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
    statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path],
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

function giveUp(reason) {
  console.log(`native engine: not built: ${reason}.`);
  console.log("native engine: a slower engine will be used; `cellwright doctor` says how much slower, and what to do.");
  process.exit(process.argv.includes("--prebuild") ? 1 : 0);
}

if (existsSync(binary) && statSync(binary).mtimeMs >= newestSource()) {
  console.log("native engine: up to date.");
} else {
  const lacks = missing();
  if (lacks.length > 0) giveUp(`this machine has no ${lacks.join(", no ")}`);
  const started = Date.now();
  if (!nodeGyp("configure")) giveUp("node-gyp found no headers of Node (it downloads them once), or no usable tools");
  if (!nodeGyp("build", "-j", String(cpus().length))) {
    console.error("native engine: the build failed; the compiler's messages are above.");
    process.exit(1);
  }
  console.log(`native engine: built in ${Math.round((Date.now() - started) / 1000)} s.`);
}

if (process.argv.includes("--prebuild")) {
  const isMusl = process.platform === "linux" && process.report.getReport().header.glibcVersionRuntime === undefined;
  const libc = process.platform === "linux" ? (isMusl ? ".musl" : ".glibc") : "";
  mkdirSync(prebuildFolder, { recursive: true });
  copyFileSync(binary, join(prebuildFolder, `cellwright.napi${libc}.node`));
  console.log(`native engine: copied to prebuilds/${process.platform}-${process.arch}.`);
}
