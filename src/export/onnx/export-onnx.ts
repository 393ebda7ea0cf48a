/** @file The ONNX export: one model.onnx for ONNX Runtime and whatever else reads the format, and a model card. Pure: bytes by path; who writes them decides where. */
import { CellwrightError, expected } from "../../base/errors.ts";
import { formatCount } from "../../base/units.ts";
import type { Network, OpKind, Shape, WeightRole, Weights } from "../../network/network.ts";
import { inferShapes } from "../../network/shapes.ts";
import { weightSpecs } from "../../network/weights.ts";
import type { Exporter, ExportOptions } from "../exporter.ts";
import { modelCard, preprocessingText } from "../model-card.ts";
import { weightValues } from "../tensors.ts";
import { graphParts, type GraphParts } from "./graph.ts";
import { modelBytes, type OnnxGraph, type OnnxValue } from "./model.ts";
import { ints, nchw, operationOf } from "./operations.ts";
import { joined } from "./protobuf.ts";
import { inferenceGraph } from "./simplify.ts";

/** Operator set, and the version of the file format that came with it (ONNX 1.12, 2022): ONNX Runtime reads them since 1.13. */
export const OPSET = 17;
const IR_VERSION = 8;

/** A protobuf file ends below 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1;

/** Names of the input and the output, and of the side that is open: the batch. */
const IMAGES = "images";
const LOGITS = "logits";
const BATCH = "n";

/**
 * Returns `model.onnx` and `README.md`. Logits equal ours up to float32 rounding; the batch is of any size. Nodes and initializers are called by the network's paths
 * and weights. The auxiliary head, dropout and drop path are left out: they are for training.
 * Throws `data` for a missing or misshapen weight or normalisation, `shape` for a malformed network and for one whose file would have 2 GiB or more.
 */
export function exportOnnx(network: Network, weights: Weights, options: ExportOptions = {}): Map<string, Uint8Array> {
  const name = options.name ?? network.name;
  const graph = onnxGraph(network, weights, options);
  const model = modelBytes({
    irVersion: IR_VERSION,
    opset: OPSET,
    producer: "Cellwright",
    doc: graph.doc,
    graph,
    metadata: metadataOf(name, options, inputOf(network, options)),
  });
  if (model.size > MAX_BYTES)
    throw new CellwrightError(
      "shape",
      expected(name, "a model of less than 2 GiB, which ONNX's files end at", `${model.size} bytes`),
    );
  return new Map([
    ["model.onnx", joined(model)],
    ["README.md", new TextEncoder().encode(cardOf(network, options, graph, model.size))],
  ]);
}

/** ONNX as a target. */
export const onnx: Exporter = {
  title: "ONNX Runtime",
  summary: "one model.onnx for ONNX Runtime and its like",
  takesBytes: true,
  export: exportOnnx,
};

