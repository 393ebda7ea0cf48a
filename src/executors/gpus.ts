/** @file Which GPUs there are, as nvidia-smi says, and whether TensorFlow.js could train on one. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../base/errors.ts";
import { findTfjs } from "../engines/tfjs/load.ts";

export interface Gpu {
  /** Its number in bus order, as nvidia-smi counts. */
  readonly index: number;
  readonly name: string;
  readonly memoryBytes: number;
  readonly uuid: string;
}

export interface GpuDiscovery {
  readonly gpus: readonly Gpu[];
  /** Why there are none, or what could not be read; for `doctor`. */
  readonly note?: string;
}

export interface DiscoveryOptions {
  /** Environment in which nvidia-smi is looked for, and whose CUDA_VISIBLE_DEVICES is respected. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** A driver in trouble hangs nvidia-smi. Default 5000. */
  readonly timeoutMs?: number;
}

const QUERY = ["--query-gpu=index,name,memory.total,uuid", "--format=csv,noheader,nounits"];

/** Finds the NVIDIA GPUs that this process may use. Never throws: a machine without a GPU, or with a broken driver, has none and a note. */
export async function discoverGpus(options: DiscoveryOptions = {}): Promise<GpuDiscovery> {
  const { env = process.env, timeoutMs = 5000 } = options;
  let output: string;
  try {
    // SIGKILL: an nvidia-smi that hangs in the driver ignores the polite one.
    const run = await promisify(execFile)("nvidia-smi", QUERY, { env, timeout: timeoutMs, killSignal: "SIGKILL" });
    output = run.stdout;
  } catch (error) {
    return { gpus: [], note: explainFailure(error, timeoutMs) };
  }
  return restrictToVisible(parseGpus(output), env["CUDA_VISIBLE_DEVICES"]);
}

/** Reads the lines of nvidia-smi's CSV; what is no GPU is named in the note. Device names may hold anything but a comma. */
export function parseGpus(output: string): GpuDiscovery {
  const gpus: Gpu[] = [];
  const strange: string[] = [];
  for (const line of output.split("\n").map((text) => text.trim())) {
    if (line === "" || line === "No devices were found") continue;
    const [index, name, memory, uuid, ...rest] = line.split(",").map((text) => text.trim());
    const sound = /^\d+$/.test(index ?? "") && name !== "" && uuid !== undefined && uuid !== "" && rest.length === 0;
    if (!sound || name === undefined) strange.push(line);
    // Machines with memory shared with the processor say [N/A].
    else gpus.push({ index: Number(index), name, memoryBytes: (Number(memory) || 0) * 2 ** 20, uuid });
  }
  if (strange.length > 0)
    return { gpus, note: `nvidia-smi said what is not understood: ${JSON.stringify(strange[0]?.slice(0, 100))}` };
  return gpus.length > 0 ? { gpus } : { gpus, note: "nvidia-smi found no GPU" };
}

/** A scheduler hands a job its GPUs by CUDA_VISIBLE_DEVICES; nvidia-smi lists all regardless. */
function restrictToVisible(found: GpuDiscovery, visible: string | undefined): GpuDiscovery {
  if (visible === undefined || found.gpus.length === 0) return found;
  const allowed = visible.split(",").map((text) => text.trim());
  const gpus = found.gpus.filter(
    (gpu) => allowed.includes(String(gpu.index)) || allowed.some((id) => id.length > 4 && gpu.uuid.startsWith(id)),
  );
  if (gpus.length === found.gpus.length) return found;
  return { gpus, note: `CUDA_VISIBLE_DEVICES=${visible} leaves ${gpus.length} of ${found.gpus.length} GPUs` };
}

function explainFailure(error: unknown, timeoutMs: number): string {
  const failure = error as { code?: unknown; killed?: boolean; stdout?: string; stderr?: string };
  if (failure.code === "ENOENT") return "nvidia-smi is not installed: no NVIDIA driver";
  if (failure.killed === true) return `nvidia-smi did not answer within ${timeoutMs} ms: the driver may be in trouble`;
  // It tells of driver errors on its standard output.
  const said = `${failure.stderr ?? ""}\n${failure.stdout ?? ""}`.trim().split("\n")[0] ?? "";
  return `nvidia-smi failed: ${said === "" ? messageOf(error) : said}`;
}

/** Whether the TensorFlow.js build for GPUs is installed where the tfjs engine will look for it. It is not loaded: loading binds the process to a device. */
export function hasGpuLibrary(): boolean {
  return findTfjs("tfjs-node-gpu").installed;
}
