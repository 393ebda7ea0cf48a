/** @file Operations of the reference engine on numbers small enough to check by hand: what each means, PyTorch or not. */
import { describe, expect, it } from "vitest";
import { crossEntropy } from "../../../src/engines/reference/loss.ts";
import { runNode } from "../../../src/engines/reference/table.ts";
import type { NodeWeights, OpResult } from "../../../src/engines/reference/kernel.ts";
import type { Tensor } from "../../../src/engines/reference/tensor.ts";
import type { Node, OpAttributes, OpKind } from "../../../src/network/network.ts";

type Computed = Exclude<OpKind, "input">;
const training = { seed: 1, step: 0, dropPathRate: 0.5 };

function tensor(shape: readonly number[], data: ArrayLike<number>): Tensor {
  return { shape, data: Float64Array.from(data) };
}

/** 0, 1, 2 … in the given shape. */
function count(shape: readonly number[]): Tensor {
  return tensor(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
}

function run<K extends Computed>(
  op: K,
  attributes: OpAttributes[K],
  inputs: readonly Tensor[],
  weights: NodeWeights = {},
  isTraining = false,
): OpResult {
  const node = { id: "node", op, inputs: [], attributes } as unknown as Node & { op: Computed };
  return runNode(node, { nodeId: "node", inputs, weights, ...(isTraining ? { training } : {}) });
}

const ones = (length: number): Float64Array => new Float64Array(length).fill(1);
const window = { kernel: [2, 2], stride: [1, 1], padding: "same" } as const;
const convolution = { ...window, dilation: [1, 1], bias: false } as const;

describe("convolution", () => {
  it("pads the odd row and column at the bottom right for same", () => {
    const { output } = run("conv", { ...convolution, filters: 1, groups: 1 }, [count([1, 3, 3, 1])], {
      kernel: ones(4),
    });
    expect([...output.data]).toEqual([8, 12, 7, 20, 24, 13, 13, 15, 8]);
  });

  it("pads where explicit padding says", () => {
    const attributes = { ...convolution, padding: { top: 1, bottom: 0, left: 0, right: 1 }, filters: 1, groups: 1 };
    const { output } = run("conv", attributes, [count([1, 3, 3, 1])], { kernel: ones(4) });
    expect([...output.data]).toEqual([1, 3, 2, 8, 12, 7, 20, 24, 13]);
  });

  it("spreads its taps by dilation and steps by stride", () => {
    const attributes = {
      ...convolution,
      padding: "valid",
      dilation: [2, 2],
      stride: [1, 2],
      filters: 1,
      groups: 1,
    } as const;
    const { output } = run("conv", attributes, [count([1, 3, 5, 1])], {
      kernel: Float64Array.from([1, 10, 100, 1000]),
    });
    // 0 + 10 * 2 + 100 * 10 + 1000 * 12, and the same two columns on.
    expect(output.shape).toEqual([1, 1, 2, 1]);
    expect([...output.data]).toEqual([13020, 15242]);
  });

  it("shows each group its own channels", () => {
    const attributes = { ...convolution, kernel: [1, 1], filters: 4, groups: 2, bias: true } as const;
    const weights = {
      kernel: Float64Array.from([1, 2, 3, 4, 10, 20, 30, 40]),
      bias: Float64Array.from([0.5, 0, 0, 0]),
    };
    const { output } = run("conv", attributes, [tensor([1, 1, 1, 4], [1, 2, 3, 4])], weights);
    // Kernel [1, 1, 2, 4]: filters 0 and 1 read channels 1 and 2 of the first group, filters 2 and 3 the others.
    expect([...output.data]).toEqual([21.5, 42, 129, 172]);
  });

  it("keeps channels apart where depthwise", () => {
    const attributes = { ...convolution, kernel: [1, 2], padding: "valid" } as const;
    const { output } = run("depthwiseConv", attributes, [count([1, 1, 2, 2])], {
      kernel: Float64Array.from([1, 2, 3, 4]),
    });
    expect([...output.data]).toEqual([2 * 3, 1 * 2 + 3 * 4]);
  });
});

describe("pools", () => {
  it("don't count padding in a mean, nor in its gradient", () => {
    const pool = run("avgPool", { ...window, kernel: [3, 3] }, [tensor([1, 3, 3, 1], ones(9))]);
    expect([...pool.output.data]).toEqual([...ones(9)]);
    // A corner is in windows of 4, 6, 6 and 9 pixels.
    expect(pool.backward(ones(9)).inputs[0]?.[0]).toBeCloseTo(1 / 4 + 1 / 6 + 1 / 6 + 1 / 9, 12);
  });

  it("never let padding be the maximum", () => {
    const { output } = run("maxPool", { ...window, kernel: [3, 3] }, [tensor([1, 2, 2, 1], [-4, -3, -2, -1])]);
    expect([...output.data]).toEqual([-1, -1, -1, -1]);
  });

  it("give the gradient to the first of equal maxima", () => {
    const pool = run("maxPool", { ...window, padding: "valid" }, [tensor([1, 3, 3, 1], ones(9))]);
    expect([...(pool.backward(ones(4)).inputs[0] ?? [])]).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0]);
  });

  it("show a NaN", () => {
    const { output } = run("maxPool", { ...window, padding: "valid" }, [tensor([1, 2, 2, 1], [1, NaN, 3, 4])]);
    expect([...output.data]).toEqual([NaN]);
  });

  it("take the mean of a whole image", () => {
    expect(run("globalAvgPool", { keepDims: true }, [count([1, 2, 2, 2])]).output).toEqual(
      tensor([1, 1, 1, 2], [3, 4]),
    );
    expect(run("globalAvgPool", { keepDims: false }, [count([1, 2, 2, 2])]).output.shape).toEqual([1, 2]);
  });
});

