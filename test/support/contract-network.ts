/** @file The network of the engine contract's suite, and how its states are compared. */
import { expect } from "vitest";
import type { SessionState } from "../../src/engines/engine.ts";
import type { Network, Node } from "../../src/network/network.ts";

const window = { kernel: [3, 3], stride: [1, 1], padding: "same" } as const;
/** A convolution but for its filters. */
export const convolution = { ...window, dilation: [1, 1], groups: 1, bias: false } as const;

/** A small cell of what the NASNet space is made of: separable convolution, batch norm, pool, drop path, auxiliary head. */
export function contractNetwork(extra: readonly Node[] = []): Network {
  const nodes: readonly Node[] = [
    { id: "image", op: "input", inputs: [], attributes: { shape: [6, 6, 3] } },
    { id: "stem/conv", op: "conv", inputs: ["image"], attributes: { ...convolution, filters: 8 } },
    { id: "stem/bn", op: "batchNorm", inputs: ["stem/conv"], attributes: { epsilon: 1e-3, momentum: 0.9 } },
    { id: "a/relu", op: "activation", inputs: ["stem/bn"], attributes: { fn: "relu" } },
    { id: "a/dw", op: "depthwiseConv", inputs: ["a/relu"], attributes: { ...window, dilation: [1, 1], bias: false } },
    { id: "a/pw", op: "conv", inputs: ["a/dw"], attributes: { ...convolution, filters: 8, kernel: [1, 1] } },
    { id: "a/bn", op: "batchNorm", inputs: ["a/pw"], attributes: { epsilon: 1e-3, momentum: 0.9 } },
    { id: "a/drop", op: "dropPath", inputs: ["a/bn"], attributes: { depthFraction: 1 } },
    { id: "b/pool", op: "avgPool", inputs: ["stem/bn"], attributes: window },
    { id: "cell", op: "add", inputs: ["a/drop", "b/pool"], attributes: {} },
    { id: "head/relu", op: "activation", inputs: ["cell"], attributes: { fn: "relu" } },
    { id: "head/pool", op: "globalAvgPool", inputs: ["head/relu"], attributes: { keepDims: false } },
    { id: "head/dropout", op: "dropout", inputs: ["head/pool"], attributes: { rate: 0.25 } },
    { id: "head/logits", op: "dense", inputs: ["head/dropout"], attributes: { units: 5, bias: true } },
    { id: "aux/pool", op: "globalAvgPool", inputs: ["stem/bn"], attributes: { keepDims: false } },
    { id: "aux/logits", op: "dense", inputs: ["aux/pool"], attributes: { units: 5, bias: true } },
    ...extra,
  ];
  return { name: "contract", nodes, outputs: { logits: "head/logits", auxiliary: "aux/logits" } };
}

/** Expects weights, slots and averages that are the same to the bit. */
export function expectSameBits(a: SessionState, b: SessionState): void {
  expect([...a.weights.keys()].toSorted()).toEqual([...b.weights.keys()].toSorted());
  for (const [name, values] of a.weights) expect(b.weights.get(name), name).toEqual(values);
  expect(b.slots).toEqual(a.slots);
  expect(b.average).toEqual(a.average);
}
