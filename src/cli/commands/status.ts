/** @file `cellwright status`: how far studies and trainings are. */
import type { Command } from "commander";
import { formatCount, formatDuration } from "../../base/units.ts";
import { refusalText } from "../../search/constraints.ts";
import type { Study, StudyStatus } from "../../study/study.ts";
import { reportBroken } from "../failure.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, tableWidth, type CliIo } from "../io.ts";
import { formatValue } from "../live/live-lines.ts";
import { eachStudy, withStudy } from "../open-study.ts";
import { renderTable } from "../table.ts";
import { standingJson, standingLines, standingTable } from "../train/standing-lines.ts";
import { findStanding, trainingRuns } from "../trained-run.ts";

export function addStatus(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "status",
    "Shows how far a study or a training is, or all of them; also while they run.",
    [
      ["status", "every study and training in results/"],
      ["status nasnet-cifar10", "one study"],
      ["status nasnet-cifar10 --json", "for a script"],
    ],
  ).argument("[study]", "name of a study or of a training; default all of them");
  withJson(withResults(command)).action(
    async (name: string | undefined, options: { results: string; json?: boolean; verbose?: boolean }) => {
      const training = name === undefined ? undefined : await findStanding(name, options.results);
      if (training !== undefined) {
        if (options.json === true) printJson(io, standingJson(training));
        else for (const line of standingLines(training, io.colors)) print(io, line);
        return;
      }
      if (name !== undefined) {
        const { status, study } = await withStudy(name, options.results, async (study) => ({
          status: await study.status(),
          study,
        }));
        if (options.json === true) printJson(io, toJson(status));
        else for (const line of statusLines(status, study, io)) print(io, line);
        return;
      }
      const { all, broken: brokenStudies } = await eachStudy(options.results, async (study) => await study.status());
      const { runs, broken: brokenRuns } = await trainingRuns(options.results);
      const broken = [...brokenStudies, ...brokenRuns];
      if (options.json === true) printJson(io, [...all.map(toJson), ...runs.map(standingJson)]);
      else if (all.length + runs.length + broken.length === 0)
        print(io, `No study in ${options.results} yet. Begin one: npx cellwright search`);
      else {
        const style = { width: tableWidth(io), dim: io.colors.dim };
        if (all.length > 0) for (const line of listLines(all, io)) print(io, line);
        if (all.length > 0 && runs.length > 0) print(io);
        if (runs.length > 0) for (const line of standingTable(runs, style)) print(io, line);
      }
      reportBroken(broken, io, options.verbose === true);
    },
  );
}

function toJson(status: StudyStatus): unknown {
  const { best, front, ...rest } = status;
  return {
    kind: "study",
    ...rest,
    ...(best && {
      best: {
        trial: best.number,
        values: best.values,
        params: best.metrics.params,
        macs: best.metrics.macs,
        genotype: best.proposal.genotype,
      },
    }),
    ...(front && { front: { ...front, front: front.front.map(({ number, values }) => ({ trial: number, values })) } }),
  };
}

function statusLines(status: StudyStatus, study: Study, io: CliIo): string[] {
  const { trials, budget, best, front, refused } = status;
  const measure = study.objectives[0]?.name ?? "value";
  const of = (limit: string | undefined): string => (limit === undefined ? "" : ` of ${limit}`);
  const time = budget.hours === undefined ? undefined : formatDuration(budget.hours * 3_600_000);
  const rows = [
    ["study", io.colors.bold(status.name)],
    ["folder", status.dir],
    ["trials", `${trialsText(trials)}${of(budget.trials === undefined ? undefined : formatCount(budget.trials))}`],
    [
      "best",
      `${best === undefined ? "none yet" : `${measure} ${formatValue(best.values?.[0] ?? Number.NaN)}  trial ${best.number}`}${budget.target === undefined ? "" : `, to reach ${budget.target}`}`,
    ],
    ...(front === undefined
      ? []
      : [
          [
            "front",
            `${front.size} of ${front.trials} trials  hypervolume ${front.hypervolume.toFixed(3)} of their box`,
          ],
        ]),
    ...(refused.refused === 0
      ? []
      : [["refused", `${formatCount(refused.refused)} by the constraints (${refusalText(refused)})`]]),
    ["searched", `${formatDuration(status.elapsedMs)}${of(time)}`],
    ["retrained", status.retrained === 0 ? "none" : String(status.retrained)],
  ];
  return rows.map(([key = "", value = ""]) => `${io.colors.dim(key.padEnd(10))} ${value}`);
}

function trialsText({ complete, pruned, failed, duplicates, unfinished }: StudyStatus["trials"]): string {
  return [
    `${formatCount(complete)} complete`,
    ...(pruned === 0 ? [] : [`${pruned} pruned`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(duplicates === 0 ? [] : [`${duplicates} duplicates`]),
    ...(unfinished === 0 ? [] : [`${unfinished} running or kept for resume`]),
  ].join("  ");
}

function listLines(all: readonly StudyStatus[], io: CliIo): string[] {
  return renderTable(
    [
      { title: "study" },
      { title: "complete", align: "right" },
      { title: "failed", align: "right" },
      { title: "best", align: "right" },
      { title: "searched", align: "right" },
      { title: "retrained", align: "right" },
    ],
    all.map(({ name, trials, best, elapsedMs, retrained }) => [
      name,
      String(trials.complete),
      String(trials.failed),
      best === undefined ? "-" : formatValue(best.values?.[0] ?? Number.NaN),
      formatDuration(elapsedMs),
      String(retrained),
    ]),
    { width: tableWidth(io), dim: io.colors.dim },
  );
}
