/** @file `cellwright draw`: cells, a pair of them, a network by stages, or two candidates with what sets them apart, as SVG, PNG and text. */
import { join, relative, resolve } from "node:path";
import { Option, type Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import {
  cellPicture,
  cellsPicture,
  cellText,
  differencePicture,
  diffCells,
  diffStages,
  diffText,
  networkDifferencePicture,
  networkDiffText,
  networkPicture,
  networkText,
  pictureSvg,
  stagesOf,
  type CellStructure,
  type PaintLabel,
  type Picture,
} from "../../draw/index.ts";
import { writeWhole } from "../../storage/whole-files.ts";
import { genotypeLine, studyCells } from "../candidates.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { operationPaint } from "../operation-colours.ts";
import { findSubject, type Subject } from "../subject.ts";
import { subjectText } from "../subject-text.ts";

interface DrawOptions {
  readonly results: string;
  readonly trial?: number;
  readonly as?: "cells" | "pair" | "network";
  readonly format: "svg" | "png" | "text";
  readonly out?: string;
  readonly json?: boolean;
}

/** What there is to be shown. */
interface Drawing {
  readonly subject: Subject;
  /** By file name, without its ending. */
  readonly pictures: ReadonlyMap<string, Picture>;
  /** Blocks of lines. */
  readonly texts: readonly string[];
  /** For scripts. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export function addDraw(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "draw",
    "Draws the cells of a candidate, its network, or what sets two candidates apart, as SVG or PNG, and prints them.",
    [
      ["draw nasnet-cifar10", "the best candidate, into results/nasnet-cifar10/cells/"],
      ["draw nasnet-cifar10@12 --out pictures", "another, elsewhere"],
      ["draw nasnet-a --as pair --format png", "a published architecture, both cells side by side"],
      ["draw darts-v1 darts-v2", "two, with what is added, removed and changed marked"],
      ["draw macro.ts@1 macro.ts@2", "the same of a space without cells, by stages"],
      ["draw nasnet-a-mobile", "a whole network, by its stages"],
      ["draw my-cells.yaml@3 --format text", "a sample of a space of one's own, in the terminal alone"],
    ],
  )
    .argument("<what>", subjectText)
    .argument("[other]", "the same: both are drawn with their difference")
    .option("--trial <n>", "this trial of the study instead of its best", wholeNumberFlag("--trial", 0))
    .addOption(
      new Option(
        "--as <form>",
        "cells: a picture each; pair: one picture; network: by stages; default cells where there are any",
      ).choices(["cells", "pair", "network"]),
    )
    .addOption(
      new Option("--format <format>", "of the pictures; text makes none: SVG stays sharp at any size")
        .choices(["svg", "png", "text"])
        .default("svg"),
    )
    .option(
      "--out <dir>",
      "folder for the pictures; default the study's cells/: where report.md looks for the winner's; else here",
    );
  withJson(withResults(command)).action(async (what: string, other: string | undefined, options: DrawOptions) => {
    const subject = await findSubject(what, options);
    const drawing =
      other === undefined
        ? drawn(subject, options.as, operationPaint(io))
        : difference(subject, await findSubject(other, { results: options.results }), options.as);
    const written = options.format === "text" ? [] : await writePictures(drawing, options.format, options.out);
    if (options.json === true) {
      printJson(io, { ...drawing.facts, files: written.map((path) => resolve(path)) });
      return;
    }
    for (const text of drawing.texts) print(io, `${text}\n`);
    if (written.length > 0) print(io, written.map((path) => relative(process.cwd(), resolve(path))).join("  "));
  });
}

async function writePictures(
  { subject, pictures }: Drawing,
  format: "svg" | "png",
  out: string | undefined,
): Promise<readonly string[]> {
  // The canvas is loaded only by who paints.
  const paint = format === "svg" ? pictureSvg : (await import("../../charts/picture-png.ts")).picturePng;
  const written: string[] = [];
  for (const [name, picture] of pictures) {
    const path = join(out ?? subject.folder, `${name}.${format}`);
    await writeWhole(path, paint(picture));
    written.push(path);
  }
  return written;
}

function cellsOfSubject({ candidate }: Subject): CellStructure[] {
  return candidate === undefined ? [] : studyCells(candidate, candidate.genotype);
}

function drawn(subject: Subject, as: DrawOptions["as"], paint: PaintLabel): Drawing {
  const cells = cellsOfSubject(subject);
  const { subtitle, candidate } = subject;
  const genotype = candidate?.genotype;
  if (as === "network" || (as === undefined && cells.length === 0)) {
    const network = subject.network();
    const line = candidate !== undefined && cells.length === 0 ? [genotypeLine(candidate, candidate.genotype)] : [];
    return {
      subject,
      pictures: new Map([["network", networkPicture(network, { subtitle })]]),
      texts: [...line, networkText(network)],
      facts: { genotype, cells },
    };
  }
  if (cells.length === 0)
    throw new CellwrightError("config", expected("--as", "network, for there are no cells to draw", as));
  const texts = cells.map((cell) => cellText(cell, { paint }));
  const pictures: [string, Picture][] =
    as === "pair"
      ? [["cells", cellsPicture(cells, { title: subject.name, subtitle })]]
      : cells.map((cell) => [cell.name, cellPicture(cell, { subtitle })]);
  return { subject, pictures: new Map(pictures), texts, facts: { genotype, cells } };
}

/** Two candidates with what sets them apart: their cells where both have some, else their networks. */
function difference(first: Subject, second: Subject, as: DrawOptions["as"]): Drawing {
  const [before, after] = [first, second].map(cellsOfSubject) as [CellStructure[], CellStructure[]];
  const haveCells = before.length > 0 && after.length > 0;
  if (as === "pair" || (as === "cells" && !haveCells))
    throw new CellwrightError(
      "config",
      expected("--as", `${haveCells ? "cells or " : ""}network for a difference`, as),
    );
  const names = namesOf(first, second);
  const genotypes = { before: first.candidate?.genotype, after: second.candidate?.genotype };
  const head = (count: number, same: string): string => {
    const sum = count === 0 ? `the same ${same}` : `${count} ${count === 1 ? "difference" : "differences"}`;
    return `- ${says(first)}\n+ ${says(second)}\n  ${sum}`;
  };
  if (!haveCells || as === "network") {
    const [old, young] = [first.network(), second.network()];
    const { count } = diffStages(stagesOf(old), stagesOf(young));
    const picture = networkDifferencePicture({ name: names[0], network: old }, { name: names[1], network: young });
    return {
      subject: second,
      pictures: new Map([["difference", picture]]),
      texts: [head(count, "stages"), networkDiffText(old, young)],
      facts: { ...genotypes, differences: count },
    };
  }
  const pairs = after.flatMap((cell) => {
    const old = before.find(({ name }) => name === cell.name);
    return old === undefined ? [] : [{ old, cell }];
  });
  const picture = differencePicture({ name: names[0], cells: before }, { name: names[1], cells: after });
  const count = pairs.reduce((sum, { old, cell }) => sum + diffCells(old, cell).count, 0);
  return {
    subject: second,
    pictures: new Map([["difference", picture]]),
    texts: [head(count, "cells"), ...pairs.map(({ old, cell }) => diffText(old, cell))],
    facts: { ...genotypes, cells: { before, after }, differences: count },
  };
}

/** Short names, or the longer ones where the short are the same. */
function namesOf(first: Subject, second: Subject): readonly [string, string] {
  return first.name === second.name ? [first.subtitle, second.subtitle] : [first.name, second.name];
}

/** A line on a subject that stands alone: with its name, which stands in a title elsewhere. */
function says({ name, subtitle }: Subject): string {
  return subtitle.includes(name) ? subtitle : `${name}, ${subtitle}`;
}
