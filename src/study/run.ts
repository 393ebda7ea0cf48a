/** @file The shortest way to a search from code. */
import { CellwrightError } from "../base/errors.ts";
import type { StudyDefinition } from "./definition.ts";
import type { StudyEvent } from "./events.ts";
import { studyReference } from "./load.ts";
import { openStudy, type OpenOptions } from "./open.ts";
import type { RunSignals } from "./study.ts";

export interface RunOptions
  extends RunSignals, Pick<OpenOptions, "name" | "resultsDir" | "dataDir" | "clock" | "logger"> {
  /** `import.meta.url` of the module that exports the definition, so that worker processes can load it. Without it trials run in this process, one at a time. */
  readonly module?: string;
  /** Name of that export. Default `default`. */
  readonly export?: string;
}

/** Runs a new study to its end: `for await (const event of runStudy(study, { module: import.meta.url })) …`. */
export async function* runStudy(definition: StudyDefinition, options: RunOptions = {}): AsyncGenerator<StudyEvent> {
  if (process.env["CELLWRIGHT_WORKER"] !== undefined)
    throw new CellwrightError(
      "config",
      "runStudy  Expected not to be called while a worker loads the study's module. Put the definition in a file of its own, and pass that file as `module`.",
    );
  const { module, signal, hardSignal, export: exportName, ...rest } = options;
  const study = await openStudy({
    mode: "create",
    ...rest,
    ...(module === undefined ? { definition } : { reference: studyReference(module, {}, exportName) }),
  });
  try {
    yield* study.run({ ...(signal && { signal }), ...(hardSignal && { hardSignal }) });
  } finally {
    await study.close();
  }
}
