/**
 * @file A network as stock layers, which `tf.loadLayersModel` reads and which can be trained on: each layer named by its node's path. What no stock layer computes is said by
 * `layerProblem`; such a network becomes a graph (graph-model.ts).
 */
import { unreachable } from "../../base/errors.ts";
import type { ActivationName, Node, NodeOf, Shape, WeightRole } from "../../network/network.ts";
import { binWindow } from "../../network/ops/adaptive-pooling.ts";
import type { WindowAttributes } from "../../network/ops/checks.ts";
import { windowGeometry } from "../../network/ops/window.ts";
import type { TfjsSubject } from "./subject.ts";
import type { ShardTensor } from "./weight-shards.ts";

interface Layer {
  readonly class_name: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: readonly unknown[];
}

/** Activations that a stock layer has; TensorFlow.js's hardSigmoid is another function than ours (0.2 x + 0.5). */
const ACTIVATIONS: Readonly<Partial<Record<ActivationName, string>>> = {
  relu: "relu",
  relu6: "relu6",
  sigmoid: "sigmoid",
  tanh: "tanh",
  swish: "swish",
};

const ZEROS = { class_name: "Zeros", config: {} };

/** Returns why a node is no stock layer, or undefined where it is one. */
export function layerProblem(node: Node, inputs: readonly Shape[]): string | undefined {
  switch (node.op) {
    case "conv":
      return node.attributes.groups === 1 ? undefined : "grouped convolution";
    case "maxPool":
    case "avgPool":
      return typeof node.attributes.padding === "string" ? undefined : "a pool with explicit padding";
    case "adaptiveAvgPool":
    case "adaptiveMaxPool":
      return binWindow(inputs[0] as readonly [number, number, number], node.attributes.size) === undefined
        ? "adaptive pooling whose bins differ in size"
        : undefined;
    case "activation":
      return ACTIVATIONS[node.attributes.fn] === undefined ? `the activation ${node.attributes.fn}` : undefined;
    case "localResponseNorm":
      return "local response normalisation";
    case "channelShuffle":
    case "channelSlice":
      return "parts of the channels";
    case "zero":
      return "zeros";
    // TensorFlow.js 4.22's layer takes a dilation and computes without it.
    case "depthwiseConv":
      return node.attributes.dilation.some((rate) => rate > 1) ? "a dilated depthwise convolution" : undefined;
    case "input":
    case "batchNorm":
    case "globalAvgPool":
    case "flatten":
    case "dense":
    case "add":
    case "multiply":
    case "concat":
    case "dropout":
    case "dropPath":
    case "slice":
    case "pad":
      return undefined;
    default:
      return unreachable(node);
  }
}

