/** @file The comparisons of one network: ours in two processes against each peer, and ours against itself and the machine. */
import { best, measure, type MeasureOptions, type Rate } from "./measure.ts";
import { BATCH, type Candidate, type NetworkFolder } from "./networks.ts";
import {
  attempt,
  CORES,
  openOurs,
  openPeak,
  openTogether,
  openTorch,
  startOurs,
  type Clock,
  type Contender,
  type Opened,
  type OpenedPeer,
  type TorchOptions,
} from "./peers.ts";
import type { PeerProcess } from "./process.ts";
import { median } from "./statistics.ts";

export interface Bench {
  readonly clock: Clock;
  readonly rounds: number;
  readonly ms: number;
  readonly evaluationRounds: number;
  /** PyTorch's memory layouts to try. */
  readonly layouts: readonly TorchOptions["layout"][];
  /** Of the native engine; absent for the best. */
  readonly target: string | undefined;
  /** Most time that torch.compile is given for one layout. */
  readonly compileLimitMs: number;
  /** Where what is built and exported goes. */
  readonly workFolder: string;
  /** By figure of the last line: why it could not be measured. */
  readonly reasons: Map<string, string>;
}

export type Rates = ReadonlyMap<string, Rate>;

export interface Comparison {
  readonly train: Rates;
  readonly evaluate?: Rates;
}

export const OURS = "native, 2 processes";
export const WASM = "wasm, 2 processes";
export const isTorch = (name: string): boolean => name.startsWith("PyTorch");
export const isCompiled = (name: string): boolean => name.startsWith("torch.compile");
/** How two cores are used. */
const SHARED = "1 process x 2 threads";
const APART = "2 processes x 1 thread";
export const isTfjs = (name: string): boolean => name.startsWith("tfjs-node");
/** One process on both cores, as it comes. */
export const isTfjsShared = (name: string): boolean => isTfjs(name) && name.endsWith(SHARED);

/** Rounding in single precision, and what two steps make of it. */
const FIRST_LOSS = 1e-3;
const LAST_LOSS = 3e-2;

/** Throws unless a peer's losses are ours: otherwise the work is not the same. */
function checkLosses(peer: string, ours: readonly number[] = [], theirs: readonly number[] = []): void {
  for (const [step, loss] of ours.entries()) {
    const other = theirs[step] ?? Number.NaN;
    const allowed = (step === 0 ? FIRST_LOSS : LAST_LOSS) * Math.abs(loss);
    if (!(Math.abs(other - loss) <= allowed))
      throw new Error(
        `${peer}: Expected the losses of the native engine, ${ours.join(", ")}. Received: ${theirs.join(", ")}.`,
      );
  }
}

function options(bench: Bench, mode: "train" | "evaluate"): MeasureOptions {
  const rounds = mode === "train" ? bench.rounds : bench.evaluationRounds;
  return { rounds, ms: bench.ms, mode, batch: BATCH };
}

/** Throws unless the losses of what was opened are ours. */
type Check = (opened: Opened) => void;

/** Opens our two workers, runs what is to be compared with them, and closes everything, also what `run` adds to `opened`. */
async function besideOurs<T>(
  bench: Bench,
  folder: NetworkFolder,
  run: (ours: Contender, check: Check, opened: PeerProcess[]) => Promise<T>,
): Promise<T> {
  const opened: PeerProcess[] = [];
  let losses: readonly number[] | undefined;
  try {
    const opens = [1, 2].map(() => openOurs(folder, bench.clock, { target: bench.target }));
    const pair = await openTogether(opens, (said) => (losses = said.losses));
    opened.push(...pair.map(([peer]) => peer));
    const check: Check = (said) => checkLosses(said.target, losses, said.losses);
    return await run({ name: OURS, processes: [...opened] }, check, opened);
  } finally {
    for (const peer of opened) peer.close();
  }
}

export interface EagerComparison extends Comparison {
  /** Peak resident bytes of one-thread processes that train; PyTorch's is the smaller layout's. */
  readonly memory: { readonly ours: number | undefined; readonly torch: number | undefined };
}

/** PyTorch eager in every layout, one process of two threads and two of one; and our WebAssembly. */
export function compareEager(bench: Bench, folder: NetworkFolder): Promise<EagerComparison> {
  return besideOurs(bench, folder, async (ours, check, opened) => {
    const contenders = [ours];
    const wasm = await attempt("wasmVsTorchEager", bench.reasons, () => {
      const opens = [1, 2].map(() => openOurs(folder, bench.clock, { target: "wasm" }));
      return openTogether(opens, check);
    });
    if (wasm) {
      const processes = wasm.map(([peer]) => peer);
      opened.push(...processes);
      contenders.push({ name: WASM, processes });
    }
    const oneThread: PeerProcess[] = [];
    for (const layout of bench.layouts) {
      const pair = await attempt("vsTorchEager", bench.reasons, () => {
        const opens = [1, 2].map(() => openTorch(folder, bench.clock, { layout, threads: 1 }));
        return openTogether(opens, check);
      });
      if (!pair) break;
      const name = `${pair[0]?.[1].target} ${layout}`;
      const [first, second] = pair.map(([peer]) => peer) as [PeerProcess, PeerProcess];
      opened.push(first, second);
      oneThread.push(second);
      const set = (threads: number) => async (): Promise<void> => void (await first.ask({ do: "threads", threads }));
      contenders.push(
        { name: `${name}, ${SHARED}`, processes: [first], setThreads: set(2) },
        { name: `${name}, ${APART}`, processes: [first, second], setThreads: set(1) },
      );
    }
    const train = await measure(contenders, options(bench, "train"));
    const bytes = oneThread.flatMap((peer) => peer.peakBytes() ?? []);
    const memory = {
      ours: ours.processes[0]?.peakBytes(),
      torch: bytes.length === 0 ? undefined : Math.min(...bytes),
    };
    return { train, evaluate: await measure(contenders, options(bench, "evaluate")), memory };
  });
}

