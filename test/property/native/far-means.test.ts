/**
 * @file Batch statistics far from the moving mean by their spread, where single-precision sums about it cancel: after every kind of operation that makes such sums, gradients are still
 * the reference engine's. It is so where a network goes on with weights of another data set, or a channel hardly varies.
 */
import { createRng } from "cellwright/base";
import { network, weightSpecs } from "cellwright/network";
import { expect, test } from "vitest";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { expectAgreement } from "../../support/agreement.ts";
import { randomBatch, randomWeights } from "../../support/random-network.ts";
import { describeTargets } from "./targets.ts";

/** Spreads are about 1: sums lose five digits of their seven, variances all. */
const FAR = 3000;

const net = network("far", [9, 9, 3], (build) => {
  const block = (id: string, x: typeof build.input): typeof build.input =>
    build.activate(`${id}/relu`, build.batchNorm(`${id}/norm`, x), "relu");
  let x = block("conv", build.conv("conv/conv", build.input, { filters: 7, kernel: 3 }));
  x = block("pointwise", build.conv("pointwise/conv", x, { filters: 9, kernel: 1 }));
  x = block("strided", build.conv("strided/conv", x, { filters: 10, kernel: 1, stride: 2 }));
  x = block("depthwise", build.depthwiseConv("depthwise/conv", x, { kernel: 3, bias: true }));
  x = block(
    "separable",
    build.conv("separable/pw", build.depthwiseConv("separable/dw", x, { kernel: 3 }), { filters: 6, kernel: 1 }),
  );
  // No kernel of its own makes the sums of a pool.
  x = block("pool", build.avgPool("pool/pool", x, { kernel: 3 }));
  x = block("head", build.conv("head/conv", x, { filters: 12, kernel: 5, padding: "valid" }));
  return build.dense("logits", build.flatten("flatten", x), { units: 4 });
});

describeTargets("batch norms whose moving means are far off", ({ name, width }) => {
  test("have the gradients of the reference", async () => {
    const rng = createRng("far-means");
    const far = new Set(weightSpecs(net).flatMap(({ name: weight, role }) => (role === "movingMean" ? [weight] : [])));
    expect(far.size).toBe(7);
    const weights = new Map(
      [...randomWeights(net, rng)].map(([weight, values]) => [weight, far.has(weight) ? values.fill(FAR) : values]),
    );
    const batches = [randomBatch(net, 6, rng)];
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    await expectAgreement(engine, openReferenceEngine(), { seed: 1, network: net, weights, batches });
  });
});
