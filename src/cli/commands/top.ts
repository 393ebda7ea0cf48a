/** @file `cellwright top`: the best of a study. */
import type { Command } from "commander";
import { accuracyImages, topCandidates } from "../candidates.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, tableWidth, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { withStudy } from "../open-study.ts";
import { topTable } from "../top-table.ts";

export function addTop(program: Command, io: CliIo): void {
  const command = addCommand(program, "top", "Lists the best candidates of a study, retrained ones first.", [
    ["top nasnet-cifar10", "the five best"],
    ["top nasnet-cifar10 --count 20 --json", "twenty, with genotypes, for a script"],
  ])
    .argument("<study>", "name of a study")
    .option("--count <n>", "how many: five fit a screen", wholeNumberFlag("--count", 1), 5);
  withJson(withResults(command)).action(
    async (name: string, options: { results: string; count: number; json?: boolean }) => {
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
    },
  );
}
