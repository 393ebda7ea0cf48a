/** @file `cellwright init`: a study file to start from. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Command } from "commander";
import { CellwrightError } from "../../base/errors.ts";
import { addCommand } from "../common-options.ts";
import { print, type CliIo } from "../io.ts";
import { studyTemplate } from "../study-template.ts";
import { writeWhole } from "../../storage/whole-files.ts";

export function addInit(program: Command, io: CliIo): void {
  addCommand(program, "init", "Writes a commented study.config.ts: a study of your own to start from.", [
    ["init", "study.config.ts in this folder"],
    ["init wide-cells.config.ts", "under another name: the study's folder is called after it"],
  ])
    .argument("[file]", "file to write; .ts, .mts, .js or .mjs", "study.config.ts")
    .option("--force", "replace the file if it is there")
    .action(async (file: string, options: { force?: boolean }) => {
      if (!/\.m?[jt]s$/.test(file))
        throw new CellwrightError(
          "config",
          `${file}  Expected a file that ends in .ts, .mts, .js or .mjs. Received: ${JSON.stringify(basename(file))}.`,
        );
      if (existsSync(file) && options.force !== true)
        throw new CellwrightError(
          "config",
          `${file}  Expected no file of that name. Received: one is there. Name another, or replace it with --force.`,
        );
      await writeWhole(file, studyTemplate().replaceAll("study.config.ts", basename(file)));
      print(io, `${file} written. Look through it, then: npx cellwright search ${file}`);
    });
}
