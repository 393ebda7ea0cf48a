/** @file Writes README.md, the tables, pictures and the model card of this folder from what `reproduce.mjs` left. Every number in them is read from there. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { axis, heading, renderPng } from "../../dist/src/charts/canvas.js";
import { bestSoFar } from "../../dist/src/charts/index.js";
import { accuracyError, spread } from "../../dist/src/cli/statistics.js";
import { openStudy } from "../../dist/src/index.js";

/** Writes the report into `out`; what has not been done yet is said to be missing. */
export async function writeReport({ runs, out, cli }) {
  const search = await factsOf(runs, "search");
  const random = await factsOf(runs, "random");
  if (search === undefined) throw new Error(`${runs}  Expected the study search. Received: none.`);
  mkdirSync(join(out, "pictures"), { recursive: true });
  const studies = [search, random].filter((study) => study !== undefined);
  for (const study of studies) writeFileSync(join(out, `${study.name}-trials.csv`), trialsCsv(study));
  writeFileSync(join(out, "pictures/best-so-far.png"), comparisonPng(studies));
  for (const cell of ["normal", "reduction"])
    copyFileSync(join(runs, "search/cells", `${cell}.svg`), join(out, "pictures", `${cell}.svg`));
  copyFileSync(join(runs, "search/charts/accuracy-macs.png"), join(out, "pictures/accuracy-macs.png"));
  const winner = search.top[0];
  writeFileSync(join(out, "genotype.json"), `${JSON.stringify(winner.genotype, undefined, 2)}\n`);
  const training = trainingOf(runs);
  if (training !== undefined) takeTraining({ runs, out, cli });
  writeFileSync(join(out, "README.md"), markdown({ search, random, training }));
  console.log(`wrote ${join(out, "README.md")}`);
}

/** Returns what a study's database holds, or nothing where there is none. */
export async function factsOf(runs, name) {
  if (!existsSync(join(runs, name, "study.db"))) return undefined;
  const study = await openStudy({ mode: "read", name, resultsDir: runs });
  try {
    const trials = await study.storage.trials();
    const retrains = (await study.storage.retrains()).filter(({ state }) => state === "complete");
    const top = (await study.top()).map(({ trial, retrained, retrainedMean }) => ({
      number: trial.number,
      value: trial.values[0],
      retrained,
      retrainedMean,
      params: trial.metrics.params,
      macs: trial.metrics.macs,
      genotype: trial.proposal.genotype,
    }));
    const baseline = (await study.baseline())?.trained;
    const { elapsedMs } = await study.status();
    const busyMs = trials.reduce((sum, { metrics }) => sum + (metrics.totalMs ?? 0), 0);
    return { name, trials, retrains, top, baseline, elapsedMs, busyMs };
  } finally {
    await study.close();
  }
}

