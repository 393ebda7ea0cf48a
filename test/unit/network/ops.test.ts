/** @file Shape, weight and MAC rules of every operation, against figures worked out by hand or by TensorFlow's definition. */
import { describe, expect, it } from "vitest";
import {
  costOf,
  inferShapes,
  initializeWeights,
  network,
  opKinds,
  topologicalOrder,
  weightSpecs,
  windowGeometry,
  type Network,
  type NetworkBuilder,
  type OpAttributes,
  type Shape,
  type Tensor,
} from "../../../src/network/index.ts";
import { binEdges } from "../../../src/network/ops/adaptive-pooling.ts";

/** Shape, parameters and MACs of the node `op` in a network that has it. */
function measure(input: Shape, make: (net: NetworkBuilder) => Tensor): { shape: Shape; params: number; macs: number } {
  const net = network("one", input, (n) => {
    const x = make(n);
    return x.shape.length === 1 ? x : n.globalAvgPool("out", x);
  });
  const { shape, params, macs } = costOf(net).nodes.find(({ id }) => id === "op") as ReturnType<
    typeof costOf
  >["nodes"][0];
  return { shape, params, macs };
}

describe("rules of the operations", () => {
  const image: Shape = [9, 7, 4];
  const explicit = { top: 1, bottom: 0, left: 2, right: 0 };
  const cases: [string, (net: NetworkBuilder) => Tensor, Shape, number, number][] = [
    [
      "conv",
      (n) => n.conv("op", n.input, { filters: 6, kernel: [3, 5] }),
      [9, 7, 6],
      3 * 5 * 4 * 6,
      63 * 6 * 3 * 5 * 4,
    ],
    ["conv with bias", (n) => n.conv("op", n.input, { filters: 6, kernel: 1, bias: true }), [9, 7, 6], 24 + 6, 63 * 24],
    [
      "strided conv, same",
      (n) => n.conv("op", n.input, { filters: 2, kernel: 3, stride: [2, 3] }),
      [5, 3, 2],
      72,
      15 * 72,
    ],
    [
      "conv, valid",
      (n) => n.conv("op", n.input, { filters: 2, kernel: 3, stride: 2, padding: "valid" }),
      [4, 3, 2],
      72,
      12 * 72,
    ],
    [
      "conv, explicit",
      (n) => n.conv("op", n.input, { filters: 2, kernel: 3, padding: explicit }),
      [8, 7, 2],
      72,
      56 * 72,
    ],
    [
      "dilated conv, valid",
      (n) => n.conv("op", n.input, { filters: 2, kernel: 3, dilation: [2, 1], padding: "valid" }),
      [5, 5, 2],
      72,
      25 * 72,
    ],
    [
      "grouped conv",
      (n) => n.conv("op", n.input, { filters: 6, kernel: 3, groups: 2 }),
      [9, 7, 6],
      9 * 2 * 6,
      63 * 6 * 9 * 2,
    ],
    ["depthwiseConv", (n) => n.depthwiseConv("op", n.input, { kernel: 5, stride: 2 }), [5, 4, 4], 100, 20 * 4 * 25],
    [
      "depthwiseConv with bias",
      (n) => n.depthwiseConv("op", n.input, { kernel: 3, bias: true }),
      [9, 7, 4],
      40,
      63 * 4 * 9,
    ],
    ["batchNorm", (n) => n.batchNorm("op", n.input), image, 8, 0],
    ["localResponseNorm", (n) => n.localResponseNorm("op", n.input, { size: 5 }), image, 0, 0],
    ["channelShuffle", (n) => n.channelShuffle("op", n.input, 2), image, 0, 0],
    ["channelSlice", (n) => n.channelSlice("op", n.input, { first: 1, count: 3 }), [9, 7, 3], 0, 0],
    ["activation", (n) => n.activate("op", n.input, "hswish"), image, 0, 0],
    ["maxPool", (n) => n.maxPool("op", n.input, { kernel: 3, stride: 2 }), [5, 4, 4], 0, 0],
    ["avgPool", (n) => n.avgPool("op", n.input, { kernel: 5, stride: 3, padding: "valid" }), [2, 1, 4], 0, 0],
    ["globalAvgPool", (n) => n.globalAvgPool("op", n.input), [4], 0, 0],
    ["globalAvgPool with sides", (n) => n.globalAvgPool("op", n.input, { keepDims: true }), [1, 1, 4], 0, 0],
    ["adaptiveAvgPool", (n) => n.adaptiveAvgPool("op", n.input, [2, 3]), [2, 3, 4], 0, 0],
    ["adaptiveMaxPool", (n) => n.adaptiveMaxPool("op", n.input, 4), [4, 4, 4], 0, 0],
    ["adaptiveMaxPool to more than there is", (n) => n.adaptiveMaxPool("op", n.input, 10), [10, 10, 4], 0, 0],
    ["flatten", (n) => n.flatten("op", n.input), [252], 0, 0],
    ["dense", (n) => n.dense("op", n.flatten("f", n.input), { units: 10 }), [10], 2530, 2520],
    ["dense without bias", (n) => n.dense("op", n.flatten("f", n.input), { units: 10, bias: false }), [10], 2520, 2520],
    ["add", (n) => n.add("op", [n.input, n.input, n.input]), image, 0, 0],
    ["multiply", (n) => n.multiply("op", n.input, n.globalAvgPool("g", n.input)), image, 0, 0],
    ["concat", (n) => n.concat("op", [n.input, n.conv("c", n.input, { filters: 3, kernel: 1 })]), [9, 7, 7], 0, 0],
    ["dropout", (n) => n.dropout("op", n.input, 0.5), image, 0, 0],
    ["dropPath", (n) => n.dropPath("op", n.input, 1), image, 0, 0],
    ["zero", (n) => n.zero("op", n.input, { stride: 2 }), [5, 4, 4], 0, 0],
    ["slice", (n) => n.slice("op", n.input, { top: 1, left: 2, height: 8, width: 5 }), [8, 5, 4], 0, 0],
    ["pad", (n) => n.pad("op", n.input, { top: 0, bottom: 1, left: 2, right: 3 }), [10, 12, 4], 0, 0],
  ];
  for (const [name, make, shape, params, macs] of cases) {
    it(name, () => expect(measure(image, make)).toEqual({ shape, params, macs }));
  }

  it("are tried for every operation but the input itself", () => {
    const tried = new Set(
      cases.map(([, make]) => {
        const net = network("one", image, (n) => {
          const x = make(n);
          return x.shape.length === 1 ? x : n.globalAvgPool("out", x);
        });
        return net.nodes.find(({ id }) => id === "op")?.op;
      }),
    );
    expect(opKinds.filter((kind) => !tried.has(kind))).toEqual(["input"]);
  });

  const misfits: [string, (net: NetworkBuilder) => Tensor][] = [
    ["a vector convolved", (n) => n.conv("op", n.globalAvgPool("g", n.input), { filters: 1, kernel: 1 })],
    ["concat of two sizes", (n) => n.concat("op", [n.input, n.maxPool("p", n.input, { kernel: 2, stride: 2 })])],
    ["multiply by other channels", (n) => n.multiply("op", n.input, n.conv("c", n.input, { filters: 3, kernel: 1 }))],
    ["multiply with the vector first", (n) => n.multiply("op", n.globalAvgPool("g", n.input), n.input)],
    ["a slice beyond the image", (n) => n.slice("op", n.input, { top: 1, left: 0, height: 9, width: 7 })],
    [
      "a pool wholly in its padding",
      (n) => n.avgPool("op", n.input, { kernel: 2, padding: { top: 2, bottom: 0, left: 0, right: 0 } }),
    ],
    ["a pool larger than the image", (n) => n.maxPool("op", n.input, { kernel: 8, padding: "valid" })],
    ["a strided zero of a vector", (n) => n.zero("op", n.globalAvgPool("g", n.input), { stride: 2 })],
    ["filters that groups don't divide", (n) => n.conv("op", n.input, { filters: 3, kernel: 1, groups: 2 })],
    ["a shuffle of groups that don't divide the channels", (n) => n.channelShuffle("op", n.input, 3)],
    ["a slice of more channels than there are", (n) => n.channelSlice("op", n.input, { first: 2, count: 3 })],
    ["a vector sliced", (n) => n.channelSlice("op", n.globalAvgPool("g", n.input), { first: 0, count: 2 })],
    ["a vector shuffled", (n) => n.channelShuffle("op", n.globalAvgPool("g", n.input), 2)],
    [
      "a vector normalised among neighbours",
      (n) => n.localResponseNorm("op", n.globalAvgPool("g", n.input), { size: 5 }),
    ],
    ["neighbourhoods of no channel", (n) => n.localResponseNorm("op", n.input, { size: 0 })],
    ["a response divided by what may be zero", (n) => n.localResponseNorm("op", n.input, { size: 5, k: 0 })],
    ["a vector pooled into bins", (n) => n.adaptiveAvgPool("op", n.globalAvgPool("g", n.input), 1)],
    ["bins of no size", (n) => n.adaptiveMaxPool("op", n.input, [0, 2])],
    ["a dropout of everything", (n) => n.dropout("op", n.input, 1)],
  ];
  for (const [name, make] of misfits) {
    it(`refuse ${name}, naming the node`, () => expect(() => measure(image, make)).toThrow(/^one: op \(/));
  }
});

describe("spatialPyramidPool", () => {
  const pyramid = (levels: readonly number[]): Network =>
    network("spp", [9, 7, 4], (n) => n.spatialPyramidPool("head/spp", n.input, levels));

  it("puts the maxima of every level's bins into one vector", () => {
    const net = pyramid([4, 2, 1]);
    expect(inferShapes(net).get(net.outputs.logits)).toEqual([(16 + 4 + 1) * 4]);
    expect(net.nodes.map(({ id, op }) => [id, op])).toEqual([
      ["input", "input"],
      ["head/spp/pool4", "adaptiveMaxPool"],
      ["head/spp/flatten4", "flatten"],
      ["head/spp/pool2", "adaptiveMaxPool"],
      ["head/spp/flatten2", "flatten"],
      ["head/spp/pool1", "adaptiveMaxPool"],
      ["head/spp/flatten1", "flatten"],
      ["head/spp/concat", "concat"],
    ]);
  });

  it("gives a vector of one length for images of every size", () => {
    const lengths = [1, 5, 13].map((side) => {
      const net = network("spp", [side, side + 2, 3], (n) => n.spatialPyramidPool("spp", n.input, [6, 3, 2, 1]));
      return inferShapes(net).get(net.outputs.logits);
    });
    expect(lengths).toEqual([[150], [150], [150]]);
  });

  it("needs no concat for one level", () => {
    expect(pyramid([3]).outputs.logits).toBe("head/spp/flatten3");
  });

  it.each([[[]], [[2, 2]], [[0]], [[1.5]], ["4"]])("refuses %j as levels, naming the node", (levels) => {
    expect(() => pyramid(levels as number[])).toThrow(/^spp: head\/spp/u);
  });
});

describe("binEdges", () => {
  it("are torch's: floor of the start, ceiling of the end", () => {
    // torch.nn.AdaptiveMaxPool1d(4) of 10: windows 0-2, 2-4, 5-7, 7-9.
    expect(binEdges(10, 4)).toEqual([
      [0, 3],
      [2, 5],
      [5, 8],
      [7, 10],
    ]);
    expect(binEdges(2, 3)).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    expect(binEdges(6, 2)).toEqual([
      [0, 3],
      [3, 6],
    ]);
  });
});

describe("windowGeometry", () => {
  const window = (kernel: number, stride: number, padding: OpAttributes["conv"]["padding"], dilation = 1) =>
    ({ kernel: [kernel, kernel], stride: [stride, stride], dilation: [dilation, dilation], padding }) as const;

  it("pads as TensorFlow's same does: the odd row below, the odd column right", () => {
    // ceil(8 / 2) = 4 positions; (4 - 1) * 2 + 3 - 8 = 1 row of padding in all.
    expect(windowGeometry([8, 7, 1], window(3, 2, "same"))).toEqual({
      height: 4,
      width: 4,
      top: 0,
      bottom: 1,
      left: 1,
      right: 1,
    });
    expect(windowGeometry([8, 8, 1], window(1, 2, "same"))).toEqual({
      height: 4,
      width: 4,
      top: 0,
      bottom: 0,
      left: 0,
      right: 0,
    });
    // Dilated by 2 a 3x3 window spans 5.
    expect(windowGeometry([8, 8, 1], window(3, 1, "same", 2))).toMatchObject({ height: 8, top: 2, bottom: 2 });
  });

  it("counts whole positions otherwise", () => {
    expect(windowGeometry([331, 331, 3], window(3, 2, "valid"))).toMatchObject({ height: 165, top: 0, bottom: 0 });
    expect(windowGeometry([6, 6, 1], window(3, 2, { top: 1, bottom: 0, left: 1, right: 1 }))).toMatchObject({
      height: 3,
      width: 3,
      left: 1,
    });
  });
});

describe("topologicalOrder", () => {
  const shuffled: Network = {
    name: "shuffled",
    nodes: [
      { id: "out", op: "globalAvgPool", inputs: ["sum"], attributes: { keepDims: false } },
      { id: "sum", op: "add", inputs: ["image", "act"], attributes: {} },
      { id: "act", op: "activation", inputs: ["image"], attributes: { fn: "relu" } },
      { id: "image", op: "input", inputs: [], attributes: { shape: [2, 2, 3] } },
    ],
    outputs: { logits: "out" },
  };

  it("puts the image first and every node after its inputs", () => {
    expect(topologicalOrder(shuffled).map(({ id }) => id)).toEqual(["image", "act", "sum", "out"]);
    expect([...inferShapes(shuffled)]).toEqual([
      ["image", [2, 2, 3]],
      ["act", [2, 2, 3]],
      ["sum", [2, 2, 3]],
      ["out", [3]],
    ]);
  });

  it("takes a chain of fifty thousand nodes written backwards", () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) => ({
      id: `n${i}`,
      op: "activation" as const,
      inputs: [i === 0 ? "image" : `n${i - 1}`],
      attributes: { fn: "relu" as const },
    })).reverse();
    const long: Network = { ...shuffled, nodes: [...nodes, shuffled.nodes[3] as Network["nodes"][0]] };
    const order = topologicalOrder(long);
    expect([order[0]?.id, order[1]?.id, order.at(-1)?.id]).toEqual(["image", "n0", "n49999"]);
  });
});

