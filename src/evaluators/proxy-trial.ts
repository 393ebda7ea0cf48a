/** @file One trial of proxy training, from the checks before it starts to the files it leaves. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { hashJson } from "../base/hash.ts";
import { checkColour } from "../data/auto-augment/colour-check.ts";
import type { DatasetDefinition } from "../data/index.ts";
import { costOf, inferShapes, type Network } from "../network/index.ts";
import {
  mergeRecipe,
  readCheckpoint,
  recipeRecord,
  train,
  writeCheckpoint,
  writeWeights,
  type Checkpoint,
  type EpochSummary,
  type TrainResult,
} from "../training/index.ts";
import { epochImages, memoryObjection, probeImageMs, strictest, timeObjection } from "./estimate.ts";
import type { EvaluationContext, Outcome, Task, TrialMetrics } from "./evaluator.ts";
import type { ResolvedProxyOptions } from "./proxy-options.ts";
import type { Workbench } from "./proxy-training.ts";
import { openTrialLog, type TrialLog } from "./trial-log.ts";

const CHECKPOINT = "checkpoint.safetensors";

/** Between two signs of progress of a training lies no more than a few steps, or opening a session on a GPU: ten minutes are a hang. */
const STALL_MS = 600_000;

/** Throws `config` if the network was not made for the data: that is the study's skeleton, not this candidate. */
function checkFits(network: Network, data: DatasetDefinition): void {
  const shapes = inferShapes(network);
  const input = network.nodes.find((node) => node.op === "input");
  const inputShape = input === undefined ? undefined : shapes.get(input.id);
  if (inputShape?.join() !== data.inputShape.join())
    throw new CellwrightError(
      "config",
      expected("skeleton", `networks for images of [${data.inputShape.join(", ")}], as ${data.name} has`, inputShape),
    );
  const classes = shapes.get(network.outputs.logits)?.[0];
  if (classes !== data.classes)
    throw new CellwrightError(
      "config",
      expected("skeleton", `networks of ${data.classes} classes, as ${data.name} has`, classes),
    );
}

/**
 * Reads the checkpoint to go on from: this trial's own, left by an attempt that died, or the one of the trial that it continues. Returns why
 * that one can't be continued, if so: it is this trial's misfortune and no other's.
 */
async function startingPoint(
  task: Task,
  network: Network,
  identity: string,
  epochs: number,
  log: TrialLog,
): Promise<Checkpoint | string | undefined> {
  if (task.dir !== undefined) {
    try {
      const own = await readCheckpoint(join(task.dir, CHECKPOINT), network);
      if (own !== undefined && own.identity === identity) return own;
    } catch (error) {
      log.write(`checkpoint not used: ${messageOf(error)}`);
    }
  }
  if (task.continueFrom === undefined) return undefined;
  const file = join(task.continueFrom, CHECKPOINT);
  try {
    const earlier = await readCheckpoint(file, network);
    if (earlier === undefined)
      return expected(
        file,
        "a checkpoint to continue from (the evaluator leaves them with checkpoints: true)",
        "no file",
      );
    if (earlier.history.length > epochs) return expected(file, `at most ${epochs} epochs`, earlier.history.length);
    return earlier;
  } catch (error) {
    return messageOf(error);
  }
}

