/** @file `cellwright scale`: a found architecture at larger sizes, counted before anything runs. */
import type { Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import { formatCount, formatMacs } from "../../base/units.ts";
import { efficientNetCoefficients } from "../../scale/factors.ts";
import { scaleTo, type ScaleBudget, type ScaledSize } from "../../scale/scale.ts";
import type { SkeletonBase } from "../../space/space.ts";
import { chosenTrial, networkOf } from "../candidates.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, tableWidth, type CliIo } from "../io.ts";
import { listFlag, numberFlag, wholeNumberFlag } from "../numbers.ts";
import { withStudy } from "../open-study.ts";
import { scaleRows, scaleSubject, scaleTableLines } from "../scaling.ts";
import { writeWhole } from "../../storage/whole-files.ts";

interface ScaleOptions {
  readonly results: string;
  readonly trial?: number;
  readonly phi?: number[];
  readonly maxParams?: number;
  readonly maxMacs?: number;
  readonly input?: number;
  readonly classes?: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function addScale(program: Command, io: CliIo): void {
  const { alpha, beta, gamma } = efficientNetCoefficients;
  const command = addCommand(
    program,
    "scale",
    "Grows a found architecture by compound scaling and shows what each size costs.",
    [
      ["scale nasnet-cifar10 --max-macs 600M", "the largest that fits"],
      ["scale nasnet-cifar10 --max-macs 600M --input 224 --classes 1000", "for ImageNet"],
      ["scale nasnet-cifar10 --phi 0,1,2,3", "at these sizes"],
      ["scale nasnet-cifar10 --max-params 3M --out large.json", "and its network as JSON"],
    ],
  )
    .argument("<study>", "name of a study")
    .option(
      "--phi <list>",
      "sizes to show; default steps up to the largest that fits",
      listFlag("--phi", numberFlag("--phi")),
    )
    .option(
      "--max-macs <n>",
      "look for the largest within this (600M); default, without --phi, ten times the searched size",
      numberFlag("--max-macs", { above: 0 }),
    )
    .option("--max-params <n>", "and within this (5M)", numberFlag("--max-params", { above: 0 }))
    .option(
      "--input <pixels>",
      "side of the target's images; phi then grows depth and width alone",
      wholeNumberFlag("--input", 1),
    )
    .option("--classes <n>", "classes of the target; default those searched on", wholeNumberFlag("--classes", 1))
    .option("--alpha <x>", "growth of depth with phi: EfficientNet's", numberFlag("--alpha", { min: 1 }), alpha)
    .option("--beta <x>", "growth of width with phi: EfficientNet's", numberFlag("--beta", { min: 1 }), beta)
    .option("--gamma <x>", "growth of input size with phi: EfficientNet's", numberFlag("--gamma", { min: 1 }), gamma)
    .option("--trial <n>", "this trial instead of the best", wholeNumberFlag("--trial", 0))
    .option("--out <file>", "write the network of the last row as JSON");
  withJson(withResults(command)).action(async (name: string, options: ScaleOptions) => {
    await withStudy(name, options.results, async (study) => {
      const { definition } = study;
      const trial = await chosenTrial(study, options.trial);
      const { genotype } = trial.proposal;
      const target = targetOf({ ...definition.space.skeleton, ...definition.skeleton } as SkeletonBase, options);
      const coefficients = { alpha: options.alpha, beta: options.beta, gamma: options.gamma };
      const subject = scaleSubject(definition, genotype, { coefficients, ...(target !== undefined && { target }) });
      const budget = budgetOf(options, () => scaleRows(subject, {})[0]?.size.macs ?? 1);
      const rows = scaleRows(subject, {
        ...(options.phi !== undefined && { phis: options.phi }),
        ...(budget !== undefined && { budget }),
      });
      const fits = rows.some((row) => row.isChosen);
      if (budget !== undefined && !fits && options.phi === undefined) throw noRoom(scaleTo(subject, 0), budget);
      const last = rows.at(-1);
      if (options.out !== undefined && last !== undefined)
        await writeWhole(options.out, `${JSON.stringify(networkOf(definition, genotype, last.size.skeleton))}\n`);
      if (options.json === true) {
        printJson(
          io,
          rows.map(({ label, size, depth, width, input, isChosen }) => ({
            label,
            phi: size.phi,
            depth,
            width,
            input,
            params: size.params,
            macs: size.macs,
            largestThatFits: isChosen,
            skeleton: size.skeleton,
            notes: size.notes,
          })),
        );
        return;
      }
      print(
        io,
        `trial ${trial.number} of ${study.name}, grown by alpha ${options.alpha}, beta ${options.beta}, gamma ${options.gamma}${budgetText(budget)}`,
      );
      for (const line of scaleTableLines(rows, { dim: io.colors.dim, width: tableWidth(io) })) print(io, line);
      if (options.out !== undefined && last !== undefined)
        print(io, `${options.out}: the network at phi ${last.label}`);
    });
  });
}

function targetOf(skeleton: SkeletonBase, { input, classes }: ScaleOptions): SkeletonBase | undefined {
  const now = skeleton["input"];
  if (input !== undefined && !(Array.isArray(now) && now.length === 3))
    throw new CellwrightError(
      "space",
      expected("--input", "a space whose skeleton has an input [height, width, channels]", now),
    );
  const channels = Array.isArray(now) ? (now[2] as number) : 3;
  const target = {
    ...(input !== undefined && { input: [input, input, channels] }),
    ...(classes !== undefined && { classes }),
  };
  return Object.keys(target).length === 0 ? undefined : target;
}

/** Says which bound not even the smallest size keeps, and what it takes. */
function noRoom({ macs, params }: ScaledSize, { maxMacs = Infinity, maxParams = Infinity }: ScaleBudget): Error {
  const [flag, least, given] =
    macs > maxMacs ? (["--max-macs", macs, maxMacs] as const) : (["--max-params", params, maxParams] as const);
  return new CellwrightError(
    "config",
    expected(flag, `${formatCount(least)} or more, which is the size at phi 0`, formatCount(given)),
  );
}

function budgetText(budget: ScaleBudget | undefined): string {
  if (budget === undefined) return "";
  const { maxMacs, maxParams } = budget;
  const parts = [
    ...(maxMacs === undefined ? [] : [formatMacs(maxMacs)]),
    ...(maxParams === undefined ? [] : [`${formatCount(maxParams)} params`]),
  ];
  return `, within ${parts.join(" and ")}`;
}

function budgetOf(options: ScaleOptions, searchedMacs: () => number): ScaleBudget | undefined {
  const { maxMacs, maxParams, phi } = options;
  if (maxMacs === undefined && maxParams === undefined)
    return phi === undefined ? { maxMacs: 10 * searchedMacs() } : undefined;
  return { ...(maxMacs !== undefined && { maxMacs }), ...(maxParams !== undefined && { maxParams }) };
}
