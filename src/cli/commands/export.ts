/** @file `cellwright export`: a candidate as code and weights that need nothing of ours. */
import { join, relative } from "node:path";
import type { Command } from "commander";
import { CellwrightError } from "../../base/errors.ts";
import { chosenTrial } from "../candidates.ts";
import { addCommand, exportTarget, withJson, withResults } from "../common-options.ts";
import { checkWithTorch, exportTrial, torchAgrees, torchCheckText } from "../export-model.ts";
import { exitCodes, PrintedFailure } from "../failure.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { withStudy } from "../open-study.ts";
import { writeWhole } from "../../storage/whole-files.ts";

interface ExportOptions {
  readonly results: string;
  readonly to: "pytorch";
  readonly out?: string;
  readonly trial?: number;
  readonly untrained?: boolean;
  readonly check: boolean;
  readonly json?: boolean;
}

export function addExport(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "export",
    "Writes a candidate as a PyTorch module with its weights and a model card.",
    [
      ["export nasnet-cifar10", "the best, into results/nasnet-cifar10/export/"],
      ["export nasnet-cifar10 --to pytorch --out my-model", "elsewhere"],
      ["export nasnet-cifar10 --trial 12", "another, which was retrained"],
    ],
  )
    .argument("<study>", "name of a study")
    .option("--to <target>", "pytorch: one readable model.py that needs torch alone", exportTarget, "pytorch" as const)
    .option("--out <dir>", "folder; default export/ in the study's own. Files of the same names are replaced")
    .option("--trial <n>", "this trial instead of the best", wholeNumberFlag("--trial", 0))
    .option("--untrained", "export a candidate that was not retrained, with first values as weights")
    .option("--no-check", "do not compare logits with a PyTorch found on this machine");
  withJson(withResults(command)).action(async (name: string, options: ExportOptions) => {
    await withStudy(name, options.results, async (study) => {
      const trial = await chosenTrial(study, options.trial);
      const { files, network, weights, epochs } = await exportTrial(study, trial);
      if (epochs === undefined && options.untrained !== true)
        throw new CellwrightError(
          "config",
          `trial ${trial.number}  Expected a retrained trial, which has weights. Received: one that only the search trained. Retrain it by \`cellwright retrain ${study.name} --trial ${trial.number}\`, or export it with --untrained.`,
        );
      const dir = options.out ?? join(study.dir, "export");
      for (const [path, content] of files) await writeWhole(join(dir, path), content);
      const check = options.check ? await checkWithTorch(dir, network, weights, io.env) : undefined;
      if (options.json === true) {
        printJson(io, {
          trial: trial.number,
          dir,
          files: [...files.keys()],
          epochs: epochs ?? null,
          check: check === undefined ? null : { ...check, agrees: torchAgrees(check) ?? null },
        });
      } else {
        const names = [...files.keys()];
        print(
          io,
          `${relative(process.cwd(), join(dir, names[0] ?? ""))}, ${names.slice(1).join(", ")}${check === undefined ? "" : ` · ${torchCheckText(check)}`}`,
        );
      }
      if (check !== undefined && torchAgrees(check) === false) throw new PrintedFailure(exitCodes.ours);
    });
  });
}
