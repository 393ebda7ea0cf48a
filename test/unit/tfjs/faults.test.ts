/**
 * @file What is wrong with TensorFlow.js 4.22 itself, pinned: when one of these fails, a fault was mended and its workaround in src/engines/tfjs can go.
 * That ours is right in the same places is shown by agreement.test.ts and operations.test.ts, and for each of these in "ours".
 */
import type { Tensor, Tensor4D } from "@tensorflow/tfjs";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { openTfjsEngine } from "../../../src/engines/tfjs/index.ts";
import { findTfjs, loadTfjs, type Tf, type TfjsBackend } from "../../../src/engines/tfjs/load.ts";
import type { Network, Node, NodeOf, OpKind } from "../../../src/network/network.ts";
import { relativeDifference } from "../../support/compare.ts";
import { randomBatch, randomWeights } from "../../support/random-network.ts";
import { createRng } from "../../../src/base/rng.ts";

const EXPLICIT: [[number, number], [number, number], [number, number], [number, number]] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [0, 0],
];

/** Sets a backend up for raw calls. `skip` says why it can't be. */
function raw(backend: TfjsBackend): {
  readonly skip: boolean;
  readonly title: string;
  readonly get: () => Promise<Tf>;
} {
  const finding = findTfjs(backend);
  const title = finding.installed
    ? `raw TensorFlow.js on ${backend}`
    : `raw TensorFlow.js on ${backend} [skipped: ${finding.missing} is not installed]`;
  const get = async (): Promise<Tf> => {
    const { tf, tfName } = await loadTfjs(backend);
    await tf.setBackend(tfName);
    return tf;
  };
  return { skip: !finding.installed, title, get };
}

const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];
const gradient = (tf: Tf, f: (x: Tensor) => Tensor, at: Tensor): number[] => numbers(tf.grad((x) => tf.sum(f(x)))(at));
const image = (tf: Tf): Tensor4D => tf.reshape(tf.range(0, 9), [1, 3, 3, 1]) as Tensor4D;
const as4d = (x: Tensor): Tensor4D => x as Tensor4D;

const cpu = raw("cpu");
describe.skipIf(cpu.skip)(cpu.title, () => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await cpu.get();
  });

  it("divides the gradient of a padded average pool by the full window at the border", () => {
    const given = gradient(tf, (x) => tf.avgPool(as4d(x), 3, 1, "same"), image(tf));
    // A corner pixel is in the windows of 4, 6, 6 and 9 pixels: 1/4 + 1/6 + 1/6 + 1/9 = 0.694. Given is 4/9.
    expect(given[0]).toBeCloseTo(4 / 9, 5);
  });

  it("has no gradient of dilated convolutions", () => {
    const kernel = tf.ones([2, 2, 1, 1]) as Tensor4D;
    expect(() => gradient(tf, (x) => tf.conv2d(as4d(x), kernel, 1, "same", "NHWC", 2), image(tf))).toThrow(/dilation/);
    expect(() => gradient(tf, (x) => tf.depthwiseConv2d(as4d(x), kernel, 1, "same", "NHWC", 2), image(tf))).toThrow(
      /dilation/,
    );
  });

  it("refuses a stride and a dilation together", () => {
    const kernel = tf.ones([2, 2, 1, 1]) as Tensor4D;
    expect(() => tf.conv2d(image(tf), kernel, 2, "same", "NHWC", 2)).toThrow(/strides or dilations/i);
  });

  it("has no grouped convolution", () => {
    const kernel = tf.ones([1, 1, 2, 4]) as Tensor4D;
    expect(() => tf.conv2d(tf.ones([1, 2, 2, 4]) as Tensor4D, kernel, 1, "same")).toThrow(/input depth/);
  });

  it("has no gradient of a strided slice", () => {
    expect(() => gradient(tf, (x) => tf.stridedSlice(x, [0, 0, 0, 0], [1, 3, 3, 1], [1, 2, 2, 1]), image(tf))).toThrow(
      /StridedSlice/,
    );
  });

  it("lets the gradient pass at the bounds of a clip, and at 6 of relu6", () => {
    expect(gradient(tf, (x) => tf.clipByValue(x, 0, 6), tf.tensor1d([0, 3, 6]))).toEqual([1, 1, 1]);
    expect(gradient(tf, (x) => tf.relu6(x), tf.tensor1d([0, 3, 6]))).toEqual([0, 1, 1]);
  });

  it("gives a max pool's gradient to the first of equals: no fault, and relied on", () => {
    expect(gradient(tf, (x) => tf.maxPool(as4d(x), 2, 1, "valid"), tf.ones([1, 3, 3, 1]))).toEqual([
      1, 1, 0, 1, 1, 0, 0, 0, 0,
    ]);
  });
});

