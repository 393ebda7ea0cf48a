/** @file `cellwright profile`: what a network costs, without training it. */
import type { Command } from "commander";
import { namedNetwork, namedNetworks } from "../../../search-spaces/index.ts";
import { CellwrightError } from "../../base/errors.ts";
import { formatCount, formatMacs } from "../../base/units.ts";
import { costOf, type Network } from "../../network/index.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { subjectText } from "../subject-text.ts";
import { renderTable } from "../table.ts";

export interface ProfileOptions {
  readonly results: string;
  readonly trial?: number;
  readonly json?: boolean;
  readonly time?: boolean;
  readonly batch: number;
  readonly engine: string;
}

export function addProfile(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "profile",
    "Counts parameters and multiply-accumulates of a network, part by part.",
    [
      ["profile nasnet-a-cifar", "a published network, by cell"],
      ["profile nasnet-a-cifar --json", "its three counts, for a script"],
      ["profile mobilenet-v2@1.4", "a published network with 1.4 times the filters"],
      ["profile nasnet-cifar10 --trial 12", "a candidate of a study"],
      ["profile my-cells.yaml@3", "a sample of a space of one's own"],
      ["profile results/nasnet-cifar10/best/network.json --time", "and how fast it trains here, kernel by kernel"],
    ],
  )
    .argument("<network>", `one of ${Object.keys(namedNetworks).join(", ")}; or ${subjectText}`)
    .option("--trial <n>", "this trial of the study instead of its best", wholeNumberFlag("--trial", 0))
    .option("--time", "also time training steps and inference on this machine")
    .option("--batch <n>", "images per step of --time: the batch of the recipes", wholeNumberFlag("--batch", 1), 64)
    .option("--engine <name>", "engine of --time: auto, native, tfjs or reference", "auto");
  withJson(withResults(command)).action(async (target: string, options: ProfileOptions) => {
    const network = await findNetwork(target, options);
    const { params, total, macs } = costOf(network);
    // Engines and storage are loaded where they are needed: the counts of a network by name are there at once.
    const timer = options.time === true ? await import("../time-network.ts") : undefined;
    const timing = await timer?.timeNetwork(network, { batch: options.batch, engine: options.engine });
    if (options.json === true) {
      printJson(io, { params, total, macs, ...(timing && { timing }) });
      return;
    }
    for (const line of costLines(network, io)) print(io, line);
    if (timer && timing) for (const line of timer.timingLines(timing, io.colors.dim)) print(io, line);
  });
}

async function findNetwork(target: string, options: ProfileOptions): Promise<Network> {
  const named = namedNetwork(target);
  if (named !== undefined && options.trial !== undefined)
    throw new CellwrightError(
      "config",
      `--trial  Expected a study to take a trial from. Received: the network ${target}.`,
    );
  if (named !== undefined) return named;
  const { findSubject } = await import("../subject.ts");
  return (await findSubject(target, options)).network();
}

/** Sums the nodes up by the first part of their path. */
function costLines(network: Network, io: CliIo): string[] {
  const cost = costOf(network);
  const parts = new Map<
    string,
    { params: number; total: number; macs: number; nodes: number; shape: readonly number[] }
  >();
  for (const { id, shape, params, total, macs } of cost.nodes) {
    const name = id.split("/")[0] ?? id;
    const part = parts.get(name) ?? { params: 0, total: 0, macs: 0, nodes: 0, shape };
    parts.set(name, {
      params: part.params + params,
      total: part.total + total,
      macs: part.macs + macs,
      nodes: part.nodes + 1,
      shape,
    });
  }
  const cells = (
    name: string,
    part: { params: number; total: number; macs: number; nodes: number },
    shape: string,
  ): string[] => [
    name,
    shape,
    String(part.nodes),
    formatCount(part.params),
    formatCount(part.total),
    part.macs === 0 ? "0" : formatMacs(part.macs).replace(/MAC$/, ""),
  ];
  const rows = [...parts].map(([name, part]) => cells(name, part, part.shape.join("x")));
  const sum = cells("all", { ...cost, nodes: cost.nodes.length }, "");
  const [head = "", ...lines] = renderTable(
    [
      { title: network.name },
      { title: "output" },
      { title: "nodes", align: "right" },
      { title: "params", align: "right" },
      { title: "with statistics", align: "right" },
      { title: "MACs", align: "right" },
    ],
    [...rows, sum],
    { dim: io.colors.dim },
  );
  const last = lines.pop() ?? "";
  return [head, ...lines, io.colors.bold(last)];
}
