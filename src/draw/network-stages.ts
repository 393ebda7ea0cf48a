/**
 * @file A network by its stages, read from the paths of its nodes: `cell3/block1/left/dw` belongs to `cell3`. Any network has them, whatever space or file it comes
 * from. Stages that follow one another and are alike (`cell0` … `cell5`) stand together.
 */
import {
  costOf,
  sumCosts,
  topologicalOrder,
  type Network,
  type Node,
  type NodeCost,
  type Pair,
} from "../network/index.ts";

/** Operations of one kind in a stage. */
export interface StageOperation {
  /** As `operationStyle` knows it: `conv3`, `dw5`, `max3`. */
  readonly name: string;
  /** `conv 3×3`. */
  readonly label: string;
  readonly count: number;
}

export interface Stage {
  /** Alike and one after another; a single one mostly. */
  readonly names: readonly string[];
  /** Of the last one's output: `[h, w, c]` or `[c]`. */
  readonly shape: readonly number[];
  /** Of all together. */
  readonly params: number;
  readonly macs: number;
  /** Of all together, the costliest first; 1x1 convolutions and gates last. */
  readonly operations: readonly StageOperation[];
  /** Places of the stages that it reads, but for itself, in order. */
  readonly reads: readonly number[];
}

/** Below this number of stages the paths' next parts are taken too. */
const FEW = 4;
const DEEPEST = 3;

/** Returns the stages of a network in topological order; the image is the first. Throws `shape` for a network that has none. */
export function stagesOf(network: Network): readonly Stage[] {
  const order = topologicalOrder(network);
  const costs = new Map(costOf(network).nodes.map((cost) => [cost.id, cost]));
  const parts = (id: string, depth: number): string => id.split("/").slice(0, depth).join("/");
  const countAt = (depth: number): number => new Set(order.map(({ id }) => parts(id, depth))).size;
  let depth = 1;
  while (depth < DEEPEST && countAt(depth) < FEW) depth++;

  const names = [...new Set(order.map(({ id }) => parts(id, depth)))];
  const single = names.map((name) =>
    oneStage(
      name,
      order.filter(({ id }) => parts(id, depth) === name),
      costs,
    ),
  );
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const runs: OneStage[][] = [];
  for (const [index, stage] of single.entries()) {
    const run = runs.at(-1);
    // What reads from afar stands by itself, so that one sees what it reads.
    const isNear = stage.inputs.every((id) => index - (indexOf.get(parts(id, depth)) as number) <= 2);
    if (isNear && run?.[0]?.likeness === stage.likeness) run.push(stage);
    else runs.push([stage]);
  }
  const placeOf = new Map(runs.flatMap((run, place) => run.map(({ name }) => [name, place])));
  return runs.map((run, place) => {
    const read = run.flatMap(({ inputs }) => inputs.map((id) => placeOf.get(parts(id, depth)) as number));
    const { params, macs } = sumCosts(run.flatMap(({ nodes }) => nodes));
    return {
      names: run.map(({ name }) => name),
      shape: (run.at(-1) as OneStage).shape,
      params,
      macs,
      operations: gathered(run.flatMap(({ operations }) => operations)),
      reads: [...new Set(read)].filter((from) => from !== place).toSorted((a, b) => a - b),
    };
  });
}

interface OneStage {
  readonly name: string;
  readonly shape: readonly number[];
  readonly nodes: readonly NodeCost[];
  readonly inputs: readonly string[];
  readonly operations: readonly CountedOperation[];
  /** Stages of one text are alike. */
  readonly likeness: string;
}

type CountedOperation = StageOperation & { readonly macs: number };

