/** @file Finite differences over every operation of the reference engine, on random shapes, windows and groups, and over whole networks. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { lossAndGradients, type Graph } from "../../../src/engines/reference/pass.ts";
import { runNode } from "../../../src/engines/reference/table.ts";
import type { NodeWeights } from "../../../src/engines/reference/kernel.ts";
import { sizeOf, type Tensor } from "../../../src/engines/reference/tensor.ts";
import type { Node, OpAttributes, OpKind, Padding, Pair, Shape, WeightRole } from "../../../src/network/network.ts";
import { activationNames } from "../../../src/network/ops/activation.ts";
import { opKinds, shapeOf, weightsOf } from "../../../src/network/ops/table.ts";
import { topologicalOrder } from "../../../src/network/order.ts";
import { weightSpecs } from "../../../src/network/weights.ts";
import { gradientError } from "../../support/finite-differences.ts";
import { randomCase } from "../../support/random-network.ts";

// Differences of step 1e-5 in double precision err by 1e-10 or so where the third derivative is about 1; batch norm over few and nearly equal
// values has third derivatives of thousands. A wrong gradient is wrong by 1e-2 and more.
const TOLERANCE = 1e-5;

interface OpCase<K extends OpKind> {
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Shape[];
}

const side = fc.integer({ min: 1, max: 6 });
const channels = fc.integer({ min: 1, max: 4 });
const image = fc.tuple(side, side, channels) as fc.Arbitrary<readonly [number, number, number]>;
const pair = (max: number): fc.Arbitrary<Pair> => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
const amount = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const explicit = (most: Pair): fc.Arbitrary<Padding> =>
  fc.record({ top: amount(most[0]), bottom: amount(most[0]), left: amount(most[1]), right: amount(most[1]) });
const padding = (most: Pair): fc.Arbitrary<Padding> =>
  fc.oneof(fc.constant<Padding>("same"), fc.constant<Padding>("valid"), explicit(most));

const window = fc
  .record({ kernel: pair(3), stride: pair(3), dilation: pair(3) })
  .chain((attributes) => padding([3, 3]).map((padding) => ({ ...attributes, padding })));
const poolWindow = fc
  .record({ kernel: pair(3), stride: pair(3) })
  .chain((a) => padding([a.kernel[0] - 1, a.kernel[1] - 1]).map((padding) => ({ ...a, padding })));

const one = <K extends OpKind>(
  attributes: fc.Arbitrary<OpAttributes[K]>,
  shape: fc.Arbitrary<Shape>,
): fc.Arbitrary<OpCase<K>> => fc.record({ attributes, inputs: shape.map((s) => [s]) });
const anyShape: fc.Arbitrary<Shape> = fc.oneof(image, fc.tuple(channels));
const none = fc.constant({});

const cases: { readonly [K in Exclude<OpKind, "input">]: fc.Arbitrary<OpCase<K>> } = {
  conv: fc
    .record({
      a: window,
      groups: fc.integer({ min: 1, max: 3 }),
      inPer: channels,
      outPer: channels,
      bias: fc.boolean(),
      h: side,
      w: side,
    })
    .map(({ a, groups, inPer, outPer, bias, h, w }) => ({
      attributes: { ...a, filters: groups * outPer, groups, bias },
      inputs: [[h, w, groups * inPer]],
    })),
  depthwiseConv: one<"depthwiseConv">(
    fc.record({ a: window, bias: fc.boolean() }).map(({ a, bias }) => ({ ...a, bias })),
    image,
  ),
  batchNorm: one<"batchNorm">(fc.constant({ epsilon: 1e-3, momentum: 0.9 }), anyShape),
  localResponseNorm: one<"localResponseNorm">(
    fc.record({
      size: fc.integer({ min: 1, max: 6 }),
      alpha: fc.constantFrom(1e-2, 0.5),
      beta: fc.constantFrom(0.5, 0.75, 1.3),
      k: fc.constantFrom(1, 2),
    }),
    fc.tuple(side, side, fc.integer({ min: 1, max: 7 })) as fc.Arbitrary<Shape>,
  ),
  channelShuffle: fc.record({ h: side, w: side, groups: channels, perGroup: channels }).map((a) => ({
    attributes: { groups: a.groups },
    inputs: [[a.h, a.w, a.groups * a.perGroup]],
  })),
  activation: one<"activation">(fc.record({ fn: fc.constantFrom(...activationNames) }), anyShape),
  maxPool: one<"maxPool">(poolWindow, image),
  avgPool: one<"avgPool">(poolWindow, image),
  globalAvgPool: one<"globalAvgPool">(fc.record({ keepDims: fc.boolean() }), image),
  adaptiveAvgPool: one<"adaptiveAvgPool">(fc.record({ size: pair(7) }), image),
  adaptiveMaxPool: one<"adaptiveMaxPool">(fc.record({ size: pair(7) }), image),
  flatten: one<"flatten">(none, image),
  dense: one<"dense">(fc.record({ units: channels, bias: fc.boolean() }), fc.tuple(channels)),
  add: fc.record({ shape: anyShape, count: fc.integer({ min: 2, max: 4 }) }).map(({ shape, count }) => ({
    attributes: {},
    inputs: Array.from({ length: count }, () => shape),
  })),
  multiply: fc.record({ shape: image, kind: fc.integer({ min: 0, max: 2 }) }).map(({ shape, kind }) => ({
    attributes: {},
    inputs: [shape, ([shape, [1, 1, shape[2]], [shape[2]]] as const)[kind] as Shape],
  })),
  concat: fc
    .record({ h: side, w: side, cs: fc.array(channels, { minLength: 2, maxLength: 4 }) })
    .map(({ h, w, cs }) => ({
      attributes: {},
      inputs: cs.map((c): Shape => [h, w, c]),
    })),
  dropout: one<"dropout">(fc.record({ rate: fc.constantFrom(0, 0.3, 0.7) }), anyShape),
  dropPath: one<"dropPath">(fc.record({ depthFraction: fc.constantFrom(0, 0.5, 1) }), anyShape),
  zero: one<"zero">(fc.record({ stride: fc.integer({ min: 1, max: 3 }) }), image),
  slice: image.chain(([h, w, c]) =>
    fc
      .record({ top: amount(h - 1), left: amount(w - 1) })
      .chain(({ top, left }) =>
        fc
          .record({ height: fc.integer({ min: 1, max: h - top }), width: fc.integer({ min: 1, max: w - left }) })
          .map((size): OpCase<"slice"> => ({ attributes: { top, left, ...size }, inputs: [[h, w, c]] })),
      ),
  ),
  channelSlice: image.chain(([h, w, c]) =>
    amount(c - 1).chain((first) =>
      fc
        .integer({ min: 1, max: c - first })
        .map((count): OpCase<"channelSlice"> => ({ attributes: { first, count }, inputs: [[h, w, c]] })),
    ),
  ),
  pad: one<"pad">(fc.record({ top: amount(2), bottom: amount(2), left: amount(2), right: amount(2) }), image),
};

/** Distinct values from -8 to 8, 0.01 apart or more and none within 1e-4 of a kink (0, 3, -3, 6), so that no step of 1e-5 crosses one. */
function distinctValues(size: number, rng: Rng): Float64Array {
  const spacing = 16 / Math.max(size, 16);
  const order = rng.shuffle(Array.from({ length: size }, (_, i) => i));
  return Float64Array.from(order, (i) => (i - Math.floor(size / 2) + 0.0123) * spacing);
}

