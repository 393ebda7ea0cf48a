/** @file Every kernel, forward and gradient, on every target, against the reference engine: random networks over every operation and random windows. */
import { test } from "vitest";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { expectAgreement } from "../../support/agreement.ts";
import { randomCase, type RandomNetworkOptions } from "../../support/random-network.ts";
import { describeTargets } from "./targets.ts";

describeTargets("agreement with the reference", ({ name, width }) => {
  const sets: readonly (readonly [string, number, RandomNetworkOptions])[] = [
    ["every operation", 60, { length: 10, stem: true, auxiliary: true }],
    [
      "convolutions",
      30,
      { length: 3, stem: true, maxSide: 21, ops: ["conv", "batchNorm", "activation", "conv"], activations: ["relu"] },
    ],
    [
      "depthwise convolutions",
      30,
      {
        length: 3,
        stem: true,
        maxSide: 21,
        ops: ["depthwiseConv", "batchNorm", "activation"],
        activations: ["relu", "swish"],
      },
    ],
    ["pools", 20, { length: 3, stem: true, maxSide: 21, ops: ["maxPool", "avgPool", "add", "batchNorm"] }],
    [
      "windows and moves",
      20,
      { length: 6, stem: true, maxSide: 9, ops: ["slice", "pad", "zero", "concat", "conv", "multiply"] },
    ],
    [
      "moves of channels",
      20,
      {
        length: 7,
        stem: true,
        maxSide: 9,
        ops: ["channelSlice", "channelShuffle", "concat", "conv", "add", "batchNorm"],
      },
    ],
  ];
  test.each(sets)("%s", async (title, count, network) => {
    const engine = await openNativeEngine({ target: `${name}:${width}` });
    for (let i = 0; i < count; i++)
      await expectAgreement(engine, openReferenceEngine(), randomCase(1000 * width + 37 * title.length + i, network));
  });
});
