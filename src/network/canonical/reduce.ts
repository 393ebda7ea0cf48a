/**
 * @file What a network computes, without what doesn't matter to that: nodes that no output needs, names, operations that change
 * nothing, repeated pure operations on one tensor. This is the graph whose canonical form is the network's id.
 *
 * What counts as the same: sums and products in any order; explicit and named padding of one geometry; an adaptive pool and the window of its
 * bins; a zero added; a dropout of rate 0; and the inputs of a concatenation in any order where nothing can tell the channels apart (`channels.ts`).
 */
import { CellwrightError, expected } from "../../base/errors.ts";
import type { Network, Node, OpKind, Shape } from "../network.ts";
import { binWindow } from "../ops/adaptive-pooling.ts";
import type { WindowAttributes } from "../ops/checks.ts";
import { operations } from "../ops/table.ts";
import { windowGeometry } from "../ops/window.ts";
import { topologicalOrder } from "../order.ts";
import { inferShapes } from "../shapes.ts";
import { freeChannels, neededNodes, type SimpleNode } from "./channels.ts";

/** A graph of plain indices, inputs before their readers. */
export interface ReducedGraph {
  /** Operation, attributes that matter and role as an output, as one text. */
  readonly labels: readonly string[];
  readonly inputs: readonly (readonly number[])[];
  /** Whether the order of a node's inputs doesn't matter. */
  readonly unordered: readonly boolean[];
}

/** Operations whose repetition on one tensor gives the same again: no weights, and no mask of their own. */
const PURE: ReadonlySet<OpKind> = new Set<OpKind>([
  "localResponseNorm",
  "channelShuffle",
  "channelSlice",
  "activation",
  "maxPool",
  "avgPool",
  "globalAvgPool",
  "adaptiveAvgPool",
  "adaptiveMaxPool",
  "flatten",
  "add",
  "multiply",
  "concat",
  "zero",
  "slice",
  "pad",
]);

/** Operations that turn zeros into zeros, whatever their weights (`bias` apart). */
const KEEPS_ZERO: ReadonlySet<OpKind> = new Set<OpKind>([
  "conv",
  "depthwiseConv",
  "localResponseNorm",
  "channelShuffle",
  "channelSlice",
  "maxPool",
  "avgPool",
  "globalAvgPool",
  "adaptiveAvgPool",
  "adaptiveMaxPool",
  "flatten",
  "dense",
  "dropout",
  "dropPath",
  "slice",
  "pad",
]);

function givesZero(node: Node, zeros: readonly boolean[]): boolean {
  if (node.op === "zero") return true;
  if (node.op === "multiply") return zeros.some(Boolean);
  if (zeros.length === 0 || !zeros.every(Boolean)) return false;
  if (node.op === "add" || node.op === "concat") return true;
  if (node.op === "activation") return node.attributes.fn !== "sigmoid" && node.attributes.fn !== "hsigmoid";
  if ("bias" in node.attributes && node.attributes.bias) return false;
  return KEEPS_ZERO.has(node.op);
}

/** Whether the node gives its one input back. */
function changesNothing(node: Node, input: Shape, output: Shape): boolean {
  switch (node.op) {
    case "dropout":
      return node.attributes.rate === 0;
    case "dropPath":
      return node.attributes.depthFraction === 0;
    case "maxPool":
    case "avgPool":
      return node.attributes.kernel.every((side) => side === 1) && node.attributes.stride.every((side) => side === 1);
    case "channelShuffle":
      return node.attributes.groups === 1 || node.attributes.groups === input.at(-1);
    case "adaptiveAvgPool":
    case "adaptiveMaxPool":
    case "channelSlice":
    case "slice":
    case "pad":
      return input.every((side, axis) => side === output[axis]);
    default:
      return false;
  }
}

/** Names of each operation's attributes, in one order whatever the order in a file. */
const attributeNames = new Map(Object.entries(operations).map(([op, { attributes }]) => [op, Object.keys(attributes)]));

/** Returns the attributes as text, with padding as numbers and without what has no effect, so that two ways of writing one operation agree. */
function effectiveAttributes(node: Node, input: Shape | undefined): string {
  const attributes: Readonly<Record<string, unknown>> = node.attributes;
  // Attributes that came later stand at the end and are left out where nobody gives them: ids of before them stay what they were.
  const inOrder = (record: Readonly<Record<string, unknown>>): string => {
    const values = (attributeNames.get(node.op) ?? []).map((name) => record[name]);
    while (values.length > 0 && values.at(-1) === undefined) values.pop();
    return JSON.stringify(values);
  };
  if (node.op === "batchNorm" && node.attributes.affine === true) return inOrder({ ...attributes, affine: undefined });
  if (input === undefined || !("kernel" in attributes)) return inOrder(attributes);
  const window = node.attributes as WindowAttributes;
  const { top, bottom, left, right } = windowGeometry(input, window);
  const dilation = window.dilation?.map((step, axis) => (window.kernel[axis] === 1 ? 1 : step));
  return inOrder({ ...attributes, dilation, padding: [top, bottom, left, right] });
}