function fits(node: Node, inputs: readonly Shape[]): boolean {
  try {
    shapeOf(node, inputs, "test");
    return true;
  } catch {
    return false;
  }
}

interface Check {
  readonly op: Exclude<OpKind, "input">;
  readonly attributes: OpAttributes[OpKind];
  readonly inputs: readonly Shape[];
  readonly n: number;
  readonly seed: number;
  readonly training: boolean;
}

function checkOp({ op, attributes, inputs, n, seed, training }: Check): void {
  const node = { id: "node", op, inputs: [], attributes } as unknown as Node & { op: Exclude<OpKind, "input"> };
  fc.pre(fits(node, inputs));
  const rng = createRng(seed);
  const tensors = inputs.map((shape, k): Tensor => {
    const full = [n, ...shape];
    return { shape: full, data: distinctValues(sizeOf(full), rng.fork(k)) };
  });
  const weights: Partial<Record<WeightRole, Float64Array>> = {};
  for (const { role, shape } of weightsOf(node, inputs)) {
    const offset = role === "movingVariance" ? 1.5 : 0;
    weights[role] = Float64Array.from({ length: sizeOf(shape) }, () => offset + rng.next() - 0.5);
  }
  const call = { nodeId: "node", inputs: tensors, weights: weights as NodeWeights };
  const run = () => runNode(node, training ? { ...call, training: { seed, step: 3, dropPathRate: 0.5 } } : call);

  const result = run();
  expect(result.output.shape).toEqual([n, ...shapeOf(node, inputs, "test")]);
  expect(result.output.data).toHaveLength(sizeOf(result.output.shape));
  // Any linear reading of the output: its gradient by the output is the reading itself.
  const reading = Float64Array.from(result.output.data, () => rng.normal());
  const f = (): number => run().output.data.reduce((sum, value, i) => sum + value * (reading[i] as number), 0);
  const given = result.backward(reading);
  expect(given.inputs).toHaveLength(inputs.length);
  for (const [k, tensor] of tensors.entries())
    expect(gradientError(f, tensor.data, given.inputs[k] as Float64Array), `input ${k}`).toBeLessThan(TOLERANCE);
  for (const spec of weightsOf(node, inputs)) {
    if (!spec.trainable) continue;
    const gradient = given.weights?.[spec.role] as Float64Array;
    expect(gradientError(f, weights[spec.role] as Float64Array, gradient), spec.role).toBeLessThan(TOLERANCE);
  }
}

