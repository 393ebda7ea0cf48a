/** @file `cellwright scale`: an architecture at larger sizes, counted before anything runs; and the search for how it should grow. */
import type { Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import { grownNumbers } from "../../scale/rounding.ts";
import { sizeAsSearched, type ScaleSubject } from "../../scale/scale.ts";
import type { SkeletonBase } from "../../space/space.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, tableWidth, type CliIo } from "../io.ts";
import { listFlag, numberFlag, wholeNumberFlag } from "../numbers.ts";
import { chooseCoefficients } from "../scale/coefficients.ts";
import { budgetText, fitBudget, type Budget, type Measures } from "../scale/fit.ts";
import { officialIndex, officialLines, officialRows } from "../scale/official.ts";
import { writeScaled } from "../scale/write-scaled.ts";
import { searchScaling, SEARCH_KEYS, type SearchRequest } from "../scale/search.ts";
import { findScalable, type Scalable } from "../scale/subject.ts";
import { measuredRows, scaleRows, scaleTableLines, type ScaleRow } from "../scaling.ts";
import { withFlagsOf } from "../study-flags.ts";
import { subjectText } from "../subject-text.ts";

interface ScaleOptions extends SearchRequest, Budget {
  readonly trial?: number;
  readonly phi?: readonly number[] | "official";
  readonly input?: number;
  readonly channels?: number;
  readonly classes?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly gamma?: number;
  readonly coefficients?: string;
  readonly latency?: boolean;
  readonly batchSize?: number;
  readonly search?: boolean;
  readonly out?: string;
}

/** How much larger than searched the table goes by default, in multiply-accumulates. */
const DEFAULT_GROWTH = 10;

/** Of the recipes: what memory is estimated at where no study says another. */
const DEFAULT_BATCH = 64;

export function addScale(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "scale",
    "Grows an architecture by compound scaling and shows what each size costs; --search finds by which coefficients.",
    [
      ["scale nasnet-cifar10 --max-macs 600M", "the largest that fits"],
      ["scale nasnet-cifar10 --max-macs 600M --input 224 --classes 1000", "for ImageNet"],
      ["scale nasnet-cifar10 --max-latency-ms 20", "the largest that is fast enough here, measured"],
      ["scale nasnet-a --phi 0,1,2,3 --latency", "a published genotype at these sizes"],
      ["scale efficientnet-b0 --phi official", "B0 to B7 as released"],
      ["scale nasnet-cifar10 --max-params 3M --out large", "and the architecture, for train and export"],
      ["scale nasnet-cifar10 --search", "train a grid of coefficients: results/nasnet-cifar10-scaling/"],
    ],
  )
    .argument("<architecture>", subjectText.replace(", or a network by name", ", or a network made from one"))
    .option(
      "--phi <list>",
      "sizes to show, or official for EfficientNet-B0 to B7; default steps up to the largest that fits",
      (text) => (text === "official" ? text : listFlag("--phi", numberFlag("--phi"))(text)),
    )
    .option(
      "--max-macs <n>",
      "look for the largest within this (600M); default, without --phi and other bounds, ten times the searched size",
      numberFlag("--max-macs", { above: 0 }),
    )
    .option("--max-params <n>", "and within this (5M)", numberFlag("--max-params", { above: 0 }))
    .option(
      "--max-memory <bytes>",
      "and within this memory of training (2Gi), as the native engine estimates it",
      numberFlag("--max-memory", { above: 0 }),
    )
    .option(
      "--max-latency-ms <n>",
      "and within this time of one image, measured here on the native engine",
      numberFlag("--max-latency-ms", { above: 0 }),
    )
    .option("--latency", "measure the time of one image at every size shown")
    .option(
      "--input <pixels>",
      "side of the target's images; phi then grows depth and width alone",
      wholeNumberFlag("--input", 1),
    )
    .option("--channels <n>", "channels of the target's images", wholeNumberFlag("--channels", 1))
    .option("--classes <n>", "classes of the target; default those searched on", wholeNumberFlag("--classes", 1))
    .option("--alpha <x>", "growth of depth with phi; default EfficientNet's 1.2", numberFlag("--alpha", { min: 1 }))
    .option("--beta <x>", "growth of width with phi; default EfficientNet's 1.1", numberFlag("--beta", { min: 1 }))
    .option(
      "--gamma <x>",
      "growth of input size with phi; default EfficientNet's 1.15",
      numberFlag("--gamma", { min: 1 }),
    )
    .option(
      "--coefficients <study>",
      "take all three from a search; default <architecture>-scaling where it is done, else EfficientNet's",
    )
    .option("--trial <n>", "this trial of the study instead of the best", wholeNumberFlag("--trial", 0))
    .option(
      "--out <path>",
      "write the network of the last row: a .json file, or a folder that keeps its genotype and origin, too",
    )
    .option("--search", "train a grid of coefficients as a study of its own, and each axis alone beside it")
    .option("--name <name>", "with --search: folder under --results; default <architecture>-scaling")
    .option(
      "--step <x>",
      "with --search: between values of a coefficient; default 0.1",
      numberFlag("--step", { min: 0.01, max: 1 }),
    )
    .option(
      "--tolerance <x>",
      "with --search: how far alpha x beta^2 x gamma^2 may be from 2; default 0.1",
      numberFlag("--tolerance", { min: 0, max: 0.99 }),
    )
    .option(
      "--levels <list>",
      "with --search: compare at these powers of 2 times the MACs; default 1,2",
      listFlag("--levels", wholeNumberFlag("--levels", 1)),
    )
    .option(
      "--macs-tolerance <x>",
      "with --search: share by which MACs may be off and still be called equal; default 0.15",
      numberFlag("--macs-tolerance", { min: 0.01, max: 0.99 }),
    )
    .option("--prune", "with --search: stop points that fall behind; they then have no value to compare")
    .option(
      "--data <dir>",
      "with --search: folder with data sets; default $CELLWRIGHT_DATA, ./data, ../shared/data, then a download",
    );
  withFlagsOf(withJson(withResults(command)), SEARCH_KEYS).action(async (target: string, options: ScaleOptions) => {
    const scalable = await findScalable(target, options);
    if (options.search === true) await searchScaling(target, scalable, options, io);
    else if (options.phi === "official") await showOfficial(target, scalable, options, io);
    else await showSizes(scalable, options.phi, options, io);
  });
}

