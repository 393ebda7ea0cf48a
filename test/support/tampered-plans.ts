/** @file Sound plans with words replaced, each of which once did harm or would have: read or wrote elsewhere, divided by zero, took all memory, never ended. */
import { encodePlan } from "../../src/engines/native/plan/encode.ts";
import { opKindCodes, type PlanOpKind } from "../../src/engines/native/plan/plan.ts";
import { planNetwork } from "../../src/engines/native/plan/planner.ts";
import type { SavedPlan } from "../../src/engines/native/saved-plan.ts";
import { UPDATE_NUMBERS } from "../../src/engines/native/update.ts";
import { network } from "../../src/network/index.ts";

/** Lengths of native/src/decode.cc. */
const HEADER = 19;
const NORM = 10;
const PLANE = 9;
const OP = 33;

/** Places of an operation's words, from its first. */
export const opWord = { time: 1, mask: 6, kernelH: 15, strideH: 17, strideW: 18, top: 21, left: 22 } as const;
/** Places of the header's. */
export const headerWord = { arena: 4, statistics: 6, masks: 9, shares: 18 } as const;

export interface Words {
  readonly training: Float64Array;
  readonly evaluation: Float64Array;
  segments: Float64Array;
}

/** Returns the place of the first word of the first operation of a kind. */
export function findOp(words: Float64Array, kind: PlanOpKind): number {
  const [norms, planes, ops, uploads, logits] = words.subarray(12, 17) as unknown as readonly number[];
  let at = HEADER + (norms as number) * NORM + (planes as number) * PLANE + (uploads as number) + (logits as number);
  for (let i = 0; i < (ops as number); i++) {
    if (words[at] === opKindCodes[kind]) return at;
    const uses = (words[at + 2] as number) + (words[at + 3] as number);
    at += OP + 3 * uses + (words[at + 4] as number);
  }
  throw new Error(`Expected an operation of kind ${kind} in the plan. Received none.`);
}

/** A separable convolution between batch norms, pools in an add; or a tall image, read through a window. */
const networks = {
  small: network("tampered", [9, 9, 3], (b) => {
    const x = b.batchNorm("n", b.conv("c", b.input, { filters: 5, kernel: 3 }));
    const y = b.conv("p", b.depthwiseConv("d", b.activate("a", x), { kernel: 3 }), { filters: 4, kernel: 1 });
    const z = b.add("sum", [b.batchNorm("m", y), b.maxPool("max", y, { kernel: 3, padding: "same" })]);
    return b.dense("logits", b.globalAvgPool("g", z), { units: 3 });
  }),
  tall: network("tampered", [2100, 1, 3], (b) => {
    const x = b.conv("c", b.input, { filters: 4, kernel: 1 });
    return b.dense("logits", b.globalAvgPool("g", b.add("sum", [x, b.activate("a", x)])), { units: 3 });
  }),
};

/** Returns a plan of vector width 4 with zeros for weights, whose loss therefore is that of guessing, after `change` has had its words. */
export function tamperedPlan(net: keyof typeof networks, change: (words: Words) => void): SavedPlan {
  const options = { batchSize: 2, vectorWidth: 4, labelSmoothing: 0, auxiliaryWeight: 0 };
  const plan = planNetwork(networks[net], { ...options, training: true });
  const { parameters, imageFloats } = plan;
  const evaluation = planNetwork(networks[net], { ...options, training: false, parameters });
  const segments = [...parameters.weights.values()].filter((weight) => weight.trainable);
  const words: Words = {
    training: encodePlan(plan),
    evaluation: encodePlan(evaluation),
    segments: Float64Array.from(segments.flatMap(({ offset, length, decays }) => [offset, length, decays ? 1 : 0])),
  };
  change(words);
  const none = new Float32Array(0);
  const run = {
    size: 2,
    images: new Float32Array(2 * imageFloats).fill(0.5),
    labels: Int32Array.of(0, 2),
    masks: new Float32Array(2 * plan.masks.length),
    uploads: none,
    targets: none,
    examples: 2,
    adds: false,
    moves: false,
    averaged: false,
    loss: Math.log(3),
    results: none,
  };
  return {
    name: "tampered",
    vectorWidth: 4,
    ...words,
    cleared: new Float64Array(0),
    parameters: new Float32Array(parameters.floats),
    second: none,
    average: none,
    runs: [
      { ...run, kind: "gradients" },
      { ...run, kind: "step", update: new Float64Array(UPDATE_NUMBERS) },
      { ...run, kind: "evaluate" },
    ],
  };
}
