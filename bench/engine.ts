/**
 * @file The native engine against PyTorch eager: training steps of NASNet-A, batch 64, 32x32 images, one thread a process. Both run in turn in the
 * same run, one process of each and then two, so that whatever else the machine does hits both alike; medians are compared.
 *
 *     npm run build && npx jiti bench/engine.ts [--rounds 5] [--target avx2] [--networks 1x8,2x16] [--clock cpu]
 *
 * `--clock cpu` counts the processes' own time: on a machine that is busy with other things it says more than the wall's.
 *
 * PyTorch is found through $CELLWRIGHT_PYTHON, else python3. The last line is JSON: ratios of images per second, ours to the better PyTorch layout.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nasnet } from "cellwright/spaces";
import { inferShapes, topologicalOrder, weightSpecs, type Network } from "cellwright/network";

const BATCH = 64;
const here = dirname(fileURLToPath(import.meta.url));
const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    target: { type: "string" },
    networks: { type: "string", default: "1x8,2x16" },
    processes: { type: "string", default: "1,2" },
    steps: { type: "string", default: "3" },
    clock: { type: "string", default: "wall" },
    alone: { type: "boolean", default: false },
  },
});

interface Peer {
  readonly name: string;
  /** Runs steps and returns the milliseconds of each. */
  run(steps: number): Promise<readonly number[]>;
  close(): void;
}

async function openPeer(name: string, command: string, args: readonly string[], request: unknown): Promise<Peer> {
  const child: ChildProcess = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const write = (line: string): void => void child.stdin?.write(`${line}\n`);
  const read = async (): Promise<{ readonly ms?: readonly number[] }> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended early.`);
    return JSON.parse(value as string) as { readonly ms?: readonly number[] };
  };
  await once(child, "spawn");
  write(JSON.stringify(request));
  await read();
  return {
    name,
    async run(steps) {
      write(`run ${steps}`);
      return (await read()).ms ?? [];
    },
    close: () => void child.kill(),
  };
}

function describe(network: Network): Record<string, unknown> {
  const shapes = inferShapes(network);
  const order = topologicalOrder(network);
  const ops = new Map(order.map((node) => [node.id, node.op]));
  return {
    network,
    nodes: order,
    logits: network.outputs.logits,
    inputShape: shapes.get(order[0]?.id ?? ""),
    classes: shapes.get(network.outputs.logits)?.[0],
    weights: weightSpecs(network).map(({ name, role, shape, node }) => ({ name, role, shape, op: ops.get(node) })),
    batch: BATCH,
    threads: 1,
    clock: flags.clock,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

const jiti = join(dirname(createRequire(import.meta.url).resolve("jiti/package.json")), "lib", "jiti-cli.mjs");
const python = process.env["CELLWRIGHT_PYTHON"] ?? "python3";
const ratios: Record<string, number> = {};
const rates: Record<string, Record<string, number>> = {};
console.log("network          processes  peer                     img/s   ms/step");
for (const size of flags.networks.split(",")) {
  const [cellsPerStack, filters] = size.split("x").map(Number) as [number, number];
  const { network } = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { cellsPerStack, filters });
  const request = describe(network);
  const native = { ...request, ...(flags.target === undefined ? {} : { target: flags.target }) };
  for (const processes of flags.processes.split(",").map(Number)) {
    const open = async (i: number): Promise<Peer[][]> => {
      void i;
      const torch = (layout: string): Promise<Peer> =>
        openPeer(`PyTorch ${layout}`, python, [join(here, "peers", "torch_nasnet.py")], { ...request, layout });
      const ours = openPeer("native", process.execPath, [jiti, join(here, "peers", "native.ts")], native);
      return flags.alone ? [[await ours]] : [[await ours], [await torch("channels_last")], [await torch("contiguous")]];
    };
    const groups = await open(0);
    for (let i = 1; i < processes; i++) for (const [k, more] of (await open(i)).entries()) groups[k]?.push(...more);
    const times: number[][] = groups.map(() => []);
    for (let round = 0; round < Number(flags.rounds); round++)
      for (const [k, group] of groups.entries()) {
        const ms = await Promise.all(group.map((peer) => peer.run(Number(flags.steps))));
        times[k]?.push(...ms.flat());
      }
    const speeds = groups.map((group, k) => {
      const ms = median(times[k] as number[]);
      const speed = (1000 * BATCH * group.length) / ms;
      const name = (group[0] as Peer).name;
      console.log(
        `N=${cellsPerStack} F=${filters}`.padEnd(17) +
          `${processes}`.padEnd(11) +
          name.padEnd(22) +
          speed.toFixed(1).padStart(8) +
          ms.toFixed(1).padStart(10),
      );
      return speed;
    });
    const key = `N=${cellsPerStack} F=${filters} x${processes}`;
    rates[key] = Object.fromEntries(
      groups.map((group, k) => [(group[0] as Peer).name, Math.round((speeds[k] as number) * 10) / 10]),
    );
    if (speeds.length > 1) ratios[key] = Math.round(((speeds[0] as number) / Math.max(...speeds.slice(1))) * 100) / 100;
    for (const peer of groups.flat()) peer.close();
  }
}
console.log(JSON.stringify({ ratios, rates }));