describe("gradients of the reference engine equal finite differences", () => {
  it.each(opKinds.filter((op) => op !== "input"))("of %s", (op) => {
    const options = {
      n: fc.integer({ min: 2, max: 3 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
      training: fc.boolean(),
    };
    const property = fc.property(cases[op] as fc.Arbitrary<OpCase<OpKind>>, fc.record(options), (test, rest) => {
      checkOp({ op, ...test, ...rest });
    });
    fc.assert(property, { numRuns: 40, seed: 20 });
  });

  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    "of whole network %i, with its loss and both heads",
    (seed) => {
      // Smooth operations alone: a kink within reach of a step would be no error.
      const smooth = {
        activations: ["swish", "sigmoid", "tanh"],
        ops: opKinds.filter((op) => op !== "maxPool" && op !== "adaptiveMaxPool"),
      } as const;
      const { network, weights, batches } = randomCase(seed, {
        length: 7,
        maxSide: 5,
        auxiliary: seed % 2 === 0,
        ...smooth,
      });
      const [batch] = batches;
      if (!batch) throw new Error("no batch");
      const graph: Graph = { network, order: topologicalOrder(network), specs: weightSpecs(network) };
      const doubles = new Map(Array.from(weights, ([name, values]) => [name, Float64Array.from(values)]));
      const images = Float64Array.from(batch.images);
      const run = () =>
        lossAndGradients(graph, doubles, images, batch, {
          loss: { labelSmoothing: 0.1, auxiliaryWeight: 0.4 },
          training: { seed, step: 1, dropPathRate: 0.4 },
        });
      const given = run();
      const f = (): number => run().loss;
      expect(gradientError(f, images, given.images, 8), "images").toBeLessThan(TOLERANCE);
      for (const [name, gradient] of given.weights)
        expect(gradientError(f, doubles.get(name) as Float64Array, gradient, 6), name).toBeLessThan(TOLERANCE);
    },
  );
});
