/** @file `cellwright export`: a candidate or a network as code and weights that need nothing of ours. */
import { join, relative } from "node:path";
import type { Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import { exporters, exportTargets, type ExportTarget } from "../../export/index.ts";
import { writeIntoFolder } from "../../storage/whole-files.ts";
import { chosenTrial } from "../candidates.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { agrees, checkText } from "../export/check.ts";
import { checkers } from "../export/checkers.ts";
import { exportFiles, modelOfSubject, modelOfTrial, type ExportModel } from "../export/model.ts";
import { exitCodes, PrintedFailure } from "../failure.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { withStudy } from "../open-study.ts";
import { findSubject } from "../subject.ts";

interface ExportCommandOptions {
  readonly results: string;
  readonly to: ExportTarget;
  readonly out?: string;
  readonly trial?: number;
  readonly untrained?: boolean;
  readonly check: boolean;
  readonly json?: boolean;
}

/** What is exported, with the folder it goes to unless told otherwise, and why it can't be exported as trained, where it is not. */
interface Found {
  readonly model: ExportModel;
  readonly dir: string;
  readonly untrained?: string;
  readonly trial?: number;
}

export function addExport(program: Command, io: CliIo): void {
  const targets = exportTargets.map((target) => `${target}: ${exporters[target].summary}`).join("; ");
  const command = addCommand(
    program,
    "export",
    "Writes a candidate or a network as code and weights that need nothing of ours, with a model card.",
    [
      ["export nasnet-cifar10", "the best, into results/nasnet-cifar10/export/pytorch/"],
      ["export nasnet-cifar10 --to pytorch --out my-model", "elsewhere"],
      ["export nasnet-cifar10 --trial 12", "another, which was retrained"],
      ["export efficientnet-b0 --untrained", "a network by name, with first values as weights"],
    ],
  )
    .argument("<study|network>", "name of a study, a published genotype or a network")
    .option("--to <target>", targets, exportTarget, "pytorch" as const)
    .option(
      "--out <dir>",
      "folder; default export/<target>/ in the study's own, else <network>-<target>/. Files of the same names are replaced",
    )
    .option("--trial <n>", "this trial instead of the best", wholeNumberFlag("--trial", 0))
    .option("--untrained", "export what was not trained, with first values as weights")
    .option("--no-check", "do not compare logits with the target's runtime, where one is found on this machine");
  withJson(withResults(command)).action(async (name: string, options: ExportCommandOptions) => {
    const { model, dir: usual, untrained, trial } = await findModel(name, options);
    if (untrained !== undefined && options.untrained !== true) throw new CellwrightError("config", untrained);
    const dir = options.out ?? usual;
    const { network, weights, epochs } = model;
    const files = exportFiles(model, options.to);
    await writeIntoFolder(dir, files);
    const check = options.check ? await checkers[options.to]({ dir, network, weights, env: io.env }) : undefined;
    if (options.json === true) {
      printJson(io, {
        ...(trial !== undefined && { trial }),
        to: options.to,
        dir,
        files: [...files.keys()],
        epochs: epochs ?? null,
        check: check === undefined ? null : { ...check, agrees: agrees(check) ?? null },
      });
    } else {
      const names = [...files.keys()];
      print(
        io,
        `${relative(process.cwd(), join(dir, names[0] ?? ""))}, ${names.slice(1).join(", ")}${check === undefined ? "" : ` · ${checkText(check, exporters[options.to].title)}`}`,
      );
    }
    if (check !== undefined && agrees(check) === false) throw new PrintedFailure(exitCodes.ours);
  });
}

async function findModel(name: string, { results, trial: number, to }: ExportCommandOptions): Promise<Found> {
  const subject = await findSubject(name, { results, ...(number !== undefined && { trial: number }) });
  const { study } = subject;
  if (study === undefined) {
    return {
      model: modelOfSubject(subject),
      dir: `${subject.name.replaceAll(/[^\w.-]+/gu, "-")}-${to}`,
      untrained: `${name}  Expected something that was trained. Received: an architecture, which has no weights. Export it with --untrained.`,
    };
  }
  return await withStudy(study.name, results, async (opened) => {
    const trial = await chosenTrial(opened, study.trial);
    const model = await modelOfTrial(opened, trial);
    return {
      model,
      dir: join(opened.dir, "export", to),
      trial: trial.number,
      ...(model.epochs === undefined && {
        untrained: `trial ${trial.number}  Expected a retrained trial, which has weights. Received: one that only the search trained. Retrain it by \`cellwright retrain ${opened.name} --trial ${trial.number}\`, or export it with --untrained.`,
      }),
    };
  });
}

/** Returns the `--to` of an export. Throws `config` for another. */
function exportTarget(text: string): ExportTarget {
  const target = exportTargets.find((one) => one === text);
  if (target === undefined) throw new CellwrightError("config", expected("--to", exportTargets.join(", "), text));
  return target;
}
