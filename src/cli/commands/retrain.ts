/** @file `cellwright retrain`: trains the best for longer and ranks them anew. */
import type { Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import { formatCount, formatEpochs, formatMacs } from "../../base/units.ts";
import { topCandidates } from "../candidates.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { listenForInterrupts } from "../interrupts.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { lateLogger } from "../log-file.ts";
import { listFlag, wholeNumberFlag } from "../numbers.ts";
import { withResumed } from "../open-study.ts";
import { finish, followBaseline, followRetrain, lateWatcher, progressIo, summaryOf } from "../run-study.ts";

interface RetrainCommandOptions {
  readonly results: string;
  readonly data?: string;
  readonly top?: number;
  readonly epochs?: number;
  readonly seeds?: number;
  readonly trial?: number[];
  readonly json?: boolean;
}

export function addRetrain(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "retrain",
    "Trains the best candidates for longer, keeps their weights and ranks them anew. What was retrained before is not again.",
    [
      ["retrain nasnet-cifar10", "as the study says"],
      ["retrain nasnet-cifar10 --top 5 --epochs 50 --seeds 3", "five, each three times: a mean with its spread"],
      ["retrain nasnet-cifar10 --trial 12,44", "these two"],
    ],
  )
    .argument("<study>", "name of a study")
    .option("--top <n>", "how many of the best; default the study's (key retrain.top)", wholeNumberFlag("--top", 1))
    .option(
      "--epochs <n>",
      "length; default the study's (key retrain.epochs). Ten times the search's is where ranks settle",
      wholeNumberFlag("--epochs", 1),
    )
    .option(
      "--seeds <n>",
      "runs of each; default the study's, else 1 (key retrain.seeds)",
      wholeNumberFlag("--seeds", 1),
    )
    .option("--trial <list>", "these trials instead of the best", listFlag("--trial", wholeNumberFlag("--trial", 0)))
    .option("--data <dir>", "folder with data sets; default $CELLWRIGHT_DATA, ./data, ../shared/data, then a download");
  withJson(withResults(command)).action(async (name: string, options: RetrainCommandOptions) => {
    const shown = progressIo(io, options.json === true);
    const { top, epochs, seeds, trial: trials, data } = options;
    const logger = lateLogger();
    const watcher = lateWatcher(shown);
    const interrupts = listenForInterrupts((line) => watcher.say(io.colors.yellow(line)));
    try {
      await withResumed(
        name,
        options.results,
        { logger, ...(data !== undefined && { dataDir: data }) },
        async (study) => {
          logger.attach(study.dir);
          const length = epochs ?? study.definition.retrain?.epochs;
          const count = top ?? study.definition.retrain?.top ?? 1;
          if (length === undefined)
            throw new CellwrightError(
              "config",
              `${name}  Expected --epochs, since the study has no key retrain. Received: none.`,
            );
          // What it will cost stands there before anything runs.
          const complete = await topCandidates(study, Number.MAX_SAFE_INTEGER);
          const unknown = trials?.filter((number) => !complete.some(({ trial }) => trial === number)) ?? [];
          if (unknown.length > 0)
            throw new CellwrightError(
              "config",
              expected("--trial", "complete trials, each by its number", unknown.join(", ")),
            );
          if (complete.length === 0)
            throw new CellwrightError("config", `${name}  Expected at least one complete trial. Received: none yet.`);
          const chosen = complete.filter((each, index) => trials?.includes(each.trial) ?? index < count);
          for (const each of chosen)
            print(
              shown,
              `trial ${each.trial}  ${each.params === undefined ? "" : `${formatCount(each.params)} params  `}${each.macs === undefined ? "" : formatMacs(each.macs)}`,
            );
          const heading = `Retraining ${chosen.length === 1 ? "one candidate" : `${chosen.length} candidates`} for ${formatEpochs(length)}${seeds === undefined || seeds === 1 ? "" : `, ${seeds} seeds each`}`;
          const request = {
            heading,
            goOn: ["cellwright retrain", study.name, ...flagsOf(options)].join(" "),
            // Named one by one: the best are those that `top` lists, and those whose sizes stand above.
            trials: chosen.map(({ trial }) => trial),
            ...(epochs !== undefined && { epochs }),
            ...(seeds !== undefined && { seeds }),
          };
          await followRetrain(study, shown, request, interrupts, watcher);
          await followBaseline(study, shown, interrupts, watcher, request.goOn);
          const report = await finish(study, shown);
          if (options.json === true) printJson(io, await summaryOf(study, report));
        },
      );
    } finally {
      interrupts.dispose();
      logger.close();
    }
  });
}

/** The flags as they were given, to be given again. */
function flagsOf({ top, epochs, seeds, trial }: RetrainCommandOptions): string[] {
  return [
    ...(top === undefined ? [] : [`--top ${top}`]),
    ...(epochs === undefined ? [] : [`--epochs ${epochs}`]),
    ...(seeds === undefined ? [] : [`--seeds ${seeds}`]),
    ...(trial === undefined ? [] : [`--trial ${trial.join(",")}`]),
  ];
}
