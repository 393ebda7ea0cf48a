/**
 * @file A Python with PyTorch for tests that check us against it. Looked for in $CELLWRIGHT_PYTHON, ./.cache/python, python3 and the system's own
 * (Debian's python3-torch, where another python3 is first on the path). Where none is to be had such tests are skipped by name with the reason; in CI (CI=true) that fails instead.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

export type PythonSearch =
  | { readonly found: true; readonly python: string; readonly torch: string }
  | { readonly found: false; readonly reason: string };

function candidates(): readonly string[] {
  const given = process.env["CELLWRIGHT_PYTHON"];
  const cached = path.resolve(".cache/python");
  // `.cache/python` may be the interpreter, or the folder of a virtual environment.
  const found = [cached, path.join(cached, "bin/python")].filter((file) => existsSync(file));
  return [...(given ? [given] : []), ...found, "python3", "/usr/bin/python3"];
}

/** Returns the first Python that can import a module, or why there is none. Runs each candidate once. */
export function findPythonWith(
  module: string,
): { readonly found: true; readonly python: string } | { readonly found: false; readonly reason: string } {
  const python = candidates().find(
    (candidate) => spawnSync(candidate, ["-c", `import ${module}`], { encoding: "utf8" }).status === 0,
  );
  if (python !== undefined) return { found: true, python };
  return {
    found: false,
    reason: `no Python with ${module} (tried ${candidates().join(", ")}); set $CELLWRIGHT_PYTHON`,
  };
}

let answer: PythonSearch | undefined;

/** Returns a Python that can import torch and numpy, or why there is none. Runs each candidate once. */
export function findTorchPython(): PythonSearch {
  answer ??= search();
  return answer;
}

function search(): PythonSearch {
  const tried: string[] = [];
  for (const python of candidates()) {
    const run = spawnSync(python, ["-c", "import numpy, torch; print(torch.__version__)"], { encoding: "utf8" });
    if (run.status === 0) return { found: true, python, torch: run.stdout.trim() };
    const lastLine = run.error?.message ?? run.stderr.trim().split("\n").at(-1) ?? "failed";
    tried.push(`${python}: ${lastLine}`);
  }
  return { found: false, reason: `no Python with torch and numpy (${tried.join("; ")}); set $CELLWRIGHT_PYTHON` };
}

/**
 * Returns the Python to test with, or undefined with the reason printed in the name that `title` makes. In CI a missing torch throws.
 *
 *     const torch = requireTorch();
 *     describe.skipIf(torch.skip)(torch.title("the reference engine agrees"), …)
 */
export function requireTorch(): {
  readonly skip: boolean;
  readonly python: string;
  title(text: string): string;
} {
  const result = findTorchPython();
  if (result.found) {
    const suffix = `(torch ${result.torch})`;
    return { skip: false, python: result.python, title: (text) => `${text} ${suffix}` };
  }
  if (process.env["CI"] === "true") throw new Error(`CI needs PyTorch: ${result.reason}`);
  return { skip: true, python: "", title: (text) => `${text} [skipped: ${result.reason}]` };
}

const answers = new Map<string, PythonModules>();

/** A Python that has what a suite needs, or the reason why the suite is skipped. */
export interface PythonModules {
  readonly skip: boolean;
  readonly python: string;
  /** Returns a suite's name with the modules, or with the reason for which it is skipped. */
  title(text: string): string;
}

/**
 * Returns a Python that can import all of `modules`, which come from pip alone: $CELLWRIGHT_PYTHON, `.cache/interop` (`npm run test:interop` makes it), `.cache/python`, python3. Without
 * one the suite is skipped by name with the reason, in CI too. `prelude` is run before the imports.
 *
 *     const keras = requireModules(["tensorflow", "keras"]);
 *     describe.skipIf(keras.skip)(keras.title("the Keras export"), …)
 */
export function requireModules(modules: readonly string[], prelude = ""): PythonModules {
  const key = modules.join();
  const known = answers.get(key);
  if (known !== undefined) return known;
  const pythons = ["interop", "python"].map((name) => path.resolve(`.cache/${name}/bin/python`));
  const given = process.env["CELLWRIGHT_PYTHON"];
  const script = `${prelude}\nimport ${modules.join(", ")}`;
  const python = [...(given ? [given] : []), ...pythons.filter((file) => existsSync(file)), "python3"].find(
    (each) => spawnSync(each, ["-c", script], { stdio: "ignore" }).status === 0,
  );
  const found: PythonModules =
    python === undefined
      ? {
          skip: true,
          python: "",
          title: (text) =>
            `${text} [skipped: no Python with ${modules.join(" and ")}; \`npm run test:interop\` looks for them]`,
        }
      : { skip: false, python, title: (text) => `${text} (${modules.join(", ")})` };
  answers.set(key, found);
  return found;
}

/** Runs a Python program with JSON on its standard input and returns the JSON that it printed. Throws with its last words where it fails. */
export function runPython(python: string, script: string, input: unknown): unknown {
  const run = spawnSync(python, [script], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 1 << 30,
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  if (run.status !== 0) throw new Error(`${script} failed: ${run.error?.message ?? run.stderr.slice(-4000)}`);
  return JSON.parse(run.stdout);
}
