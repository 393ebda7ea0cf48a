/** @file `cellwright space`: how large a space is, what it decides, some of its candidates, and whether it is fit to be searched. */
import type { Command } from "commander";
import { formatCount, formatMacs, formatMany } from "../../base/units.ts";
import { formatWays, spaceTree } from "../../draw/space-text.ts";
import { flatten } from "../../space/walk.ts";
import { isRare, rareText, refusalText } from "../../search/constraints.ts";
import { addCommand, withJson } from "../common-options.ts";
import { exitCodes, PrintedFailure } from "../failure.ts";
import { print, printJson, tableWidth, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { checkJson, checkLines } from "../space/check-lines.ts";
import { findSpace } from "../space/find-space.ts";
import { truncate } from "../table.ts";

interface SampleOptions {
  readonly count: number;
  readonly seed: number;
  readonly json?: boolean;
}

const TARGET = "<space|file>";
const TARGET_TEXT =
  "name of a space of the shelf (nasnet, darts, …), or a file that exports one: my-space.ts, my-space.ts#name, my-cells.yaml";

export function addSpace(program: Command, io: CliIo): void {
  const space = addCommand(program, "space", "Looks at a search space: size, decisions, samples, faults.", [
    ["space check my-space.ts", "before a search: what is wrong with it?"],
    ["space show nasnet", "what can be decided"],
    ["space size darts", "how many genotypes there are"],
    ["space sample nas-bench-201 -n 3", "some of its candidates"],
  ]);
  space.helpCommand(false);
  addSize(space, io);
  addShow(space, io);
  addSample(space, io);
  addCheck(space, io);
}

function addSize(parent: Command, io: CliIo): void {
  const command = addCommand(parent, "size", "Counts the genotypes of a space, exactly.", [
    ["space size nasnet", "5.2e36, and all its digits"],
    ["space size my-space.ts --json", "for a script"],
  ]).argument(TARGET, TARGET_TEXT);
  withJson(command).action(async (target: string, options: { json?: boolean }) => {
    const { space } = await findSpace(target);
    const size = space.count();
    const decisions = flatten(space.decisions).length;
    if (options.json === true) {
      const { name, version, hash } = space;
      printJson(io, { name, version, hash, genotypes: size?.toString() ?? null, decisions });
      return;
    }
    const exact = size !== undefined && formatMany(size) !== formatCount(size) ? `, exactly ${formatCount(size)}` : "";
    const text = size === undefined ? "infinitely many (a float is decided)" : `${formatMany(size)}${exact}`;
    print(io, `${space.name}  ${text}`);
    print(io, io.colors.dim(`${decisions} decisions; skeleton and training settings are given, not counted`));
  });
}

function addShow(parent: Command, io: CliIo): void {
  const command = addCommand(
    parent,
    "show",
    "Prints the decisions of a space as a tree: options, conditions, counts.",
    [
      ["space show nasnet", "two cells of five blocks"],
      ["space show my-space.ts", "yours, with what its doc texts say"],
    ],
  ).argument(TARGET, TARGET_TEXT);
  withJson(command).action(async (target: string, options: { json?: boolean }) => {
    const { space, skeleton, source } = await findSpace(target);
    const given = { ...space.skeleton, ...skeleton } as Record<string, unknown>;
    if (options.json === true) {
      const { name, version, hash, decisions, named } = space;
      printJson(io, {
        name,
        version,
        hash,
        genotypes: space.count()?.toString() ?? null,
        skeleton: given,
        decisions,
        named,
      });
      return;
    }
    const { bold, dim } = io.colors;
    print(
      io,
      `${bold(space.name)} version ${space.version}, ${formatWays(space.decisions)} genotypes${dim(`  ${source}`)}`,
    );
    for (const line of spaceTree(space.decisions, { dim })) print(io, truncate(line, tableWidth(io)));
    const keys = Object.entries(given).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
    if (keys.length > 0) print(io, dim(`given, not decided: ${keys.join(", ")}`));
    const names = Object.keys(space.named);
    if (names.length > 0) print(io, dim(`named genotypes: ${names.join(", ")}`));
  });
}

function addSample(parent: Command, io: CliIo): void {
  const command = addCommand(parent, "sample", "Draws genotypes of a space and sizes them.", [
    ["space sample nasnet", "five of them"],
    ["space sample my-space.ts -n 100 --seed 1 --json", "genotypes to work with"],
  ])
    .argument(TARGET, TARGET_TEXT)
    .option("-n, --count <n>", "how many: five fit a screen", wholeNumberFlag("--count", 1), 5)
    .option("--seed <n>", "another seed draws others", wholeNumberFlag("--seed", 0), 0);
  withJson(command).action(async (target: string, options: SampleOptions) => {
    const { space, skeleton, constraints } = await findSpace(target);
    const { lookAt, sampleOf } = await import("../../search/sample-space.ts");
    const { constrainedSpace } = await import("../../search/constrained-space.ts");
    const { describeGenotype } = await import("../../../search-spaces/index.ts");
    const constrained = constrainedSpace(space, constraints, skeleton);
    const samples = Array.from({ length: options.count }, (_, number) =>
      lookAt({ space, skeleton }, sampleOf(constrained.space, options.seed, number), number),
    );
    const refused = constrained.takeRefused();
    if (options.json === true) {
      printJson(
        io,
        samples.map((sample) => ({
          genotype: sample.genotype,
          text: describeGenotype(space, sample.genotype),
          ...(sample.state === "good" ? sample.candidate.cost : { failed: sample.reason }),
        })),
      );
      return;
    }
    for (const sample of samples) {
      const size =
        sample.state === "good"
          ? `${formatCount(sample.candidate.cost.params)} params  ${formatMacs(sample.candidate.cost.macs)}`
          : `does not decode: ${sample.reason}`;
      print(io, `${io.colors.bold(String(sample.number))}  ${size}`);
      print(io, `   ${describeGenotype(space, sample.genotype)}`);
    }
    if (refused.refused > 0) {
      const others = `the constraints refused ${formatCount(refused.refused)} others: ${refusalText(refused)}`;
      const rare = isRare(refused, samples.length) ? io.colors.bold(`. ${rareText}`) : "";
      print(io, `${io.colors.dim(others)}${rare}`);
    }
  });
}

function addCheck(parent: Command, io: CliIo): void {
  const command = addCommand(
    parent,
    "check",
    "Samples a space, decodes and sizes every sample, changes every decision, and reports what is wrong. Exit code 2 if anything is.",
    [
      ["space check my-space.ts", "200 samples, every decision"],
      ["space check study.config.ts", "the space of a study, on the study's skeleton"],
      ["space check my-space.ts -n 1000 --seed 1 --json", "more and others, for a script"],
    ],
  )
    .argument(TARGET, TARGET_TEXT)
    .option("-n, --count <n>", "samples: 200 find what fails once in a hundred", wholeNumberFlag("--count", 1), 200)
    .option("--seed <n>", "another seed draws others", wholeNumberFlag("--seed", 0), 0);
  withJson(command).action(async (target: string, options: SampleOptions) => {
    const found = await findSpace(target);
    const { checkSpace } = await import("../../search/check-space.ts");
    if (io.err.isTTY) io.err.write(io.errColors.dim(`looking at ${formatCount(options.count)} samples …`));
    const check = checkSpace(found, { samples: options.count, seed: options.seed });
    if (io.err.isTTY) io.err.write("\r\u001B[K");
    if (options.json === true) printJson(io, checkJson(found, check));
    else for (const line of checkLines(found, check, io.colors)) print(io, line);
    if (check.problems.length > 0) throw new PrintedFailure(exitCodes.yours);
  });
}
