/** @file A network for images of one size, fed with images of another: what lets a larger input be trained on the images that there are. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Network, Node, Pair } from "../network/network.ts";

/** Of the node that resizes. */
const RESIZE = "resize";

/**
 * Returns the network with images of `size` (rows, columns) as its input, resized to what it took by adaptive average pooling: larger ones are
 * averaged down, smaller ones have their pixels repeated, so that no detail is invented. Where the sizes agree it is the network as it
 * was. Throws `shape` for a network whose input is no image.
 */
export function resizedInput(network: Network, size: Pair): Network {
  const input = network.nodes.find((node) => node.op === "input");
  const shape = input?.attributes.shape;
  if (input === undefined || shape?.length !== 3)
    throw new CellwrightError("shape", expected(`${network.name}: input`, "an image [height, width, channels]", shape));
  const [rows, columns, channels] = shape;
  if (rows === size[0] && columns === size[1]) return network;
  let id = RESIZE;
  while (network.nodes.some((node) => node.id === id)) id += "_";
  const resize: Node = { id, op: "adaptiveAvgPool", inputs: [input.id], attributes: { size: [rows, columns] } };
  const nodes = network.nodes.flatMap((node): Node[] => {
    if (node === input) return [{ ...input, attributes: { shape: [size[0], size[1], channels] } }, resize];
    return [{ ...node, inputs: node.inputs.map((from) => (from === input.id ? id : from)) } as Node];
  });
  return { ...network, nodes };
}
