/** @file A session of the native engine: two programs (training, evaluation) over one set of packed parameters. */
import { CellwrightError, expected, messageOf } from "../../base/errors.ts";
import { initializeAll } from "../../network/initialize.ts";
import type { Network, WeightSpec, Weights } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import { batchRules, checkBatch, checkImages, checkOptions, checkState, checkWeights } from "../checks.ts";
import type { Batch, InferenceOptions, Session, SessionOptions, StepOptions } from "../engine.ts";
import type { NativeBinding, NativeHandle, NativeResult, NativeTarget } from "./binding.ts";
import { makeMasks, makeUploads } from "./factors.ts";
import { encodePlan } from "./plan/encode.ts";
import { clearedPositions, positionsOf } from "./plan/pack.ts";
import type { ParameterLayout, Plan } from "./plan/plan.ts";

export interface SessionPlans {
  /** Absent in a session for evaluation only. */
  readonly training?: Plan;
  readonly evaluation: Plan;
}

/** Areas of native/src/addon.cc. */
const PARAMETERS = 0;
const MOMENTUM = 1;
const GRADIENTS = 2;

/** Returns a session on planned programs. Throws `engine` for options, weights or memory that don't fit. */
export function openSession(
  binding: NativeBinding,
  target: NativeTarget,
  network: Network,
  options: SessionOptions,
  plans: SessionPlans,
  threads = 1,
): Session {
  checkOptions(options);
  const { optimizer } = options;
  const { kind } = optimizer;
  if (kind === "rmsprop" || kind === "adamw")
    throw new CellwrightError("engine", expected("optimizer.kind", "sgd on this engine", kind));
  if (options.averageDecay !== undefined)
    throw new CellwrightError("engine", expected("averageDecay", "none on this engine", options.averageDecay));
  const shapes = inferShapes(network);
  const specs = weightSpecs(network, shapes);
  const trainable = specs.filter((spec) => spec.trainable);
  const rules = batchRules(network, topologicalOrder(network), shapes, options.batchSize);
  const { training } = plans;
  const { parameters } = training ?? plans.evaluation;
  const handle = openHandle(binding, target, plans, parameters, network.name, threads);
  const positions = packedPositions(parameters, target.width);
  // Weights that no output depends on have no place in the plan. They are kept as they are.
  const idle = new Map<string, Float32Array>();
  let isOpen = true;
  let queue: Promise<unknown> = Promise.resolve();

  /** Runs one thing after the other: the native session does one at a time. */
  function enqueue<T>(work: () => Promise<T> | T): Promise<T> {
    const result = queue.then(() => {
      if (!isOpen) throw new CellwrightError("engine", `${network.name}: the session is closed.`);
      return work();
    });
    queue = result.catch(() => undefined);
    return result;
  }

  function write(area: 0 | 1, values: Weights, list: readonly WeightSpec[], prefix: string): void {
    for (const { name } of list)
      if (!positions.has(name)) idle.set(prefix + name, Float32Array.from(values.get(name) as Float32Array));
    binding.write(handle, area, packWeights(values, positions, parameters.floats));
  }

  function read(area: 0 | 1 | 2, list: readonly WeightSpec[], prefix: string): Map<string, Float32Array> {
    const packed = new Float32Array(parameters.floats);
    if (area === PARAMETERS || training) binding.read(handle, area, packed);
    return new Map(
      list.map((spec) => {
        const places = positions.get(spec.name);
        if (places) return [spec.name, Float32Array.from(places, (place) => packed[place] as number)] as const;
        const length = spec.shape.reduce((product, side) => product * side, 1);
        return [spec.name, Float32Array.from(idle.get(prefix + spec.name) ?? new Float32Array(length))] as const;
      }),
    );
  }

  const given = options.weights ?? initializeAll(specs, options.seed);
  checkWeights(specs, given, `${network.name}: weights`);
  write(PARAMETERS, given, specs, "");

  function assertPlain(batch: Batch): void {
    if (batch.targets) throw new CellwrightError("engine", expected("batch.targets", "none on this engine", "targets"));
  }
  function assertOwn(inference: InferenceOptions = {}): void {
    if (inference.average)
      throw new CellwrightError("engine", `${network.name}: the session keeps no average of its weights.`);
  }
  async function train(batch: Batch, step: StepOptions, updates: boolean): Promise<NativeResult> {
    if (!training) throw new CellwrightError("engine", `${network.name}: the session is open for evaluation only.`);
    checkBatch(rules, batch, true);
    assertPlain(batch);
    const masks = makeMasks(training, options.seed, step, batch.size);
    const uploads = makeUploads(training, options.seed, step, batch.size);
    const numbers = Float64Array.of(
      step.learningRate,
      ...(optimizer.kind === "rmsprop" || optimizer.kind === "adamw"
        ? [0, 0]
        : [optimizer.momentum, optimizer.nesterov ? 1 : 0]),
      optimizer.weightDecay,
      optimizer.clipNorm ?? 0,
    );
    return binding.run(
      handle,
      batch.images,
      batch.size,
      Int32Array.from(batch.labels),
      masks,
      uploads,
      updates ? numbers : null,
      false,
    );
  }

  return {
    trainStep: (batch, step) =>
      enqueue(() => {
        if ("size" in batch) return train(batch, step, true);
        throw new CellwrightError("engine", expected("batch", "one batch on this engine", batch.length));
      }),
    evaluate: (batch, inference) =>
      enqueue(async () => {
        assertOwn(inference);
        checkBatch(rules, batch, false);
        assertPlain(batch);
        const { images, size, labels } = batch;
        const { loss, correct } = await binding.run(
          handle,
          images,
          size,
          Int32Array.from(labels),
          null,
          null,
          null,
          false,
        );
        return { loss, correct };
      }),
    predict: (images, size, inference) =>
      enqueue(async () => {
        assertOwn(inference);
        checkImages(rules, images, size);
        const { logits } = await binding.run(handle, images, size, null, null, null, null, false);
        return logits as Float32Array;
      }),
    gradients: (batch, step) =>
      enqueue(async () => {
        const { loss } = await train(batch, step, false);
        return { loss, gradients: read(GRADIENTS, trainable, "gradient of ") };
      }),
    save: () =>
      enqueue(() => ({
        weights: read(PARAMETERS, specs, ""),
        slots: new Map(training ? [["momentum", read(MOMENTUM, trainable, "momentum of ")]] : []),
      })),
    restore: (state) =>
      enqueue(() => {
        checkState(specs, options, state, network.name);
        write(PARAMETERS, state.weights, specs, "");
        if (training) write(MOMENTUM, state.slots.get("momentum") as Weights, trainable, "momentum of ");
      }),
    close: async () => {
      await queue;
      if (!isOpen) return;
      isOpen = false;
      binding.close(handle);
    },
  };
}

