/** @file The canonical id: blind to how a network is written, and to nothing that changes what it computes. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRng, type Rng } from "../../../src/base/index.ts";
import { canonicalId, network, validateNetwork, type Network, type Node } from "../../../src/network/index.ts";
import { isIsomorphic, liveIds, randomNetwork, rewritten } from "./graphs.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** Returns the network with one attribute of one live node changed so that the function changes, or undefined where the result is malformed. */
function withAttributeChanged(net: Network, rng: Rng): Network | undefined {
  const live = liveIds(net);
  const changes: { readonly [K in Node["op"]]?: (attributes: never) => object } = {
    input: ({ shape }: { shape: number[] }) => ({ shape: [(shape[0] as number) + 1, ...shape.slice(1)] }),
    conv: (a: { bias: boolean; stride: [number, number]; filters: number }) =>
      rng.pick([
        { ...a, bias: !a.bias },
        { ...a, filters: a.filters + 2 },
        { ...a, kernel: [4, 4], padding: "same" },
      ]),
    depthwiseConv: (a: { bias: boolean }) => ({ ...a, bias: !a.bias }),
    batchNorm: (a: { epsilon: number }) => ({ ...a, epsilon: a.epsilon * 2 }),
    activation: (a: { fn: string }) => ({ fn: a.fn === "relu" ? "tanh" : "relu" }),
    maxPool: (a: object) => ({ ...a, kernel: [4, 4], padding: "same" }),
    avgPool: (a: object) => ({ ...a, kernel: [4, 4], padding: "same" }),
    localResponseNorm: (a: { k: number }) => ({ ...a, k: a.k + 1 }),
    adaptiveAvgPool: ({ size }: { size: [number, number] }) => ({ size: [size[0] + 1, size[1]] }),
    adaptiveMaxPool: ({ size }: { size: [number, number] }) => ({ size: [size[0] + 1, size[1]] }),
    dense: (a: { bias: boolean }) => ({ ...a, bias: !a.bias }),
    dropout: () => ({ rate: 0.75 }),
    dropPath: () => ({ depthFraction: 0.75 }),
  };
  const chosen = rng.pick(net.nodes.filter(({ id, op }) => live.has(id) && changes[op] !== undefined));
  const change = changes[chosen.op] as (attributes: object) => object;
  const nodes = net.nodes.map((node) => (node === chosen ? { ...node, attributes: change(node.attributes) } : node));
  try {
    return validateNetwork({ ...net, nodes });
  } catch {
    return undefined;
  }
}

/**
 * A random graph of convolutions and sums only, with many alike: what told-apart-by-neighbours alone can't settle. Weights make every convolution
 * a function of its own, so the id must agree with isomorphism exactly.
 */
function sums(rng: Rng): Network {
  return network("sums", [2, 2, 2], (net) => {
    const convolutions = Array.from({ length: 2 + rng.int(4) }, (_, i) =>
      net.conv(`conv${i}`, net.input, { filters: 2, kernel: 1 }),
    );
    const pairs = Array.from({ length: 1 + rng.int(4) }, (_, i) =>
      net.conv(`mix${i}`, net.add(`add${i}`, [rng.pick(convolutions), rng.pick(convolutions)]), {
        filters: 2,
        kernel: 1,
      }),
    );
    const all = net.add("all", [rng.pick(convolutions), ...pairs]);
    return net.globalAvgPool("pool", all);
  });
}

describe("canonicalId", () => {
  it("does not depend on paths, order of nodes, order of commutative inputs, or dead branches", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 30 }), (seed, size) => {
        const rng = createRng(seed);
        const net = randomNetwork(rng, size);
        expect(canonicalId(rewritten(net, rng))).toBe(canonicalId(net));
      }),
      { numRuns: 200 },
    );
  });

  it("changes with every attribute that changes the function", () => {
    let tried = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, size) => {
        const rng = createRng(seed);
        const net = randomNetwork(rng, size);
        const changed = withAttributeChanged(net, rng);
        if (changed === undefined) return;
        tried++;
        expect(canonicalId(changed)).not.toBe(canonicalId(net));
      }),
      { numRuns: 200 },
    );
    expect(tried).toBeGreaterThan(50);
  });

  it("agrees exactly with isomorphism where every node has weights or is a sum", () => {
    let equal = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const rng = createRng(seed);
        const [a, b] = [sums(rng), sums(rng)];
        const same = isIsomorphic(a, b);
        if (same) equal++;
        expect(canonicalId(a) === canonicalId(b)).toBe(same);
        const again = rewritten(a, rng);
        expect(isIsomorphic(a, again)).toBe(true);
        expect(canonicalId(again)).toBe(canonicalId(a));
      }),
      // A fixed seed: few random pairs are isomorphic, and some have to be.
      { numRuns: 400, seed: 1 },
    );
    expect(equal).toBeGreaterThan(3);
  });

  it("changes when an edge is led elsewhere, unless the graph stays isomorphic", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const rng = createRng(seed);
        const net = sums(rng);
        const target = rng.pick(net.nodes.filter(({ op }) => op === "add"));
        const other = `conv${rng.int(2)}`;
        const nodes = net.nodes.map((node) =>
          node === target ? ({ ...node, inputs: [other, ...node.inputs.slice(1)] } as Node) : node,
        );
        const led = { ...net, nodes };
        expect(canonicalId(led) === canonicalId(net)).toBe(isIsomorphic(led, net));
      }),
      { numRuns: 300 },
    );
  });
});