function oneStage(name: string, nodes: readonly Node[], costs: ReadonlyMap<string, NodeCost>): OneStage {
  const own = nodes.map(({ id }) => costs.get(id) as NodeCost);
  const operations = nodes.flatMap((node, i) => operationOf(node, own[i]?.macs ?? 0));
  const { shape } = own.at(-1) as NodeCost;
  // A 1x1 convolution more or less only brings an input to size: the first cell of a stack is still one of its cells.
  const telling = gathered(operations.filter(({ name }) => name !== "conv1")).map(
    ({ label, count }) => `${label}*${count}`,
  );
  const stem = name.replaceAll(/\d+/g, "#");
  return {
    name,
    shape,
    nodes: own,
    inputs: nodes.flatMap(({ inputs }) => inputs),
    operations,
    likeness: [stem, shape.join("x"), ...telling.toSorted((a, b) => (a < b ? -1 : 1))].join(" "),
  };
}

/** What stands last, in this order: everything has 1x1 convolutions, and a gate is no more than a detail. */
const PLAIN: readonly string[] = ["conv1", "dense", "globalAvg"];

/** Counts operations of one label together, the costliest first, plain ones last. */
function gathered(operations: readonly CountedOperation[]): readonly CountedOperation[] {
  const found = new Map<string, CountedOperation>();
  for (const each of operations) {
    const before = found.get(each.label);
    const count = (before?.count ?? 0) + each.count;
    found.set(each.label, { ...each, count, macs: (before?.macs ?? 0) + each.macs });
  }
  const plainness = ({ name }: CountedOperation): number => PLAIN.indexOf(name);
  return [...found.values()].toSorted((a, b) => plainness(a) - plainness(b) || b.macs - a.macs || b.count - a.count);
}

/** What a node does to the image, or nothing for those that only join, scale or pass on. */
function operationOf(node: Node, macs: number): readonly CountedOperation[] {
  const made = (name: string, label: string): readonly CountedOperation[] => [{ name, label, count: 1, macs }];
  const text = ([rows, columns]: Pair): string => `${rows}×${columns}`;
  const side = (pair: Pair): number => Math.max(...pair);
  switch (node.op) {
    case "conv": {
      const { kernel, dilation, groups } = node.attributes;
      const size = text(kernel);
      if (side(dilation) > 1) return made(`dil${side(kernel)}`, `dilated ${size}`);
      return made(`conv${side(kernel)}`, groups > 1 ? `grouped ${size}` : `conv ${size}`);
    }
    case "depthwiseConv": {
      const { kernel, dilation } = node.attributes;
      const isDilated = side(dilation) > 1;
      return made(
        `${isDilated ? "dilsep" : "dw"}${side(kernel)}`,
        `${isDilated ? "dilated " : ""}depthwise ${text(kernel)}`,
      );
    }
    case "maxPool":
      return made(`max${side(node.attributes.kernel)}`, `max ${text(node.attributes.kernel)}`);
    case "avgPool":
      return made(`avg${side(node.attributes.kernel)}`, `avg ${text(node.attributes.kernel)}`);
    case "adaptiveMaxPool":
      return made("adaptiveMax1", `max to ${text(node.attributes.size)}`);
    case "adaptiveAvgPool":
      return made("adaptiveAvg1", `avg to ${text(node.attributes.size)}`);
    case "globalAvgPool":
      return made("globalAvg", "global avg");
    case "dense":
      return made("dense", "dense");
    case "channelShuffle":
      return made("shuffle", "shuffle");
    case "localResponseNorm":
      return made("lrn", "lrn");
    default:
      return [];
  }
}

/** Returns how a stage is called: `cell0–5`, where several stand together. */
export function stageName({ names }: Stage): string {
  const [first = "", last = first] = [names[0], names.at(-1)];
  if (names.length === 1) return first;
  const [, stem = "", from = ""] = /^(.*?)(\d+)$/.exec(first) ?? [];
  const [, , to = ""] = /^(.*?)(\d+)$/.exec(last) ?? [];
  return from !== "" && last === `${stem}${to}` ? `${stem}${from}–${to}` : `${first} … ${last}`;
}

/** Returns the costliest operations of a stage in words: `4 conv 3×3, 2 max 3×3`. */
export function operationsText({ operations }: Stage, most = 3): string {
  const shown = operations.slice(0, most).map(({ label, count }) => (count === 1 ? label : `${count} ${label}`));
  return operations.length > most ? `${shown.join(", ")}, …` : shown.join(", ");
}
