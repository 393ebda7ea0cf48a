/** @file A session of the native engine: two programs (training, evaluation) over one set of packed parameters. */
import { CellwrightError, messageOf } from "../../base/errors.ts";
import { initializeAll } from "../../network/initialize.ts";
import type { Network, Shape, WeightSpec, Weights } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { weightSpecs } from "../../network/weights.ts";
import { batchRules, checkBatch, checkImages, checkOptions, checkParts, checkState, checkWeights } from "../checks.ts";
import type { Batch, InferenceOptions, Session, SessionOptions, StepOptions, StepResult } from "../engine.ts";
import { partOfStep } from "../masks.ts";
import { initialSlot, slotsOf } from "../optimizer.ts";
import type { NativeBinding, NativeHandle, NativeResult, NativeTarget } from "./binding.ts";
import { nativeAreas, nativeExtras, nativeFlags, type NativeArea } from "./flags.ts";
import { makeMasks, makeUploads } from "./factors.ts";
import { encodePlan } from "./plan/encode.ts";
import { clearedPositions, positionsOf } from "./plan/pack.ts";
import type { ParameterLayout, Plan } from "./plan/plan.ts";
import { updateNumbers } from "./update.ts";

export interface SessionPlans {
  /** Absent in a session for evaluation only. */
  readonly training?: Plan;
  readonly evaluation: Plan;
}