const node = raw("tfjs-node");
describe.skipIf(node.skip)(node.title, () => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await node.get();
  });

  it("calls a function of node:util that Node 23 removed", () => {
    const finding = findTfjs("tfjs-node");
    if (!finding.installed) throw new Error("skipped above");
    const main = createRequire(path.join(finding.folder, "package.json")).resolve("@tensorflow/tfjs-node");
    const source = readFileSync(path.join(path.dirname(main), "nodejs_kernel_backend.js"), "utf8");
    expect(source).toMatch(/util_1\.isNullOrUndefined/);
  });

  it("has no gradient of explicitly padded convolutions, and no explicitly padded pools", () => {
    const kernel = tf.ones([2, 2, 1, 1]) as Tensor4D;
    expect(() => gradient(tf, (x) => tf.conv2d(as4d(x), kernel, 1, EXPLICIT), image(tf))).toThrow(/EXPLICIT/);
    expect(() => gradient(tf, (x) => tf.depthwiseConv2d(image(tf), as4d(x), 1, EXPLICIT), kernel)).toThrow(
      /explicit_paddings/,
    );
    expect(() => tf.avgPool(image(tf), 2, 1, EXPLICIT)).toThrow(/EXPLICIT/);
    expect(() => tf.maxPool(image(tf), 2, 1, EXPLICIT)).toThrow(/EXPLICIT/);
  });

  it("gives a max pool's gradient to the first of equals: no fault, and relied on", () => {
    expect(gradient(tf, (x) => tf.maxPool(as4d(x), 2, 1, "valid"), tf.ones([1, 3, 3, 1]))).toEqual([
      1, 1, 0, 1, 1, 0, 0, 0, 0,
    ]);
  });
});

const wasm = raw("wasm");
describe.skipIf(wasm.skip)(wasm.title, () => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await wasm.get();
  });

  it("lacks the gradient kernels of convolutions", () => {
    const kernel = tf.ones([2, 2, 1, 1]) as Tensor4D;
    expect(() => gradient(tf, (x) => tf.conv2d(image(tf), as4d(x), 1, "same"), kernel)).toThrow(/not registered/);
    expect(() => gradient(tf, (x) => tf.depthwiseConv2d(as4d(x), kernel, 1, "same"), image(tf))).toThrow(
      /not registered/,
    );
  });

  it("takes a stride that steps over the kernel for no padding at all", () => {
    const kernel = tf.ones([1, 3, 1, 1]) as Tensor4D;
    const rows = tf.reshape(tf.range(0, 20), [1, 4, 5, 1]) as Tensor4D;
    expect(numbers(tf.conv2d(rows, kernel, 2, "same"))).not.toEqual([1, 6, 7, 21, 36, 27]);
  });

  it("gives a max pool's gradient to the last of equals, and loses windows of negative numbers", () => {
    expect(gradient(tf, (x) => tf.maxPool(as4d(x), 2, 1, "valid"), tf.ones([1, 3, 3, 1]))).toEqual([
      0, 0, 0, 0, 1, 1, 0, 1, 1,
    ]);
    const negative = tf.sub(image(tf), 20);
    expect(gradient(tf, (x) => tf.maxPool(as4d(x), 2, 1, "valid"), negative)).not.toEqual([0, 0, 0, 0, 1, 1, 0, 1, 1]);
  });
});

