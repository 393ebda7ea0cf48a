/**
 * @file Convolutions in a TensorFlow graph. Where a kernel of TensorFlow.js 4.22 is wrong or missing the graph goes around it: explicit padding is a node of its own, groups are
 * slices, and a stride beside a dilation is taken after the convolution.
 */
import type { NodeOf } from "../../network/network.ts";
import type { WindowAttributes } from "../../network/ops/checks.ts";
import { windowGeometry } from "../../network/ops/window.ts";
import { float, listOf, textOf } from "./graph-builder.ts";
import {
  held,
  isPadded,
  NHWC,
  padded,
  slice,
  subsampled,
  weight,
  withBias,
  type Call,
  type Image,
} from "./graph-call.ts";

/** How a convolution is told: the input with its padding on where TensorFlow.js's own would be wrong, and a stride that is left for afterwards. */
function prepared(call: Call, image: Image, attributes: WindowAttributes, isDepthwise: boolean) {
  const { kernel, stride, dilation = [1, 1], padding } = attributes;
  const [x = ""] = call.inputs;
  const isDilated = dilation.some((rate) => rate > 1);
  const isLate = isDilated && stride.some((step) => step > 1);
  // WebAssembly's `same` is wrong where the stride steps over the kernel; TensorFlow's depthwise kernel takes one stride for both axes.
  const isCovering = kernel.every((side, axis) => side >= (stride[axis] as number));
  const isEven = !isDepthwise || stride[0] === stride[1];
  const strideLater = isLate || !isEven;
  const isPlain = padding === "valid" || (padding === "same" && isCovering && !strideLater);
  const sides = windowGeometry(image, attributes);
  const input = isPlain || !isPadded(sides) ? x : padded(call, `${call.node.id}/padded`, x, sides);
  return {
    input,
    attributes: {
      ...NHWC,
      strides: listOf([1, ...(strideLater ? [1, 1] : stride), 1]),
      dilations: listOf([1, ...dilation, 1]),
      padding: textOf(isPlain && padding === "same" ? "SAME" : "VALID"),
    },
    finish: (result: string): string => (strideLater ? subsampled(call, result, stride) : result),
    /** Whether `finish` adds a node, so that the convolution's own name must be another. */
    isLate: strideLater,
  };
}

export function convolution(call: Call<NodeOf<"conv">>): string {
  const { graph, node, shapes } = call;
  const { groups, filters } = node.attributes;
  const image = shapes[0] as Image;
  const { input, attributes, finish, isLate } = prepared(call, image, node.attributes, false);
  return withBias(call, (name) => {
    const own = isLate ? `${node.id}/dense` : name;
    if (groups === 1) return finish(graph.add(own, "Conv2D", [input, weight(call, "kernel")], attributes));
    const { spec, data } = held(call, "kernel");
    const [rows = 1, columns = 1, depth = 1] = spec.shape;
    const each = filters / groups;
    const parts = Array.from({ length: groups }, (_, g) => {
      const seen = slice(call, `${node.id}/group${g}/input`, input, [0, 0, 0, g * depth], [-1, -1, -1, depth]);
      const kernel = columnsOf(data, filters, g * each, each);
      const constant = graph.constant(`${node.id}/group${g}/kernel`, [rows, columns, depth, each], kernel);
      return graph.add(`${node.id}/group${g}`, "Conv2D", [seen, constant], attributes);
    });
    const axis = graph.integers(`${node.id}/axis`, 3);
    return finish(graph.add(own, "ConcatV2", [...parts, axis], { T: float, N: { i: String(groups) } }));
  });
}

/** Columns `[first, first + count)` of a row-major table with `width` of them. */
function columnsOf(data: Float32Array, width: number, first: number, count: number): Float32Array {
  const rows = data.length / width;
  const result = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++)
    result.set(data.subarray(row * width + first, row * width + first + count), row * count);
  return result;
}

export function depthwise(call: Call<NodeOf<"depthwiseConv">>): string {
  const { graph, node, shapes } = call;
  const { input, attributes, finish, isLate } = prepared(call, shapes[0] as Image, node.attributes, true);
  const kernel = weight(call, "kernel", [...held(call, "kernel").spec.shape, 1]);
  return withBias(call, (name) =>
    finish(graph.add(isLate ? `${node.id}/dense` : name, "DepthwiseConv2dNative", [input, kernel], attributes)),
  );
}
