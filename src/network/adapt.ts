/**
 * @file A network made for other images or other classes: the input's shape and the last layer's units are changed, all else stays as it is. Where
 * the images leave nothing to a layer, or the classifier is no dense layer, that is said; nothing is resized in silence.
 */
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import type { Network, Node, Shape } from "./network.ts";
import { inferShapes } from "./shapes.ts";
import { validateNetwork } from "./validate.ts";

export interface NetworkSizes {
  readonly input: Shape;
  readonly classes: number;
}

/** Returns the shape of a network's images and the number of its classes. Throws `shape`. */
export function networkSizes(network: Network): NetworkSizes {
  const shapes = inferShapes(network);
  const input = network.nodes.find((node) => node.op === "input");
  return {
    input: (input === undefined ? undefined : shapes.get(input.id)) ?? [0],
    classes: shapes.get(network.outputs.logits)?.[0] ?? 0,
  };
}

/**
 * Returns the network for images of `input` and for `classes`, the same one where it is so already. Throws `shape` saying both sizes where
 * its layers can't take such images, or its classifier (or auxiliary head) is no dense layer.
 */
export function adaptNetwork(network: Network, { input, classes }: NetworkSizes): Network {
  const now = networkSizes(network);
  if (now.input.join() === input.join() && now.classes === classes) return network;
  const { logits, auxiliary } = network.outputs;
  const heads = new Set(auxiliary === undefined ? [logits] : [logits, auxiliary]);
  const nodes = network.nodes.map((node): Node => {
    if (node.op === "input") return { ...node, attributes: { shape: input } };
    if (!heads.has(node.id) || now.classes === classes) return node;
    if (node.op !== "dense")
      throw new CellwrightError(
        "shape",
        expected(
          `${network.name}: ${node.id}`,
          `a dense layer, to change ${now.classes} classes to ${classes}`,
          node.op,
        ),
      );
    return { ...node, attributes: { ...node.attributes, units: classes } };
  });
  const adapted = { ...network, nodes };
  try {
    return validateNetwork(adapted);
  } catch (error) {
    const sizes = `${now.input.join(" x ")} and ${now.classes} classes`;
    throw new CellwrightError(
      "shape",
      `${network.name}  Expected images that its layers can take (it was made for ${sizes}). Received: ${input.join(" x ")} and ${classes} classes: ${messageOf(error).split("\n")[0]}`,
      { cause: error },
    );
  }
}

/**
 * Returns the network with dropout of this rate before its classifier: the rate of the dropout that is there, or one put there. Throws `shape`
 * where the last layer is no dense one.
 */
export function withDropout(network: Network, rate: number): Network {
  const logits = network.nodes.find(({ id }) => id === network.outputs.logits);
  const source = logits?.inputs[0];
  if (logits?.op !== "dense" || source === undefined)
    throw new CellwrightError(
      "shape",
      expected(`${network.name}: dropout`, "a dense classifier to drop before", logits?.op),
    );
  const before = network.nodes.find(({ id }) => id === source);
  if (before?.op === "dropout")
    return {
      ...network,
      nodes: network.nodes.map((node) => (node === before ? { ...before, attributes: { rate } } : node)),
    };
  const taken = new Set(network.nodes.map(({ id }) => id));
  const id = taken.has("head/dropout") ? `${logits.id}/dropout` : "head/dropout";
  const dropout: Node = { id, op: "dropout", inputs: [source], attributes: { rate } };
  return {
    ...network,
    nodes: network.nodes.flatMap((node): Node[] => (node === logits ? [dropout, { ...logits, inputs: [id] }] : [node])),
  };
}