describe("pools into bins", () => {
  it("begin at the floor and end at the ceiling, so that neighbours share a pixel", () => {
    // Bins of 5 over 2: pixels 0 to 2 and 2 to 4.
    const pool = run("adaptiveAvgPool", { size: [1, 2] }, [count([1, 1, 5, 1])]);
    expect(pool.output.shape).toEqual([1, 1, 2, 1]);
    expect([...pool.output.data].map((value) => Number(value.toFixed(12)))).toEqual([1, 3]);
    expect([...(pool.backward(Float64Array.from([3, 6])).inputs[0] ?? [])]).toEqual([1, 1, 3, 2, 2]);
    expect([...run("adaptiveMaxPool", { size: [1, 2] }, [count([1, 1, 5, 1])]).output.data]).toEqual([2, 4]);
  });

  it("repeat pixels where there are more bins than pixels", () => {
    const pool = run("adaptiveMaxPool", { size: [3, 1] }, [count([1, 2, 1, 1])]);
    expect([...pool.output.data]).toEqual([0, 1, 1]);
    expect([...(pool.backward(ones(3)).inputs[0] ?? [])]).toEqual([1, 2]);
  });

  it("give the gradient to the first of equal maxima, and show a NaN", () => {
    const pool = run("adaptiveMaxPool", { size: [1, 1] }, [tensor([1, 2, 2, 1], ones(4))]);
    expect([...(pool.backward(ones(1)).inputs[0] ?? [])]).toEqual([1, 0, 0, 0]);
    expect([...run("adaptiveMaxPool", { size: [1, 1] }, [tensor([1, 1, 3, 1], [1, NaN, 3])]).output.data]).toEqual([
      NaN,
    ]);
    // A value that is no number elsewhere is not mixed in.
    const infinite = run("adaptiveMaxPool", { size: [1, 1] }, [tensor([1, 1, 2, 1], [-Infinity, 3])]);
    expect([...infinite.output.data]).toEqual([3]);
  });
});