function onnxGraph(network: Network, weights: Weights, options: ExportOptions): OnnxGraph {
  const shapes = inferShapes(network);
  const specs = new Map(weightSpecs(network, shapes).map((spec) => [spec.name, spec]));
  // All weights are looked at, so that an export fails or not whatever the logits need.
  for (const spec of specs.values()) weightValues(weights, spec);
  const { nodes, logits } = inferenceGraph(network);
  const parts = graphParts([IMAGES, LOGITS]);
  const shapeOf = (id: string): Shape => shapes.get(id) as Shape;

  // Values have their names before anything else takes one.
  const values = new Map<string, string>();
  for (const { id, op } of nodes) values.set(id, op === "input" ? IMAGES : id === logits ? LOGITS : parts.unique(id));
  const input = inputOf(network, options);
  const declared: OnnxValue[] = [];
  const readers = new Map<string, OpKind[]>();
  for (const { op, inputs } of nodes) for (const from of inputs) readers.set(from, [...(readers.get(from) ?? []), op]);
  for (const node of nodes) {
    const { id, op } = node;
    const output = values.get(id) ?? "";
    const inputShapes = node.inputs.map(shapeOf);
    const doc = `${op}: ${[...inputShapes, ...(op === "input" ? [shapeOf(id)] : [])].map((shape) => `[${shape.join(", ")}]`).join(" and ")} to [${shapeOf(id).join(", ")}] (height, width, channels)`;
    if (op === "input") {
      values.set(id, options.bytes === true ? normalized(parts, shapeOf(id), options) : IMAGES);
      // A network may be its input alone.
      if (id === logits) parts.node("Identity", { name: id, output: LOGITS, inputs: [values.get(id) ?? ""], doc });
      continue;
    }
    operationOf(op)({
      attributes: node.attributes,
      inputs: inputShapes,
      output: shapeOf(id),
      operands: node.inputs.map((from) => values.get(from) ?? ""),
      readers: readers.get(id) ?? [],
      images: IMAGES,
      weight(role: WeightRole) {
        const spec = specs.get(`${id}/${role}`);
        if (spec === undefined) throw new CellwrightError("internal", expected(id, `a weight ${role}`, undefined));
        return weightValues(weights, spec);
      },
      floats: (below, shape, data) => parts.floats(`${id}/${below}`, shape, data),
      scalar: (value) => parts.scalar(value),
      ints: (list) => parts.ints(list),
      step: (below, kind, rest) => parts.node(kind, { name: parts.unique(`${id}/${below}`), doc, ...rest }),
      last: (kind, rest) => void parts.node(kind, { name: id, output, doc, ...rest }),
    });
    if (output !== LOGITS) declared.push({ name: output, type: "float", shape: [BATCH, ...nchw(shapeOf(id))] });
  }
  return {
    name: options.name ?? network.name,
    doc: options.description ?? `${options.name ?? network.name}, a convolutional network.`,
    nodes: parts.nodes,
    initializers: parts.initializers,
    inputs: [input],
    outputs: [{ name: LOGITS, type: "float", shape: [BATCH, ...shapeOf(logits)] }],
    values: declared,
  };
}

function inputOf(network: Network, options: ExportOptions): OnnxValue {
  const node = network.nodes.find(({ op }) => op === "input");
  if (node?.op !== "input")
    throw new CellwrightError("shape", expected(network.name, "a node of kind input", undefined));
  const { shape } = node.attributes;
  const doc = inputText(shape, options);
  return options.bytes === true
    ? { name: IMAGES, type: "uint8", shape: [BATCH, ...shape], doc }
    : { name: IMAGES, type: "float", shape: [BATCH, ...nchw(shape)], doc };
}

/** Writes the way from bytes `[n, h, w, c]` to the network's own input, and returns its value. */
function normalized(parts: GraphParts, shape: Shape, { normalization }: ExportOptions): string {
  const channels = shape.at(-1) ?? 0;
  const doc = "From bytes to what the network was trained on.";
  const step = (name: string, op: string, inputs: readonly string[], attributes = {}): string =>
    parts.node(op, { name: parts.unique(`${IMAGES}/${name}`), inputs, attributes, doc });
  // Channels last in both layouts of a vector, second in an image.
  const perChannel = (name: string, values: readonly number[]): string => {
    if (values.length !== channels || !values.every((value) => Number.isFinite(value)))
      throw new CellwrightError("data", expected(`normalization.${name}`, `${channels} numbers`, values));
    const data = Float32Array.from(values, (value) => value * 255);
    return parts.floats(`${IMAGES}/${name}`, shape.length === 3 ? [channels, 1, 1] : [channels], data);
  };
  const floats = step("floats", "Cast", [IMAGES], { to: { kind: "int", value: 1 } });
  const turned = shape.length === 3 ? step("transpose", "Transpose", [floats], { perm: ints([0, 3, 1, 2]) }) : floats;
  if (normalization === undefined) return step("normalized", "Div", [turned, parts.scalar(255)]);
  const { mean, std } = normalization;
  if (!std.every((value) => value > 0))
    throw new CellwrightError("data", expected("normalization.std", "numbers above 0", std));
  const centred = step("centred", "Sub", [turned, perChannel("mean", mean)]);
  return step("normalized", "Div", [centred, perChannel("std", std)]);
}

