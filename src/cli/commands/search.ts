/** @file `cellwright search`: a new study, searched to its end and beyond. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { Json } from "../../base/canonical-json.ts";
import { CellwrightError } from "../../base/errors.ts";
import { DEFAULT_STUDY_MODULE, type StudyReference } from "../../study/definition.ts";
import { studyReference } from "../../study/load.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { lateLogger } from "../log-file.ts";
import { checkResultsDir, withOpened } from "../open-study.ts";
import { followSearch, progressIo, requireWinner, summaryOf } from "../run-study.ts";
import { overridesOf, withStudyFlags } from "../study-flags.ts";

interface SearchOptions extends Readonly<Record<string, unknown>> {
  readonly results: string;
  readonly name?: string;
  readonly data?: string;
  readonly startFrom?: string;
  readonly retrain: boolean;
  readonly json?: boolean;
}

/** Config files that are taken without being named, in this order. */
const CONFIG_FILES = ["study.config.ts", "study.config.mts", "study.config.js", "study.config.mjs"];

export function addSearch(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "search",
    "Searches: a study from a file, or the built-in one (NASNet cells on CIFAR-10, aging evolution, four minutes). Then retrains the best, writes report, charts, drawings and a PyTorch export. Flags go over the keys of the study; the defaults below are the built-in study's.",
    [
      ["search", "study.config.ts if it is here, else the built-in study"],
      ["search study.config.ts --trials 200 --workers 4", "flags go over the file"],
      ["search my-cells.yaml", "a space alone (.ts, .js, .yaml, .json), by the built-in study"],
      ["search --start-from my-model", "the genotype of a model, a study's best or a published one is tried first"],
      ["search --name long --hours 6 --epochs 8 --train 10000 --validation 2000", "the built-in study, at length"],
    ],
  )
    .argument(
      "[config]",
      `study file, or a space's file; default ${CONFIG_FILES[0]} if there is one, else the built-in study`,
    )
    .option("--name <name>", "folder under --results; default the study's own name (key name)")
    .option("--data <dir>", "folder with data sets; default $CELLWRIGHT_DATA, ./data, ../shared/data, then a download")
    .option(
      "--start-from <subject>",
      "try this genotype first: a model's folder or name, a study (my-study@12), a published genotype; of the study's own space",
    )
    .option("--no-retrain", "leave out the retraining of the best, and the baseline (keys retrain, baseline)");
  withStudyFlags(withJson(withResults(command)), "search").action(
    async (config: string | undefined, options: SearchOptions) => {
      const file = config ?? CONFIG_FILES.find((name) => existsSync(name));
      await checkResultsDir(options.results);
      const start = options.startFrom === undefined ? {} : { startFrom: await startOf(options.startFrom, options) };
      const reference = searchReference(file, { ...overridesOf(options), ...start });
      if (config === undefined && file !== undefined)
        print(progressIo(io, options.json === true), io.colors.dim(`study from ./${file}`));
      const name = options.name ?? (file === undefined ? await freeName(options.results) : undefined);
      const logger = lateLogger();
      try {
        await withOpened(
          {
            mode: "create",
            reference,
            resultsDir: options.results,
            logger,
            ...(name !== undefined && { name }),
            ...(options.data !== undefined && { dataDir: options.data }),
          },
          async (study) => {
            logger.attach(study.dir);
            const report = await followSearch(study, progressIo(io, options.json === true), {
              retrain: options.retrain,
            });
            if (options.json === true) printJson(io, await summaryOf(study, report));
            requireWinner(report);
          },
        );
      } finally {
        logger.close();
      }
    },
  );
}

/** Returns the genotype of a subject, and the space that it is of. Throws `config` where it has none. */
async function startOf(target: string, { results }: SearchOptions): Promise<Json> {
  const { findSubject } = await import("../subject.ts");
  const { candidate, model } = await findSubject(target, { results });
  // A space of one's own is not on the shelf: what the model says of it is checked against the study's.
  const { space, version, genotype } =
    candidate === undefined
      ? (model?.options.candidate ?? noGenotype(target))
      : { space: candidate.space.name, version: candidate.space.version, genotype: candidate.genotype };
  return { space, version, genotype };
}

function noGenotype(target: string): never {
  throw new CellwrightError(
    "config",
    `--start-from  Expected something with a genotype. Received: ${target}, a network alone.`,
  );
}

/** Returns what is searched: the file, or the built-in study by its name, so that it is found again wherever the package moves to. */
export function searchReference(file: string | undefined, overrides: StudyReference["overrides"]): StudyReference {
  return studyReference(file ?? DEFAULT_STUDY_MODULE, overrides);
}

/** `npm start` works a second time: the built-in study takes the next free name. */
async function freeName(resultsDir: string): Promise<string> {
  const { defaultStudy } = await import("../../study/default-study.ts");
  const base = defaultStudy.name ?? defaultStudy.space.name;
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!existsSync(join(resolve(resultsDir), name))) return name;
  }
}