describe("among channels", () => {
  it("local response norm divides alpha by the window's size, and an even window reaches one farther back", () => {
    const x = tensor([1, 1, 1, 4], [1, 2, 3, 4]);
    const three = run("localResponseNorm", { size: 3, alpha: 3, beta: 1, k: 1 }, [x]).output.data;
    // 1 + (3 / 3) * sums of neighbouring squares: 1 + 4, 1 + 4 + 9, 4 + 9 + 16, 9 + 16.
    expect([...three]).toEqual([1 / 6, 2 / 15, 3 / 30, 4 / 26]);
    const two = run("localResponseNorm", { size: 2, alpha: 2, beta: 1, k: 1 }, [x]).output.data;
    expect([...two]).toEqual([1 / 2, 2 / 6, 3 / 14, 4 / 26]);
  });

  it("AlexNet's constants are size 5, alpha 5e-4, beta 0.75, k 2", () => {
    const x = tensor([1, 1, 1, 1], [10]);
    const [y] = run("localResponseNorm", { size: 5, alpha: 5e-4, beta: 0.75, k: 2 }, [x]).output.data;
    // Section 3.3: a / (k + alpha * sum of a^2)^beta with alpha = 1e-4.
    expect(y).toBeCloseTo(10 / (2 + 1e-4 * 100) ** 0.75, 12);
  });

  it("a shuffle reads the groups column by column", () => {
    const shuffle = run("channelShuffle", { groups: 2 }, [count([1, 1, 1, 6])]);
    expect([...shuffle.output.data]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...(shuffle.backward(shuffle.output.data).inputs[0] ?? [])]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

it("a slice of channels takes those from the first on, and gives the others no gradient", () => {
  const slice = run("channelSlice", { first: 1, count: 2 }, [count([1, 1, 2, 4])]);
  expect(slice.output.shape).toEqual([1, 1, 2, 2]);
  expect([...slice.output.data]).toEqual([1, 2, 5, 6]);
  expect([...(slice.backward(slice.output.data).inputs[0] ?? [])]).toEqual([0, 1, 2, 0, 0, 5, 6, 0]);
});

describe("batch norm", () => {
  const attributes = { epsilon: 0, momentum: 0.9 };
  const weights = {
    gamma: Float64Array.from([2]),
    beta: Float64Array.from([1]),
    movingMean: Float64Array.from([10]),
    movingVariance: Float64Array.from([4]),
  };

  it("normalises by the batch in training, and moves by the biased variance", () => {
    const { output, moved } = run("batchNorm", attributes, [tensor([4, 1], [1, 3, 1, 3])], weights, true);
    expect([...output.data]).toEqual([-1, 3, -1, 3]);
    expect(moved?.movingMean?.[0]).toBeCloseTo(0.9 * 10 + 0.1 * 2, 12);
    expect(moved?.movingVariance?.[0]).toBeCloseTo(0.9 * 4 + 0.1 * 1, 12);
  });

  it("normalises by the moving statistics in inference", () => {
    const { output, moved } = run("batchNorm", attributes, [tensor([1, 1], [14])], weights);
    expect([...output.data]).toEqual([5]);
    expect(moved).toBeUndefined();
  });
});

describe("activations", () => {
  const at = (fn: OpAttributes["activation"]["fn"], x: number): readonly [number, number] => {
    const result = run("activation", { fn }, [tensor([1, 1], [x])]);
    return [result.output.data[0] as number, result.backward(ones(1)).inputs[0]?.[0] as number];
  };

  it.each([
    ["relu", -1, 0, 0],
    ["relu", 0, 0, 0],
    ["relu", 2, 2, 1],
    ["relu6", 0, 0, 0],
    ["relu6", 5, 5, 1],
    ["relu6", 6, 6, 0],
    ["relu6", 7, 6, 0],
    ["hsigmoid", 0, 0.5, 1 / 6],
    ["hsigmoid", -3, 0, 0],
    ["hsigmoid", 4, 1, 0],
    ["hswish", 3, 3, 1],
    ["hswish", -4, 0, 0],
    ["hswish", 0, 0, 0.5],
    ["sigmoid", 0, 0.5, 0.25],
    ["swish", 0, 0, 0.5],
    ["tanh", 0, 0, 1],
  ] as const)("%s at %f is %f with slope %f", (fn, x, value, slope) => {
    const [givenValue, givenSlope] = at(fn, x);
    expect(givenValue).toBeCloseTo(value, 12);
    expect(givenSlope).toBeCloseTo(slope, 12);
  });

  it("stay finite far out", () => {
    expect(at("swish", -1000).map(Math.abs)).toEqual([0, 0]);
    expect(at("sigmoid", 1000)).toEqual([1, 0]);
  });
});

describe("the rest", () => {
  it("multiplies by a factor for each image and channel", () => {
    const factors = tensor([2, 2], [1, 10, 100, 1000]);
    const { output } = run("multiply", {}, [tensor([2, 1, 2, 2], ones(8)), factors]);
    expect([...output.data]).toEqual([1, 10, 1, 10, 100, 1000, 100, 1000]);
  });

  it("concatenates channels", () => {
    const { output } = run("concat", {}, [count([1, 1, 2, 1]), tensor([1, 1, 2, 2], [5, 6, 7, 8])]);
    expect(output).toEqual(tensor([1, 1, 2, 3], [0, 5, 6, 1, 7, 8]));
  });

  it("adds an input as often as it is named", () => {
    const x = count([1, 3]);
    expect([...run("add", {}, [x, x, x]).output.data]).toEqual([0, 3, 6]);
  });

  it("flattens row by row, keeps zeros' rank, shifts by slice and pad", () => {
    expect(run("flatten", {}, [count([2, 1, 2, 2])]).output).toEqual(count([2, 4]));
    expect(run("zero", { stride: 2 }, [count([1, 3, 4, 2])]).output.shape).toEqual([1, 2, 2, 2]);
    expect(run("zero", { stride: 1 }, [count([1, 4])]).output.shape).toEqual([1, 4]);
    const sliced = run("slice", { top: 1, left: 1, height: 1, width: 2 }, [count([1, 3, 3, 1])]);
    expect([...sliced.output.data]).toEqual([4, 5]);
    const padded = run("pad", { top: 0, bottom: 1, left: 1, right: 0 }, [count([1, 1, 2, 1])]);
    expect([...padded.output.data]).toEqual([0, 0, 1, 0, 0, 0]);
  });

  it("drops nothing in inference, and whole examples on a path", () => {
    const x = tensor([50, 2], ones(100));
    expect(run("dropPath", { depthFraction: 1 }, [x]).output.data).toEqual(x.data);
    expect(run("dropout", { rate: 0.5 }, [x]).output.data).toEqual(x.data);
    const { data } = run("dropPath", { depthFraction: 1 }, [x], {}, true).output;
    for (let i = 0; i < 100; i += 2) expect(data[i]).toBe(data[i + 1]);
    expect(new Set(data)).toEqual(new Set([0, 2]));
    expect(new Set(run("dropout", { rate: 0.5 }, [x], {}, true).output.data)).toEqual(new Set([0, 2]));
  });
});

describe("the loss", () => {
  it("is the mean cross-entropy", () => {
    const { loss, gradient } = crossEntropy(tensor([2, 2], [0, 0, Math.log(3), 0]), { labels: [0, 0] }, 0);
    expect(loss).toBeCloseTo((Math.log(2) + Math.log(4 / 3)) / 2, 12);
    expect([...gradient].map((g) => Number(g.toFixed(12)))).toEqual([-0.25, 0.25, -0.125, 0.125]);
  });

  it("smooths labels by y * (1 - s) + s / classes", () => {
    const logits = tensor([1, 3], [1, 2, 4]);
    const logSum = Math.log(Math.exp(1) + Math.exp(2) + Math.exp(4));
    const expected = 0.1 * (logSum - 1) + 0.1 * (logSum - 2) + 0.8 * (logSum - 4);
    expect(crossEntropy(logits, { labels: [2] }, 0.3).loss).toBeCloseTo(expected, 12);
  });

  it("takes logits of any size without overflow", () => {
    expect(crossEntropy(tensor([1, 2], [1000, -1000]), { labels: [0] }, 0).loss).toBe(0);
    expect(crossEntropy(tensor([1, 2], [1000, -1000]), { labels: [1] }, 0).loss).toBe(2000);
    expect(crossEntropy(tensor([1, 2], [NaN, 0]), { labels: [1] }, 0).loss).toBeNaN();
  });
});
