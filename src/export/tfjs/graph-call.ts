/** @file One operation of a TensorFlow graph under construction, and the pieces that several operations are made of. */
import type { Node, Pair, Shape } from "../../network/network.ts";
import type { WindowGeometry } from "../../network/ops/window.ts";
import { float, listOf, textOf, type GraphBuilder } from "./graph-builder.ts";
import type { HeldWeight, TfjsSubject } from "./subject.ts";

export const NHWC = { T: float, data_format: textOf("NHWC") };

/** One node's operation under construction. */
export interface Call<N extends Node = Node> {
  readonly graph: GraphBuilder;
  readonly subject: TfjsSubject;
  readonly node: N;
  /** Names of the graph's nodes that give the inputs. */
  readonly inputs: readonly string[];
  /** Shapes of the inputs. */
  readonly shapes: readonly Shape[];
}

export type Image = readonly [number, number, number];

export function held({ subject, node }: Call, role: Parameters<TfjsSubject["weightOf"]>[1]): HeldWeight {
  return subject.weightOf(node, role) as HeldWeight;
}

export function weight(call: Call, role: Parameters<TfjsSubject["weightOf"]>[1], shape?: readonly number[]): string {
  const { spec, data } = held(call, role);
  return call.graph.constant(spec.name, shape ?? spec.shape, data);
}

/** Makes a result under the node's own name, or with a bias added to it. */
export function withBias(call: Call, make: (name: string) => string): string {
  const { graph, node, subject } = call;
  if (subject.weightOf(node, "bias") === undefined) return make(node.id);
  const product = make(`${node.id}/product`);
  return graph.add(node.id, "BiasAdd", [product, weight(call, "bias")], NHWC);
}

export function slice(call: Call, name: string, x: string, begin: readonly number[], sizes: readonly number[]): string {
  const { graph, node } = call;
  const inputs = [x, graph.integers(`${node.id}/begin`, begin), graph.integers(`${node.id}/size`, sizes)];
  return graph.add(name, "Slice", inputs, { T: float, Index: { type: "DT_INT32" } });
}

export type Sides = Pick<WindowGeometry, "top" | "bottom" | "left" | "right">;

export function padded(call: Call, name: string, x: string, { top, bottom, left, right }: Sides, value = 0): string {
  const { graph, node } = call;
  const table = graph.integers(`${node.id}/paddings`, [0, 0, top, bottom, left, right, 0, 0]);
  // [4, 2] by a reshape: lists are written flat.
  const pairs = graph.add(`${node.id}/pairs`, "Reshape", [table, graph.integers(`${node.id}/rows`, [4, 2])]);
  if (value === 0) return graph.add(name, "Pad", [x, pairs], { T: float });
  return graph.add(name, "PadV2", [x, pairs, graph.constant(`${node.id}/least`, [], Float32Array.of(value))], {
    T: float,
  });
}

export const isPadded = ({ top, bottom, left, right }: Sides): boolean => top + bottom + left + right > 0;

/** A window of one pixel, stepping: what a stride leaves. */
export function subsampled({ graph, node }: Call, x: string, stride: Pair): string {
  return graph.add(`${node.id}/strided`, "MaxPool", [x], windowOf([1, 1], stride, "VALID"));
}

export function windowOf(kernel: Pair, stride: Pair, padding: "SAME" | "VALID") {
  return {
    ...NHWC,
    ksize: listOf([1, ...kernel, 1]),
    strides: listOf([1, ...stride, 1]),
    padding: textOf(padding),
  };
}
