/**
 * @file Finds and loads TensorFlow.js, lazily: none of its packages is a dependency of ours. Looked for beside Cellwright, in the working
 * folder, and in the folder that $CELLWRIGHT_TFJS names. The best backend that loads is taken.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { CellwrightError, messageOf } from "../../base/errors.ts";
import { type TfjsBackend, tfjsBackends } from "./backends.ts";

export { tfjsBackends, type TfjsBackend } from "./backends.ts";

/** The union package's interface, which tfjs-node and tfjs-node-gpu have too. */
export type Tf = typeof import("@tensorflow/tfjs");

/** Packages each backend needs; the first is the interface, the second registers the backend on it. */
const packagesOf: { readonly [B in TfjsBackend]: readonly [string, ...string[]] } = {
  "tfjs-node-gpu": ["@tensorflow/tfjs-node-gpu"],
  "tfjs-node": ["@tensorflow/tfjs-node"],
  webgpu: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-webgpu"],
  wasm: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"],
  cpu: ["@tensorflow/tfjs"],
};

/** TensorFlow.js ready to compute. */
export interface LoadedTfjs {
  readonly tf: Tf;
  readonly backend: TfjsBackend;
  /** Its name within TensorFlow.js. */
  readonly tfName: string;
  /** `tensorflow 2.21.0 (GPU)`, `wasm`, `cpu`. */
  readonly target: string;
}

/** Where a backend's packages were found, or which is missing. */
export type TfjsFinding =
  | { readonly backend: TfjsBackend; readonly installed: true; readonly folder: string }
  | { readonly backend: TfjsBackend; readonly installed: false; readonly missing: string };

function roots(): readonly string[] {
  const given = process.env["CELLWRIGHT_TFJS"];
  return [...(given ? [path.resolve(given)] : []), import.meta.dirname, process.cwd()];
}

function resolvesFrom(root: string, name: string): boolean {
  try {
    createRequire(path.join(root, "package.json")).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Says whether a backend's packages are installed. Loads nothing. */
export function findTfjs(backend: TfjsBackend): TfjsFinding {
  const packages = packagesOf[backend];
  // All from one root: two copies of tfjs-core would not know each other's tensors.
  const folder = roots().find((root) => packages.every((name) => resolvesFrom(root, name)));
  if (folder !== undefined) return { backend, installed: true, folder };
  const missing = packages.find((name) => !roots().some((root) => resolvesFrom(root, name))) ?? packages[0];
  return { backend, installed: false, missing };
}

/** tfjs-node 4.22 calls two functions that Node 23 removed. */
function restoreRemovedUtil(): void {
  const legacy = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
  legacy["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  legacy["isArray"] ??= Array.isArray;
}

interface TensorflowBackend {
  readonly isUsingGpuDevice?: boolean;
  readonly binding?: { readonly TF_Version?: string };
}

async function load(finding: TfjsFinding & { readonly installed: true }): Promise<LoadedTfjs> {
  const { backend, folder } = finding;
  if (backend === "webgpu" && !("gpu" in ((globalThis as { navigator?: object }).navigator ?? {})))
    throw new Error("this runtime has no navigator.gpu");
  const isTensorflow = backend === "tfjs-node-gpu" || backend === "tfjs-node";
  if (isTensorflow) {
    restoreRemovedUtil();
    // TensorFlow's own notices (CPU features, oneDNN) are no news to whoever runs a search.
    process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  }
  const require = createRequire(pathToFileURL(path.join(folder, "package.json")));
  const [main, ...rest] = packagesOf[backend];
  const tf = require(main) as Tf;
  for (const name of rest) require(name);
  // Production mode leaves out the notice on plain JavaScript and a NaN check after every operation.
  tf.enableProdMode();
  const tfName = isTensorflow ? "tensorflow" : backend;
  if (!(await tf.setBackend(tfName))) throw new Error(`TensorFlow.js could not start its backend ${tfName}`);
  await tf.ready();
  return { tf, backend, tfName, target: isTensorflow ? describeTensorflow(tf) : tfName };
}

function describeTensorflow(tf: Tf): string {
  const { isUsingGpuDevice, binding } = tf.backend() as unknown as TensorflowBackend;
  return `tensorflow ${binding?.TF_Version ?? "(unknown version)"} (${isUsingGpuDevice === true ? "GPU" : "CPU"})`;
}

const loaded = new Map<TfjsBackend, Promise<LoadedTfjs>>();

function loadOnce(finding: TfjsFinding & { readonly installed: true }): Promise<LoadedTfjs> {
  let promise = loaded.get(finding.backend);
  if (promise === undefined) {
    promise = load(finding);
    loaded.set(finding.backend, promise);
  }
  return promise;
}

/**
 * Loads a backend, or the best of those installed that start. Throws `engine`, with what was tried and what to install, where none does.
 * Loading takes about a second (TensorFlow) or half of one.
 */
export async function loadTfjs(choice?: TfjsBackend): Promise<LoadedTfjs> {
  const tried: string[] = [];
  for (const backend of choice ? [choice] : tfjsBackends) {
    const finding = findTfjs(backend);
    if (!finding.installed) {
      tried.push(`${backend}: ${finding.missing} is not installed`);
      continue;
    }
    try {
      return await loadOnce(finding);
    } catch (error) {
      tried.push(`${backend}: ${messageOf(error).split("\n")[0]}`);
    }
  }
  throw new CellwrightError(
    "engine",
    `Expected TensorFlow.js for the engine tfjs. Received: ${tried.join("; ")}. ${installAdvice(choice)}`,
    { details: { tried } },
  );
}

/** Returns the command that gives a backend. */
export function installAdvice(backend: TfjsBackend = "tfjs-node"): string {
  return `Install it: npm install ${packagesOf[backend].join(" ")}`;
}
