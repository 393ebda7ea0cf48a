/**
 * @file Finds in a network the blocks that timm's mobile networks are built of. It reads the graph alone, not the genotype: so a network by name, a scaled one or one that came from a
 * file is recognised like a searched one, and what is written is what is computed. What timm can't build is refused by the node that differs.
 */
import { CellwrightError } from "../../base/errors.ts";
import type { ActivationName, Network, Node, NodeOf, OpKind, Padding, Shape } from "../../network/network.ts";
import { topologicalOrder } from "../../network/order.ts";
import { inferShapes } from "../../network/shapes.ts";

/** A convolution with its batch norm; both by id, as their weights are named. */
export interface ConvNorm {
  readonly conv: string;
  readonly norm: string;
}

/** Squeeze-and-excitation: two dense layers by id. */
export interface TimmSqueeze {
  readonly reduce: string;
  readonly expand: string;
  readonly filters: number;
  readonly activation: ActivationName;
  readonly gate: ActivationName;
}

/** One block. `ir` expands, convolves by channel and projects; `ds` does not expand; `dsa` is a `ds` with an activation at its end; `cn` is one convolution. */
export interface TimmBlock {
  readonly kind: "ir" | "ds" | "dsa" | "cn";
  readonly kernel: number;
  readonly stride: number;
  readonly inChannels: number;
  /** Of the depthwise convolution. */
  readonly midChannels: number;
  readonly outChannels: number;
  readonly activation: ActivationName;
  readonly squeeze?: TimmSqueeze;
  readonly residual: boolean;
  /** In the order of the block: expansion, depthwise, projection; those that it has. */
  readonly parts: readonly ConvNorm[];
}

/** A network as timm's EfficientNet or MobileNetV3 builds it. */
export interface TimmNetwork {
  readonly stem: ConvNorm;
  readonly stemChannels: number;
  /** 2, or 1 on small images: CIFAR's. */
  readonly stemStride: number;
  readonly blocks: readonly TimmBlock[];
  readonly activation: ActivationName;
  /** Of the last 1x1 convolution before the pool (EfficientNet); absent for none. */
  readonly head?: { readonly parts: ConvNorm; readonly channels: number };
  /** A dense layer after the pool (MobileNetV3), by id; absent for none. */
  readonly hidden?: { readonly dense: string; readonly units: number };
  readonly dropout: number;
  readonly classifier: string;
  readonly classes: number;
  readonly imageChannels: number;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
  /** Whether the windows are padded as in TensorFlow; else as in torch. */
  readonly padding: "same" | "symmetric";
}

