/**
 * @file Evolution against random search on CIFAR-10 at an equal number of trials, and how well the proxy ranks:
 * `npm run bench:search-cifar -- [--seeds 0,1,2] [--trials 40] [--rank 8] [--results DIR]`. Needs the build. Studies that are there are gone on
 * with. The last line is JSON.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openStudy, studyReference } from "../dist/src/index.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "0,1,2" },
    trials: { type: "string", default: "40" },
    rank: { type: "string", default: "8" },
    results: { type: "string", default: "results/bench-search-cifar" },
    data: { type: "string" },
  },
});
const resultsDir = resolve(values.results);
mkdirSync(resultsDir, { recursive: true });
const module = join(import.meta.dirname, "studies/compare.ts");
const trials = Number(values.trials);
const seeds = values.seeds.split(",").map(Number);

async function open(kind, seed) {
  const name = `${kind}-${seed}`;
  const overrides = { seed, budget: { trials } };
  const base = { resultsDir, name, ...(values.data && { dataDir: values.data }) };
  try {
    return await openStudy({ mode: "create", ...base, reference: studyReference(module, overrides, kind) });
  } catch (error) {
    if (!error.message.includes("one is there")) throw error;
    return await openStudy({ mode: "resume", ...base });
  }
}

const rows = [];
for (const seed of seeds) {
  for (const kind of ["evolution", "randomSearch"]) {
    const study = await open(kind, seed);
    const begun = Date.now();
    for await (const event of study.run()) if (event.kind === "note") console.log(event.message);
    const seconds = (Date.now() - begun) / 1000;
    const top = (await study.top()).map((entry) => entry.trial.values[0]);
    const all = await study.storage.trials();
    const trainMs = all.reduce((sum, trial) => sum + (trial.metrics.totalMs ?? 0), 0);
    const row = {
      kind,
      seed,
      trials: all.length,
      best: top[0],
      top5: mean(top.slice(0, 5)),
      top10: mean(top.slice(0, 10)),
      seconds,
      busyShare: trainMs / 1000 / (seconds * study.facts.workers),
    };
    rows.push(row);
    console.log(JSON.stringify(row));
    await study.close();
  }
}

/** Retrains cells spread evenly over the proxy's ranking, and correlates. */
async function rankCorrelation() {
  const study = await open("randomSearch", seeds[0]);
  const top = await study.top();
  const byProxy = top.toSorted((a, b) => b.trial.values[0] - a.trial.values[0]);
  const count = Math.min(Number(values.rank), byProxy.length);
  const chosen = Array.from(
    { length: count },
    (_, index) => byProxy[Math.round((index * (byProxy.length - 1)) / (count - 1))].trial.number,
  );
  for await (const event of study.retrain({ trials: chosen }))
    if (event.kind === "retrain-finished") console.log("retrained", event.trial, event.values?.[0] ?? event.reason);
  const entries = (await study.top()).filter(
    (entry) => chosen.includes(entry.trial.number) && entry.retrainedMean !== undefined,
  );
  const pairs = entries.map((entry) => [entry.trial.values[0], entry.retrainedMean]);
  await study.close();
  return { pairs, spearman: pearson(ranks(pairs.map((pair) => pair[0])), ranks(pairs.map((pair) => pair[1]))) };
}

function mean(numbers) {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** Ranks, ties shared. */
function ranks(numbers) {
  return numbers.map((value) => {
    const below = numbers.filter((other) => other < value).length;
    const equal = numbers.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

function pearson(a, b) {
  const [ma, mb] = [mean(a), mean(b)];
  const dot = (x, mx, y, my) => x.reduce((sum, value, index) => sum + (value - mx) * (y[index] - my), 0);
  return dot(a, ma, b, mb) / Math.sqrt(dot(a, ma, a, ma) * dot(b, mb, b, mb));
}

const correlation = Number(values.rank) > 1 ? await rankCorrelation() : undefined;
const of = (kind) => rows.filter((row) => row.kind === kind).map((row) => row.best);
console.log(JSON.stringify({ trials, evolution: of("evolution"), random: of("randomSearch"), rows, correlation }));
