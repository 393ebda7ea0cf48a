/** @file `cellwright scale --search`: trains the grid of coefficients as a study of its own, or goes on with it, and shows what came of it. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { canonicalJson } from "../../base/canonical-json.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import { inferShapes, type Network } from "../../network/index.ts";
import { readConfigRecord } from "../../study/config-record.ts";
import type { OpenOptions } from "../../study/open.ts";
import { scalingReference, type ScalingSpec } from "../../study/scaling/definition.ts";
import { scalingResults } from "../../study/scaling/results.ts";
import type { Study } from "../../study/study.ts";
import { printJson, type CliIo } from "../io.ts";
import { lateLogger } from "../log-file.ts";
import { checkResultsDir, withOpened, withStudy } from "../open-study.ts";
import { followSearch, progressIo, requireWinner } from "../run-study.ts";
import { overridesOf } from "../study-flags.ts";
import { resultsJson } from "./chart.ts";
import type { Scalable } from "./subject.ts";

/** Keys of the study that flags of `scale --search` set. */
export const SEARCH_KEYS: readonly string[] = [
  "budget.trials",
  "budget.hours",
  "workers",
  "parallelism",
  "engine",
  "seed",
  "evaluator.epochs",
  "evaluator.train",
  "evaluator.validation",
  "evaluator.batchSize",
  "evaluator.learningRate",
  "limits.memoryBytes",
  "limits.timeMs",
];

export interface SearchRequest extends Readonly<Record<string, unknown>> {
  readonly results: string;
  readonly name?: string;
  readonly data?: string;
  readonly step?: number;
  readonly tolerance?: number;
  readonly levels?: readonly number[];
  readonly macsTolerance?: number;
  readonly prune?: boolean;
  readonly json?: boolean;
}

/** Searches, prints and writes the report. Throws `config` where there is nothing to begin from, or another search has the name. */
export async function searchScaling(
  target: string,
  scalable: Scalable,
  request: SearchRequest,
  io: CliIo,
): Promise<void> {
  const { source } = scalable;
  if (typeof source === "string") throw new CellwrightError("config", `--search  Expected ${source}.`);
  const name = request.name ?? scalable.searchName;
  const { step, tolerance, levels, macsTolerance } = request;
  const { genotype } = scalable.subject;
  const skeleton = scalable.evaluator === undefined ? trainableSkeleton(scalable) : undefined;
  const spec: ScalingSpec = {
    target,
    source,
    genotype,
    ...(skeleton !== undefined && { skeleton }),
    ...(step !== undefined && { step }),
    ...(tolerance !== undefined && { tolerance }),
    ...(levels !== undefined && { levels }),
    ...(macsTolerance !== undefined && { macsTolerance }),
  };
  const flags = {
    ...overridesOf(request, SEARCH_KEYS),
    ...(request.prune === true && { pruner: { kind: "median" } }),
  };
  await checkResultsDir(request.results);
  const isThere = await stat(join(resolve(request.results), name, "study.db")).then(
    () => true,
    () => false,
  );
  if (isThere) await checkSameSearch(name, request.results, spec);
  const logger = lateLogger();
  const more = {
    name,
    resultsDir: request.results,
    logger,
    ...(request.data !== undefined && { dataDir: request.data }),
  };
  const options: OpenOptions = isThere
    ? { mode: "resume", ...more, ...(Object.keys(flags).length > 0 && { overrides: flags }) }
    : { mode: "create", ...more, reference: scalingReference(spec, flags) };
  try {
    await withOpened(options, async (study) => {
      logger.attach(study.dir);
      const report = await followSearch(study, progressIo(io, request.json === true), { retrain: false });
      if (request.json === true) printJson(io, await foundJson(study));
      requireWinner(report);
    });
  } finally {
    logger.close();
  }
}

async function foundJson(study: Study): Promise<unknown> {
  const results = await scalingResults(study);
  return results === undefined ? null : resultsJson(results);
}

/** Throws `config` unless the study of that name searches the same: a grid can't be changed half-way. */
async function checkSameSearch(name: string, results: string, spec: ScalingSpec): Promise<void> {
  await withStudy(name, results, async (study) => {
    const stored = readConfigRecord(study.storage.study.config, name).reference?.overrides["scaling"];
    if (stored !== undefined && canonicalJson(stored) === canonicalJson(JSON.parse(JSON.stringify(spec)))) return;
    throw new CellwrightError(
      "config",
      `${name}  Expected no study of that name, or a search for coefficients of the same architecture on the same grid. Received: ${stored === undefined ? "a study of another kind" : "a search of another architecture or grid"}. Choose another name with --name.`,
    );
  });
}

/** The built-in study's images: what an architecture that is of no study is trained on. */
const IMAGE = [32, 32, 3];
const CLASSES = 10;

/** Returns the skeleton to train on: the candidate's own where it takes CIFAR's images, else the space's. Throws `config` where neither does. */
function trainableSkeleton({ subject, title }: Scalable): Scalable["subject"]["skeleton"] {
  const { space, genotype } = subject;
  const fits = (skeleton: typeof subject.skeleton): boolean => {
    const network: Network = space.decode(genotype, skeleton).network;
    const shapes = inferShapes(network);
    const input = network.nodes.find(({ op }) => op === "input");
    const image = input === undefined ? undefined : shapes.get(input.id);
    return image?.join() === IMAGE.join() && shapes.get(network.outputs.logits)?.[0] === CLASSES;
  };
  if (fits(subject.skeleton)) return subject.skeleton;
  if (fits(undefined)) return undefined;
  throw new CellwrightError(
    "config",
    expected("--search", `a study, or an architecture for CIFAR-10's images (${IMAGE.join("x")})`, title),
  );
}
