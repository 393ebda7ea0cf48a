/** @file Small random networks over every operation, and random weights and batches for them. What the engines are compared on. */
import { createRng, type Rng } from "../../src/base/rng.ts";
import type { Batch } from "../../src/engines/engine.ts";
import type {
  ActivationName,
  Network,
  Node,
  OpAttributes,
  OpKind,
  Padding,
  Pair,
  Shape,
} from "../../src/network/network.ts";
import { activationNames } from "../../src/network/ops/activation.ts";
import { inferShapes } from "../../src/network/shapes.ts";
import { weightSpecs } from "../../src/network/weights.ts";

export interface RandomNetworkOptions {
  /** Operations drawn before the heads. */
  readonly length: number;
  /** Only these are drawn (heads apart). */
  readonly ops?: readonly OpKind[];
  readonly activations?: readonly ActivationName[];
  readonly maxSide?: number;
  readonly auxiliary?: boolean;
  /** Begins with a 1x1 convolution, so that gradients through everything after it reach a weight. */
  readonly stem?: boolean;
}

/** Operations on images, all of which `randomNetwork` can draw. */
export const imageOps: readonly OpKind[] = [
  "conv",
  "depthwiseConv",
  "batchNorm",
  "localResponseNorm",
  "channelShuffle",
  "activation",
  "maxPool",
  "avgPool",
  "adaptiveAvgPool",
  "adaptiveMaxPool",
  "add",
  "multiply",
  "concat",
  "dropout",
  "dropPath",
  "zero",
  "slice",
  "channelSlice",
  "pad",
];

interface Draft {
  readonly name: string;
  readonly nodes: Node[];
}

function push<K extends OpKind>(draft: Draft, op: K, inputs: readonly string[], attributes: OpAttributes[K]): string {
  const id = `n${draft.nodes.length}/${op}`;
  draft.nodes.push({ id, op, inputs, attributes } as unknown as Node);
  return id;
}

/** Returns padding of any kind that leaves room for the window; explicit padding is asymmetric. */
export function randomPadding(rng: Rng, kernel: Pair): Padding {
  const kind = rng.int(3);
  if (kind === 0) return "same";
  if (kind === 1) return "valid";
  const side = (k: number): number => rng.int(k);
  return { top: side(kernel[0]), bottom: side(kernel[0]), left: side(kernel[1]), right: side(kernel[1]) };
}

/** Returns a random network with its logits, weights of every kind and often an auxiliary head. The same stream gives the same network. */
export function randomNetwork(rng: Rng, options: RandomNetworkOptions): Network {
  const maxSide = options.maxSide ?? 8;
  const shape: Shape = [3 + rng.int(maxSide - 2), 3 + rng.int(maxSide - 2), 1 + rng.int(4)];
  const draft: Draft = { name: rng.label, nodes: [] };
  const input = push(draft, "input", [], { shape });
  const first = options.stem === true ? pushStem(draft, input, 1 + rng.int(4)) : input;
  const images = new Map<string, readonly [number, number, number]>();
  images.set(
    first,
    inferShapes({ ...draft, outputs: { logits: first } }).get(first) as readonly [number, number, number],
  );
  const ops = options.ops ?? imageOps;
  const activations = options.activations ?? activationNames;
  for (let tries = 0; images.size <= options.length && tries < options.length * 20; tries++) {
    const before = draft.nodes.length;
    const id = addImageOp(draft, images, rng, { op: rng.pick(ops), activations });
    if (id === undefined) {
      draft.nodes.length = before;
      continue;
    }
    try {
      const shapes = inferShapes({ name: draft.name, nodes: draft.nodes, outputs: { logits: id } });
      images.set(id, shapes.get(id) as readonly [number, number, number]);
    } catch {
      // The window didn't fit: draw another.
      draft.nodes.length = before;
    }
  }
  const classes = 2 + rng.int(4);
  const logits = addHead(draft, images, rng, classes);
  const auxiliary = options.auxiliary ?? rng.next() < 0.5;
  if (!auxiliary) return { ...draft, outputs: { logits } };
  const at = rng.pick([...images.keys()]);
  const flat = push(draft, "flatten", [at], {});
  return { ...draft, outputs: { logits, auxiliary: push(draft, "dense", [flat], { units: classes, bias: true }) } };
}