/** Our own tfjs engine on tfjs-node, one process of two threads and, unless `single`, two of one. Throws where it can't be opened. */
export function compareTfjs(bench: Bench, folder: NetworkFolder, single: boolean): Promise<Comparison> {
  return besideOurs(bench, folder, async (ours, check, opened) => {
    const contenders = [ours];
    for (const threads of single ? [2] : [2, 1]) {
      const opens = Array.from({ length: 2 / threads }, () =>
        openOurs(folder, bench.clock, { engine: "tfjs", threads }),
      );
      const group = await openTogether(opens, check);
      const processes = group.map(([peer]) => peer);
      opened.push(...processes);
      const how = threads === 2 ? SHARED : APART;
      contenders.push({ name: `tfjs-node on ${group[0]?.[1].target}, ${how}`, processes });
    }
    const train = await measure(contenders, options(bench, "train"));
    return { train, evaluate: await measure(contenders, options(bench, "evaluate")) };
  });
}

export interface CompileComparison extends Comparison {
  /** By contender: milliseconds of the first step, compiling included. */
  readonly firstMs: ReadonlyMap<string, number>;
}

/** torch.compile in every layout, two threads. Throws where it can't be opened in time. */
export function compareCompiled(bench: Bench, folder: NetworkFolder): Promise<CompileComparison> {
  return besideOurs(bench, folder, async (ours, check, opened) => {
    const contenders = [ours];
    const firstMs = new Map<string, number>();
    for (const layout of bench.layouts) {
      const name = `torch.compile ${layout}, ${SHARED}`;
      const settings = { layout, threads: 2, compile: true, limitMs: bench.compileLimitMs };
      const [made] = await openTogether([openTorch(folder, bench.clock, settings)], check);
      const [peer, said] = made as OpenedPeer;
      opened.push(peer);
      contenders.push({ name, processes: [peer] });
      firstMs.set(name, said.firstMs ?? Number.NaN);
    }
    return { train: await measure(contenders, options(bench, "train")), firstMs };
  });
}

/** One process of ours, one thread, on one core: for profilers. */
export async function measureAlone(bench: Bench, folder: NetworkFolder): Promise<Rates> {
  const [peer] = await openOurs(folder, bench.clock, { target: bench.target, cores: CORES.slice(0, 1) });
  try {
    return await measure([{ name: "native, 1 process", processes: [peer] }], options(bench, "train"));
  } finally {
    peer.close();
  }
}

/** One process of ours on one core, the peak of that core, and one of two threads on both. */
export async function compareWithMachine(
  bench: Bench,
  folder: NetworkFolder,
): Promise<{
  readonly imagesPerSecond: number;
  readonly peakFlops: number | undefined;
  readonly twoThreads: number | undefined;
}> {
  const { clock, target, workFolder, reasons } = bench;
  const core = CORES[0] as number;
  const [one] = await openOurs(folder, clock, { target, cores: [core] });
  const contenders: Contender[] = [{ name: "one", processes: [one] }];
  const peak = await attempt("shareOfPeak", reasons, () =>
    Promise.resolve().then(() => openPeak(workFolder, clock, core)),
  );
  if (peak) contenders.push({ name: "peak", processes: [peak] });
  const two = await attempt("threads2", reasons, () => openOurs(folder, clock, { target, threads: 2 }));
  if (two) contenders.push({ name: "two", processes: [two[0]] });
  try {
    const rates = await measure(contenders, options(bench, "train"));
    const of = (name: string): number | undefined => best(rates, (other) => other === name)?.rate;
    const flops = of("peak");
    return {
      imagesPerSecond: of("one") ?? Number.NaN,
      // The peak's steps are operations.
      peakFlops: flops === undefined ? undefined : flops / BATCH,
      twoThreads: of("two"),
    };
  } finally {
    for (const { processes } of contenders) for (const peer of processes) peer.close();
  }
}

interface FirstStep {
  readonly firstMs: number;
  readonly steadyMs: number;
  /** From the start of the process to the end of the first step. */
  readonly sinceStartMs: number;
}

/** From genotype to the end of the first step, less a steady step: in a process that has trained other candidates, and in a new one. Medians. */
export async function firstSteps(
  bench: Bench,
  folder: NetworkFolder,
  candidates: readonly Candidate[],
): Promise<{ readonly warmMs: number; readonly coldMs: number }> {
  const settings = { target: bench.target, network: false, cores: [CORES[0] as number] };
  const [warm] = await openOurs(folder, bench.clock, settings);
  const extras: number[] = [];
  // The first is only to warm up.
  for (const [index, candidate] of [...candidates.slice(-1), ...candidates].entries()) {
    const { firstMs, steadyMs } = await warm.ask<FirstStep>({ do: "first", ...candidate });
    if (index > 0) extras.push(firstMs - steadyMs);
  }
  warm.close();
  const cold: number[] = [];
  for (const candidate of candidates.slice(0, 3)) {
    const [peer, request] = startOurs(folder, bench.clock, settings);
    const { sinceStartMs, steadyMs } = await peer.ask<FirstStep>({ ...request, do: "first", ...candidate });
    cold.push(sinceStartMs - steadyMs);
    peer.close();
  }
  return { warmMs: median(extras), coldMs: median(cold) };
}