async function showSizes(
  scalable: Scalable,
  phis: readonly number[] | undefined,
  options: ScaleOptions,
  io: CliIo,
): Promise<void> {
  const searched = scalable.subject;
  const { coefficients, text } = await chooseCoefficients(scalable, options);
  const subject = forTarget({ ...searched, coefficients }, options);
  const budget = budgetOf(options, searched);
  const batch = options.batchSize ?? batchOf(scalable);
  const measures = await measuresAt(batch);
  const bounded = Object.values(budget).some((bound) => bound !== undefined);
  const best = bounded ? await fitBudget(subject, budget, measures) : undefined;
  const sizes = scaleRows(subject, {
    searched,
    ...(phis !== undefined && { phis }),
    ...(best !== undefined && { best }),
  });
  const needsLatency = options.latency === true || options.maxLatencyMs !== undefined;
  const rows = await measuredRows(subject, sizes, {
    ...(measures.hasEngine && { memoryOf: measures.memoryOf }),
    ...(needsLatency && { latencyOf: measures.latencyOf }),
  });
  const last = rows.at(-1);
  if (options.out !== undefined && last !== undefined)
    await writeScaled(options.out, { ...scalable, subject }, last.size);
  if (options.json === true) {
    printJson(
      io,
      rows.map((row) => rawRow(row, coefficients)),
    );
    return;
  }
  print(io, `${scalable.title}, grown by ${text}${budgetText(budget, batch)}`);
  for (const line of scaleTableLines(rows, { dim: io.colors.dim, width: tableWidth(io), notesOf: "all" }))
    print(io, line);
  for (const note of notesOf(subject, measures.hasEngine ? batch : undefined, needsLatency))
    print(io, io.colors.dim(note));
  if (options.out !== undefined && last !== undefined) print(io, `${options.out}: the network at phi ${last.label}`);
}

/** What the columns mean, and along which axes nothing grows. */
function notesOf({ space }: ScaleSubject<SkeletonBase>, batch: number | undefined, hasLatency: boolean): string[] {
  const grown = new Set(
    grownNumbers(space.scaleSkeleton as never, space.skeleton, { depth: 1, width: 1, resolution: 1 }).map(
      ({ axis }) => axis,
    ),
  );
  const still = (["depth", "width", "resolution"] as const).filter((axis) => !grown.has(axis));
  return [
    ...still.map((axis) => `${space.name} does not grow in ${axis}`),
    ...(hasLatency ? ["latency: of one image's forward pass, the median of eleven, on the native engine here"] : []),
    ...(batch === undefined ? [] : [`memory: of training at batch ${batch}, by the native engine's plan`]),
  ];
}