/** Returns the topology and its weights in the order of the shards. Every node has to be a stock layer. */
export function layersModel(subject: TfjsSubject): {
  readonly topology: object;
  readonly tensors: readonly ShardTensor[];
} {
  const { network, shapeOf } = subject;
  const layers: Layer[] = [];
  const tensors: ShardTensor[] = [];
  /** Nodes whose name another layer has: a path's own layer keeps it. */
  const taken = new Set(subject.nodes.map(({ id }) => id));
  const names = new Map<string, string>();
  for (const node of subject.nodes) names.set(node.id, add(node));
  const image = subject.nodes.find(({ op }) => op === "input") as Node;
  const ends = (id: string): readonly unknown[] => [[names.get(id), 0, 0]];
  const topology = {
    class_name: "Functional",
    config: {
      name: network.name.replaceAll(/[^\w.-]+/gu, "-"),
      layers,
      input_layers: ends(image.id),
      output_layers: ends(network.outputs.logits),
    },
    keras_version: "2.15.0",
    backend: "tensorflow",
  };
  return { topology: { model_config: topology, keras_version: "2.15.0", backend: "tensorflow" }, tensors };

  function layer(name: string, className: string, inputs: readonly string[], config: object): string {
    const inbound = inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])];
    layers.push({ class_name: className, name, config: { name, trainable: true, ...config }, inbound_nodes: inbound });
    return name;
  }

  /** A layer beside the node's own. */
  function beside(node: Node, what: string, className: string, input: string, config: object): string {
    let name = `${node.id}/${what}`;
    for (let i = 2; taken.has(name); i++) name = `${node.id}/${what}${i}`;
    taken.add(name);
    return layer(name, className, [input], config);
  }

  function hold(node: Node, owner: string, roles: Readonly<Partial<Record<WeightRole, string>>>): void {
    for (const [role, name] of Object.entries(roles)) {
      const weight = subject.weightOf(node, role as WeightRole);
      if (weight === undefined) continue;
      const { shape } = weight.spec;
      // A depthwise kernel has an axis for its channel multiplier.
      tensors.push({
        name: `${owner}/${name}`,
        shape: name === "depthwise_kernel" ? [...shape, 1] : shape,
        data: weight.data,
      });
    }
  }

  function add(node: Node): string {
    // TensorFlow.js frees a tensor too early that a layer reads twice: the second is a copy.
    const inputs = node.inputs.map((id, index) => {
      const name = names.get(id) as string;
      const isAgain = node.inputs.indexOf(id) < index;
      return isAgain ? beside(node, "again", "Activation", name, { activation: "linear" }) : name;
    });
    const shapes = node.inputs.map((id) => shapeOf(id));
    const [x = ""] = inputs;
    const own = (className: string, config: object = {}, from = inputs): string =>
      layer(node.id, className, from, config);
    switch (node.op) {
      case "input":
        return own("InputLayer", {
          batch_input_shape: [null, ...node.attributes.shape],
          dtype: "float32",
          sparse: false,
        });
      case "conv":
      case "depthwiseConv":
        return convolution(node, x, shapes[0] as Shape);
      case "batchNorm": {
        const { affine = true, epsilon, momentum } = node.attributes;
        own("BatchNormalization", { axis: -1, epsilon, momentum, center: affine, scale: affine });
        hold(node, node.id, {
          ...(affine && { gamma: "gamma", beta: "beta" }),
          movingMean: "moving_mean",
          movingVariance: "moving_variance",
        });
        return node.id;
      }
      case "activation":
        return own("Activation", { activation: ACTIVATIONS[node.attributes.fn] });
      case "maxPool":
      case "avgPool":
        return window(node, node.attributes, x, shapes[0] as Shape);
      case "adaptiveAvgPool":
      case "adaptiveMaxPool": {
        const bins = binWindow(shapes[0] as readonly [number, number, number], node.attributes.size);
        return window(node, bins as NonNullable<typeof bins>, x, shapes[0] as Shape);
      }
      case "globalAvgPool": {
        if (!node.attributes.keepDims) return own("GlobalAveragePooling2D", { data_format: "channels_last" });
        const mean = beside(node, "mean", "GlobalAveragePooling2D", x, { data_format: "channels_last" });
        return own("Reshape", { target_shape: shapeOf(node.id) }, [mean]);
      }
      case "flatten":
        return own("Flatten", { data_format: "channels_last" });
      case "dense":
        own("Dense", {
          units: node.attributes.units,
          use_bias: node.attributes.bias,
          activation: "linear",
          kernel_initializer: ZEROS,
        });
        hold(node, node.id, { kernel: "kernel", bias: "bias" });
        return node.id;
      case "add":
        return own("Add");
      case "multiply": {
        const [left = [0], right = [0]] = shapes as readonly (readonly number[])[];
        if (right.length === left.length) return own("Multiply");
        const factor = beside(node, "factor", "Reshape", inputs[1] ?? "", { target_shape: [1, 1, ...right] });
        return own("Multiply", {}, [x, factor]);
      }
      case "concat":
        return own("Concatenate", { axis: -1 });
      case "dropout":
        return own("Dropout", { rate: node.attributes.rate });
      // No stock layer drops whole examples at a rate that the recipe sets: nothing is dropped.
      case "dropPath":
        return own("Activation", { activation: "linear" });
      case "slice": {
        const { top, left, height, width } = node.attributes;
        const [rows, columns] = shapes[0] as readonly [number, number, number];
        const cropping = [
          [top, rows - top - height],
          [left, columns - left - width],
        ];
        return own("Cropping2D", { cropping, data_format: "channels_last" });
      }
      case "pad": {
        const { top, bottom, left, right } = node.attributes;
        return own("ZeroPadding2D", paddingOf({ top, bottom, left, right }));
      }
      default:
        throw new Error(`${node.id}: ${node.op} is no stock layer`);
    }
  }

  function paddingOf({ top, bottom, left, right }: Record<"top" | "bottom" | "left" | "right", number>): object {
    return {
      padding: [
        [top, bottom],
        [left, right],
      ],
      data_format: "channels_last",
    };
  }

  function convolution(node: NodeOf<"conv"> | NodeOf<"depthwiseConv">, x: string, image: Shape): string {
    const attributes: WindowAttributes & { readonly bias: boolean } = node.attributes;
    const { kernel, stride, padding, bias } = attributes;
    const dilation = attributes.dilation ?? [1, 1];
    const isDepthwise = node.op === "depthwiseConv";
    const isLate =
      (dilation.some((rate) => rate > 1) && stride.some((step) => step > 1)) ||
      // TensorFlow's depthwise kernel takes one stride for both axes.
      (isDepthwise && stride[0] !== stride[1]);
    // WebAssembly's `same` is wrong where the stride steps over the kernel.
    const isCovering = kernel.every((side, axis) => side >= (stride[axis] as number));
    const isPlain = padding === "valid" || (padding === "same" && isCovering && !isLate);
    const sides = windowGeometry(image, attributes);
    const isPadded = !isPlain && sides.top + sides.bottom + sides.left + sides.right > 0;
    const input = isPadded ? beside(node, "pad", "ZeroPadding2D", x, paddingOf(sides)) : x;
    const config = {
      kernel_size: kernel,
      strides: isLate ? [1, 1] : stride,
      dilation_rate: dilation,
      padding: isPlain ? padding : "valid",
      use_bias: bias,
      activation: "linear",
      data_format: "channels_last",
      ...(isDepthwise
        ? { depth_multiplier: 1, depthwise_initializer: ZEROS }
        : { filters: (node.attributes as NodeOf<"conv">["attributes"]).filters, kernel_initializer: ZEROS }),
    };
    const className = isDepthwise ? "DepthwiseConv2D" : "Conv2D";
    const owner = isLate ? beside(node, "dense", className, input, config) : layer(node.id, className, [input], config);
    hold(node, owner, { kernel: isDepthwise ? "depthwise_kernel" : "kernel", bias: "bias" });
    if (!isLate) return node.id;
    // TensorFlow.js refuses a stride beside a dilation: it is taken afterwards.
    return layer(node.id, "MaxPooling2D", [owner], {
      pool_size: [1, 1],
      strides: stride,
      padding: "valid",
      data_format: "channels_last",
    });
  }

  function window(node: Node, attributes: WindowAttributes, x: string, image: Shape): string {
    const { kernel, stride, padding } = attributes;
    const sides = windowGeometry(image, attributes);
    const isPadded = sides.top + sides.bottom + sides.left + sides.right > 0;
    const isMax = node.op === "maxPool" || node.op === "adaptiveMaxPool";
    return layer(node.id, isMax ? "MaxPooling2D" : "AveragePooling2D", [x], {
      pool_size: kernel,
      strides: stride,
      padding: isPadded ? padding : "valid",
      data_format: "channels_last",
    });
  }
}
