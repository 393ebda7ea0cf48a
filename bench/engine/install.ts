/**
 * @file Installs the peers under .cache/: a Python environment with PyTorch, and tfjs-node on a TensorFlow of today. tfjs-node 4.22 downloads TensorFlow
 * 2.9 when it is installed; here its binding is compiled against the libraries that the wheel of `tensorflow-cpu` brings. Needs python3 (with venv),
 * npm, g++ and Linux.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder, tfjsFolder } from "./peers.ts";

const TFJS_NODE = "4.22.0";
const TENSORFLOW = "2.21.*";

function run(command: string, args: readonly string[], cwd = cacheFolder): void {
  console.log(`> ${command} ${args.join(" ")}`);
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args[0]}: Expected it to succeed. Received: exit status ${status}.`);
}

/** Node's headers: beside it, or where node-gyp keeps them. */
function nodeHeaders(): string {
  const folders = [join(dirname(process.execPath), ".."), join(homedir(), ".cache", "node-gyp", process.versions.node)];
  const found = folders
    .map((folder) => join(folder, "include", "node"))
    .find((folder) => existsSync(join(folder, "node_api.h")));
  if (found === undefined)
    throw new Error(
      `Expected node_api.h in ${folders.join(" or ")}. Received: none; "npx node-gyp install" fetches it.`,
    );
  return found;
}

function installPython(): string {
  const folder = join(cacheFolder, "python");
  const python = join(folder, "bin", "python");
  if (!existsSync(python)) run("python3", ["-m", "venv", folder]);
  if (spawnSync(python, ["-c", "import numpy, torch"], { stdio: "ignore" }).status !== 0)
    run(python, ["-m", "pip", "install", "--quiet", "torch", "numpy"]);
  return python;
}

/** Unpacks what the binding needs of the wheel, and returns the folder: `include/` and the two libraries. */
function unpackTensorflow(python: string): string {
  const wheels = join(tfjsFolder, "wheel");
  rmSync(wheels, { recursive: true, force: true });
  mkdirSync(wheels, { recursive: true });
  run(python, [
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--dest",
    wheels,
    `tensorflow-cpu==${TENSORFLOW}`,
  ]);
  const wheel = readdirSync(wheels).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`Expected a wheel of tensorflow-cpu in ${wheels}. Received: none.`);
  run(python, ["-m", "zipfile", "--extract", join(wheels, wheel), wheels]);
  return join(wheels, "tensorflow");
}

function installTfjsNode(python: string): void {
  const folder = join(tfjsFolder, "node_modules", "@tensorflow", "tfjs-node");
  const binding = join(folder, "lib", "napi-v8", "tfjs_binding.node");
  if (existsSync(binding)) return;
  const headers = nodeHeaders();
  mkdirSync(tfjsFolder, { recursive: true });
  // A folder of its own to npm, not a part of ours.
  writeFileSync(join(tfjsFolder, "package.json"), `${JSON.stringify({ private: true })}\n`);
  run(
    "npm",
    ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", `@tensorflow/tfjs-node@${TFJS_NODE}`],
    tfjsFolder,
  );
  const tensorflow = unpackTensorflow(python);
  const lib = join(folder, "deps", "lib");
  mkdirSync(lib, { recursive: true });
  mkdirSync(dirname(binding), { recursive: true });
  cpSync(join(tensorflow, "include"), join(folder, "deps", "include"), { recursive: true });
  copyFileSync(join(tensorflow, "libtensorflow_cc.so.2"), join(lib, "libtensorflow_cc.so.2"));
  copyFileSync(join(tensorflow, "libtensorflow_framework.so.2"), join(lib, "libtensorflow_framework.so.2"));
  for (const name of ["libtensorflow.so", "libtensorflow.so.2"]) {
    rmSync(join(lib, name), { force: true });
    symlinkSync("libtensorflow_cc.so.2", join(lib, name));
  }
  const sources = readdirSync(join(folder, "binding")).filter((name) => name.endsWith(".cc"));
  const unfinished = `${binding}.part`;
  const options = ["-std=c++17", "-O2", "-fPIC", "-shared", "-w", "-DNAPI_VERSION=8"];
  const includes = ["-I", headers, "-I", "deps/include", "-I", "."];
  const libraries = ["-L", "deps/lib", "-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"];
  // They lie beside the binding, wherever the folder is moved to.
  const search = "-Wl,-rpath,$ORIGIN/../../deps/lib";
  const paths = sources.map((name) => join("binding", name));
  run("g++", [...options, ...includes, ...paths, ...libraries, search, "-o", unfinished], folder);
  cpSync(unfinished, binding);
  rmSync(unfinished);
  rmSync(join(tfjsFolder, "wheel"), { recursive: true, force: true });
}

/** Installs what isn't there yet. Throws with the step that failed. Downloads some 500 MB. */
export function installPeers(): void {
  mkdirSync(cacheFolder, { recursive: true });
  installTfjsNode(installPython());
}
