/** @file The builder: shapes along the way, defaults, and an error at the line that makes the mistake. */
import { describe, expect, it } from "vitest";
import {
  conv,
  factorized,
  identity,
  inferShapes,
  network,
  none,
  pool,
  separable,
  topologicalOrder,
  weightSpecs,
  type Layer,
  type NetworkBuilder,
  type NetworkDefaults,
} from "../../../src/network/index.ts";

function head(net: NetworkBuilder, x: ReturnType<Layer>): ReturnType<Layer> {
  return net.dense("head/dense", net.globalAvgPool("head/pool", x), { units: 10 });
}

describe("network", () => {
  it("builds a small convolutional network with the shapes and weights of the contract", () => {
    const net = network("small", [9, 7, 3], (n) => {
      const stem = n.conv("stem/conv", n.input, { filters: 8, kernel: 3, stride: 2 });
      return head(n, n.activate("stem/act", n.batchNorm("stem/bn", stem)));
    });
    expect(inferShapes(net).get("stem/conv")).toEqual([5, 4, 8]);
    expect(inferShapes(net).get("head/dense")).toEqual([10]);
    expect(weightSpecs(net).map(({ name, shape }) => [name, shape])).toEqual([
      ["stem/conv/kernel", [3, 3, 3, 8]],
      ["stem/bn/gamma", [8]],
      ["stem/bn/beta", [8]],
      ["stem/bn/movingMean", [8]],
      ["stem/bn/movingVariance", [8]],
      ["head/dense/kernel", [8, 10]],
      ["head/dense/bias", [10]],
    ]);
    expect(topologicalOrder(net)).toEqual(net.nodes);
    expect(net.outputs).toEqual({ logits: "head/dense" });
  });

  const layers: Record<string, Layer> = {
    conv1: conv(1),
    conv3: conv(3),
    dil3: conv(3, { dilation: 2 }),
    fact7: factorized(7),
    sep5: separable(5),
    max3: pool("max", 3),
    avg3: pool("avg", 3),
    identity: identity(),
    none: none(),
  };
  for (const [name, layer] of Object.entries(layers)) {
    for (const stride of [1, 2]) {
      for (const filters of [6, 4]) {
        it(`gives ceil(side / ${stride}) and ${filters} channels from ${name}`, () => {
          network("layer", [9, 7, 6], (net) => {
            const y = layer(net, net.input, { path: "cell/op", filters, stride });
            expect(y.shape).toEqual([Math.ceil(9 / stride), Math.ceil(7 / stride), filters]);
            expect(y.channels).toBe(filters);
            return head(net, y);
          });
        });
      }
    }
  }

  it("fills in TensorFlow's batch norm and relu, where the defaults don't say otherwise", () => {
    const attributesOf = (defaults: Partial<NetworkDefaults>): unknown[] =>
      network("d", [4, 4, 3], (n) => head(n, n.activate("act", n.batchNorm("bn", n.input))), defaults)
        .nodes.slice(1, 3)
        .map(({ attributes }) => attributes);
    expect(attributesOf({})).toEqual([{ epsilon: 1e-3, momentum: 0.99 }, { fn: "relu" }]);
    const batchNorm = { epsilon: 1e-5, momentum: 0.9 };
    expect(attributesOf({ batchNorm, activation: "swish" })).toEqual([batchNorm, { fn: "swish" }]);
  });

  it("adds nothing for an identity that fits", () => {
    network("layer", [4, 4, 6], (net) => {
      expect(identity()(net, net.input, { path: "op", filters: 6, stride: 1 })).toBe(net.input);
      return head(net, net.input);
    });
  });

  it("names the node that does not fit", () => {
    const build = (make: (net: NetworkBuilder) => ReturnType<Layer>) => () => network("bad", [8, 8, 3], make);
    expect(build((n) => n.conv("c", n.input, { filters: 2.5, kernel: 3 }))).toThrow(
      "bad: c (conv), filters  Expected a whole number of 1 or more. Received: 2.5.",
    );
    expect(build((n) => n.conv("c", n.input, { filters: 4, kernel: 9, padding: "valid" }))).toThrow(
      /bad: c \(conv\).*9x9/,
    );
    expect(build((n) => n.conv("c", n.input, { filters: 4, kernel: 3, groups: 2 }))).toThrow(/2 groups/);
    expect(build((n) => n.dense("d", n.input, { units: 10 }))).toThrow(/bad: d \(dense\).*vector/);
    expect(build((n) => n.add("a", [n.input, n.maxPool("p", n.input, { kernel: 2, stride: 2 })]))).toThrow(/one shape/);
    expect(build((n) => n.activate("input", n.input))).toThrow(/no other node has/);
    expect(build((n) => n.activate("a b", n.input))).toThrow(/path of letters/);
    expect(build((n) => n.input)).toThrow(/logits.*\[classes\]/);
    expect(build((n) => n.add("a", [n.input]))).toThrow("Expected 2 inputs or more. Received: 1.");
  });

  it("names the node whose input is no tensor, and says what has to be returned", () => {
    const build = (make: (net: NetworkBuilder) => unknown) => () => network("bad", [8, 8, 3], make as never);
    expect(build((n) => n.conv("c", undefined as never, { filters: 1, kernel: 1 }))).toThrow(
      "bad: c (conv)  Expected inputs that are a list of tensors. Received: [null].",
    );
    expect(build((n) => n.add("a", n.input as never))).toThrow(/^bad: a \(add\) {2}Expected inputs that are a list/);
    for (const returned of [undefined, null, { logits: undefined }]) {
      expect(build(() => returned)).toThrow(/^bad: logits {2}Expected a tensor \[classes\].* Received: nothing\.$/);
    }
    expect(build((n) => ({ logits: head(n, n.input), auxiliary: {} }))).toThrow(/^bad: auxiliary {2}Expected a tensor/);
    expect(() => network("", [8, 8, 3], (n) => head(n, n.input))).toThrow(/^network: name {2}Expected a name/);
  });

  it("refuses layers that are none", () => {
    expect(() => pool("mean" as "max", 3)).toThrow('pool  Expected "max" or "avg". Received: "mean".');
    expect(() => separable(3, { repeats: 0 })).toThrow("separable: repeats  Expected a whole number of 1 or more.");
  });

  it("refuses an auxiliary head of other classes", () => {
    const make = (): unknown =>
      network("two", [4, 4, 3], (n) => {
        const pooled = n.globalAvgPool("pool", n.input);
        return { logits: n.dense("a", pooled, { units: 10 }), auxiliary: n.dense("b", pooled, { units: 9 }) };
      });
    expect(make).toThrow("two: auxiliary  Expected 10 classes as in the logits. Received: 9.");
  });

  it("refuses a tensor of another network", () => {
    let stray: ReturnType<Layer> | undefined;
    network("one", [4, 4, 3], (net) => head(net, (stray = net.input)));
    expect(() => network("two", [4, 4, 3], (net) => head(net, stray ?? net.input))).toThrow(/same builder/);
  });
});