/** Returns the structure. Throws `unsupported-op`, naming the node, for what timm's blocks can't express; `shape` for a malformed network. */
export function recognise(network: Network): TimmNetwork {
  const shapes = inferShapes(network);
  const nodes = topologicalOrder(network);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  const seen = new Set<string>();
  const paddings = new Set<"same" | "symmetric">();
  let norms: { readonly epsilon: number; readonly momentum: number } | undefined;

  const refuse = (node: Node | undefined, what: string, received?: string): never => {
    const place = node === undefined ? network.name : `${network.name}: ${node.id} (${node.op})`;
    throw new CellwrightError(
      "unsupported-op",
      `${place}  Expected ${what}, as timm's blocks have it. Received: ${received ?? node?.op ?? "nothing"}.`,
    );
  };
  const channels = (id: string): number => (shapes.get(id) as Shape).at(-1) as number;
  /** The only node that reads this one. */
  const after = (id: string): Node => {
    const all = readers.get(id) ?? [];
    const [only] = all;
    if (only === undefined || all.length > 1) return refuse(byId.get(id), "one node that reads it", `${all.length}`);
    return only;
  };
  const take = <K extends OpKind>(node: Node, op: K, what: string): NodeOf<K> => {
    if (node.op !== op) return refuse(node, what);
    seen.add(node.id);
    return node as Node as NodeOf<K>;
  };
  const normAfter = (id: string): string => {
    const node = take(after(id), "batchNorm", "a batch norm after every convolution");
    const { epsilon, momentum, affine = true } = node.attributes;
    norms ??= { epsilon, momentum };
    if (!affine || norms.epsilon !== epsilon || norms.momentum !== momentum)
      refuse(node, "one epsilon and momentum for every batch norm", JSON.stringify(node.attributes));
    return node.id;
  };
  /** The activation after a node, or undefined where there is none. */
  const activationAfter = (id: string): NodeOf<"activation"> | undefined => {
    const [next, ...others] = readers.get(id) ?? [];
    if (next?.op !== "activation" || others.length > 0) return undefined;
    seen.add(next.id);
    return next;
  };
  const notePadding = (node: Node, padding: Padding, kernel: number): void => {
    if (kernel === 1) return;
    if (padding === "same") paddings.add("same");
    else {
      const side = (kernel - 1) / 2;
      const isEven = typeof padding === "object" && Object.values(padding).every((rows) => rows === side);
      if (!isEven) refuse(node, "padding of half the kernel on every side, or TensorFlow's", JSON.stringify(padding));
      paddings.add("symmetric");
    }
  };
  const squareConv = (node: NodeOf<"conv"> | NodeOf<"depthwiseConv">): { kernel: number; stride: number } => {
    const { kernel, stride, dilation, bias, padding } = node.attributes;
    if (kernel[0] !== kernel[1] || stride[0] !== stride[1] || dilation[0] !== 1 || dilation[1] !== 1 || bias)
      refuse(node, "a square window without dilation and bias", JSON.stringify(node.attributes));
    if (node.op === "conv" && node.attributes.groups !== 1)
      refuse(node, "a convolution of one group", `${node.attributes.groups} groups`);
    notePadding(node, padding, kernel[0]);
    return { kernel: kernel[0], stride: stride[0] };
  };
  const point = (node: Node): ConvNorm => {
    const conv = take(node, "conv", "a 1x1 convolution");
    const { kernel, stride } = squareConv(conv);
    if (kernel !== 1 || stride !== 1) refuse(conv, "a 1x1 convolution", `${kernel}x${kernel}, stride ${stride}`);
    return { conv: conv.id, norm: normAfter(conv.id) };
  };

  const input = nodes.find(({ op }) => op === "input") as Node;
  seen.add(input.id);
  const stem = take(after(input.id), "conv", "a convolution as stem");
  const { kernel: stemKernel, stride: stemStride } = squareConv(stem);
  if (stemKernel !== 3 || stemStride > 2)
    refuse(stem, "a stem of 3x3 with stride 1 or 2", `${stemKernel}x${stemKernel} with stride ${stemStride}`);
  const stemNorm = normAfter(stem.id);
  const stemActivation = activationAfter(stemNorm) ?? refuse(byId.get(stemNorm), "an activation after the stem");
  const { fn: activation } = stemActivation.attributes;

  const blocks: TimmBlock[] = [];
  let x = stemActivation.id;
  let head: TimmNetwork["head"];
  let pool: Node | undefined;
  // timm counts its stem's stride of 2, whatever it is set to afterwards.
  let total = 2;
  while (pool === undefined) {
    const all = readers.get(x) ?? [];
    const first = all.find(({ op }) => op !== "add") ?? refuse(byId.get(x), "a block after it");
    if (all.filter((node) => node !== first && node.op !== "add").length > 0)
      refuse(
        all.find((node) => node !== first && node.op !== "add"),
        "one way through a block and at most one around it",
      );
    if (first.op === "globalAvgPool") {
      pool = first;
      break;
    }
    const made = blockAt(x, first);
    if ("head" in made) {
      ({ head, pool } = made);
      break;
    }
    blocks.push(made.block);
    total *= made.block.stride;
    if (total > 32) refuse(first, "a stride of 32 in all at most", String(total));
    x = made.end;
  }
  return { ...tailOf(pool), stem: { conv: stem.id, norm: stemNorm } } as TimmNetwork;

  function blockAt(
    from: string,
    first: Node,
  ):
    | { readonly block: TimmBlock; readonly end: string }
    | { readonly head: NonNullable<TimmNetwork["head"]>; readonly pool: Node } {
    const inChannels = channels(from);
    const parts: ConvNorm[] = [];
    let at = from;
    let deepNode = first;
    let expansion: NodeOf<"activation"> | undefined;
    if (first.op === "conv") {
      const conv = take(first, "conv", "a convolution");
      const { kernel, stride } = squareConv(conv);
      const part = { conv: conv.id, norm: normAfter(conv.id) };
      const act = activationAfter(part.norm) ?? refuse(byId.get(part.norm), "an activation after an expansion");
      const next = (readers.get(act.id) ?? []).find(({ op }) => op === "depthwiseConv" || op === "globalAvgPool");
      const outChannels = channels(conv.id);
      if (kernel === 1 && stride === 1 && next?.op === "globalAvgPool" && hiddenAfter(next) === undefined)
        return { head: { parts: part, channels: outChannels }, pool: next };
      if (kernel !== 1 || stride !== 1 || next?.op !== "depthwiseConv") {
        const { end, residual } = endOf(act.id, from);
        return {
          block: {
            kind: "cn",
            kernel,
            stride,
            inChannels,
            midChannels: inChannels,
            outChannels,
            activation: act.attributes.fn,
            residual,
            parts: [part],
          },
          end,
        };
      }
      parts.push(part);
      expansion = act;
      at = act.id;
      deepNode = after(at);
    }
    const deep = take(deepNode, "depthwiseConv", "a depthwise convolution");
    const { kernel, stride } = squareConv(deep);
    const deepPart = { conv: deep.id, norm: normAfter(deep.id) };
    const act =
      activationAfter(deepPart.norm) ?? refuse(byId.get(deepPart.norm), "an activation after a depthwise convolution");
    const { fn } = act.attributes;
    if (expansion !== undefined && expansion.attributes.fn !== fn) refuse(act, "one activation in a block", fn);
    const squeezed = squeezeAt(act.id);
    const project = point(after(squeezed?.end ?? act.id));
    parts.push(deepPart, project);
    const last = activationAfter(project.norm);
    if (last !== undefined && (expansion !== undefined || last.attributes.fn !== fn))
      refuse(last, "no activation after a projection");
    const { end, residual } = endOf(last?.id ?? project.norm, from);
    if (last !== undefined && residual) refuse(byId.get(end), "no shortcut around an activation");
    const kind = expansion !== undefined ? "ir" : last === undefined ? "ds" : "dsa";
    const midChannels = channels(deep.id);
    // timm rounds what an expansion gives to a multiple of eight.
    if (kind === "ir" && midChannels % 8 !== 0)
      refuse(deep, "a multiple of 8 channels after an expansion", String(midChannels));
    return {
      block: {
        kind,
        kernel,
        stride,
        inChannels,
        midChannels,
        outChannels: channels(project.conv),
        activation: fn,
        ...(squeezed && { squeeze: squeezed.squeeze }),
        residual,
        parts,
      },
      end,
    };
  }

  /** A shortcut around a block, with or without a drop path. */
  function endOf(id: string, from: string): { readonly end: string; readonly residual: boolean } {
    const [next] = readers.get(id) ?? [];
    const dropped = next?.op === "dropPath" ? next : undefined;
    const end = dropped?.id ?? id;
    const add = (readers.get(end) ?? []).find((node) => node.op === "add" && node.inputs.includes(from));
    if (dropped !== undefined) seen.add(dropped.id);
    if (add === undefined) return { end, residual: false };
    if (add.inputs.length !== 2 || (readers.get(end) ?? []).length > 1) refuse(add, "the sum of a block and its input");
    seen.add(add.id);
    return { end: add.id, residual: true };
  }

  function squeezeAt(id: string): { readonly squeeze: TimmSqueeze; readonly end: string } | undefined {
    const all = readers.get(id) ?? [];
    const means = all.find(({ op }) => op === "globalAvgPool");
    const scale = all.find(({ op }) => op === "multiply");
    if (means === undefined || scale === undefined || all.length !== 2) return undefined;
    seen.add(means.id);
    const reduce = take(after(means.id), "dense", "two dense layers in a squeeze");
    const inner = take(after(reduce.id), "activation", "an activation in a squeeze");
    const expand = take(after(inner.id), "dense", "two dense layers in a squeeze");
    const gate = take(after(expand.id), "activation", "a gate in a squeeze");
    if (!reduce.attributes.bias || !expand.attributes.bias) refuse(reduce, "dense layers with bias in a squeeze");
    if (after(gate.id) !== scale || scale.inputs[0] !== id) refuse(scale, "a gate times its image");
    seen.add(scale.id);
    return {
      squeeze: {
        reduce: reduce.id,
        expand: expand.id,
        filters: reduce.attributes.units,
        activation: inner.attributes.fn,
        gate: gate.attributes.fn,
      },
      end: scale.id,
    };
  }

  /** The dense layer of MobileNetV3's head. */
  function hiddenAfter(means: Node): NodeOf<"dense"> | undefined {
    const dense = (readers.get(means.id) ?? []).find((node) => node.op === "dense");
    return dense !== undefined && (readers.get(dense.id) ?? [])[0]?.op === "activation"
      ? (dense as NodeOf<"dense">)
      : undefined;
  }

  function tailOf(means: Node): Omit<TimmNetwork, "stem"> {
    seen.add(means.id);
    const dense = hiddenAfter(means);
    let last = means.id;
    if (dense !== undefined) {
      seen.add(dense.id);
      const act = take(after(dense.id), "activation", "an activation after the hidden layer");
      if (act.attributes.fn !== activation) refuse(act, "the stem's activation", act.attributes.fn);
      if (!dense.attributes.bias) refuse(dense, "a hidden layer with bias");
      last = act.id;
    }
    const headAct = head === undefined ? undefined : (byId.get(means.inputs[0] as string) as NodeOf<"activation">);
    if (headAct !== undefined && headAct.attributes.fn !== activation)
      refuse(headAct, "the stem's activation", headAct.attributes.fn);
    const kept = after(last);
    const dropout = kept.op === "dropout" ? kept.attributes.rate : 0;
    if (kept.op === "dropout") seen.add(kept.id);
    const classifier = take(kept.op === "dropout" ? after(kept.id) : kept, "dense", "a dense layer as classifier");
    if (!classifier.attributes.bias) refuse(classifier, "a classifier with bias");
    if (network.outputs.logits !== classifier.id) refuse(classifier, "the logits here", network.outputs.logits);
    if (network.outputs.auxiliary !== undefined) refuse(byId.get(network.outputs.auxiliary), "no auxiliary head");
    const rest = nodes.find(({ id }) => !seen.has(id));
    if (rest !== undefined) refuse(rest, "a node of a block");
    if (paddings.size > 1) refuse(undefined, "one way of padding", [...paddings].join(" and "));
    return {
      stemChannels: channels(stem.id),
      stemStride,
      blocks,
      activation,
      ...(head && { head }),
      ...(dense && { hidden: { dense: dense.id, units: dense.attributes.units } }),
      dropout,
      classifier: classifier.id,
      classes: classifier.attributes.units,
      imageChannels: channels(input.id),
      batchNorm: norms as NonNullable<typeof norms>,
      padding: [...paddings][0] ?? "same",
    };
  }
}
