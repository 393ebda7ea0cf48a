/** @file Pools in a TensorFlow graph: padded ones by a node of padding, adaptive ones bin by bin. */
import type { NodeOf } from "../../network/network.ts";
import { binEdges, binWindow } from "../../network/ops/adaptive-pooling.ts";
import { windowGeometry } from "../../network/ops/window.ts";
import { float } from "./graph-builder.ts";
import { isPadded, padded, slice, windowOf, type Call, type Image } from "./graph-call.ts";

/** The least float32: what pads a max pool, so that padding never wins. */
const LEAST = -3.4028234663852886e38;

export function pool(call: Call<NodeOf<"maxPool" | "avgPool">>): string {
  const { graph, node, inputs, shapes } = call;
  const { kernel, stride } = node.attributes;
  const image = shapes[0] as Image;
  const sides = windowGeometry(image, node.attributes);
  const [x = ""] = inputs;
  const attributes = windowOf(kernel, stride, "VALID");
  if (!isPadded(sides)) return graph.add(node.id, node.op === "maxPool" ? "MaxPool" : "AvgPool", [x], attributes);
  if (node.op === "maxPool")
    return graph.add(node.id, "MaxPool", [padded(call, `${node.id}/padded`, x, sides, LEAST)], attributes);
  // The mean with zeros in it, times the window's size over the pixels that are none.
  const mean = graph.add(`${node.id}/mean`, "AvgPool", [padded(call, `${node.id}/padded`, x, sides)], attributes);
  const seen = (at: number, before: number, side: number, axis: 0 | 1): number => {
    const start = at * stride[axis] - before;
    return Math.min(start + kernel[axis], side) - Math.max(start, 0);
  };
  const share = new Float32Array(sides.height * sides.width);
  for (let row = 0; row < sides.height; row++)
    for (let column = 0; column < sides.width; column++) {
      const pixels = seen(row, sides.top, image[0], 0) * seen(column, sides.left, image[1], 1);
      // A window of nothing but padding gives zero.
      share[row * sides.width + column] = pixels > 0 ? (kernel[0] * kernel[1]) / pixels : 0;
    }
  const factor = graph.constant(`${node.id}/share`, [1, sides.height, sides.width, 1], share);
  return graph.add(node.id, "Mul", [mean, factor], { T: float });
}

export function adaptivePool(call: Call<NodeOf<"adaptiveAvgPool" | "adaptiveMaxPool">>): string {
  const { graph, node, inputs, shapes } = call;
  const image = shapes[0] as Image;
  const isMax = node.op === "adaptiveMaxPool";
  const window = binWindow(image, node.attributes.size);
  if (window !== undefined) {
    const { kernel, stride } = window;
    return graph.add(node.id, isMax ? "MaxPool" : "AvgPool", [inputs[0] ?? ""], windowOf(kernel, stride, "VALID"));
  }
  // Rows into bins, then columns: the mean of means, as all bins of a row are equally high.
  const along = (axis: 1 | 2, x: string, name: string): string => {
    const bins = binEdges(image[axis - 1] as number, node.attributes.size[axis - 1] as number);
    const parts = bins.map(([start, end], i) => {
      const begin = axis === 1 ? [0, start, 0, 0] : [0, 0, start, 0];
      const sizes = axis === 1 ? [-1, end - start, -1, -1] : [-1, -1, end - start, -1];
      const seen = slice(call, `${node.id}/axis${axis}/${i}`, x, begin, sizes);
      return graph.add(
        `${node.id}/bin${axis}/${i}`,
        isMax ? "Max" : "Mean",
        [seen, graph.integers(`${node.id}/axis`, [axis])],
        {
          T: float,
          keep_dims: { b: true },
        },
      );
    });
    return graph.add(name, "ConcatV2", [...parts, graph.integers(`${node.id}/axis`, axis)], {
      T: float,
      N: { i: String(parts.length) },
    });
  };
  return along(2, along(1, inputs[0] ?? "", `${node.id}/rows`), node.id);
}
