/**
 * @file Where the order of channels is a mere label, so that a concatenation's inputs may stand in any order.
 *
 * Tensors whose channels correspond one to one share an axis: a batch norm's input and output, the terms of a sum, an image and what it is multiplied by.
 * If all channels along an axis are permuted alike, the full convolutions and dense layers that read it undo that in their kernels, and those that write it
 * follow with theirs, so the network computes the same. Not so along an axis that meets an image, an output, a grouped convolution, a neighbourhood or a range of
 * channels; nor where two concatenations write one axis, as then each has to keep step with the other. Two such networks count as different even if some
 * cleverer argument could show them to be the same.
 */
import type { OpKind } from "../network.ts";

/** A node, its inputs by index. */
export interface SimpleNode {
  readonly op: OpKind;
  readonly label: string;
  readonly inputs: readonly number[];
  /** Whether a convolution has groups, or a product an input of one pixel. */
  readonly isGrouped: boolean;
}

/** Operations whose output has its inputs' channels, each made of the same channel of every input. */
const ALIGNED: ReadonlySet<OpKind> = new Set<OpKind>([
  "add",
  "multiply",
  "depthwiseConv",
  "batchNorm",
  "activation",
  "maxPool",
  "avgPool",
  "globalAvgPool",
  "adaptiveAvgPool",
  "adaptiveMaxPool",
  "dropout",
  "dropPath",
  "slice",
  "pad",
]);

/** Operations that lay channels side by side: what permutes their inputs permutes their output. */
const JOINING: ReadonlySet<OpKind> = new Set<OpKind>(["concat", "flatten"]);

/** Whether any permutation of what it reads or writes can be had by permuting its kernel. A zero is the same in any order. */
function isMixing({ op, isGrouped }: SimpleNode): boolean {
  return (op === "conv" && !isGrouped) || op === "dense" || op === "zero";
}

/** Returns which nodes an output depends on. */
export function neededNodes(nodes: readonly SimpleNode[], outputs: ReadonlyMap<number, string>): readonly boolean[] {
  const needed = nodes.map((_, index) => outputs.has(index));
  for (let index = nodes.length - 1; index >= 0; index--)
    if (needed[index] === true) for (const input of nodes[index]?.inputs ?? []) needed[input] = true;
  return needed;
}

/** Returns, for every node, whether the channels of its output may be permuted without anyone noticing. Those that no output needs are no readers. */
export function freeChannels(
  nodes: readonly SimpleNode[],
  needed: readonly boolean[],
  outputs: ReadonlyMap<number, string>,
): readonly boolean[] {
  const parent = nodes.map((_, index) => index);
  const axisOf = (index: number): number => {
    let root = index;
    while (parent[root] !== root) root = parent[root] as number;
    parent[index] = root;
    return root;
  };
  const live = nodes.flatMap((node, index) => (needed[index] === true ? [{ ...node, index }] : []));
  for (const { op, inputs, index } of live)
    if (ALIGNED.has(op)) for (const input of inputs) parent[axisOf(input)] = axisOf(index);

  const fixed = nodes.map(() => false);
  const fix = (index: number): void => {
    fixed[axisOf(index)] = true;
  };
  const written = new Set<number>();
  for (const node of live) {
    if (outputs.has(node.index)) fix(node.index);
    if (ALIGNED.has(node.op) || isMixing(node)) continue;
    if (JOINING.has(node.op)) {
      const axis = axisOf(node.index);
      if (written.has(axis)) fix(node.index);
      written.add(axis);
    } else for (const index of [node.index, ...node.inputs]) fix(index);
  }
  // A concatenation fixes what it reads where it is fixed itself, which may fix others in turn.
  const joining = live.filter(({ op }) => JOINING.has(op));
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    for (const { index, inputs } of joining.toReversed())
      for (const input of inputs)
        if (fixed[axisOf(index)] === true && fixed[axisOf(input)] !== true) {
          fix(input);
          isChanged = true;
        }
  }
  return nodes.map((_, index) => fixed[axisOf(index)] !== true);
}