function trainingOf(runs) {
  const file = join(runs, "winner/summary.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** Pictures of a training that the report shows. */
const CHARTS = ["curves", "classes", "confusion"];

/** Takes the training's pictures and table, and the model card of its export; the weights stay where they are. */
function takeTraining({ runs, out, cli }) {
  const dir = join(runs, "winner");
  copyFileSync(join(dir, "metrics.csv"), join(out, "winner-metrics.csv"));
  copyFileSync(join(dir, "summary.json"), join(out, "winner-summary.json"));
  for (const chart of CHARTS)
    copyFileSync(join(dir, "charts", `${chart}.png`), join(out, "pictures", `winner-${chart}.png`));
  const model = join(runs, "model");
  rmSync(model, { recursive: true, force: true });
  const { status } = spawnSync(
    process.execPath,
    [cli, "export", "winner", "--to", "cellwright", "--out", model, "--results", runs],
    { stdio: "inherit" },
  );
  if (status !== 0) throw new Error("the export of the winner failed");
  const drawing = "winner-architecture.svg";
  const card = readFileSync(join(model, "README.md"), "utf8").replace("](architecture.svg)", `](pictures/${drawing})`);
  writeFileSync(join(out, "model-card.md"), card);
  copyFileSync(join(model, "architecture.svg"), join(out, "pictures", drawing));
  copyFileSync(join(model, "network.json"), join(out, "network.json"));
}

/** Returns the table of all trials, one a line. */
export function trialsCsv({ trials, retrains }) {
  const rows = trials.map((trial) => {
    const again = retrains.filter(({ trial: number }) => number === trial.number).map(({ values }) => values[0]);
    const seconds = trial.metrics.totalMs === undefined ? "" : (trial.metrics.totalMs / 1000).toFixed(1);
    return [
      trial.number,
      trial.state,
      trial.values?.[0] ?? "",
      again.join(" "),
      trial.metrics.params ?? "",
      trial.metrics.macs ?? "",
      seconds,
      trial.duplicateOf ?? "",
      Object.values(trial.proposal.genotype).join(" "),
    ].join(",");
  });
  return `trial,state,accuracy,retrained,params,macs,seconds,duplicate_of,genotype\n${rows.join("\n")}\n`;
}

const COLOURS = { search: "#005f94", random: "#b34700" };

function comparisonPng(studies) {
  const series = studies.flatMap(({ name, trials }) => {
    const finished = trials
      .filter(({ state }) => state === "complete")
      .toSorted((a, b) => a.finishedMs - b.finishedMs || a.number - b.number);
    const points = finished.map((trial) => ({ trial: trial.number, state: "complete", value: trial.values[0] }));
    const colour = COLOURS[name];
    const label = name === "search" ? "Cellwright's search" : "random search";
    return [
      {
        label: `${label}, best so far`,
        data: bestSoFar(points, "maximize").map((y, index) => ({ x: index + 1, y })),
        showLine: true,
        stepped: true,
        pointRadius: 0,
        pointStyle: "line",
        borderColor: colour,
        borderWidth: 4,
        order: 0,
      },
      {
        label: `${label}, a trial`,
        data: points.map(({ value }, index) => ({ x: index + 1, y: value })),
        pointRadius: 5,
        pointStyle: name === "search" ? "circle" : "triangle",
        backgroundColor: `${colour}40`,
        borderColor: colour,
        borderWidth: 1.2,
        order: 1,
      },
    ];
  });
  return renderPng({
    type: "scatter",
    data: { datasets: series },
    options: {
      scales: { x: axis("trials finished", { min: 0 }), y: axis("accuracy on 2,000 validation images") },
      plugins: heading("NASNet cells on CIFAR-10", "each trial: 3 epochs of 3,000 images"),
    },
  });
}

const mean = (values) => spread(values).mean;

/** Standard error of the mean over networks. */
const spreadError = (values) => spread(values).deviation / Math.sqrt(values.length);

const percent = (value, digits = 1) => `${(100 * value).toFixed(digits)} %`;
const minutes = (ms) => `${(ms / 60_000).toFixed(0)} min`;
const retrainedOf = ({ top }) => top.flatMap(({ retrainedMean }) => retrainedMean ?? []);

/** Trials at the end of a search, which show what it has learned. */
const LAST = 40;

/** Returns a study's line of the report's table. */
export function studyRow(study) {
  const complete = study.trials.filter(({ state, duplicateOf }) => state === "complete" && duplicateOf === undefined);
  const inOrder = complete.toSorted((a, b) => a.finishedMs - b.finishedMs || a.number - b.number);
  const values = inOrder.map(({ values }) => values[0]);
  const again = retrainedOf(study);
  const cells = [
    study.name === "search" ? "search (`auto`)" : "random search",
    String(complete.length),
    percent(Math.max(...values)),
    percent(mean(values)),
    percent(mean(values.slice(-LAST))),
    again.length === 0 ? "not yet" : `${again.length} of 10: ${percent(mean(again))} ±${percent(spreadError(again))}`,
    again.length === 0 ? "not yet" : percent(again[0]),
    minutes(study.elapsedMs),
    minutes(study.busyMs),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Says what the search gained, by the ten best of each trained again: their mean, and how sure that is. */
function gain(search, random) {
  const [own, others] = [retrainedOf(search), retrainedOf(random)];
  if (own.length < 2 || others.length < 2) return "";
  const difference = mean(own) - mean(others);
  const error = Math.hypot(spreadError(own), spreadError(others));
  const best = own[0] - others[0];
  const bestError = Math.hypot(accuracyError(own[0], 5_000), accuracyError(others[0], 5_000));
  return `Trained again, the ten best of the search are ${points(difference)} (±${(100 * error).toFixed(1)}) ${difference >= 0 ? "above" : "below"} the ten best of random search in the mean, ${verdict(difference, error)}.
The best one is ${points(best)} (±${(100 * bestError).toFixed(1)}) ${best >= 0 ? "above" : "below"} random search's best, ${verdict(best, bestError)}. One search of each kind was made, so this says nothing of how another seed would end.`;
}

const points = (difference) => `${Math.abs(100 * difference).toFixed(1)} points`;

function verdict(difference, error) {
  const times = difference / error;
  if (times > 2) return `${times.toFixed(1)} standard errors: a gain`;
  if (times < -2) return `${(-times).toFixed(1)} standard errors: a loss`;
  return `${Math.abs(times).toFixed(1)} standard errors: no difference that can be told from chance`;
}

function baselineText({ baseline, top }) {
  if (baseline === undefined) return "";
  const value = mean(baseline.values);
  const winner = top[0].retrainedMean ?? top[0].value;
  const error = Math.hypot(accuracyError(value, 5_000), accuracyError(winner, 5_000));
  return `
The default baseline, ${baseline.name} (${(baseline.macs / 1e6).toFixed(1)} MMAC, ${baseline.params.toLocaleString("en")} parameters), trained as the winner was for ${baseline.epochs} epochs, reaches ${percent(value)}. The
winner's ${percent(winner)} is ${points(winner - value)} (±${(100 * error).toFixed(1)}) ${winner >= value ? "above" : "below"} it, ${verdict(winner - value, error)}.
`;
}

/** Returns the report's part on the winner's training. */
export function trainingText(training) {
  if (training === undefined) return "## The winner, scaled and trained\n\nNot done yet.\n";
  const { network, data, recipe, epochs, seed, engine, test, elapsedMs } = training;
  return `## The winner, scaled and trained

| | |
| --- | --- |
| network | ${network.params.toLocaleString("en")} parameters, ${(network.macs / 1e6).toFixed(1)} MMAC |
| data | ${data.name}, ${data.train.toLocaleString("en")} training images, ${data.held.toLocaleString("en")} held out |
| recipe | \`${recipe.preset}\`, ${epochs} epochs, seed ${seed}: one training |
| engine | ${engine} |
| time | ${minutes(elapsedMs)} on the two cores |
| test accuracy | **${percent(test.accuracy, 2)}** of ${test.images.toLocaleString("en")} images (±${(100 * accuracyError(test.accuracy, test.images)).toFixed(2)}) |

![Accuracy and loss by epoch](pictures/winner-curves.png)
![Accuracy by class](pictures/winner-classes.png)
![Mistakes](pictures/winner-confusion.png)

[Model card](model-card.md), [network](network.json), [epochs](winner-metrics.csv), [all figures](winner-summary.json).
`;
}

function markdown({ search, random, training }) {
  const rows = [search, ...(random ? [random] : [])].map(studyRow);
  return `# NASNet cells on CIFAR-10

A search at the budget of an afternoon on two cores, ${random ? "with random search at the same budget beside it" : "as far as it is: random search at the same budget is still to be made"}.

    npm run results:nasnet-160

makes all of it again, from nothing, in \`results/nasnet-160-again/\`; stopped, it goes on where it was. A trial's result depends on its genotype and seed alone, the same bits on any
machine. But two trials run at once, and what the second one is depends on whether the first has ended: another run of the search finds other cells. The studies' databases are in
\`runs/\`: \`npx cellwright top search --results results/nasnet-160/runs\`. These runs were made on ${cpus().length} cores of an ${cpus()[0].model}, beside other work.

| | trials | best in the search | mean of all | mean of the last ${LAST} | ten best, trained again | best of them | wall time of the search | of both workers in trials |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

A trial is 3 epochs of 3,000 images (NASNet's cells at N=1, F=8), judged by 2,000 validation images; trained again means 10 epochs of 10,000 images, judged by 5,000. Seed 0 throughout.

![Best so far](pictures/best-so-far.png)

${random ? gain(search, random) : ""}
${baselineText(search)}
All trials: [search](search-trials.csv)${random ? ", [random](random-trials.csv)" : ""}.

## The winner

Trial ${search.top[0].number}, ${search.top[0].params.toLocaleString("en")} parameters at the searched size; its [genotype](genotype.json).

![Normal cell](pictures/normal.svg)
![Reduction cell](pictures/reduction.svg)

${trainingText(training)}`;
}
