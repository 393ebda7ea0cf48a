/** @file `cellwright draw`: the cells of a candidate as SVG, and as text. */
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { nasnet } from "../../../search-spaces/index.ts";
import { CellwrightError } from "../../base/errors.ts";
import { cellText, drawCellSvg } from "../../draw/index.ts";
import type { AnySpace, Genotype } from "../../space/space.ts";
import { chosenTrial, genotypeLine, studyCells } from "../candidates.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { formatValue } from "../live/live-lines.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { withStudy } from "../open-study.ts";
import { writeWhole } from "../../storage/whole-files.ts";

interface DrawOptions {
  readonly results: string;
  readonly trial?: number;
  readonly out?: string;
  readonly json?: boolean;
}

interface Subject {
  readonly space: AnySpace;
  readonly genotype: Genotype;
  readonly subtitle: string;
  /** Where pictures go unless told otherwise. */
  readonly folder: string;
}

export function addDraw(program: Command, io: CliIo): void {
  const command = addCommand(program, "draw", "Draws the cells of a candidate as SVG and prints them.", [
    ["draw nasnet-cifar10", "the best candidate, into results/nasnet-cifar10/cells/"],
    ["draw nasnet-cifar10 --trial 12 --out pictures", "another, elsewhere"],
    ["draw nasnet-a --out pictures", "a published architecture"],
  ])
    .argument("<study>", `name of a study, or a published genotype: ${Object.keys(nasnet.named).join(", ")}`)
    .option("--trial <n>", "this trial instead of the best", wholeNumberFlag("--trial", 0))
    .option(
      "--out <dir>",
      "folder for the pictures; default the study's cells/: where report.md looks for the winner's",
    );
  withJson(withResults(command)).action(async (name: string, options: DrawOptions) => {
    const { space, genotype, subtitle, folder } = await findSubject(name, options);
    const cells = studyCells({ space }, genotype);
    if (cells.length === 0) {
      if (options.json === true) printJson(io, { genotype, cells: [] });
      else
        print(
          io,
          `${genotypeLine({ space }, genotype)}\nThe space ${space.name} declares no cells: there is no picture to draw.`,
        );
      return;
    }
    const written: string[] = [];
    for (const cell of cells) {
      const path = join(options.out ?? folder, `${cell.name}.svg`);
      await writeWhole(path, drawCellSvg(cell, { subtitle }));
      written.push(path);
    }
    if (options.json === true) {
      printJson(io, { genotype, cells, files: written.map((path) => resolve(path)) });
      return;
    }
    for (const cell of cells) print(io, `${cellText(cell)}\n`);
    print(io, written.map((path) => relative(process.cwd(), resolve(path))).join("  "));
  });
}

async function findSubject(name: string, options: DrawOptions): Promise<Subject> {
  const published = Object.hasOwn(nasnet.named, name) ? nasnet.named[name] : undefined;
  if (published !== undefined) {
    if (options.trial !== undefined)
      throw new CellwrightError(
        "config",
        `--trial  Expected a study to take a trial from. Received: the published genotype ${name}.`,
      );
    return { space: nasnet, genotype: published, subtitle: `${name}, as published`, folder: "." };
  }
  return await withStudy(name, options.results, async (study) => {
    const trial = await chosenTrial(study, options.trial);
    const value = trial.values?.[0];
    const quality = value === undefined ? trial.state : `${study.objectives[0]?.name} ${formatValue(value)}`;
    // The winner's pictures keep the names that the report shows; others stand beside them.
    const folder =
      options.trial === undefined ? join(study.dir, "cells") : join(study.dir, "cells", `trial-${trial.number}`);
    return {
      space: study.definition.space,
      genotype: trial.proposal.genotype,
      subtitle: `${study.name} · trial ${trial.number} · ${quality}`,
      folder,
    };
  });
}
