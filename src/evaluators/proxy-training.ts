/**
 * @file The evaluator of a search: trains a candidate for a few epochs on a few thousand images and measures its validation accuracy
 * (NASNet, section 3 and appendix A: a child network trained for a fixed number of epochs stands for the one trained to the end).
 */
import { hashJson } from "../base/hash.ts";
import { silentLogger } from "../base/logger.ts";
import type { Dataset } from "../data/index.ts";
import { oneOf, parseOptions } from "../data/options.ts";
import type { Engine } from "../engines/engine.ts";
import { recipeRecord } from "../training/recipe.ts";
import { createTimeEstimator, type TimeEstimator } from "./estimate.ts";
import type { Evaluator, PrepareContext, Provision } from "./evaluator.ts";
import { resolveProxyOptions, type ProxyTrainingOptions } from "./proxy-options.ts";
import { runProxyTrial } from "./proxy-trial.ts";

/** What a worker holds between trials. */
export interface Workbench {
  readonly dataset: Dataset;
  readonly engine: Engine;
  readonly estimator: TimeEstimator;
  /** Resident bytes of the process before any training. */
  readonly baseBytes: number;
}

/** Goes up when the same options would give another result. */
const VERSION = 1;

const engineName = oneOf(["auto", "native", "tfjs", "reference"]);

/**
 * Trains each candidate for `epochs` on `data` with `recipe`, and reports its accuracy after each. Costs what the training costs; a candidate
 * that would not fit the limits is failed with the reason before it trains. Throws `config` naming each wrong option.
 */
export function proxyTraining(options: ProxyTrainingOptions): Evaluator {
  const resolved = resolveProxyOptions(options);
  const { data, epochs, recipe, measures, evaluateOn } = resolved;
  let workbench: Promise<Workbench> | undefined;

  const setUp = async ({ logger, dataDir, engine, download }: PrepareContext): Promise<Workbench> => {
    const choice = resolved.engine ?? parseOptions(engineName, engine ?? "auto", "engine");
    // Loaded only where it is needed: whoever makes an evaluator to look at it needs no engine.
    const { openEngine } = await import("../engines/index.ts");
    const [dataset, opened] = await Promise.all([
      data.load({ dir: dataDir, download, onProgress: (message) => logger.info(message) }),
      openEngine(choice),
    ]);
    logger.info(`${dataset.name} from ${dataset.source}; ${opened.name} engine on ${opened.target}`);
    return { dataset, engine: opened, estimator: createTimeEstimator(), baseBytes: process.memoryUsage.rss() };
  };

  return {
    name: "proxy-training",
    key: hashJson({
      evaluator: "proxy-training",
      version: VERSION,
      data: { name: data.name, options: data.options, inputShape: data.inputShape, classes: data.classes },
      epochs,
      recipe: recipeRecord(recipe),
      measures,
      evaluateOn,
    }),
    measures,
    trainsNetworks: true,
    options: {
      data: { name: data.name, ...data.options },
      epochs,
      recipe: { preset: resolved.recipeName, ...recipeRecord(recipe) },
      evaluateOn,
      ...(resolved.engine && { engine: resolved.engine }),
      ...(resolved.checkpoints && { checkpoints: true }),
      limits: resolved.limits,
    },
    async provide({ dataDir, engine, onProgress }) {
      const load = { dir: dataDir, onProgress };
      const found: Provision = await (data.provide?.(load) ?? data.load(load).then(({ source }) => ({ source })));
      const { autoEngineWarning } = await import("../engines/index.ts");
      // Who names a slow engine knows what they do; who names `native` expects its binary, and may get WebAssembly.
      const expectsFast = ["auto", "native"].includes(resolved.engine ?? engine ?? "auto");
      const warnings = [found.warning, expectsFast ? await autoEngineWarning() : undefined].filter(
        (warning) => warning !== undefined,
      );
      const { source, substitute } = found;
      return {
        source,
        ...(substitute !== undefined && { substitute }),
        ...(warnings.length > 0 && { warning: warnings.join(" ") }),
      };
    },
    async prepare(context) {
      workbench ??= setUp(context);
      await workbench;
    },
    async evaluate(task, context) {
      workbench ??= setUp({ logger: silentLogger });
      return runProxyTrial(resolved, await workbench, task, context);
    },
    with(changes) {
      const { train, validation, ...rest } = changes;
      const split = { ...(train !== undefined && { train }), ...(validation !== undefined && { validation }) };
      const next = { ...options, ...rest } as ProxyTrainingOptions;
      if (Object.keys(split).length === 0) return proxyTraining(next);
      const definition = resolveProxyOptions(next).data;
      return proxyTraining({ ...next, data: definition.with?.(split) ?? definition });
    },
  };
}