describe("initializeWeights", () => {
  const wide = (name: string, extra: boolean): Network =>
    network(name, [8, 8, 16], (n) => {
      const x = extra ? n.batchNorm("extra", n.input) : n.input;
      const y = n.batchNorm("bn", n.conv("conv", x, { filters: 64, kernel: 3 }));
      return n.dense("dense", n.globalAvgPool("pool", n.depthwiseConv("dw", y, { kernel: 5 })), { units: 10 });
    });

  it("gives every weight of the specification, of its size", () => {
    const net = wide("a", false);
    const weights = initializeWeights(net, 1);
    const sizes = weightSpecs(net).map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)]);
    expect([...weights].map(([name, values]) => [name, values.length])).toEqual(sizes);
  });

  it("depends on the seed and the weight's name alone", () => {
    const a = initializeWeights(wide("a", false), 7);
    const b = initializeWeights(wide("b", true), 7);
    expect(b.get("conv/kernel")).toEqual(a.get("conv/kernel"));
    expect(b.get("dense/kernel")).toEqual(a.get("dense/kernel"));
    expect(initializeWeights(wide("a", false), 8).get("conv/kernel")).not.toEqual(a.get("conv/kernel"));
  });

  it("pins the first values, so that the same seed gives the same network in every version", () => {
    const kernel = initializeWeights(wide("a", false), 7).get("conv/kernel");
    expect([...(kernel?.slice(0, 3) ?? [])].map((value) => value.toFixed(6))).toMatchInlineSnapshot(`
      [
        "-0.057581",
        "-0.101361",
        "0.023517",
      ]
    `);
  });

  it("draws kernels with mean 0 and variance 2 / fan-in, and starts the rest at 0 and 1", () => {
    const weights = initializeWeights(wide("a", false), 3);
    for (const [name, fanIn] of [
      ["conv/kernel", 9 * 16],
      ["dw/kernel", 25],
      ["dense/kernel", 64],
    ] as const) {
      const values = weights.get(name) as Float32Array;
      const scaled = [...values].map((value) => value / Math.sqrt(2 / fanIn));
      const mean = scaled.reduce((a, b) => a + b) / scaled.length;
      const variance = scaled.reduce((a, b) => a + b * b, 0) / scaled.length;
      // Four standard errors of the mean and of the variance of n standard normal draws.
      expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(scaled.length));
      expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / scaled.length));
    }
    expect(new Set(weights.get("bn/gamma"))).toEqual(new Set([1]));
    expect(new Set(weights.get("bn/movingVariance"))).toEqual(new Set([1]));
    expect(new Set(weights.get("bn/beta"))).toEqual(new Set([0]));
    expect(new Set(weights.get("dense/bias"))).toEqual(new Set([0]));
  });
});
