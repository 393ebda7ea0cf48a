/**
 * @file ONNX's messages as plain data, and their bytes. Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto);
 * a comment behind a number names the field.
 */
import { unreachable } from "../../base/errors.ts";
import { floatBytes } from "../tensors.ts";
import { bytesField, floatField, intField, message, messageField, textField, type Bytes } from "./protobuf.ts";

/** What a node is told besides its inputs. */
export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] };

export interface OnnxNode {
  /** Its path in the network. */
  readonly name: string;
  /** `Conv`. */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  readonly doc: string;
}

/** Row-major. Whole numbers are written as int64: shapes and axes. */
export type OnnxTensor = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly type: "float"; readonly data: Float32Array }
  | { readonly type: "int64"; readonly data: readonly number[] }
);

/** A value that is declared. A side is a number, or the name of one that is known at run time only. */
export interface OnnxValue {
  readonly name: string;
  readonly type: "float" | "uint8";
  readonly shape: readonly (number | string)[];
  readonly doc?: string;
}

export interface OnnxGraph {
  readonly name: string;
  readonly doc: string;
  /** Each after what it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Shapes of values between nodes. */
  readonly values: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opset: number;
  readonly producer: string;
  readonly doc: string;
  readonly graph: OnnxGraph;
  /** Free texts by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** TensorProto.DataType. */
const DATA_TYPES = { float: 1, uint8: 2, int64: 7 } as const;

/** Returns a ModelProto. */
export function modelBytes(model: OnnxModel): Bytes {
  return message([
    intField(1, model.irVersion), // ir_version
    textField(2, model.producer), // producer_name
    textField(6, model.doc), // doc_string
    messageField(7, graphBytes(model.graph)), // graph
    messageField(8, message([textField(1, ""), intField(2, model.opset)])), // opset_import: domain, version
    ...Object.entries(model.metadata).map(
      ([key, value]) => messageField(14, message([textField(1, key), textField(2, value)])), // metadata_props
    ),
  ]);
}

function graphBytes(graph: OnnxGraph): Bytes {
  return message([
    ...graph.nodes.map((node) => messageField(1, nodeBytes(node))), // node
    textField(2, graph.name), // name
    ...graph.initializers.map((tensor) => messageField(5, tensorBytes(tensor))), // initializer
    textField(10, graph.doc), // doc_string
    ...graph.inputs.map((value) => messageField(11, valueBytes(value))), // input
    ...graph.outputs.map((value) => messageField(12, valueBytes(value))), // output
    ...graph.values.map((value) => messageField(13, valueBytes(value))), // value_info
  ]);
}

function nodeBytes(node: OnnxNode): Bytes {
  return message([
    ...node.inputs.map((name) => textField(1, name)), // input
    textField(2, node.output), // output
    textField(3, node.name), // name
    textField(4, node.op), // op_type
    ...Object.entries(node.attributes).map(([name, attribute]) => messageField(5, attributeBytes(name, attribute))), // attribute
    textField(6, node.doc), // doc_string
  ]);
}

function attributeBytes(name: string, attribute: OnnxAttribute): Bytes {
  const head = textField(1, name); // name
  switch (attribute.kind) {
    case "float":
      return message([head, floatField(2, attribute.value), intField(20, 1)]); // f, type FLOAT
    case "int":
      return message([head, intField(3, attribute.value), intField(20, 2)]); // i, type INT
    case "ints":
      return message([head, ...attribute.value.map((value) => intField(8, value)), intField(20, 7)]); // ints, type INTS
    default:
      return unreachable(attribute);
  }
}

function tensorBytes(tensor: OnnxTensor): Bytes {
  return message([
    ...tensor.shape.map((side) => intField(1, side)), // dims
    intField(2, DATA_TYPES[tensor.type]), // data_type
    textField(8, tensor.name), // name
    bytesField(9, tensor.type === "float" ? floatBytes(tensor.data) : int64Bytes(tensor.data)), // raw_data
  ]);
}

function int64Bytes(data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(data.length * 8);
  const view = new DataView(bytes.buffer);
  data.forEach((value, index) => view.setBigInt64(index * 8, BigInt(value), true));
  return bytes;
}

function valueBytes({ name, type, shape, doc }: OnnxValue): Bytes {
  const sides = shape.map(
    (side) => messageField(1, typeof side === "number" ? intField(1, side) : textField(2, side)), // dim: dim_value, dim_param
  );
  const tensor = message([intField(1, DATA_TYPES[type]), messageField(2, message(sides))]); // elem_type, shape
  return message([
    textField(1, name), // name
    messageField(2, messageField(1, tensor)), // type: tensor_type
    ...(doc === undefined ? [] : [textField(3, doc)]), // doc_string
  ]);
}