function pushStem(draft: Draft, input: string, filters: number): string {
  const window = { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: "same" } as const;
  return push(draft, "conv", [input], { ...window, filters, groups: 1, bias: true });
}

/** Every loose end is pooled or flattened, joined, and read by a dense layer. */
function addHead(draft: Draft, images: ReadonlyMap<string, Shape>, rng: Rng, classes: number): string {
  const used = new Set(draft.nodes.flatMap((node) => node.inputs));
  const vectors = [...images.keys()]
    .filter((id) => !used.has(id))
    .map((id) =>
      rng.next() < 0.5 ? push(draft, "globalAvgPool", [id], { keepDims: false }) : push(draft, "flatten", [id], {}),
    );
  const joined = vectors.length > 1 ? push(draft, "concat", vectors, {}) : (vectors[0] as string);
  const dropped = rng.next() < 0.3 ? push(draft, "dropout", [joined], { rate: 0.3 }) : joined;
  const last = rng.fork("vectors").next() < 0.4 ? addVectorOps(draft, dropped, rng.fork("vectors/ops")) : dropped;
  return push(draft, "dense", [last], { units: classes, bias: rng.next() < 0.7 });
}

/** What images can do, vectors can: batch norm, activations, drop path, zeros, sums and products of `[c]`. */
function addVectorOps(draft: Draft, vector: string, rng: Rng): string {
  const hidden = push(draft, "dense", [vector], { units: 2 + rng.int(4), bias: false });
  const normal = push(draft, "batchNorm", [hidden], { epsilon: 1e-3, momentum: 0.8 });
  const active = push(draft, "activation", [normal], { fn: rng.pick(["swish", "hsigmoid", "tanh"] as const) });
  const dropped = push(draft, "dropPath", [active], { depthFraction: 0.5 });
  const scaled = push(draft, "multiply", [dropped, hidden], {});
  return push(draft, "add", [scaled, push(draft, "zero", [hidden], { stride: 1 }), normal], {});
}

function addImageOp(
  draft: Draft,
  images: ReadonlyMap<string, readonly [number, number, number]>,
  rng: Rng,
  { op, activations }: { readonly op: OpKind; readonly activations: readonly ActivationName[] },
): string | undefined {
  const from = rng.pick([...images.keys()]);
  const [h, w, c] = images.get(from) as readonly [number, number, number];
  const pair = (most: number): Pair => [1 + rng.int(most), 1 + rng.int(most)];
  const kernel = pair(3);
  const matching = (fits: (shape: readonly [number, number, number]) => boolean): readonly string[] =>
    [...images].filter(([, shape]) => fits(shape)).map(([id]) => id);
  switch (op) {
    case "conv": {
      const groups = rng.pick([1, 1, c, c % 2 === 0 ? 2 : 1]);
      return push(draft, "conv", [from], {
        filters: groups * (1 + rng.int(3)),
        kernel,
        stride: pair(2),
        dilation: pair(2),
        padding: randomPadding(rng, kernel),
        groups,
        bias: rng.next() < 0.5,
      });
    }
    case "depthwiseConv":
      return push(draft, "depthwiseConv", [from], {
        kernel,
        stride: pair(2),
        dilation: pair(2),
        padding: randomPadding(rng, kernel),
        bias: rng.next() < 0.5,
      });
    case "batchNorm":
      return push(draft, "batchNorm", [from], { epsilon: 1e-3, momentum: 0.9 });
    case "localResponseNorm":
      return push(draft, "localResponseNorm", [from], {
        size: 1 + rng.int(5),
        alpha: rng.pick([0.1, 1]),
        beta: rng.pick([0.5, 0.75, 1, 1.2]),
        k: rng.pick([1, 2]),
      });
    case "channelShuffle": {
      const groups = Array.from({ length: c }, (_, i) => i + 1).filter((count) => c % count === 0);
      return push(draft, "channelShuffle", [from], { groups: rng.pick(groups) });
    }
    case "adaptiveAvgPool":
    case "adaptiveMaxPool":
      return push(draft, op, [from], { size: rng.pick([[1, 1], pair(4), [h, w], pair(h + 1)] as const) });
    case "activation":
      return push(draft, "activation", [from], { fn: rng.pick(activations) });
    case "maxPool":
    case "avgPool":
      return push(draft, op, [from], { kernel, stride: pair(2), padding: randomPadding(rng, kernel) });
    case "add": {
      const others = matching((shape) => shape[0] === h && shape[1] === w && shape[2] === c);
      return push(draft, "add", [from, rng.pick(others), ...(rng.next() < 0.2 ? [rng.pick(others)] : [])], {});
    }
    case "multiply": {
      const keepDims = rng.next() < 0.5;
      if (rng.next() < 0.5)
        return push(draft, "multiply", [from, push(draft, "globalAvgPool", [from], { keepDims })], {});
      return push(draft, "multiply", [from, rng.pick(matching((s) => s[0] === h && s[1] === w && s[2] === c))], {});
    }
    case "concat": {
      const others = matching((shape) => shape[0] === h && shape[1] === w);
      return push(draft, "concat", [from, rng.pick(others)], {});
    }
    case "dropout":
      return push(draft, "dropout", [from], { rate: 0.4 });
    case "dropPath":
      return push(draft, "dropPath", [from], { depthFraction: rng.pick([0.5, 1]) });
    case "zero":
      return push(draft, "zero", [from], { stride: 1 + rng.int(2) });
    case "channelSlice": {
      const first = rng.int(c);
      return push(draft, "channelSlice", [from], { first, count: 1 + rng.int(c - first) });
    }
    case "slice": {
      const top = rng.int(h);
      const left = rng.int(w);
      return push(draft, "slice", [from], { top, left, height: 1 + rng.int(h - top), width: 1 + rng.int(w - left) });
    }
    case "pad":
      return push(draft, "pad", [from], { top: rng.int(2), bottom: rng.int(2), left: rng.int(2), right: rng.int(2) });
    default:
      return undefined;
  }
}

