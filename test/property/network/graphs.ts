/** @file Random networks for property tests, ways to rewrite one without changing what it computes, and a slow, obvious isomorphism check. */
import { network, type Network, type NetworkBuilder, type Node, type Tensor } from "../../../src/network/index.ts";
import type { Rng } from "../../../src/base/index.ts";

/** Adds one random operation on random earlier tensors of an image network whose every tensor is [h, w, c]. */
function grow(net: NetworkBuilder, rng: Rng, tensors: readonly Tensor[], id: string): Tensor {
  const x = rng.pick(tensors);
  const alike = tensors.filter((t) => t.shape.join() === x.shape.join());
  const level = tensors.filter((t) => t.shape[0] === x.shape[0] && t.shape[1] === x.shape[1]);
  const kernel = rng.pick([1, 2, 3]);
  const stride = rng.pick([1, 1, 1, 2]);
  const padding = rng.pick(["same", "same", { top: 0, bottom: kernel - 1, left: kernel - 1, right: 0 }] as const);
  const window = { kernel, stride, padding };
  switch (rng.int(15)) {
    case 0:
    case 1:
      return net.conv(id, x, { ...window, filters: rng.pick([2, 4]), groups: 2, bias: rng.int(2) === 0 });
    case 2:
      return net.conv(id, x, { kernel, stride, filters: rng.pick([2, 4]), dilation: rng.pick([1, 2]) });
    case 3:
      return net.depthwiseConv(id, x, window);
    case 4:
      return net.batchNorm(id, x);
    case 5:
      return net.activate(id, x, rng.pick(["relu", "swish", "sigmoid"] as const));
    case 6:
      return rng.int(2) === 0 ? net.maxPool(id, x, window) : net.avgPool(id, x, window);
    case 7:
    case 8:
      return net.add(id, [x, rng.pick(alike), ...(rng.int(3) === 0 ? [rng.pick(alike)] : [])]);
    case 9:
      return net.multiply(id, x, rng.pick(alike));
    case 10:
      return net.concat(id, [x, rng.pick(level)]);
    case 11:
      return net.localResponseNorm(id, x, { size: rng.pick([2, 3]) });
    case 12:
      return rng.int(2) === 0 || x.channels % 4 !== 0
        ? net.channelShuffle(id, x, 2)
        : net.channelSlice(id, x, { first: rng.pick([0, 2]), count: x.channels / 2 });
    case 13:
      return rng.int(2) === 0
        ? net.adaptiveAvgPool(id, x, rng.pick([2, 3]))
        : net.adaptiveMaxPool(id, x, rng.pick([2, 3]));
    default:
      return rng.int(2) === 0 ? net.dropPath(id, x, 0.5) : net.dropout(id, x, 0.25);
  }
}

/** A random network of about `size` operations over a small image; the logits read a random tensor, so some of it is dead. */
export function randomNetwork(rng: Rng, size: number): Network {
  return network("random", [5, 6, 2], (net) => {
    const tensors = [net.input];
    for (let i = 0; i < size; i++) {
      const next = grow(net, rng, tensors.slice(-6), `node${i}`);
      if (next.channels <= 16) tensors.push(next);
    }
    const last = tensors[tensors.length - 1] as Tensor;
    return net.dense("head/dense", net.globalAvgPool("head/pool", last), { units: 3 });
  });
}

/** The nodes that an output needs. */
export function liveIds(net: Network): ReadonlySet<string> {
  const byId = new Map(net.nodes.map((node) => [node.id, node]));
  const live = new Set<string>();
  const open = Object.values(net.outputs);
  while (open.length > 0) {
    const id = open.pop() as string;
    if (live.has(id)) continue;
    live.add(id);
    open.push(...(byId.get(id) as Node).inputs);
  }
  return live;
}

/** The same network written differently: other paths, another order of nodes, inputs of sums and products shuffled, a dead branch more. */
export function rewritten(net: Network, rng: Rng): Network {
  const names = new Map(rng.shuffle(net.nodes).map(({ id }, index) => [id, `renamed/${index}`]));
  const rename = (id: string): string => names.get(id) as string;
  const nodes = net.nodes.map((node) => {
    const inputs = node.inputs.map(rename);
    const commutes = node.op === "add" || node.op === "multiply";
    return { ...node, id: rename(node.id), inputs: commutes ? rng.shuffle(inputs) : inputs } as Node;
  });
  const image = net.nodes.find(({ op }) => op === "input") as Node;
  const dead: Node = {
    id: "dead/branch",
    op: "batchNorm",
    inputs: [rename(image.id)],
    attributes: { epsilon: 1, momentum: 0 },
  };
  return { name: "other", nodes: rng.shuffle([...nodes, dead]), outputs: { logits: rename(net.outputs.logits) } };
}

/** Whether two networks are the same up to paths, order of nodes and of the inputs of sums, by trying every match. For some ten nodes. */
export function isIsomorphic(a: Network, b: Network): boolean {
  const label = (node: Node, net: Network): string =>
    JSON.stringify([node.op, node.attributes, node.id === net.outputs.logits]);
  const left = a.nodes.filter(({ id }) => liveIds(a).has(id));
  const right = b.nodes.filter(({ id }) => liveIds(b).has(id));
  if (left.length !== right.length) return false;
  const matched = new Map<string, string>();
  const taken = new Set<string>();
  const inOrder = ({ op }: Node, ids: readonly string[]): string =>
    (op === "add" ? [...ids].sort((i, j) => i.localeCompare(j)) : ids).join();
  const fits = (x: Node, y: Node): boolean => {
    const from = x.inputs.map((id) => matched.get(id) ?? "");
    return inOrder(x, from) === inOrder(x, y.inputs);
  };
  // `left` is in topological order, so the inputs of the next node are matched already.
  const search = (index: number): boolean => {
    const x = left[index];
    if (x === undefined) return true;
    return right.some((y) => {
      if (taken.has(y.id) || label(x, a) !== label(y, b) || !fits(x, y)) return false;
      matched.set(x.id, y.id);
      taken.add(y.id);
      if (search(index + 1)) return true;
      matched.delete(x.id);
      taken.delete(y.id);
      return false;
    });
  };
  return search(0);
}
