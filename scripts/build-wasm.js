/**
 * @file Builds the compiled engine (native/) for WebAssembly, native/build/cellwright.wasm, with clang, lld and the WASI libraries, all of which Debian
 * has: no other toolchain. The module asks its host for nothing, so it runs wherever WebAssembly with SIMD does. `CXX_WASM` names another clang++, as
 * that of a wasi-sdk.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "native");

/** Where the module is built. */
export const wasmFile = join(folder, "build", "cellwright.wasm");

/** Packages of Debian that this needs. */
export const wasmPackages = ["clang", "lld", "libc++-dev-wasm32", "libclang-rt-dev-wasm32"];

const compiler = process.env.CXX_WASM || "clang++";
const sources = [
  "kernels/table.cc",
  ...["session", "crew", "decode", "copy", "phases", "targets", "wasm"].map((name) => `src/${name}.cc`),
];
const target = ["--target=wasm32-wasi", "-mexec-model=reactor"];
const flags = [
  "-O3 -std=c++17 -fno-exceptions -fno-rtti -fvisibility=hidden -fno-math-errno",
  // What every runtime with SIMD has, too. Conversions that saturate: no number of a program may trap.
  "-msimd128 -mbulk-memory -msign-ext -mnontrapping-fptoint",
  "-DCW_TARGET=wasm -DCW_WIDTH=4 -Isrc",
  // The stack comes first: overrun, it traps rather than writing over data. Names of functions stay, for profilers.
  "-Wl,-z,stack-size=1048576 -Wl,--stack-first -Wl,--strip-debug",
].flatMap((words) => words.split(" "));

/** Returns what this machine lacks for the build, or undefined. Compiles and links an empty module. */
export function missingForWasm() {
  const temporary = mkdtempSync(join(tmpdir(), "cellwright-wasm-"));
  try {
    const probe = join(temporary, "probe.cc");
    writeFileSync(probe, "#include <cmath>\n#include <string>\nstd::string probe;\n");
    const args = [...target, "-fno-exceptions", probe, "-o", join(temporary, "probe.wasm")];
    const { error, status, stderr } = spawnSync(compiler, args, { encoding: "utf8" });
    if (error !== undefined) return `${compiler} (Debian's package clang)`;
    if (status === 0) return undefined;
    if (/wasm-ld/.test(stderr)) return "wasm-ld (Debian's package lld)";
    return "C++ library for WebAssembly (Debian's packages libc++-dev-wasm32 and libclang-rt-dev-wasm32)";
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Builds the module where it is older than its sources. Returns why there is none, or undefined. Throws where the build fails. */
export function buildWasm() {
  if (existsSync(wasmFile) && statSync(wasmFile).mtimeMs >= newestSource()) {
    console.log("native engine, WebAssembly: up to date.");
    return undefined;
  }
  const lacks = missingForWasm();
  if (lacks !== undefined) return `this machine has no ${lacks}`;
  mkdirSync(dirname(wasmFile), { recursive: true });
  const started = Date.now();
  const temporary = `${wasmFile}.${process.pid}`;
  try {
    const { status } = spawnSync(compiler, [...target, ...flags, ...sources, "-o", temporary], {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (status !== 0) throw new Error("the compiler's messages are above");
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(temporary)));
    if (imports.length > 0)
      throw new Error(`Expected a module without imports. Received: ${imports.map(({ name }) => name).join(", ")}.`);
    renameSync(temporary, wasmFile);
  } finally {
    rmSync(temporary, { force: true });
  }
  console.log(`native engine, WebAssembly: built in ${Math.round((Date.now() - started) / 1000)} s.`);
  return undefined;
}

function newestSource() {
  const files = ["src", "kernels"].flatMap((name) =>
    readdirSync(join(folder, name)).map((file) => join(folder, name, file)),
  );
  return Math.max(...[...files, fileURLToPath(import.meta.url)].map((path) => statSync(path).mtimeMs));
}
