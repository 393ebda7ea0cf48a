/**
 * @file The native engine against its peers on this machine: training steps (forward, backward, update) of batches of 64 images of 32x32, two workers of
 * ours on two cores against the best that each peer makes of them. All run in turn, and medians are compared.
 *
 *     npm run bench:engine -- [--quick] [--install-peers] [--networks 1x8,2x16,random:8,mbconv:8] [--rounds 5] [--ms 1500] [--target avx2] [--clock cpu]
 *
 * The peers run what we export: model.py and its weights on PyTorch, and our tfjs engine on tfjs-node; every peer's losses are checked against ours.
 * Python is found through $CELLWRIGHT_PYTHON, .cache/python, python3; tfjs-node through $CELLWRIGHT_TFJS and .cache/peers, where --install-peers puts
 * them. `--clock cpu` counts the processes' own time by thread: on a machine that is busy with other things it says more than the wall's.
 * `--compile-limit` is what torch.compile is given for a layout, in seconds (900). `--skip compile,tfjs` leaves peers out; `--alone` times one process
 * of ours on one core and nothing else. All of it takes over an hour, most of it for the peers; `--quick` under two minutes: four networks, two short
 * rounds, PyTorch in channels_last alone, tfjs-node as one process on the smallest network (two are faster), no torch.compile.
 *
 * The last line is JSON; `null` is what could not be measured, for the reason printed above it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as compare from "./engine/comparisons.ts";
import { installPeers } from "./engine/install.ts";
import { best, type Rate } from "./engine/measure.ts";
import {
  BATCH,
  benchNetworks,
  nameOf,
  writeNetwork,
  type BenchNetwork,
  type Candidate,
  type NetworkFolder,
} from "./engine/networks.ts";
import { attempt } from "./engine/peers.ts";
import { geometricMean, median } from "./engine/statistics.ts";
import { figure, printRates } from "./engine/table.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    "install-peers": { type: "boolean", default: false },
    networks: { type: "string" },
    rounds: { type: "string" },
    ms: { type: "string" },
    target: { type: "string" },
    clock: { type: "string", default: "wall" },
    "compile-limit": { type: "string", default: "900" },
    alone: { type: "boolean", default: false },
    skip: { type: "string", default: "" },
  },
});

function count(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${flag}: Expected a whole number of 1 or more. Received: ${text}.`);
  return value;
}

const { quick } = flags;
const skipped = new Set(flags.skip.split(",").filter((name) => name !== ""));
if (flags.clock !== "wall" && flags.clock !== "cpu")
  throw new Error(`--clock: Expected wall or cpu. Received: ${flags.clock}.`);
for (const name of skipped)
  if (name !== "compile" && name !== "tfjs" && name !== "torch")
    throw new Error(`--skip: Expected some of torch, compile, tfjs. Received: ${name}.`);
if (flags["install-peers"]) installPeers();

const networks = benchNetworks(flags.networks ?? (quick ? "1x8,2x16,random:1,mbconv:1" : "1x8,2x16,random:8,mbconv:8"));
const bench: compare.Bench = {
  clock: flags.clock,
  rounds: count("rounds", flags.rounds ?? (quick ? "2" : "5")),
  evaluationRounds: quick ? 1 : 3,
  ms: count("ms", flags.ms ?? (quick ? "300" : "1500")),
  // The faster one wherever both were measured.
  layouts: quick ? ["channels_last"] : ["channels_last", "contiguous"],
  target: flags.target,
  compileLimitMs: 1000 * count("compile-limit", flags["compile-limit"]),
  workFolder: mkdtempSync(join(tmpdir(), "cellwright-bench-")),
  reasons: new Map(),
};
const { reasons } = bench;
if (quick) reasons.set("vsTorchCompile", "compiling takes minutes: not with --quick");
if (skipped.has("compile")) reasons.set("vsTorchCompile", "left out by --skip");
if (skipped.has("torch")) reasons.set("vsTorchEager", "left out by --skip");
if (skipped.has("tfjs")) reasons.set("vsTfjsNode", "left out by --skip");

/** Figures that are null where PyTorch is. */
const needsTorch = new Set(["vsTorchEagerNasnetA", "wasmVsTorchEager", "memoryVsTorch"]);

/** Ours over theirs by network, of what each contender is called. */
type Ratios = Map<string, number>;
const ratios = {
  eager: new Map(),
  compiled: new Map(),
  tfjs: new Map(),
  tfjsShared: new Map(),
  wasm: new Map(),
  forward: new Map(),
} satisfies Record<string, Ratios>;

