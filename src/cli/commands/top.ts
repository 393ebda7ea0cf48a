/** @file `cellwright top`: the best of a study, of a training, or of everything there is. */
import type { Command } from "commander";
import { formatCount } from "../../base/units.ts";
import { accuracyImages, topCandidates, type Candidate } from "../candidates.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { reportBroken } from "../failure.ts";
import { print, printJson, tableWidth, type CliIo } from "../io.ts";
import { formatValue } from "../live/live-lines.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { eachStudy, withStudy } from "../open-study.ts";
import { renderTable } from "../table.ts";
import { retrainedText, topTable } from "../top-table.ts";
import { bestEpochs, epochTable, standingAccuracy, standingJson, standingTable } from "../train/standing-lines.ts";
import { findStanding, trainingRuns } from "../trained-run.ts";

interface TopOptions {
  readonly results: string;
  readonly count: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function addTop(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "top",
    "Lists the best candidates of a study, retrained ones first; the best epochs of a training; or the best of each.",
    [
      ["top", "the best of every study, and every training by its accuracy"],
      ["top nasnet-cifar10", "the five best"],
      ["top nasnet-cifar10 --count 20 --json", "twenty, with genotypes, for a script"],
    ],
  )
    .argument("[study]", "name of a study or of a training; default all of them")
    .option("--count <n>", "how many: five fit a screen", wholeNumberFlag("--count", 1), 5);
  withJson(withResults(command)).action(async (name: string | undefined, options: TopOptions) => {
    if (name === undefined) {
      await topOfAll(options, io);
      return;
    }
    const training = await findStanding(name, options.results);
    if (training !== undefined) {
      const epochs = bestEpochs(training.done).slice(0, options.count);
      const style = { width: tableWidth(io), dim: io.colors.dim };
      if (options.json === true) printJson(io, epochs);
      else if (epochs.length === 0) print(io, `No epoch of ${training.name} is over yet.`);
      else for (const line of epochTable(training, epochs, style)) print(io, line);
      return;
    }
    await topOfStudy(name, options, io);
  });
}

/** The best of one study. */
interface Winner {
  readonly kind: "study";
  readonly study: string;
  readonly measure: string;
  readonly best: Candidate | undefined;
}

async function topOfStudy(name: string, options: TopOptions, io: CliIo): Promise<void> {
  await withStudy(name, options.results, async (study) => {
    const candidates = await topCandidates(study, options.count);
    const measure = study.objectives[0]?.name ?? "value";
    const baseline = (await study.baseline())?.trained;
    if (options.json === true) printJson(io, candidates);
    else if (candidates.length === 0) print(io, `No trial of ${study.name} has completed yet.`);
    else {
      const images = accuracyImages(study);
      for (const line of topTable(candidates, {
        measure,
        images,
        baseline,
        width: tableWidth(io),
        dim: io.colors.dim,
      }))
        print(io, line);
    }
  });
}

/** The winner of every study, and all trainings, the most accurate of each data set first. */
async function topOfAll(options: TopOptions, io: CliIo): Promise<void> {
  const { results } = options;
  const { all: winners, broken: brokenStudies } = await eachStudy(results, async (study): Promise<Winner> => {
    const [best] = await topCandidates(study, 1);
    return { kind: "study", study: study.name, measure: study.objectives[0]?.name ?? "value", best };
  });
  const { runs, broken: brokenRuns } = await trainingRuns(results);
  const broken = [...brokenStudies, ...brokenRuns];
  const ranked = runs.toSorted(
    (a, b) =>
      (a.data < b.data ? -1 : a.data > b.data ? 1 : 0) ||
      (standingAccuracy(b)?.accuracy ?? -1) - (standingAccuracy(a)?.accuracy ?? -1),
  );
  const style = { width: tableWidth(io), dim: io.colors.dim };
  if (options.json === true) printJson(io, [...winners, ...ranked.map(standingJson)]);
  else if (winners.length + ranked.length + broken.length === 0)
    print(io, `No study in ${results} yet. Begin one: npx cellwright search`);
  else {
    const rows = winners.map(({ study, measure, best }) => [
      study,
      best === undefined ? "-" : String(best.trial),
      best === undefined ? "none yet" : `${measure} ${formatValue(best.value)}`,
      best?.params === undefined ? "" : formatCount(best.params),
      retrainedText(best?.retrained ?? []),
    ]);
    const right = "right" as const;
    const columns = [
      { title: "study" },
      { title: "trial", align: right },
      { title: "best" },
      { title: "params", align: right },
      { title: "retrained" },
    ];
    if (rows.length > 0) for (const line of renderTable(columns, rows, style)) print(io, line);
    if (rows.length > 0 && ranked.length > 0) print(io);
    if (ranked.length > 0) for (const line of standingTable(ranked, style)) print(io, line);
  }
  reportBroken(broken, io, options.verbose === true);
}
