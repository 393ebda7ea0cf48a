/** @file Who is timed, in which processes, and what each needs on this machine. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "cellwright/base";
import { findTorchPython } from "../../test/support/python.ts";
import { BATCH, SEED, type NetworkFolder } from "./networks.ts";
import { openProcess, type PeerProcess } from "./process.ts";

const here = dirname(fileURLToPath(import.meta.url));
const peersFolder = join(here, "..", "peers");
/** Where --install-peers puts tfjs-node. */
export const cacheFolder = join(here, "..", "..", ".cache");
export const tfjsFolder = join(cacheFolder, "peers");

/** Both cores that the comparison is on. */
export const CORES = [0, 1];

export type Clock = "wall" | "cpu";

/** What a peer answers once its network is open and three steps are done. */
export interface Opened {
  readonly target: string;
  readonly losses?: readonly number[];
  /** PyTorch: milliseconds of the very first step, compiling included. */
  readonly firstMs?: number;
}

/** One way to use two cores: so many processes with so many threads each. */
export interface Contender {
  readonly name: string;
  readonly processes: readonly PeerProcess[];
  /** Run before its turn. */
  readonly setThreads?: () => Promise<void>;
}

export interface OurOptions {
  readonly engine?: "native" | "tfjs";
  readonly target?: string | undefined;
  readonly threads?: number;
  readonly cores?: readonly number[];
  /** False: no session is opened. */
  readonly network?: boolean;
}

/** Starts a process with one of our engines, from the build. */
export function startOurs(folder: NetworkFolder, clock: Clock, options: OurOptions = {}): [PeerProcess, object] {
  const { engine = "native", target, threads = 1, cores = CORES, network = true } = options;
  const env: Record<string, string> = {};
  if (engine === "tfjs") {
    const found = process.env["CELLWRIGHT_TFJS"] ?? (existsSync(tfjsFolder) ? tfjsFolder : undefined);
    if (found !== undefined) env["CELLWRIGHT_TFJS"] = found;
    for (const name of ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"])
      env[name] = String(threads);
  }
  const peer = openProcess({ command: process.execPath, args: [join(peersFolder, "engine.mjs")], env, cores });
  return [peer, { do: "open", ...folder, engine, target, threads, clock, network, batch: BATCH, seed: SEED }];
}

export async function openOurs(folder: NetworkFolder, clock: Clock, options: OurOptions = {}): Promise<OpenedPeer> {
  const [peer, request] = startOurs(folder, clock, options);
  return [peer, await peer.ask<Opened>(request)];
}

export interface TorchOptions {
  readonly layout: "contiguous" | "channels_last";
  readonly threads: number;
  readonly compile?: boolean;
  readonly limitMs?: number;
}

/** Starts PyTorch on the exported network. Throws where there is no Python with torch. */
export async function openTorch(folder: NetworkFolder, clock: Clock, options: TorchOptions): Promise<OpenedPeer> {
  const search = findTorchPython();
  if (!search.found) throw new Error(search.reason);
  const { threads, limitMs, ...rest } = options;
  const args = [join(peersFolder, "torch_export.py")];
  // Compiled kernels from an earlier run would hide what compiling takes.
  const env = { OMP_NUM_THREADS: String(threads), TORCHINDUCTOR_FORCE_DISABLE_CACHES: "1" };
  const peer = openProcess({ command: search.python, args, env, cores: CORES });
  return [peer, await peer.ask<Opened>({ ...folder, ...rest, threads, clock, batch: BATCH }, limitMs)];
}

/** Builds the kernel that measures a core's peak, and starts it on the first core. Throws where there is no g++. */
export function openPeak(workFolder: string, clock: Clock, core: number): PeerProcess {
  const binary = join(workFolder, "peak");
  if (!existsSync(binary)) {
    const args = ["-std=c++17", "-O3", "-march=native", "-o", binary, join(peersFolder, "peak.cc")];
    const built = spawnSync("g++", args, { encoding: "utf8" });
    if (built.status !== 0) throw new Error(built.error?.message ?? built.stderr.slice(-2000));
  }
  return openProcess({ command: binary, args: [clock], cores: [core] });
}

/** Does what can be done; why the rest can't is its reason, and it is not tried again. */
export async function attempt<T>(
  what: string,
  reasons: Map<string, string>,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (reasons.has(what)) return undefined;
  try {
    return await work();
  } catch (error) {
    reasons.set(what, messageOf(error));
    return undefined;
  }
}

export type OpenedPeer = readonly [PeerProcess, Opened];

/** Opens all at once and checks each. Throws where one fails; none is left running then. */
export async function openTogether(
  opens: readonly Promise<OpenedPeer>[],
  check: (opened: Opened) => void,
): Promise<readonly OpenedPeer[]> {
  const settled = await Promise.allSettled(opens);
  const made = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  try {
    for (const one of settled) if (one.status === "rejected") throw one.reason;
    for (const [, opened] of made) check(opened);
    return made;
  } catch (error) {
    for (const [peer] of made) peer.close();
    throw error;
  }
}
