/**
 * @file Builds native/runner, which runs saved plans without Node, into native/build-runner/<flavour>/run_plan, whose path is the last line it prints:
 *
 *     node native/runner/build.js <release | sanitize | sanitize-all | threads | arm64>
 *
 * Ends with 0 once it is built, with 1 where the compiler fails, with 3 where this machine lacks it.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const native = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Instruction sets, as in binding.gyp: the name of the kernels' namespace, floats in a vector, flags. */
const avx512 = ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mfma"];
const targets = {
  plain: { width: 4, flags: [] },
  neon: { width: 4, flags: [] },
  avx2: { width: 8, flags: ["-mavx2", "-mfma"] },
  avx512half: { width: 8, flags: avx512 },
  avx512: { width: 16, flags: [...avx512, "-mprefer-vector-width=512"] },
};
const host =
  process.arch === "x64" ? ["plain", "avx2", "avx512half", "avx512"] : [process.arch === "arm64" ? "neon" : "plain"];
const compiler = process.env.CXX || "g++";

const sanitized = [
  "-O1",
  "-g1",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
  "-fno-omit-frame-pointer",
];
const narrow = host.filter((target) => !target.startsWith("avx512"));
const flavours = {
  // With line numbers, for valgrind (which knows nothing beyond AVX2) and profilers.
  release: { compiler, targets: narrow, flags: ["-O3", "-g1"] },
  sanitize: { compiler, targets: narrow, flags: sanitized },
  // Twice as long to compile.
  "sanitize-all": { compiler, targets: host, flags: sanitized },
  // Races between the threads of one step.
  threads: { compiler, targets: narrow, flags: ["-O1", "-g1", "-fsanitize=thread"] },
  arm64: { compiler: process.env.CXX_ARM64 || "aarch64-linux-gnu-g++", targets: ["neon"], flags: ["-O3", "-static"] },
};

const [name] = process.argv.slice(2);
const flavour = Object.hasOwn(flavours, name ?? "") ? flavours[name] : undefined;
if (flavour === undefined) {
  console.error(`Expected one of ${Object.keys(flavours).join(", ")}. Received: ${name}.`);
  process.exit(2);
}
if (spawnSync(flavour.compiler, ["--version"], { stdio: "ignore" }).status !== 0) {
  console.error(`Expected a C++ compiler. Received none by the name of ${flavour.compiler}.`);
  process.exit(3);
}

const folder = join(native, "build-runner", name);
const binary = join(folder, "run_plan");
const sources = ["src", "kernels", "runner"].flatMap((part) =>
  readdirSync(join(native, part)).map((file) => join(native, part, file)),
);

function compile(args) {
  return new Promise((resolve) => {
    const child = spawn(flavour.compiler, args, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
  });
}

/** Runs jobs, as many at a time as there are cores; false once one failed. */
async function inParallel(jobs) {
  const queue = [...jobs];
  const lanes = cpus().map(async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift())
      if (!(await job())) {
        queue.length = 0;
        return false;
      }
    return true;
  });
  return (await Promise.all(lanes)).every(Boolean);
}

async function build() {
  mkdirSync(folder, { recursive: true });
  const define = flavour.targets.includes("avx2") ? ["-DCW_X86"] : [];
  if (!flavour.targets.includes("avx512")) define.push("-DCW_NO_AVX512");
  const common = [
    "-std=c++17",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Wno-psabi",
    "-fvisibility=hidden",
    ...flavour.flags,
  ];
  const objects = [];
  const jobs = [];
  for (const target of flavour.targets) {
    const object = join(folder, `${target}.o`);
    const { width, flags } = targets[target];
    const kernel = [
      "-fno-exceptions",
      "-fno-rtti",
      "-fno-math-errno",
      `-DCW_TARGET=${target}`,
      `-DCW_WIDTH=${width}`,
      ...flags,
    ];
    objects.push(object);
    jobs.push(() => compile([...common, ...kernel, "-c", join(native, "kernels", "table.cc"), "-o", object]));
  }
  for (const file of sources.filter(
    (file) => /\/(src|runner)\/\w+\.cc$/.test(file) && !/\/(addon|wasm|peaks)\.cc$/.test(file),
  )) {
    const object = join(folder, `${file.split("/").at(-1).replace(".cc", "")}-code.o`);
    objects.push(object);
    jobs.push(() => compile([...common, ...define, "-c", file, "-o", object]));
  }
  if (!(await inParallel(jobs))) return false;
  // Under another name first: whoever looks meanwhile sees all of it or nothing.
  if (!(await compile([...flavour.flags, ...objects, "-o", `${binary}.part`, "-lpthread"]))) return false;
  renameSync(`${binary}.part`, binary);
  return true;
}

const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
if (!existsSync(binary) || statSync(binary).mtimeMs < newest) {
  const started = Date.now();
  if (!(await build())) {
    console.error(`The ${name} runner could not be built; the compiler's messages are above.`);
    process.exit(1);
  }
  console.log(`${name} runner: built in ${Math.round((Date.now() - started) / 1000)} s.`);
}
console.log(binary);
