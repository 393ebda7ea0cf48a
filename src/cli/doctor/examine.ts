/** @file The examination behind `cellwright doctor`: each question asked once, each answer a finding. */
import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { CellwrightError, messageOf } from "../../base/errors.ts";
import { formatBytes } from "../../base/units.ts";
import { cifar10, cifar100, mnist } from "../../data/index.ts";
import { describeEngines, type EngineReport } from "../../engines/index.ts";
import { describeSlots, inspectMachine, planSlots } from "../../executors/index.ts";

export interface Finding {
  readonly topic: string;
  /** `missing` is fine without; `warning` costs something; `bad` keeps a search from running. */
  readonly state: "ok" | "missing" | "warning" | "bad";
  readonly text: string;
  /** What to do. */
  readonly advice?: string;
}

export interface Examination {
  readonly dataDir: string | undefined;
  readonly workers: number | undefined;
  readonly resultsDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Below this a study may not have room for its results. */
const LOW_DISK_BYTES = 2 ** 30;

/** Returns the findings, in the order to read them. */
export async function examine(options: Examination): Promise<readonly Finding[]> {
  return [
    node(),
    machine(),
    ...(await engines()),
    ...(await workers(options.workers)),
    ...(await data(options.dataDir)),
    await disk(options.resultsDir),
    await python(options.env),
  ];
}

function node(): Finding {
  const text = `${process.version} on ${process.platform} ${process.arch}`;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    return { topic: "Node", state: "bad", text, advice: "Install Node 20.19 or later: https://nodejs.org" };
  return { topic: "Node", state: "ok", text };
}

function machine(): Finding {
  const model = (cpus()[0]?.model ?? "unknown processor").trim();
  const memory = `${formatBytes(totalmem())} of memory, ${formatBytes(freemem())} free`;
  return { topic: "machine", state: "ok", text: `${availableParallelism()} cores (${model}), ${memory}` };
}

async function engines(): Promise<Finding[]> {
  return (await describeEngines()).map(engineFinding);
}

/** Returns what a report on an engine means for the user. */
export function engineFinding(report: EngineReport): Finding {
  const slower =
    report.slowdown === undefined || report.slowdown <= 1 ? "" : `, about ${report.slowdown} times slower than native`;
  const chosen = report.chosen ? " <- chosen" : "";
  const text = report.available
    ? `${report.name}: ${report.target}${slower}${chosen}`
    : `${report.name}: ${report.target} cannot run: ${firstLine(report.reason)}`;
  const advice = report.advice === undefined ? {} : { advice: report.advice };
  if (report.available) return { topic: "engines", state: report.chosen && slower !== "" ? "warning" : "ok", text };
  return { topic: "engines", state: report.name === "native" ? "warning" : "missing", text, ...advice };
}

async function workers(count: number | undefined): Promise<Finding[]> {
  const found = await inspectMachine();
  try {
    const slots = planSlots({ workers: count }, found);
    return describeSlots(slots, found).map((text) => {
      const [what, advice] = text.split(/: (?=npm i )/);
      if (text.startsWith("worker ")) return { topic: "workers", state: "ok", text };
      return {
        topic: "workers",
        state: found.gpus.length > 0 ? "warning" : "missing",
        text: what ?? text,
        ...(advice !== undefined && { advice }),
      };
    });
  } catch (error) {
    return [{ topic: "workers", state: "bad", text: messageOf(error) }];
  }
}

async function data(dir: string | undefined): Promise<Finding[]> {
  const sets = [
    { title: "CIFAR-10", definition: cifar10() },
    { title: "CIFAR-100", definition: cifar100() },
    { title: "MNIST", definition: mnist() },
  ];
  return await Promise.all(
    sets.map(async ({ title, definition }): Promise<Finding> => {
      const options = { ...(dir !== undefined && { dir }), download: false };
      try {
        const { source } =
          definition.provide === undefined ? await definition.load(options) : await definition.provide(options);
        return { topic: "data", state: "ok", text: `${title} in ${source}` };
      } catch (error) {
        // Files that are there but wrong are worse than none.
        if (!isMissing(error))
          return { topic: "data", state: "warning", text: `${title}: ${firstLine(messageOf(error))}` };
        const advice =
          title === "CIFAR-10"
            ? "A search downloads it, or name its folder with --data or $CELLWRIGHT_DATA"
            : undefined;
        return { topic: "data", state: "missing", text: `${title} not found`, ...(advice !== undefined && { advice }) };
      }
    }),
  );
}

/** Whether no file of a data set was found anywhere. */
function isMissing(error: unknown): boolean {
  return error instanceof CellwrightError && error.details["missing"] === true;
}

async function disk(resultsDir: string): Promise<Finding> {
  for (let dir = resolve(resultsDir); ; dir = dirname(dir)) {
    const info = await statfs(dir).catch(() => undefined);
    if (info === undefined && dir !== dirname(dir)) continue;
    const free = info === undefined ? 0 : info.bavail * info.bsize;
    const text = `${formatBytes(free)} free for ${resultsDir}/`;
    if (free >= LOW_DISK_BYTES) return { topic: "disk", state: "ok", text };
    return {
      topic: "disk",
      state: "warning",
      text,
      advice: "A study with retrained weights may need a gigabyte: free some, or name another disk with --results",
    };
  }
}

async function python(env: Readonly<Record<string, string | undefined>>): Promise<Finding> {
  const command = env["CELLWRIGHT_PYTHON"] ?? "python3";
  try {
    const { stdout } = await promisify(execFile)(command, ["-c", "import torch; print(torch.__version__)"], {
      timeout: 60_000,
    });
    return { topic: "PyTorch", state: "ok", text: `${stdout.trim()} by ${command}: exports are checked against it` };
  } catch {
    return {
      topic: "PyTorch",
      state: "missing",
      text: `none by ${command}: exports are written, and not checked here`,
      advice: "pip install torch, or set CELLWRIGHT_PYTHON to a Python that has it",
    };
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