function rawRow(
  { label, size, depth, width, input, latencyMs, memoryBytes, isChosen }: ScaleRow,
  coefficients: object,
) {
  return {
    label,
    phi: size.phi,
    coefficients,
    factors: size.factors,
    depth,
    width,
    input,
    params: size.params,
    macs: size.macs,
    ...(latencyMs !== undefined && { latencyMs }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    largestThatFits: isChosen,
    skeleton: size.skeleton,
    notes: size.notes,
  };
}

async function showOfficial(target: string, scalable: Scalable, options: ScaleOptions, io: CliIo): Promise<void> {
  for (const flag of ["input", "maxLatencyMs", "maxMemory", "maxMacs", "maxParams", "alpha", "beta", "gamma"] as const)
    if (options[flag] !== undefined) {
      const name = `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      throw new CellwrightError(
        "config",
        expected(name, "nothing of it beside --phi official, a table as it is", options[flag]),
      );
    }
  const { subject } = scalable;
  const { classes, channels } = options;
  const rows = officialRows(target, subject, {
    ...(classes !== undefined && { classes }),
    ...(channels !== undefined && { channels }),
  });
  const named = rows[officialIndex(target)];
  if (options.out !== undefined && named !== undefined) await writeScaled(options.out, scalable, named.size);
  if (options.json === true) {
    const raw = rows.map(({ size, ...row }) => ({
      ...row,
      params: size.params,
      macs: size.macs,
      skeleton: size.skeleton,
      notes: size.notes,
    }));
    printJson(io, raw);
    return;
  }
  print(io, "EfficientNet-B0 to B7 as released: multipliers of filters (to multiples of 8) and layers (rounded up)");
  for (const line of officialLines(rows, { dim: io.colors.dim, width: tableWidth(io) })) print(io, line);
  if (options.out !== undefined) print(io, `${options.out}: the network of ${named?.label}`);
}

/** Returns the subject for the target's images and classes. Channels are no size: with them alone, resolution goes on growing. */
function forTarget(
  subject: ScaleSubject<SkeletonBase>,
  { input, channels, classes }: Pick<ScaleOptions, "input" | "channels" | "classes">,
): ScaleSubject<SkeletonBase> {
  const skeleton = { ...subject.space.skeleton, ...subject.skeleton };
  const now = skeleton["input"];
  const isImage = Array.isArray(now) && now.length === 3;
  if ((input !== undefined || channels !== undefined) && !isImage)
    throw new CellwrightError(
      "space",
      expected(
        input === undefined ? "--channels" : "--input",
        "a space whose skeleton has an input [height, width, channels]",
        now,
      ),
    );
  const [height, width, before] = isImage ? (now as number[]) : [];
  const last = channels ?? before;
  const target = {
    ...(input !== undefined && { input: [input, input, last] }),
    ...(classes !== undefined && { classes }),
  };
  return {
    ...subject,
    ...(input === undefined &&
      channels !== undefined && { skeleton: { ...subject.skeleton, input: [height, width, channels] } }),
    ...(Object.keys(target).length > 0 && { target }),
  };
}

function budgetOf(options: Budget & { readonly phi?: unknown }, searched: ScaleSubject<SkeletonBase>): Budget {
  const { maxMacs, maxParams, maxMemory, maxLatencyMs, phi } = options;
  const given = {
    ...(maxMacs !== undefined && { maxMacs }),
    ...(maxParams !== undefined && { maxParams }),
    ...(maxMemory !== undefined && { maxMemory }),
    ...(maxLatencyMs !== undefined && { maxLatencyMs }),
  };
  if (Object.keys(given).length > 0 || phi !== undefined) return given;
  return { maxMacs: DEFAULT_GROWTH * sizeAsSearched(searched).macs };
}

/** The batch that the study trains with, where there is one. */
function batchOf({ evaluator }: Scalable): number {
  const recipe = evaluator?.options["recipe"] as { readonly batchSize?: unknown } | undefined;
  return typeof recipe?.batchSize === "number" ? recipe.batchSize : DEFAULT_BATCH;
}

/** Returns what measures networks; each network is timed once, so that a size is shown with the figure that it was judged by. */
async function measuresAt(batch: number): Promise<Measures & { readonly hasEngine: boolean }> {
  const [{ openEngine }, { measureLatency }] = await Promise.all([
    import("../../engines/index.ts"),
    import("../../study/measure-latency.ts"),
  ]);
  // What is counted needs no engine: where there is none, only a bound that does is an error.
  const opened = await openEngine("native").catch((error: unknown) => ({ error }));
  const known = new Map<string, Promise<number>>();
  return {
    hasEngine: !("error" in opened),
    memoryOf(network) {
      if ("error" in opened) throw opened.error;
      return opened.estimateMemory(network, batch).bytes;
    },
    async latencyOf(network) {
      const key = JSON.stringify(network.nodes);
      const latency = known.get(key) ?? measureLatency(network);
      known.set(key, latency);
      return await latency;
    },
  };
}
