/** @file Batch normalisation folded into what comes before it: the same logits, and only where nothing else would change. */
import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { openReferenceEngine } from "../../../src/engines/index.ts";
import { foldBatchNorm } from "../../../src/export/index.ts";
import { network, validateNetwork, weightSpecs, type Network, type Weights } from "../../../src/network/index.ts";
import { randomBatch, randomWeights } from "../../support/random-network.ts";
import { shelf } from "../../support/shelf.ts";

async function logitsOf(net: Network, weights: Weights, images: Float32Array): Promise<Float32Array> {
  const session = await openReferenceEngine().open(net, {
    batchSize: 2,
    seed: 0,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    weights,
    training: false,
  });
  const logits = Float32Array.from(await session.predict(images, 2));
  await session.close();
  return logits;
}

/** Returns the largest difference of logits, as a share of the largest logit. */
async function shareOfDifference(net: Network): Promise<number> {
  const weights = randomWeights(net, createRng("fold/weights"));
  const { images } = randomBatch(net, 2, createRng("fold/images"));
  const folded = foldBatchNorm(net, weights);
  validateNetwork(structuredClone(folded.network));
  const names = weightSpecs(folded.network).map(({ name }) => name);
  expect([...folded.weights.keys()].toSorted()).toEqual(names.toSorted());
  const ours = await logitsOf(net, weights, images);
  const theirs = await logitsOf(folded.network, folded.weights, images);
  const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return ours.reduce((most, value, i) => Math.max(most, Math.abs(value - (theirs[i] ?? Number.NaN))), 0) / largest;
}

const norms = ({ nodes }: Network): readonly string[] =>
  nodes.flatMap(({ id, op }) => (op === "batchNorm" ? [id] : []));

describe("folding batch normalisation", () => {
  it.each(shelf)("keeps the logits of $name", async (space) => {
    // Only the weights are rounded to float32 anew.
    expect(await shareOfDifference(space.decode(space.sample(5)))).toBeLessThan(1e-5);
  });

  it("folds into convolutions with and without bias, depthwise ones and dense layers", async () => {
    const net = network("folds", [5, 5, 4], (build) => {
      const conv = build.batchNorm(
        "a/bn",
        build.conv("a", build.input, { filters: 6, kernel: 3, groups: 2, bias: true }),
      );
      const deep = build.batchNorm("b/bn", build.depthwiseConv("b", conv, { kernel: 3 }));
      const dense = build.dense("c", build.globalAvgPool("pool", build.activate("relu", deep, "relu")), { units: 3 });
      return build.batchNorm("c/bn", dense);
    });
    expect(await shareOfDifference(net)).toBeLessThan(1e-6);
    const folded = foldBatchNorm(net, randomWeights(net, createRng(1))).network;
    expect(norms(folded)).toEqual([]);
    expect(folded.outputs.logits).toBe("c");
  });

  it("leaves those whose input is read elsewhere or is no convolution, and changes nothing that it was given", async () => {
    const net = network("stays", [5, 5, 2], (build) => {
      const first = build.batchNorm("first", build.input);
      const conv = build.conv("conv", first, { filters: 3, kernel: 1 });
      const sum = build.add("sum", [conv, build.batchNorm("twice", conv)]);
      const logits = build.dense("logits", build.globalAvgPool("pool", build.batchNorm("after", sum)), { units: 2 });
      return { logits, auxiliary: build.batchNorm("extra", logits) };
    });
    const weights = randomWeights(net, createRng(2));
    const before = structuredClone({ net, weights });
    expect(norms(foldBatchNorm(net, weights).network)).toEqual(["first", "twice", "after", "extra"]);
    expect({ net, weights }).toEqual(before);
    expect(await shareOfDifference(net)).toBe(0);
  });
});
