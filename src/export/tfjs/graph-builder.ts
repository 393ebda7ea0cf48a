/** @file Nodes of a TensorFlow graph as JSON, as `tf.loadGraphModel` reads them: attributes by type, texts in base64, constants beside the weights. */
import { unique } from "../python/names.ts";
import type { ShardTensor } from "./weight-shards.ts";

/** An attribute of a GraphDef node. */
export type GraphAttribute =
  | { readonly s: string }
  | { readonly b: boolean }
  | { readonly f: number }
  | { readonly i: string }
  | { readonly type: string }
  | { readonly list: { readonly i: readonly string[] } }
  | { readonly shape: { readonly dim: readonly { readonly size: string }[] } }
  | { readonly tensor: { readonly dtype: string; readonly tensorShape: object } };

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, GraphAttribute>>;
}

/** A graph under construction. Every method returns the name of the node that gives the result. */
export interface GraphBuilder {
  readonly nodes: readonly GraphNode[];
  /** In the order of the shards. */
  readonly constants: readonly ShardTensor[];
  add(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, GraphAttribute>>,
  ): string;
  /** float32. */
  constant(name: string, shape: readonly number[], data: Float32Array): string;
  /** int32: a list of numbers, such as a shape or axes, or a single one. */
  integers(name: string, values: readonly number[] | number): string;
}

/** A list of whole numbers, which GraphDef's JSON writes as texts. */
export const listOf = (values: readonly number[]): GraphAttribute => ({ list: { i: values.map(String) } });

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A text, in base64 as the JSON form of bytes is. ASCII alone. */
export function textOf(text: string): GraphAttribute {
  let bits = "";
  for (const letter of text) bits += letter.charCodeAt(0).toString(2).padStart(8, "0");
  const sixes = bits.match(/.{1,6}/g) ?? [];
  const s = sixes.map((six) => letters[Number.parseInt(six.padEnd(6, "0"), 2)]).join("");
  return { s: s.padEnd(Math.ceil(s.length / 4) * 4, "=") };
}

const dims = (shape: readonly number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });
export const shapeAttribute = (shape: readonly number[]): GraphAttribute => ({ shape: dims(shape) });
export const float: GraphAttribute = { type: "DT_FLOAT" };

export function graphBuilder(): GraphBuilder {
  const nodes: GraphNode[] = [];
  const constants: ShardTensor[] = [];
  const taken = new Set<string>();
  const add: GraphBuilder["add"] = (wanted, op, input, attr = {}) => {
    const name = unique(wanted, taken);
    nodes.push({ name, op, input, attr });
    return name;
  };
  const hold = (wanted: string, dtype: string, shape: readonly number[], data: ShardTensor["data"]): string => {
    const value = { tensor: { dtype, tensorShape: dims(shape) } };
    const name = add(wanted, "Const", [], { dtype: { type: dtype }, value });
    constants.push({ name, shape, data });
    return name;
  };
  return {
    nodes,
    constants,
    add,
    constant: (name, shape, data) => hold(name, "DT_FLOAT", shape, data),
    integers: (name, values) =>
      typeof values === "number"
        ? hold(name, "DT_INT32", [], Int32Array.of(values))
        : hold(name, "DT_INT32", [values.length], Int32Array.from(values)),
  };
}