function inputText(shape: Shape, options: ExportOptions): string {
  const [height, width, channels] = shape;
  const isImage = shape.length === 3;
  if (options.bytes === true)
    return `uint8 [n, ${shape.join(", ")}]${isImage ? " (height, width, channels)" : ""}, 0 to 255: normalised inside the model`;
  return isImage
    ? `float32 [n, ${channels}, ${height}, ${width}] (channels, height, width): ${preprocessingText(options)}`
    : `float32 [n, ${height}]: ${preprocessingText(options)}`;
}

/** What a program that has model.onnx alone may need. Lists are JSON. */
function metadataOf(name: string, options: ExportOptions, { doc = "" }: OnnxValue): Record<string, string> {
  const { normalization, classes, card } = options;
  return {
    name,
    input: doc,
    ...(normalization !== undefined && {
      mean: JSON.stringify(normalization.mean),
      std: JSON.stringify(normalization.std),
    }),
    ...(classes !== undefined && { classes: JSON.stringify(classes) }),
    ...(card?.genotype !== undefined && { genotype: card.genotype }),
    ...(card?.licence !== undefined && { licence: card.licence }),
  };
}

function cardOf(network: Network, options: ExportOptions, graph: OnnxGraph, bytes: number): string {
  const input = graph.inputs[0] as OnnxValue;
  const sides = input.shape.slice(1).join(", ");
  const { normalization } = options;
  const array = (values: readonly number[]): string =>
    `np.float32([${values.map((value) => Math.fround(value)).join(", ")}])`;
  const shape = network.nodes.flatMap((node) => (node.op === "input" ? [node.attributes.shape] : []))[0] ?? [];
  const turn = shape.length === 3 ? ".transpose(0, 3, 1, 2)" : "";
  const prepare =
    options.bytes === true
      ? []
      : normalization === undefined
        ? [`x = (images / np.float32(255))${turn}`]
        : [
            `mean = ${array(normalization.mean)}`,
            `std = ${array(normalization.std)}`,
            `x = ((images / np.float32(255) - mean) / std)${turn}`,
          ];
  return modelCard(network, options, {
    weights: `in model.onnx, ${formatCount(bytes)} bytes, float32`,
    use: [
      `\`model.onnx\` needs ONNX Runtime 1.13 or later, or another runtime of ONNX's operator set ${OPSET} (format version ${IR_VERSION}).`,
      "",
      "```python",
      "import numpy as np",
      "import onnxruntime",
      "",
      'session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])',
      `images = np.zeros((1, ${shape.join(", ")}), np.uint8)  # ${shape.length === 3 ? "height, width, channels; " : ""}0 to 255`,
      ...prepare,
      `logits = session.run(["logits"], {"images": ${options.bytes === true ? "images" : "x"}})[0]  # [n, classes]`,
      "```",
      "",
      `The input is called \`images\`: ${input.type === "uint8" ? "uint8" : "float32"} \`[n, ${sides}]\`, any number of images at once. The output is called \`logits\`: \`[n, classes]\`, before the softmax.`,
      "Nodes have the paths of the network as names (`cell3/block1/left/dw`), weights the same with their role behind (`…/kernel`); each node's `doc_string` says what it is.",
      `The model's metadata holds ${["the form of the input", ...(normalization === undefined ? [] : ["`mean` and `std`"]), ...(options.classes === undefined ? [] : ["`classes`"])].join(", ")}.`,
      ...(network.outputs.auxiliary === undefined ? [] : ["The auxiliary head is left out: only training uses it."]),
    ],
  });
}
