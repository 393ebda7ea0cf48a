/**
 * @file Makes what is in this folder again, from nothing, in one command: `npm run results:nasnet-160`. Searches, searches at random with the same budget, trains the ten best of
 * each again, scales the winner, trains it and writes the report. What was begun is gone on with and what is done is not done again, so it can be stopped at any moment.
 *
 *     npm run results:nasnet-160 -- [--only search|random|train|report] [--trials 160] [--epochs 36] [--data DIR] [--runs DIR] [--out DIR]
 *
 * Studies and the training are kept in `--runs`, default `results/nasnet-160-again/`, and the report is written there too, or to `--out`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeReport } from "./report.mjs";

const here = import.meta.dirname;
const cli = join(here, "../../dist/src/cli/main.js");
/** Of the scaled winner, at the searched image size: what two cores train for 36 epochs in under two hours. */
const MACS = "60M";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    trials: { type: "string" },
    epochs: { type: "string" },
    data: { type: "string" },
    runs: { type: "string", default: join(here, "../nasnet-160-again") },
    out: { type: "string" },
  },
});
const runs = resolve(values.runs);
const out = resolve(values.out ?? runs);
const data = values.data === undefined ? [] : ["--data", resolve(values.data)];
mkdirSync(runs, { recursive: true });

function cellwright(command, ...args) {
  const full = [command, ...args, "--results", runs];
  console.log(`> cellwright ${full.join(" ")}`);
  const { status } = spawnSync(process.execPath, [cli, ...full], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

function search(name) {
  const trials = values.trials === undefined ? [] : ["--trials", values.trials];
  // A study that is at its end only retrains what is left, and writes its report.
  if (existsSync(join(runs, name, "study.db"))) cellwright("resume", name, ...trials, ...data);
  else cellwright("search", join(here, `${name}.config.ts`), ...trials, ...data);
}

const steps = {
  search: () => search("search"),
  random: () => search("random"),
  train() {
    if (existsSync(join(runs, "winner/summary.json"))) return;
    if (existsSync(join(runs, "winner"))) return cellwright("train", "--resume", "winner", ...data);
    // A folder keeps the genotype and the search it comes from. A training keeps its name as given, which should not say where on this machine it is.
    const network = relative(process.cwd(), join(runs, "winner-network"));
    if (!existsSync(network)) cellwright("scale", "search", "--max-macs", MACS, "--input", "32", "--out", network);
    const epochs = values.epochs === undefined ? [] : ["--epochs", values.epochs];
    cellwright("train", network, "--config", join(here, "train.yaml"), "--name", "winner", ...epochs, ...data);
  },
  report: () => writeReport({ runs, out, cli }),
};

if (values.only !== undefined && !(values.only in steps)) {
  console.error(`--only  Expected one of ${Object.keys(steps).join(", ")}. Received: ${values.only}.`);
  process.exit(2);
}
for (const [name, step] of Object.entries(steps)) if (values.only === undefined || values.only === name) await step();
