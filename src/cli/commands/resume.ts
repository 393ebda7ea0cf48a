/** @file `cellwright resume`: goes on with a study where it stopped, however it stopped. */
import type { Command } from "commander";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { printJson, type CliIo } from "../io.ts";
import { lateLogger } from "../log-file.ts";
import { withResumed } from "../open-study.ts";
import { followSearch, progressIo, requireWinner, summaryOf } from "../run-study.ts";
import { overridesOf, withStudyFlags } from "../study-flags.ts";

interface ResumeOptions extends Readonly<Record<string, unknown>> {
  readonly results: string;
  readonly data?: string;
  readonly retrain: boolean;
  readonly json?: boolean;
}

export function addResume(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "resume",
    "Goes on with a study where it stopped, after Ctrl-C, a crash or a spent budget. Finished trials stay, unfinished ones run again. Flags go over what the study has.",
    [
      ["resume nasnet-cifar10", "to the end of its budget"],
      ["resume nasnet-cifar10 --hours 1", "with a larger budget: one hour in all"],
      ["resume nasnet-cifar10 --trials 500 --workers 8", "on a larger machine"],
    ],
  )
    .argument("<study>", "name of a study")
    .option("--data <dir>", "folder with data sets; default $CELLWRIGHT_DATA, ./data, ../shared/data, then a download")
    .option("--no-retrain", "leave out the retraining of the best, and the baseline (keys retrain, baseline)");
  withStudyFlags(withJson(withResults(command)), "resume").action(async (name: string, options: ResumeOptions) => {
    const logger = lateLogger();
    const overrides = overridesOf(options);
    const more = {
      logger,
      ...(Object.keys(overrides).length > 0 && { overrides }),
      ...(options.data !== undefined && { dataDir: options.data }),
    };
    try {
      await withResumed(name, options.results, more, async (study) => {
        logger.attach(study.dir);
        const report = await followSearch(study, progressIo(io, options.json === true), { retrain: options.retrain });
        if (options.json === true) printJson(io, await summaryOf(study, report));
        requireWinner(report);
      });
    } finally {
      logger.close();
    }
  });
}
