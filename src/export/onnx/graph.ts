/** @file Collects the nodes and initializers of a graph under names that are unique: the paths of the network, and paths below them where one operation takes several nodes. */
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./model.ts";

/** What a node is made of besides its name. */
export interface NodeParts {
  readonly inputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** Where nodes are collected. Every function returns the name of a value. */
export interface GraphParts {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  /** Returns the name, or with a number behind it where it is taken. Takes it. */
  unique(name: string): string;
  /** Adds a node whose output has a name that `unique` gave, or the node's own. */
  node(
    op: string,
    parts: NodeParts & { readonly name: string; readonly output?: string; readonly doc: string },
  ): string;
  /** Adds a float32 initializer. */
  floats(name: string, shape: readonly number[], data: Float32Array): string;
  /** Returns an initializer of one number. Equal ones are one. */
  scalar(value: number): string;
  /** Returns an initializer of int64 values, a vector. Equal ones are one. */
  ints(values: readonly number[]): string;
}

/** Returns empty parts. `reserved` names are given to nobody. */
export function graphParts(reserved: Iterable<string>): GraphParts {
  const taken = new Set(reserved);
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const constants = new Map<string, string>();
  const unique = (name: string): string => {
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${name}_${count}`;
    taken.add(free);
    return free;
  };
  const constant = (key: string, add: (name: string) => OnnxTensor): string => {
    const known = constants.get(key);
    if (known !== undefined) return known;
    const name = unique(`constants/${key}`);
    initializers.push(add(name));
    constants.set(key, name);
    return name;
  };
  return {
    nodes,
    initializers,
    unique,
    node(op, { name, output = name, inputs, attributes = {}, doc }) {
      nodes.push({ name, op, inputs, output, attributes, doc });
      return output;
    },
    floats(name, shape, data) {
      const free = unique(name);
      initializers.push({ name: free, type: "float", shape, data });
      return free;
    },
    scalar: (value) =>
      constant(`${value}`, (name) => ({ name, type: "float", shape: [], data: new Float32Array([value]) })),
    ints: (values) =>
      constant(`[${values.join(", ")}]`, (name) => ({ name, type: "int64", shape: [values.length], data: values })),
  };
}
