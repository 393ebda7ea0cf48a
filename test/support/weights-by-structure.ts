/**
 * @file Weights that two networks share as far as they compute the same: a layer's weights depend on what the layer is and on what each of its inputs' channels
 * is computed from, never on names or on the order of anything. So a network written in another way computes the same numbers, and networks that
 * compute something else differ in them. Two layers of one kind on one input get the same weights.
 *
 * Written without what src/network/canonical knows. For the operations that cells are made of.
 */
import { topologicalOrder, weightSpecs, type Network, type Node } from "cellwright/network";
import { liveIds } from "../property/network/graphs.ts";

/** What a channel is computed from, as a number of 52 bits: cheap to make, and by chance the same for others in no test. */
type Key = number;

/** Returns a number that depends on every part (cyrb53). */
function mixed(...parts: readonly (string | number)[]): Key {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  const text = parts.join("|");
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (0x0fffff & (b >>> 0)) + (a >>> 0);
}

const sorted = (keys: readonly Key[]): readonly Key[] => keys.toSorted((a, b) => a - b);

interface Channels {
  readonly keys: readonly Key[];
  readonly isZero: boolean;
}

/** Whether batch norms add something: where they don't, they make nothing of nothing. */
export interface StructureOptions {
  readonly shifts: boolean;
  /** Whether weights depend on the names of layers too, so that two of one kind on one input have their own. Default false. */
  readonly byName?: boolean;
}

/** Channels of a node's output; `inputs` are those of its inputs, `names` what tells a layer's own channels apart. */
function channelsOf(
  node: Node,
  inputs: readonly Channels[],
  names: (count: number) => readonly Key[],
  { shifts }: StructureOptions,
): Channels {
  const [first] = inputs;
  const what = mixed(node.op, JSON.stringify(node.attributes));
  const zero = (count: number): Channels => ({ keys: Array.from({ length: count }, () => 0), isZero: true });
  const made = (keys: readonly Key[]): Channels => ({ keys, isZero: false });
  switch (node.op) {
    case "input":
      return made(Array.from({ length: node.attributes.shape.at(-1) as number }, (_, c) => mixed(what, c)));
    case "add": {
      const terms = inputs.filter(({ isZero }) => !isZero);
      if (terms.length <= 1) return terms[0] ?? (first as Channels);
      const [{ keys }] = terms as [Channels];
      return made(keys.map((_, c) => mixed(what, ...sorted(terms.map((term) => term.keys[c] as Key)))));
    }
    case "concat":
      return { keys: inputs.flatMap(({ keys }) => keys), isZero: inputs.every(({ isZero }) => isZero) };
    case "conv":
    case "dense": {
      const { attributes } = node;
      const count = "filters" in attributes ? attributes.filters : attributes.units;
      const { keys, isZero } = first as Channels;
      if (isZero && !attributes.bias) return zero(count);
      const layer = mixed(what, ...sorted(keys));
      return made(names(count).map((name) => mixed(layer, name)));
    }
    default: {
      if (!ALIGNED.has(node.op)) throw new Error(`Expected an operation that cells are made of. Received: ${node.op}.`);
      const { keys, isZero } = first as Channels;
      if (node.op === "zero") return zero(keys.length);
      if (isZero && (node.op !== "batchNorm" || !shifts)) return { keys, isZero };
      return made(keys.map((key) => mixed(what, key)));
    }
  }
}

/** With `add`, those whose channels are their inputs' one to one. */
const ALIGNED: ReadonlySet<string> = new Set(
  "depthwiseConv batchNorm activation maxPool avgPool globalAvgPool dropout dropPath slice pad zero".split(" "),
);

