/** @file Names of the classes in model.py: by what a chain of operations is called in the field, else by the path. */
import type { Node, OpKind, Shape } from "../../network/network.ts";
import { className } from "./names.ts";
import { nodesOf, type Group } from "./tree.ts";

const WORDS: Readonly<Record<OpKind, string>> = {
  input: "",
  conv: "Conv",
  depthwiseConv: "Depthwise",
  batchNorm: "BatchNorm",
  localResponseNorm: "ResponseNorm",
  channelShuffle: "Shuffle",
  channelSlice: "",
  activation: "",
  maxPool: "MaxPool",
  avgPool: "AvgPool",
  globalAvgPool: "Pool",
  adaptiveAvgPool: "AdaptiveAvgPool",
  adaptiveMaxPool: "AdaptiveMaxPool",
  flatten: "",
  dense: "Dense",
  add: "",
  multiply: "",
  concat: "",
  dropout: "",
  dropPath: "",
  zero: "Zero",
  slice: "",
  pad: "",
};

/** Returns a name for the class of these groups. It need not be unique. */
export function nameGroups(groups: readonly Group[], shapes: ReadonlyMap<string, Shape>): string {
  const [first] = groups;
  if (first === undefined) return "Module";
  // A part that exists once, at the top, is called what it is called there: Stem, Head.
  if (groups.length === 1 && !first.path.includes("/")) return className(first.path);
  const stems = new Set(groups.map((group) => stemOf(group.path)));
  const [stem = "module"] = stems;
  if (stems.size === 1 && stem.toLowerCase() === "cell") return halves(first, shapes) ? "ReductionCell" : "NormalCell";
  if (stems.size === 1 && stem.toLowerCase() === "reduction" && !first.path.includes("/")) return "ReductionCell";
  const branches = first.items.filter((item) => /^branch\d+$/.test(item.name)).length;
  if (branches > 1 && first.items.some((item) => item.kind === "leaf" && item.node.op === "concat")) return "Inception";
  const chain = chainName(first);
  if (chain !== undefined) return chain;
  const bottleneck = bottleneckName(groups);
  if (bottleneck !== undefined) return bottleneck;
  if (stem === "se") return "SqueezeExcitation";
  const adds = first.items.some((item) => item.kind === "leaf" && item.node.op === "add");
  const base = stems.size === 1 ? className(stem) : adds ? "Block" : "Branch";
  return adds && first.items.length === 2 ? `Skip${base}` : base;
}

/** `cell3/block12` gives `block`, `inception4a` gives `inception`. */
function stemOf(path: string): string {
  return (path.split("/").at(-1) ?? "").replace(/[0-9]+[a-z]?$/, "");
}

/**
 * The name of MobileNetV2's inverted bottleneck and what came of it: `MBConv` with an expansion (MnasNet, EfficientNet), `SepConv` without (MnasNet). Of those
 * with squeeze and excitation `Se` ends it, `Skip` begins it where the input is added.
 */
function bottleneckName(groups: readonly Group[]): string | undefined {
  const names = new Set(groups[0]?.items.map((item) => item.name));
  if (!names.has("dw") || !names.has("project")) return undefined;
  const skips = groups[0]?.items.some((item) => item.kind === "leaf" && item.node.op === "add") === true;
  return `${skips ? "Skip" : ""}${names.has("expand") ? "MBConv" : "SepConv"}${names.has("se") ? "Se" : ""}`;
}

function halves(group: Group, shapes: ReadonlyMap<string, Shape>): boolean {
  const before = Math.min(...group.inputs.map((id) => shapes.get(id)?.[0] ?? 0));
  const after = Math.max(...group.outputs.map((id) => shapes.get(id)?.[0] ?? 0));
  return after < before;
}

/** The field's name for a plain sequence of operations; `Drop` behind it where a drop path ends it. */
function chainName(group: Group): string | undefined {
  const nodes = nodesOf(group);
  const kept = nodes.filter((node) => node.op !== "dropPath" && node.op !== "dropout");
  const name = nameOfNodes(kept, group);
  return name === undefined || kept.length === nodes.length || /^[A-Z]\w*Dense$/.test(name) ? name : `${name}Drop`;
}

function nameOfNodes(nodes: readonly Node[], group: Group): string | undefined {
  const ops = nodes.map((node) => node.op);
  const strided = nodes.some(
    (node) => (node.op === "avgPool" || node.op === "conv") && node.attributes.stride[0] === 2,
  );
  // Two paths of stride 2 side by side (NASNet, DARTS).
  const plain = ["activation", "conv", "avgPool", "maxPool", "slice", "pad", "concat", "batchNorm", "dropPath"];
  const halves = ops.filter((op) => op === "conv").length === 2 && ops.every((op) => plain.includes(op));
  if (group.inputs.length === 1 && ops.includes("concat") && halves && strided) return "FactorizedReduction";
  if (nodes.some((node) => node.inputs.length > 1)) return undefined;
  const text = ops.join(" ");
  if (/^(activation )?depthwiseConv conv batchNorm$/.test(text)) return "SeparableConv";
  if (/^((activation )?depthwiseConv conv batchNorm ?){2}$/.test(text)) return "SeparableConvTwice";
  const convs = nodes.filter((node) => node.op === "conv");
  const flat = convs.every(
    (node) => Math.min(...node.attributes.kernel) === 1 && Math.max(...node.attributes.kernel) > 1,
  );
  if (flat && convs.length === 2) return "FactorizedConv";
  if (ops.includes("slice") && ops.includes("pad")) return "Shifted";
  const words = nodes
    .map((node) => (node.op === "activation" ? className(node.attributes.fn) : WORDS[node.op]))
    .filter((word) => word !== "");
  const layers = ops.filter((op) => WORDS[op] !== "").length;
  return layers > 0 && layers <= 3 ? words.join("").replace("BatchNorm", "Bn") : undefined;
}
