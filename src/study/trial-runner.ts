/**
 * @file What a worker process does with a task: it loads the study's module as the parent did, decodes the genotype, and hands the
 * network to the evaluator. Loaded by the executor's worker entry.
 */
import { z } from "zod";
import { CellwrightError, messageOf } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import { createRng } from "../base/rng.ts";
import type { Evaluator, Outcome, Task } from "../evaluators/evaluator.ts";
import type { CreateRunner, Runner } from "../executors/executor.ts";
import type { Network } from "../network/network.ts";
import type { StudyDefinition } from "./definition.ts";
import { loadStudy } from "./load.ts";

const initSchema = z.object({
  reference: z.object({ module: z.string(), export: z.string(), overrides: z.record(z.string(), z.json().optional()) }),
  spaceHash: z.string(),
  dataDir: z.string().optional(),
  engine: z.string().optional(),
});

/** Loads the study and prepares nothing yet: the first task of a phase loads its data and engine. */
export const createRunner: CreateRunner = async (init) => {
  const options = initSchema.parse(init);
  const definition = await loadStudy(options.reference);
  if (definition.space.hash !== options.spaceHash)
    throw new CellwrightError(
      "space",
      `${options.reference.module}: space ${definition.space.name}  Expected the same decisions in a worker as in the parent. Received others (does the file depend on the environment?).`,
    );
  return runnerFor(definition, options);
};

/** Returns the runner of a definition, for a worker process or for this one. */
export function runnerFor(
  definition: StudyDefinition,
  options: { dataDir?: string | undefined; engine?: string | undefined },
): Runner {
  const prepared = new Map<Evaluator, Promise<void>>();
  const prepare = (evaluator: Evaluator): Promise<void> => {
    let promise = prepared.get(evaluator);
    if (promise === undefined) {
      promise =
        evaluator.prepare?.({
          logger: silentLogger,
          dataDir: options.dataDir,
          engine: options.engine,
          // The parent has provided for all workers.
          download: false,
        }) ?? Promise.resolve();
      prepared.set(evaluator, promise);
    }
    return promise;
  };
  return {
    async run(task, io) {
      const evaluator =
        task.phase === "retrain" ? (definition.retrain?.evaluator ?? definition.evaluator) : definition.evaluator;
      const failure = await prepare(evaluator).then(() => undefined, fatalOutcome);
      if (failure !== undefined) return failure;
      const network = decodeTask(definition, task);
      if ("state" in network) return network;
      return evaluator
        .evaluate(task, {
          network,
          report: (report) =>
            io.report({
              trial: task.trial,
              attempt: task.attempt,
              step: report.step,
              values: report.values,
              metrics: report.metrics ?? {},
            }),
          heartbeat: (beat) => io.heartbeat({ trial: task.trial, attempt: task.attempt, ...beat }),
          signal: io.signal,
          rng: createRng(task.seed),
          logger: silentLogger,
        })
        .catch((error: unknown) => evaluatorFailure(error));
    },
  };
}

function decodeTask(definition: StudyDefinition, task: Task): Network | Outcome {
  if (task.network !== undefined) return task.network;
  try {
    return definition.space.decode(task.genotype, task.skeleton).network as Network;
  } catch (error) {
    return { state: "failed", reason: `decode: ${messageOf(error)}`, metrics: {} };
  }
}

/** What an evaluator throws is a failure of its trial, except for what every trial would meet (data, config): that ends the search. Throws all else on: the worker says it and logs its stack. */
function evaluatorFailure(error: unknown): Outcome {
  if (error instanceof CellwrightError && (error.code === "data" || error.code === "config"))
    return fatalOutcome(error);
  throw error;
}

/** A failure that every trial would meet: the search stops instead of failing them one by one. */
function fatalOutcome(error: unknown): Outcome {
  return { state: "failed", reason: messageOf(error), metrics: { fatal: true } };
}