/** Notes how much faster `mine` is than the best of `theirs`. */
function note(
  into: Ratios,
  network: BenchNetwork,
  rates: ReadonlyMap<string, Rate> | undefined,
  mine: string,
  theirs: (name: string) => boolean,
): void {
  const own = rates?.get(mine)?.median;
  const other = rates && best(rates, theirs)?.rate;
  if (own !== undefined && other !== undefined) into.set(network.name, own / other);
}

function titleOf({ name, macs }: BenchNetwork): string {
  return `${name} (${(macs / 1e6).toFixed(1)} MMAC)`;
}

async function compareNetwork(network: BenchNetwork, folder: NetworkFolder): Promise<compare.EagerComparison> {
  const title = titleOf(network);
  const eager = await compare.compareEager(bench, folder);
  printRates(title, eager.train, eager.evaluate);
  note(ratios.eager, network, eager.train, compare.OURS, compare.isTorch);
  note(ratios.wasm, network, eager.train, compare.WASM, compare.isTorch);
  note(ratios.forward, network, eager.evaluate, compare.OURS, compare.isTorch);
  const usesTfjs = !quick || network.name === nameOf(1, 8);
  if (usesTfjs) {
    const tfjs = await attempt("vsTfjsNode", reasons, () => compare.compareTfjs(bench, folder, quick));
    if (tfjs) printRates(title, tfjs.train, tfjs.evaluate);
    note(ratios.tfjs, network, tfjs?.train, compare.OURS, compare.isTfjs);
    note(ratios.tfjsShared, network, tfjs?.train, compare.OURS, compare.isTfjsShared);
  }
  if (network.kind === "nasnet-a") {
    const compiled = await attempt("vsTorchCompile", reasons, () => compare.compareCompiled(bench, folder));
    if (compiled) printRates(title, compiled.train);
    for (const [name, ms] of compiled?.firstMs ?? [])
      console.log(`  ${name}: first step ${(ms / 1000).toFixed(1)} s, compiling included`);
    note(ratios.compiled, network, compiled?.train, compare.OURS, compare.isCompiled);
  }
  return eager;
}

interface MachineFigures {
  readonly shareOfPeak: number | undefined;
  readonly threads2: number | undefined;
  readonly memoryVsTorch: number | undefined;
}

/** What is measured on NASNet-A N=2 F=16 alone. */
async function compareMachine(
  network: BenchNetwork,
  folder: NetworkFolder,
  eager: compare.EagerComparison,
): Promise<MachineFigures> {
  const { imagesPerSecond, peakFlops, twoThreads } = await compare.compareWithMachine(bench, folder);
  // A multiply-add is two operations; the gradients by input and by weights each take what forward takes.
  const flopsPerImage = 2 * network.macs * 3;
  const giga = (imagesPerSecond: number): string => `${((imagesPerSecond * flopsPerImage) / 1e9).toFixed(1)} GFLOP/s`;
  const both = eager.train.get(compare.OURS)?.median;
  console.log(
    `\n${network.name}, one core: ${imagesPerSecond.toFixed(1)} img/s x 2 x ${network.macs} MACs x 3 = ${giga(imagesPerSecond)}`,
  );
  if (both !== undefined) console.log(`  per core, with both at work: ${giga(both / 2)}`);
  if (peakFlops !== undefined)
    console.log(`  fused multiply-adds on registers, the same core: ${(peakFlops / 1e9).toFixed(1)} GFLOP/s`);
  if (twoThreads !== undefined) console.log(`  two threads in one candidate: ${twoThreads.toFixed(1)} img/s`);
  const { ours, torch } = eager.memory;
  const mib = (bytes: number | undefined): string =>
    bytes === undefined ? "unknown" : `${Math.round(bytes / 2 ** 20)} MiB`;
  console.log(`  peak resident memory of a one-thread process: ours ${mib(ours)}, PyTorch ${mib(torch)}`);
  return {
    shareOfPeak: peakFlops === undefined ? undefined : (imagesPerSecond * flopsPerImage) / peakFlops,
    threads2: twoThreads === undefined ? undefined : twoThreads / imagesPerSecond,
    memoryVsTorch: ours === undefined || torch === undefined ? undefined : ours / torch,
  };
}