/** Returns where each weight's values are in the packed parameters, by weight name. */
export function packedPositions(parameters: ParameterLayout, vectorWidth: number): ReadonlyMap<string, Int32Array> {
  return new Map([...parameters.weights.values()].map((weight) => [weight.name, positionsOf(weight, vectorWidth)]));
}

/** Returns the packed parameters: zero where no weight has its place. */
export function packWeights(values: Weights, positions: ReadonlyMap<string, Int32Array>, floats: number): Float32Array {
  const packed = new Float32Array(floats);
  for (const [name, places] of positions) {
    const from = values.get(name);
    if (from) for (let i = 0; i < places.length; i++) packed[places[i] as number] = from[i] as number;
  }
  return packed;
}

/** Opens planned programs. Throws `engine` with the network's name. */
export function openHandle(
  binding: NativeBinding,
  target: NativeTarget,
  plans: SessionPlans,
  parameters: ParameterLayout,
  network: string,
  threads: number,
): NativeHandle {
  const segments = [...parameters.weights.values()]
    .filter((weight) => weight.trainable)
    .flatMap((weight) => [weight.offset, weight.length, weight.decays ? 1 : 0]);
  const cleared = clearedPositions(parameters, target.width);
  const train = plans.training ? encodePlan(plans.training) : null;
  try {
    return binding.open(
      target.name,
      target.width,
      train,
      encodePlan(plans.evaluation),
      Float64Array.from(segments),
      Float64Array.from(cleared),
      threads,
    );
  } catch (error) {
    throw new CellwrightError("engine", `${network}: ${messageOf(error)}`, { cause: error });
  }
}