const window = { kernel: [3, 3], stride: [1, 1], padding: "same" } as const;
const convolution = { ...window, dilation: [1, 1], bias: false } as const;
/** One operation at fault each, after a convolution so that its gradient reaches a weight. The stem has 4 channels, negative numbers and, by relu, ties. */
const ours: readonly (readonly [string, Pick<NodeOf<OpKind>, "op" | "attributes">])[] = [
  ["the padded average pool", { op: "avgPool", attributes: window }],
  ["dilation", { op: "conv", attributes: { ...convolution, filters: 3, groups: 1, dilation: [2, 2] } }],
  ["dilation of a depthwise convolution", { op: "depthwiseConv", attributes: { ...convolution, dilation: [2, 1] } }],
  [
    "stride and dilation",
    { op: "conv", attributes: { ...convolution, filters: 3, groups: 1, dilation: [2, 2], stride: [2, 2] } },
  ],
  ["groups", { op: "conv", attributes: { ...convolution, filters: 6, groups: 2 } }],
  ["strides that differ", { op: "depthwiseConv", attributes: { ...convolution, stride: [1, 2] } }],
  [
    "explicit padding",
    {
      op: "conv",
      attributes: { ...convolution, filters: 3, groups: 1, padding: { top: 2, bottom: 0, left: 0, right: 1 } },
    },
  ],
  [
    "a stride over the kernel",
    { op: "conv", attributes: { ...convolution, filters: 3, groups: 1, kernel: [1, 3], stride: [2, 2] } },
  ],
  ["a max pool of negative numbers", { op: "maxPool", attributes: window }],
  ["an adaptive max pool", { op: "adaptiveMaxPool", attributes: { size: [4, 3] } }],
  ["an adaptive average pool", { op: "adaptiveAvgPool", attributes: { size: [4, 7] } }],
  [
    "a local response norm of an even window",
    { op: "localResponseNorm", attributes: { size: 2, alpha: 1, beta: 0.75, k: 1 } },
  ],
  ["relu6", { op: "activation", attributes: { fn: "relu6" } }],
];

function networkWith(part: Pick<NodeOf<OpKind>, "op" | "attributes">, ties: boolean): Network {
  const stem = { ...convolution, filters: 4, groups: 1, kernel: [1, 1], bias: true } as const;
  const nodes: readonly Node[] = [
    { id: "image", op: "input", inputs: [], attributes: { shape: [6, 5, 2] } },
    { id: "stem", op: "conv", inputs: ["image"], attributes: stem },
    { id: "relu", op: "activation", inputs: ["stem"], attributes: { fn: "relu" } },
    { id: "part", inputs: [ties ? "relu" : "stem"], ...part } as unknown as Node,
    { id: "flat", op: "flatten", inputs: ["part"], attributes: {} },
    { id: "logits", op: "dense", inputs: ["flat"], attributes: { units: 3, bias: true } },
  ];
  return { name: "fault", nodes, outputs: { logits: "logits" } };
}

const installed = (["cpu", "tfjs-node", "wasm"] as const).filter((backend) => findTfjs(backend).installed);
describe.each(installed)("ours on %s is right in", (backend) => {
  it.each(ours)("%s", async (_, part) => {
    for (const ties of [false, true]) {
      const network = networkWith(part, ties);
      const rng = createRng("faults");
      const weights = randomWeights(network, rng);
      // All outputs of the stem below zero, where windows without ties are asked for.
      if (!ties) weights.get("stem/bias")?.fill(-6);
      const batch = randomBatch(network, 3, rng);
      const options = {
        batchSize: 3,
        seed: 1,
        optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
        loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
        weights,
      };
      const step = { step: 0, learningRate: 0, dropPathRate: 0 };
      const reference = await openReferenceEngine().open(network, options);
      const session = await (await openTfjsEngine(backend)).open(network, options);
      const expected = await reference.gradients(batch, step);
      const given = await session.gradients(batch, step);
      for (const [name, values] of expected.gradients) {
        // Single precision against double, over sums of a hundred products.
        expect(relativeDifference(given.gradients.get(name) as Float32Array, values), name).toBeLessThan(1e-4);
      }
      await session.close();
    }
  });
});