/** Returns the smaller of the two NASNet-A networks' ratios, and prints both. Undefined unless both are there. */
function worseNasnetA(what: string, of: Ratios): number | undefined {
  const names = [nameOf(1, 8), nameOf(2, 16)];
  const both = names.flatMap((name) => of.get(name) ?? []);
  if (both.length < names.length) return undefined;
  console.log(`${what}: ${names.map((name, i) => `${name} ${both[i]?.toFixed(2)}x`).join(", ")}; the smaller counts`);
  return Math.min(...both);
}

function meanOf(what: string, metric: string, of: Ratios): number | null {
  if (reasons.has(metric)) return null;
  const values = [...of.values()];
  if (values.length > 0)
    console.log(
      `${what}: geometric mean ${geometricMean(values)?.toFixed(2)}x over ${values.length} networks, ` +
        `${Math.min(...values).toFixed(2)}x to ${Math.max(...values).toFixed(2)}x, median ${median(values).toFixed(2)}x`,
    );
  return geometricMean(values);
}

async function compareAll(): Promise<void> {
  let machine: MachineFigures | undefined;
  let first: { readonly warmMs: number; readonly coldMs: number } | undefined;
  for (const [index, network] of networks.entries()) {
    const folder = writeNetwork(network.network, join(bench.workFolder, String(index)));
    const eager = await compareNetwork(network, folder);
    if (network.name === nameOf(2, 16)) machine = await compareMachine(network, folder, eager);
    if (index === networks.length - 1) {
      const isSmall = (candidate: Candidate): boolean => !quick || candidate.skeleton.cellsPerStack === 1;
      const candidates = networks.flatMap(({ candidate }) => candidate ?? []).filter(isSmall);
      if (candidates.length > 0) first = await compare.firstSteps(bench, folder, candidates);
    }
  }
  console.log();
  if (first)
    console.log(
      `from genotype to the end of the first step, less a steady step: ${first.warmMs.toFixed(1)} ms in a warm process; ` +
        `from the start of a new process ${first.coldMs.toFixed(0)} ms`,
    );
  const vsTorchEagerNasnetA = worseNasnetA("to PyTorch eager, NASNet-A", ratios.eager);
  const vsTorchCompile = reasons.has("vsTorchCompile")
    ? null
    : worseNasnetA("to torch.compile, NASNet-A", ratios.compiled);
  const vsTorchEager = meanOf("to PyTorch eager", "vsTorchEager", ratios.eager);
  meanOf("to PyTorch eager, forward only", "vsTorchEager", ratios.forward);
  const vsTfjsNode = meanOf("to tfjs-node", "vsTfjsNode", ratios.tfjs);
  meanOf("to tfjs-node as it comes, one process", "vsTfjsNode", ratios.tfjsShared);
  const wasmVsTorchEager = reasons.has("vsTorchEager")
    ? null
    : meanOf("our WebAssembly to PyTorch eager", "wasmVsTorchEager", ratios.wasm);
  const line = {
    vsTorchEager: figure(vsTorchEager),
    vsTorchEagerNasnetA: figure(vsTorchEagerNasnetA),
    vsTorchCompile: figure(vsTorchCompile),
    vsTfjsNode: figure(vsTfjsNode),
    wasmVsTorchEager: figure(wasmVsTorchEager),
    shareOfPeak: figure(machine?.shareOfPeak),
    firstStepExtraMs: figure(first?.warmMs),
    memoryVsTorch: figure(machine?.memoryVsTorch),
    threads2: figure(machine?.threads2),
  };
  for (const [what, value] of Object.entries(line)) {
    const rest = needsTorch.has(what) ? reasons.get("vsTorchEager") : undefined;
    if (value === null)
      console.log(
        `not measured: ${what}: ${reasons.get(what) ?? rest ?? "what it takes is not among --networks, or the system does not tell"}`,
      );
  }
  console.log(JSON.stringify(line));
}

async function measureAlone(): Promise<void> {
  for (const network of networks) {
    const folder = writeNetwork(network.network, join(bench.workFolder, network.name));
    printRates(titleOf(network), await compare.measureAlone(bench, folder));
  }
}

try {
  console.log(`${cpus()[0]?.model}, Node ${process.versions.node}`);
  console.log(
    `batch ${BATCH}, ${bench.rounds} rounds of at least ${bench.ms} ms each, ${bench.clock} clock, two cores`,
  );
  await (flags.alone ? measureAlone() : compareAll());
} finally {
  rmSync(bench.workFolder, { recursive: true, force: true });
}