/** Returns an adaptive pool whose bins a window has too as the pool of that window; other nodes as they are. */
function inPlainForm(node: Node, input: Shape | undefined): Node {
  if (node.op !== "adaptiveAvgPool" && node.op !== "adaptiveMaxPool") return node;
  const window = binWindow(input as readonly [number, number, number], node.attributes.size);
  if (window === undefined) return node;
  return { ...node, op: node.op === "adaptiveAvgPool" ? "avgPool" : "maxPool", attributes: window };
}

function simplify(network: Network): { nodes: SimpleNode[]; outputs: Map<number, string> } {
  const shapes = inferShapes(network);
  const nodes: SimpleNode[] = [];
  const indexOf = new Map<string, number>();
  const zeroAt = new Set<number>();
  for (const written of topologicalOrder(network)) {
    const [inputId] = written.inputs;
    const inputShape = inputId === undefined ? undefined : shapes.get(inputId);
    const node = inPlainForm(written, inputShape);
    const shape = shapes.get(node.id) as Shape;
    const inputs = node.inputs.map((id) => indexOf.get(id) as number);
    const zeros = inputs.map((index) => zeroAt.has(index));
    const live = node.op === "add" ? inputs.filter((_, i) => !zeros[i]) : inputs;
    if (givesZero(node, zeros)) {
      zeroAt.add(nodes.length);
      nodes.push({ op: "zero", label: `zero${JSON.stringify(shape)}`, inputs: [], isGrouped: false });
    } else if (node.op === "add" && live.length === 1) {
      indexOf.set(node.id, live[0] as number);
      continue;
    } else if (inputShape !== undefined && changesNothing(node, inputShape, shape)) {
      indexOf.set(node.id, inputs[0] as number);
      continue;
    } else {
      const label = `${node.op}${effectiveAttributes(node, inputShape)}`;
      const isBroadcast = node.op === "multiply" && shapes.get(node.inputs[1] as string)?.join() !== shape.join();
      const isGrouped = (node.op === "conv" && node.attributes.groups > 1) || isBroadcast;
      nodes.push({ op: node.op, label, inputs: live, isGrouped });
    }
    indexOf.set(node.id, nodes.length - 1);
  }
  const outputs = new Map<number, string>();
  for (const [role, id] of Object.entries(network.outputs)) {
    const index = indexOf.get(id);
    if (index === undefined)
      throw new CellwrightError("shape", expected(`${network.name}: outputs.${role}`, "the id of a node", id));
    outputs.set(index, `${outputs.get(index) ?? ""}>${role}`);
  }
  // The image stays even if nothing reads it: networks for different images differ.
  nodes.forEach(({ op }, index) => op === "input" && outputs.set(index, outputs.get(index) ?? ""));
  return { nodes, outputs };
}

/** Returns the graph of what the network computes. Linear in nodes and edges but for sorting inputs. */
export function reduceNetwork(network: Network): ReducedGraph {
  const { nodes, outputs } = simplify(network);
  const needed = neededNodes(nodes, outputs);
  const free = freeChannels(nodes, needed, outputs);
  const labels: string[] = [];
  const inputsOf: number[][] = [];
  const unorderedOf: boolean[] = [];
  const renamed = new Map<number, number>();
  const pure = new Map<string, number>();
  nodes.forEach(({ op, label, inputs, isGrouped }, index) => {
    if (!needed[index]) return;
    const unordered = op === "add" || (op === "multiply" && !isGrouped) || (op === "concat" && free[index] === true);
    const mapped = inputs.map((input) => renamed.get(input) as number);
    if (unordered) mapped.sort((a, b) => a - b);
    const role = outputs.get(index) ?? "";
    const key = `${label}|${mapped.join()}|${unordered}|${role}`;
    const same = PURE.has(op) ? pure.get(key) : undefined;
    if (same !== undefined) {
      renamed.set(index, same);
      return;
    }
    renamed.set(index, labels.length);
    pure.set(key, labels.length);
    labels.push(`${label}${role}${unordered ? "~" : ""}`);
    inputsOf.push(mapped);
    unorderedOf.push(unordered);
  });
  return { labels, inputs: inputsOf, unordered: unorderedOf };
}
