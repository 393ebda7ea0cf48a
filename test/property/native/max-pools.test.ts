/**
 * @file Windows of a max pool with many equal pixels: the first of them, row by row, gets the gradient, as in the reference engine. The pixels are small whole numbers, so both engines
 * see the same ones equal; what tells them apart is in other channels, whose weights are zero but have a gradient.
 */
import { createRng } from "cellwright/base";
import { network, weightSpecs } from "cellwright/network";
import { expect, test } from "vitest";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { expectAgreement } from "../../support/agreement.ts";
import { randomBatch, randomWeights } from "../../support/random-network.ts";
import { describeTargets } from "./targets.ts";

/** Kernel, stride, height, width and padding. */
type Case = readonly [number, number, number, number, "same" | "valid"];

const cases: readonly Case[] = [2, 3, 5, 7].flatMap((kernel) =>
  [1, 2].flatMap((stride): Case[] => [
    [kernel, stride, 8, 11, "same"],
    [kernel, stride, 9, 7, "valid"],
    // Windows larger than the image, and one row of them.
    [kernel, stride, 1, 5, "same"],
    [kernel, stride, 2, 2, "same"],
  ]),
);

describeTargets("a max pool over equal pixels", ({ name, width }) => {
  test.each(cases)("kernel %i, stride %i, %i x %i pixels, %s", async (kernel, stride, h, w, padding) => {
    const net = network("ties", [h, w, 3], (build) => {
      const x = build.conv("conv", build.input, { filters: 5, kernel: 1 });
      const pooled = build.maxPool("pool", x, { kernel, stride, padding });
      return build.dense("logits", build.flatten("flatten", pooled), { units: 4 });
    });
    const rng = createRng("max-pools");
    const kernelName = weightSpecs(net).find(({ node }) => node === "conv")?.name;
    expect(kernelName).toBeDefined();
    const weights = new Map(randomWeights(net, rng));
    // [1, 1, 3, 5]: every filter sees the first channel alone, as it is or negative.
    weights.set(
      kernelName as string,
      Float32Array.from({ length: 15 }, (_, i) => (i < 5 ? (i % 2 === 0 ? 1 : -1) : 0)),
    );
    const batch = randomBatch(net, 6, rng);
    for (let i = 0; i < batch.images.length; i += 3) batch.images[i] = rng.int(3);
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    await expectAgreement(engine, openReferenceEngine(), { seed: 1, network: net, weights, batches: [batch] });
  });
});