/** Returns for every node the concatenation, if there is a single one, whose channels stand beside the node's own: through sums and all that is aligned. */
function concatenations(network: Network): (id: string) => Node | undefined {
  const beside = new Map<string, Set<string>>(network.nodes.map(({ id }) => [id, new Set([id])]));
  const live = liveIds(network);
  for (const { id, op, inputs } of network.nodes)
    if (live.has(id) && (op === "add" || ALIGNED.has(op)))
      for (const input of inputs) {
        const all = new Set([...(beside.get(id) ?? []), ...(beside.get(input) ?? [])]);
        for (const member of all) beside.set(member, all);
      }
  const byId = new Map(network.nodes.map((node) => [node.id, node]));
  return (id) => {
    const found = [...(beside.get(id) ?? [])].filter((member) => byId.get(member)?.op === "concat");
    return found.length === 1 ? byId.get(found[0] as string) : undefined;
  };
}

/** Returns for every node what its channels are computed from. */
function structureOf(network: Network, options: StructureOptions): ReadonlyMap<string, Channels> {
  const order = topologicalOrder(network);
  const walk = (namesAt: (id: string, count: number) => readonly Key[]): ReadonlyMap<string, Channels> => {
    const made = new Map<string, Channels>();
    for (const node of order) {
      const inputs = node.inputs.map((id) => made.get(id) as Channels);
      made.set(
        node.id,
        channelsOf(node, inputs, (count) => namesAt(node.id, count), options),
      );
    }
    return made;
  };
  // First what layers are, all channels of one alike; that names the channels of concatenations.
  const kinds = walk((_, count) => Array.from({ length: count }, () => 0));
  const concatenationBeside = concatenations(network);
  const named = new Map<string, readonly Key[]>();
  const namesAt = (id: string, count: number): readonly Key[] => {
    const known = named.get(id);
    if (known !== undefined) return known;
    const concat = concatenationBeside(id);
    const names =
      concat === undefined
        ? Array.from({ length: count }, (_, c) => c)
        : concat.inputs.flatMap((input) => {
            const { keys } = kinds.get(input) as Channels;
            const within = namesAt(input, keys.length);
            return keys.map((key, c) => mixed(key, within[c] as Key));
          });
    named.set(id, names);
    return names;
  };
  return walk(namesAt);
}

/** Returns weights for all of a network's layers. */
export function weightsByStructure(
  network: Network,
  seed: number,
  options: StructureOptions = { shifts: true },
): Map<string, Float32Array> {
  const byId = new Map(network.nodes.map((node) => [node.id, node]));
  const channels = structureOf(network, options);
  return new Map(
    weightSpecs(network).map(({ name, role, shape }) => {
      const id = name.slice(0, name.lastIndexOf("/"));
      const node = byId.get(id) as Node;
      const output = (channels.get(id) as Channels).keys;
      const input = (channels.get(node.inputs[0] as string) as Channels).keys;
      const size = shape.reduce((product, side) => product * side, 1);
      const last = shape.at(-1) as number;
      // A full convolution's and a dense layer's kernel is [..., input channel, output channel]; everything else is [..., channel].
      const isMixing = role === "kernel" && (node.op === "conv" || node.op === "dense");
      const inputs = isMixing ? (shape.at(-2) as number) : 1;
      const scale = Math.sqrt(size / last);
      const values = Float32Array.from({ length: size }, (_, i) => {
        const [c, from] = [i % last, Math.floor(i / last) % inputs];
        const at = Math.floor(i / last / inputs);
        const own = options.byName === true ? id : "";
        return mixed(seed, own, role, output[c] as Key, isMixing ? (input[from] as Key) : 0, at) / 2 ** 52;
      });
      return [name, values.map((share) => valueOf(role, share, scale, options))] as const;
    }),
  );
}

/** Returns a weight of the role made of a number from 0 to 1. */
function valueOf(role: string, share: number, scale: number, { shifts }: StructureOptions): number {
  const centred = 2 * share - 1;
  if (role === "gamma" || role === "movingVariance") return 0.5 + share;
  if (role === "kernel") return (2 * centred) / scale;
  return shifts ? centred / 2 : 0;
}