/** Returns a session on planned programs. Throws `engine` for options, weights or memory that don't fit. */
export function openSession(
  binding: NativeBinding,
  target: NativeTarget,
  network: Network,
  options: SessionOptions,
  plans: SessionPlans,
  shapes: ReadonlyMap<string, Shape>,
  threads = 1,
): Session {
  checkOptions(options);
  const specs = weightSpecs(network, shapes);
  const trainable = specs.filter((spec) => spec.trainable);
  const rules = batchRules(network, topologicalOrder(network), shapes, options.batchSize);
  const { training } = plans;
  const { parameters } = training ?? plans.evaluation;
  const slots = training ? slotsOf(options.optimizer) : [];
  const averages = training !== undefined && options.averageDecay !== undefined;
  const extras = (slots.length > 1 ? nativeExtras.secondSlot : 0) + (averages ? nativeExtras.average : 0);
  const handle = openHandle(binding, target, plans, parameters, network.name, threads, extras);
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

  function write(area: NativeArea, values: Weights, list: readonly WeightSpec[]): void {
    for (const { name } of list)
      if (!positions.has(name)) idle.set(`${area} ${name}`, Float32Array.from(values.get(name) as Float32Array));
    binding.write(handle, area, packWeights(values, positions, parameters.floats));
  }

  function read(area: NativeArea, list: readonly WeightSpec[]): Map<string, Float32Array> {
    const packed = new Float32Array(parameters.floats);
    binding.read(handle, area, packed);
    return new Map(
      list.map((spec) => {
        const places = positions.get(spec.name);
        if (places) return [spec.name, Float32Array.from(places, (place) => packed[place] as number)] as const;
        const length = spec.shape.reduce((product, side) => product * side, 1);
        return [spec.name, Float32Array.from(idle.get(`${area} ${spec.name}`) ?? new Float32Array(length))] as const;
      }),
    );
  }

  const { parameters: PARAMETERS, gradients: GRADIENTS, average: AVERAGE } = nativeAreas;
  const slotAreas = [nativeAreas.firstSlot, nativeAreas.secondSlot] as const;
  const slotArea = (i: number): NativeArea => slotAreas[i] as NativeArea;
  const given = options.weights ?? initializeAll(specs, options.seed);
  checkWeights(specs, given, `${network.name}: weights`);
  write(PARAMETERS, given, specs);
  if (averages) write(AVERAGE, given, specs);
  for (const [i, slot] of slots.entries())
    if (slot.initial !== 0) write(slotArea(i), initialSlot(slot, trainable), trainable);

  /** Runs forward and backward on the i-th of a step's batches, and updates where `numbers` says how. */
  function train(
    batch: Batch,
    step: StepOptions,
    part: { readonly index: number; readonly examples: number; readonly numbers: Float64Array | null; flags: number },
  ): Promise<NativeResult> {
    const plan = assertTraining();
    const masked = { ...step, step: partOfStep(step.step, part.index) };
    const masks = makeMasks(plan, options.seed, masked, batch.size);
    const uploads = makeUploads(plan, options.seed, masked, batch.size);
    const { images, size, targets = null } = batch;
    const labels = Int32Array.from(batch.labels);
    const { numbers, examples, flags } = part;
    return binding.run(handle, images, size, labels, targets, masks, uploads, numbers, examples, flags);
  }

  function assertTraining(): Plan {
    if (!training) throw new CellwrightError("engine", `${network.name}: the session is open for evaluation only.`);
    return training;
  }

  /** One update from one batch or several. */
  async function trainOn(batch: Batch | readonly Batch[], step: StepOptions): Promise<StepResult> {
    assertTraining();
    const parts = checkParts(rules, batch);
    const examples = parts.reduce((sum, part) => sum + part.size, 0);
    let result = { loss: 0, correct: 0 };
    for (const [index, part] of parts.entries()) {
      // Moving statistics move with every batch, and gradients go on from those of the batch before.
      const flags = nativeFlags.moves + (index > 0 ? nativeFlags.adds : 0);
      const numbers = index === parts.length - 1 ? updateNumbers(options, step) : null;
      const { loss, correct } = await train(part, step, { index, examples, numbers, flags });
      result = { loss: result.loss + loss * (part.size / examples), correct: result.correct + correct };
    }
    return result;
  }

  function infer(batch: Pick<Batch, "images" | "size"> & Partial<Batch>, inference: InferenceOptions = {}) {
    if (inference.average && !averages)
      throw new CellwrightError("engine", `${network.name}: the session keeps no average of its weights.`);
    const labels = batch.labels ? Int32Array.from(batch.labels) : null;
    const flags = inference.average ? nativeFlags.averaged : 0;
    const { images, size, targets = null } = batch;
    return binding.run(handle, images, size, labels, targets, null, null, null, size, flags);
  }

  return {
    trainStep: (batch, step) => enqueue(() => trainOn(batch, step)),
    evaluate: (batch, inference) =>
      enqueue(async () => {
        checkBatch(rules, batch, false);
        const { loss, correct } = await infer(batch, inference);
        return { loss, correct };
      }),
    predict: (images, size, inference) =>
      enqueue(async () => {
        checkImages(rules, images, size);
        const { logits } = await infer({ images, size }, inference);
        return logits as Float32Array;
      }),
    gradients: (batch, step) =>
      enqueue(async () => {
        assertTraining();
        checkBatch(rules, batch, true);
        const { loss } = await train(batch, step, { index: 0, examples: batch.size, numbers: null, flags: 0 });
        return { loss, gradients: read(GRADIENTS, trainable) };
      }),
    save: () =>
      enqueue(() => ({
        weights: read(PARAMETERS, specs),
        slots: new Map(slots.map(({ name }, i) => [name, read(slotArea(i), trainable)])),
        ...(averages && { average: read(AVERAGE, specs) }),
      })),
    restore: (state) =>
      enqueue(() => {
        checkState(specs, options, state, network.name);
        write(PARAMETERS, state.weights, specs);
        for (const [i, { name }] of slots.entries()) write(slotArea(i), state.slots.get(name) as Weights, trainable);
        if (averages) write(AVERAGE, state.average as Weights, specs);
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
  extras = 0,
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
      extras,
    );
  } catch (error) {
    throw new CellwrightError("engine", `${network}: ${messageOf(error)}`, { cause: error });
  }
}