/** Runs a trial. What concerns only this candidate is in the outcome; what every candidate would meet is thrown (`config`, `data`). */
export async function runProxyTrial(
  options: ResolvedProxyOptions,
  bench: Workbench,
  task: Task,
  context: EvaluationContext,
): Promise<Outcome> {
  const started = performance.now();
  const { network, signal } = context;
  const { engine, dataset, estimator } = bench;
  const recipe = mergeRecipe(options.recipe, task.recipe, "recipe");
  checkColour(recipe, options.data.inputShape[2], "recipe.autoAugment");
  const epochs = task.epochs ?? options.epochs;
  checkFits(network, options.data);
  const { params, total, macs } = costOf(network);
  const facts: TrialMetrics = {
    params,
    total,
    macs,
    engine: `${engine.name} (${engine.target})`,
    data: dataset.name,
  };
  const log = openTrialLog(task.dir);
  log.write(
    `trial ${task.trial}, attempt ${task.attempt}: ${params} params, ${macs} MACs, ${epochs} epochs, seed ${task.seed}`,
  );
  log.write(
    `${dataset.name} from ${dataset.source}: ${dataset.train.size}/${dataset.validation.size}; ${String(facts.engine)}`,
  );
  log.write(`recipe ${JSON.stringify(recipe)}`);
  const progress = (beat: { readonly imagesTrained: number; readonly fraction: number }): void =>
    context.heartbeat({ ...beat, nextWithinMs: STALL_MS });
  const fail = (reason: string, metrics: TrialMetrics): Outcome => {
    log.write(`failed: ${reason}`);
    return { state: "failed", reason, metrics: { ...metrics, totalMs: performance.now() - started } };
  };

  const limits = strictest(options.limits, task.limits);
  const batch = Math.min(recipe.batchSize, dataset.train.size);
  const planBytes = engine.estimateMemory(network, batch).bytes;
  const sized: TrialMetrics = { ...facts, estimatedMemoryBytes: planBytes };
  // What loading the data left behind may be given back by now; earlier trials may have left more, which the plan reuses.
  const baseBytes = Math.min(bench.baseBytes, process.memoryUsage.rss());
  const tooLarge = memoryObjection(planBytes, baseBytes, limits);
  if (tooLarge !== undefined) return fail(tooLarge, sized);

  const identity = hashJson({
    network: network.nodes,
    recipe: recipeRecord(recipe),
    epochs,
    seed: task.seed,
    data: options.data.options,
  });
  const start = await startingPoint(task, network, identity, epochs, log);
  if (typeof start === "string") return fail(start, sized);
  const images = epochImages(dataset, recipe.batchSize, options.evaluateOn);
  const remaining = epochs - (start?.history.length ?? 0);
  progress({ imagesTrained: 0, fraction: 0 });
  let epochMs = estimator.trainMs(network, images);
  // A model of the time decides nothing by itself: where it comes near the limit, a few steps are timed.
  if (epochMs === undefined || (limits.timeMs !== undefined && epochMs * remaining > limits.timeMs / 2)) {
    const imageMs = await probeImageMs(engine, network, dataset, recipe, signal);
    estimator.learn(network, 1, imageMs);
    epochMs = imageMs * images;
  }
  const estimated: TrialMetrics = { ...sized, estimatedEpochMs: epochMs };
  log.write(`estimated ${(planBytes / 2 ** 20).toFixed(1)} MiB, ${(epochMs / 1000).toFixed(1)} s per epoch`);
  const tooSlow = timeObjection(epochMs * remaining, limits);
  if (tooSlow !== undefined) return fail(tooSlow, estimated);

  const valuesOf = (metrics: TrialMetrics) => options.measures.map((name) => metrics[name] as number);
  const metricsAfter = (summary: EpochSummary): TrialMetrics => ({
    ...estimated,
    accuracy: summary.accuracy,
    loss: summary.loss,
    trainAccuracy: summary.trainAccuracy,
    trainLoss: summary.trainLoss,
    epochs: summary.epoch,
  });
  const tell = async (summary: EpochSummary) => {
    const metrics = metricsAfter(summary);
    return context.report({ step: summary.epoch, values: valuesOf(metrics), metrics });
  };
  // An attempt tells its steps from the first on, also those that an earlier one trained.
  for (const summary of start?.history ?? []) await tell(summary);

  // A retraining is hours of work: it always goes on where it was interrupted.
  const isRetraining = task.phase === "retrain";
  const result = await train({
    engine,
    network,
    dataset,
    recipe,
    epochs,
    seed: task.seed,
    evaluateOn: options.evaluateOn,
    signal,
    keepWeights: task.saveWeights === true,
    ...(start && { continueFrom: start }),
    onProgress: progress,
    async onEpoch(summary, snapshot) {
      log.write(epochLine(summary, options.evaluateOn));
      if ((options.checkpoints || isRetraining) && task.dir !== undefined)
        await writeCheckpoint(join(task.dir, CHECKPOINT), network, { identity, ...(await snapshot()) });
      return tell(summary);
    },
  });
  if (result.imagesTrained > 0) estimator.learn(network, result.imagesTrained, result.trainMs);
  if (result.weights !== undefined && task.dir !== undefined)
    await writeWeights(join(task.dir, "weights.safetensors"), network, result.weights, {
      mean: dataset.mean,
      std: dataset.std,
      classes: dataset.train.classes,
    });
  if (result.state === "complete" && !options.checkpoints && isRetraining && task.dir !== undefined)
    await rm(join(task.dir, CHECKPOINT), { force: true });

  const last = result.history.at(-1);
  const metrics: TrialMetrics = {
    ...(last === undefined ? estimated : metricsAfter(last)),
    ...timings(result),
    totalMs: performance.now() - started,
  };
  if (result.state === "failed") return fail(result.reason ?? "training failed", metrics);
  if (result.state === "aborted") return fail("stopped before its end", metrics);
  log.write(`${result.state === "stopped" ? "pruned" : "complete"}: ${JSON.stringify(metrics)}`);
  const values = valuesOf(metrics);
  return { state: result.state === "stopped" ? "pruned" : "complete", values, metrics };
}

function epochLine(summary: EpochSummary, split: string): string {
  const { epoch, trainLoss, trainAccuracy, loss, accuracy } = summary;
  return (
    `epoch ${epoch}: train loss ${trainLoss.toFixed(4)}, accuracy ${trainAccuracy.toFixed(4)}; ` +
    `${split} loss ${loss.toFixed(4)}, accuracy ${accuracy.toFixed(4)}`
  );
}

function timings(result: TrainResult): TrialMetrics {
  const { imagesTrained, trainMs, validationMs, dataMs, openMs, peakMemoryBytes } = result;
  const imagesPerSecond = trainMs > 0 ? (1000 * imagesTrained) / trainMs : 0;
  return { imagesTrained, trainMs, validationMs, dataMs, openMs, imagesPerSecond, peakMemoryBytes };
}
