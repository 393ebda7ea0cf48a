/** @file Sends networks, weights and batches to PyTorch (torch_oracle.py) and reads back losses, logits and gradients in double precision. */
import path from "node:path";
import { dropoutMask, dropPathMask } from "../../src/engines/masks.ts";
import type { Batch, LossOptions, OptimizerOptions, StepOptions } from "../../src/engines/engine.ts";
import { liveNodes } from "../../src/network/live-nodes.ts";
import type { Network, Shape, Weights } from "../../src/network/network.ts";
import { topologicalOrder } from "../../src/network/order.ts";
import { inferShapes } from "../../src/network/shapes.ts";
import { weightSpecs } from "../../src/network/weights.ts";
import { runPython } from "./python.ts";

export interface TorchCase {
  readonly network: Network;
  readonly weights: Weights;
  readonly batches: readonly Batch[];
  /** One for each batch. */
  readonly steps: readonly StepOptions[];
  readonly seed: number;
  readonly optimizer: OptimizerOptions;
  readonly loss: LossOptions;
}

export interface TorchResult {
  /** Of each step. */
  readonly losses: readonly number[];
  readonly correct: readonly number[];
  /** Of the first step, before any update. Shape `[n, classes]`. */
  readonly logits: Float64Array;
  readonly imageGradient: Float64Array;
  readonly gradients: ReadonlyMap<string, Float64Array>;
  /** After all steps. */
  readonly weights: ReadonlyMap<string, Float64Array>;
  /** Logits of the first batch in inference mode, after all steps. */
  readonly inference: Float64Array;
}

interface Wire {
  readonly losses: readonly number[];
  readonly correct: readonly number[];
  readonly logits: string;
  readonly imageGradient: string;
  readonly gradients: Readonly<Record<string, string>>;
  readonly weights: Readonly<Record<string, string>>;
  readonly inference: string;
}

function encode(values: ArrayLike<number>): string {
  return Buffer.from(Float64Array.from(values).buffer).toString("base64");
}

function decode(text: string): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float64Array(bytes.buffer);
}

const decodeAll = (record: Readonly<Record<string, string>>): ReadonlyMap<string, Float64Array> =>
  new Map(Object.entries(record).map(([name, text]) => [name, decode(text)]));

function masksOf(test: TorchCase, batch: Batch, step: StepOptions): Readonly<Record<string, string>> {
  const shapes = inferShapes(test.network);
  const masks: Record<string, string> = {};
  for (const node of test.network.nodes) {
    if (node.op === "dropout") {
      const length = batch.size * (shapes.get(node.id) as Shape).reduce((product, side) => product * side, 1);
      masks[node.id] = encode(dropoutMask(test.seed, step.step, node.id, length, 1 - node.attributes.rate));
    }
    if (node.op === "dropPath") {
      const rate = node.attributes.depthFraction * step.dropPathRate;
      masks[node.id] = encode(dropPathMask(test.seed, step.step, node.id, batch.size, 1 - rate));
    }
  }
  return masks;
}

function toWire(test: TorchCase): unknown {
  const { network } = test;
  const input = network.nodes.find((node) => node.op === "input");
  return {
    nodes: liveNodes(topologicalOrder(network), Object.values(network.outputs)),
    outputs: network.outputs,
    weights: weightSpecs(network).map(({ name, role, shape, trainable }) => ({
      name,
      role,
      shape,
      trainable,
      values: encode(test.weights.get(name) as Float32Array),
    })),
    options: { kind: "sgd", ...test.optimizer, ...test.loss },
    steps: test.batches.map((batch, i) => {
      const step = test.steps[i] as StepOptions;
      return {
        images: encode(batch.images),
        shape: [batch.size, ...(input?.op === "input" ? input.attributes.shape : [])],
        labels: [...batch.labels],
        // eslint-disable-next-line unicorn/no-null -- JSON has no other nothing
        targets: batch.targets ? encode(batch.targets) : null,
        learningRate: step.learningRate,
        masks: masksOf(test, batch, step),
      };
    }),
  };
}

/** Runs all cases in one Python process (importing torch takes seconds). */
export function runTorch(python: string, cases: readonly TorchCase[]): readonly TorchResult[] {
  const script = path.join(import.meta.dirname, "torch_oracle.py");
  const answer = runPython(python, script, { cases: cases.map(toWire) }) as { readonly cases: readonly Wire[] };
  return answer.cases.map((wire) => ({
    losses: wire.losses,
    correct: wire.correct,
    logits: decode(wire.logits),
    imageGradient: decode(wire.imageGradient),
    gradients: decodeAll(wire.gradients),
    weights: decodeAll(wire.weights),
    inference: decode(wire.inference),
  }));
}