/** Returns weights with no two alike: gammas about 1, variances positive, all else normal. */
export function randomWeights(network: Network, rng: Rng): Map<string, Float32Array> {
  return new Map(
    weightSpecs(network).map((spec) => {
      const size = spec.shape.reduce((product, side) => product * side, 1);
      const draws = rng.fork(spec.name);
      const fanIn = Math.max(1, size / (spec.shape.at(-1) ?? 1));
      const draw = (): number => {
        if (spec.role === "gamma") return 1 + 0.3 * draws.normal();
        if (spec.role === "movingVariance") return 0.5 + draws.next();
        return spec.role === "kernel" ? draws.normal() / Math.sqrt(fanIn) : 0.3 * draws.normal();
      };
      return [spec.name, Float32Array.from({ length: size }, draw)] as const;
    }),
  );
}

/** Returns normal images and labels that fit the network. */
export function randomBatch(network: Network, size: number, rng: Rng): Batch {
  const shapes = inferShapes(network);
  const input = network.nodes.find((node) => node.op === "input") as Node;
  const perImage = (shapes.get(input.id) as Shape).reduce((product, side) => product * side, 1);
  const classes = (shapes.get(network.outputs.logits) as Shape)[0];
  return {
    size,
    images: Float32Array.from({ length: size * perImage }, () => rng.normal()),
    labels: Uint8Array.from({ length: size }, () => rng.int(classes)),
  };
}

/** Returns a batch with soft targets beside its labels: every row sums to 1. Some rows are of one class. */
export function randomSoftBatch(network: Network, size: number, rng: Rng): Batch {
  const batch = randomBatch(network, size, rng);
  const classes = (inferShapes(network).get(network.outputs.logits) as Shape)[0] as number;
  const targets = new Float32Array(size * classes);
  for (let image = 0; image < size; image++) {
    const share = image % 3 === 0 ? 1 : rng.next();
    for (const part of [share, 1 - share]) {
      const at = image * classes + rng.int(classes);
      targets[at] = (targets[at] as number) + part;
    }
  }
  return { ...batch, targets };
}

/** A network with weights and batches, all from one seed. */
export interface Case {
  readonly seed: number;
  readonly network: Network;
  readonly weights: Map<string, Float32Array>;
  readonly batches: readonly Batch[];
}

export function randomCase(seed: number, options: RandomNetworkOptions & { readonly batches?: number }): Case {
  const rng = createRng(seed);
  const network = randomNetwork(rng.fork("network"), options);
  const weights = randomWeights(network, rng.fork("weights"));
  const size = 2 + rng.int(3);
  const batches = Array.from({ length: options.batches ?? 1 }, (_, i) =>
    randomBatch(network, size, rng.fork("batch").fork(i)),
  );
  return { seed, network, weights, batches };
}
