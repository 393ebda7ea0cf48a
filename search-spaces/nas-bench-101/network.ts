/**
 * @file The network of a NAS-Bench-101 cell (section 2.2 and the released model_builder.py): a stem, three stacks of three cells with a pool and twice the
 * channels between them, a classifier.
 *
 * What a cell puts out is the concatenation of the vertices that its output reads, so these share the channels; a remainder goes to the first of them, one
 * each. A vertex that reads a wider one leaves out its last channel. Here the wider vertex is made in two parts, of which the reader takes the
 * first: the same sums and the same weights, without cutting channels.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { MAX_VERTICES, type NasBench101Cell, type NasBench101Operation } from "./cell.ts";

/** What is given, not searched. */
export interface NasBench101Skeleton {
  readonly [key: string]: unknown;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly stacks: number;
  readonly cellsPerStack: number;
  /** Of the stem and of the first stack; each further stack has twice as many. */
  readonly filters: number;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
}

/** A tensor's channels, in one part or in two, of which narrower readers take the first. */
type Parts = readonly Tensor[];

function convNormAct(net: NetworkBuilder, x: Tensor, path: string, filters: number, kernel: number): Tensor {
  const conv = net.conv(`${path}/conv`, x, { filters, kernel });
  return net.activate(`${path}/act`, net.batchNorm(`${path}/bn`, conv));
}

/** Returns each vertex's channels: those that feed the output share its channels, the others have as many as the widest of their readers. */
export function vertexChannels({ matrix }: NasBench101Cell, input: number, output: number): readonly number[] {
  const last = matrix.length - 1;
  const feeds = (from: number, to: number): boolean => matrix[from]?.[to] === 1;
  const channels = matrix.map((_, vertex) => (vertex === 0 ? input : vertex === last ? output : 0));
  const shares = matrix.map((_, vertex) => vertex).filter((vertex) => vertex > 0 && feeds(vertex, last));
  shares.forEach((vertex, i) => {
    channels[vertex] = Math.floor(output / shares.length) + (i < output % shares.length ? 1 : 0);
  });
  for (let vertex = last - 1; vertex > 0; vertex--)
    if (!feeds(vertex, last))
      channels[vertex] = Math.max(...channels.filter((_, to) => to > vertex && feeds(vertex, to)));
  return channels;
}

/** Returns which vertices are made in two parts: those with a narrower reader, and those that a pool in two parts reads. */
function inTwoParts({ matrix, operations }: NasBench101Cell, channels: readonly number[]): readonly boolean[] {
  const last = matrix.length - 1;
  const split = matrix.map(() => false);
  for (let vertex = last - 1; vertex > 0; vertex--)
    split[vertex] = matrix.some((_, to) => {
      if (to === last || matrix[vertex]?.[to] !== 1) return false;
      const isNarrower = (channels[to] as number) < (channels[vertex] as number);
      return isNarrower || (split[to] === true && operations[to - 1] === "maxpool3x3");
    });
  return split;
}

function addCell(net: NetworkBuilder, x: Tensor, path: string, cell: NasBench101Cell, filters: number): Tensor {
  const { matrix, operations } = cell;
  const last = matrix.length - 1;
  const feeds = (from: number, to: number): boolean => matrix[from]?.[to] === 1;
  const channels = vertexChannels(cell, x.channels, filters);
  const split = inTwoParts(cell, channels);

  const projection = (at: string, width: number): Tensor => convNormAct(net, x, `${at}/projection`, width, 1);
  const add = (at: string, terms: readonly Tensor[]): Tensor =>
    terms.length === 1 ? (terms[0] as Tensor) : net.add(`${at}/add`, terms);

  const made: Parts[] = [];
  const wholes = new Map<number, Tensor>();
  /** All channels of a vertex in one tensor, or its first part where fewer are wanted. */
  const read = (vertex: number, width: number): Tensor => {
    const parts = made[vertex] as Parts;
    if (parts.length === 1 || width < (channels[vertex] as number)) return parts[0] as Tensor;
    const whole = wholes.get(vertex) ?? net.concat(`${path}/vertex${vertex}/whole`, parts);
    wholes.set(vertex, whole);
    return whole;
  };

  const addVertex = (vertex: number, operation: NasBench101Operation): Parts => {
    const at = `${path}/vertex${vertex}`;
    const width = channels[vertex] as number;
    const sources = made.flatMap((_, from) => (from > 0 && feeds(from, vertex) ? [from] : []));
    const widths = split[vertex] === true ? [width - 1, 1] : [width];
    const places = widths.map((_, part) => (widths.length === 1 ? at : `${at}/part${part}`));
    if (operation === "maxpool3x3")
      return widths.map((channelsOfPart, part) => {
        const place = places[part] as string;
        const terms = sources.map((from) =>
          widths.length === 1 ? read(from, width) : ((made[from] as Parts)[part] as Tensor),
        );
        if (feeds(0, vertex)) terms.push(projection(place, channelsOfPart));
        return net.maxPool(`${place}/pool`, add(place, terms), { kernel: 3 });
      });
    const terms = sources.map((from) => read(from, width));
    if (feeds(0, vertex)) terms.push(projection(at, width));
    const sum = add(at, terms);
    const kernel = operation === "conv3x3-bn-relu" ? 3 : 1;
    return widths.map((channelsOfPart, part) => convNormAct(net, sum, places[part] as string, channelsOfPart, kernel));
  };

  made.push([x]);
  operations.forEach((operation, i) => made.push(addVertex(i + 1, operation)));
  const at = `${path}/output`;
  const ends = made.flatMap((parts, vertex) => (vertex > 0 && feeds(vertex, last) ? parts : []));
  const terms = ends.length > 1 ? [net.concat(`${at}/concat`, ends)] : [...ends];
  if (feeds(0, last)) terms.push(projection(at, filters));
  return add(at, terms);
}

function checkSkeleton({ classes, stacks, cellsPerStack, filters }: NasBench101Skeleton): void {
  const problems: string[] = [];
  for (const [key, value, min] of [
    ["classes", classes, 1],
    ["stacks", stacks, 1],
    ["cellsPerStack", cellsPerStack, 1],
    // As many vertices may share them.
    ["filters", filters, MAX_VERTICES - 2],
  ] as const)
    if (!Number.isSafeInteger(value) || value < min)
      problems.push(expected(`skeleton.${key}`, `a whole number of ${min} or more`, value));
  if (problems.length > 0) throw new CellwrightError("space", problems.join("\n"), { details: { problems } });
}

/** Returns the network of a pruned cell. Throws `space` for a skeleton that makes no sense. */
export function nasBench101Network(cell: NasBench101Cell, skeleton: NasBench101Skeleton): Network {
  checkSkeleton(skeleton);
  const { input, classes, stacks, cellsPerStack, filters, batchNorm } = skeleton;
  return network(
    "nas-bench-101",
    input,
    (net) => {
      let x = convNormAct(net, net.input, "stem", filters, 3);
      for (let stack = 0; stack < stacks; stack++) {
        if (stack > 0) x = net.maxPool(`reduction${stack - 1}/pool`, x, { kernel: 2, stride: 2 });
        for (let i = 0; i < cellsPerStack; i++)
          x = addCell(net, x, `cell${stack * cellsPerStack + i}`, cell, filters * 2 ** stack);
      }
      return net.dense("head/dense", net.globalAvgPool("head/pool", x), { units: classes });
    },
    { batchNorm },
  );
}
