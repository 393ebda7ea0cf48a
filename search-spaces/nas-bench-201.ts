/**
 * @file The space of NAS-Bench-201 (Dong and Yang 2020, arXiv 2001.00326): cells of four nodes, each pair joined by one of five operations, on a
 * residual skeleton. 15,625 cells, all of them trained for the published tables. Wiring follows the released code (D-X-Y/AutoDL-Projects, xautodl/models).
 *
 * A node is the sum of what comes over its edges. An edge that is `none` adds nothing and is left out; a node without any is zero. What the output
 * doesn't depend on stays in the network, as in the released code: its parameters count.
 */
import { CellwrightError, expected, unreachable } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { choice, defineSpace, type Genotype, type ScaleFactors } from "cellwright/space";
import { grownInput } from "./grown-input.ts";

/** In the published order. `nor_conv_kxk` is activation, convolution, batch norm; the pool's padding isn't counted. */
export const nasBench201Operations = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"] as const;

export type NasBench201Operation = (typeof nasBench201Operations)[number];

const edge = choice(nasBench201Operations, { role: "operation" });

/** Node by node, what comes from each earlier one. */
const decisions = {
  node1: { from0: edge },
  node2: { from0: edge, from1: edge },
  node3: { from0: edge, from1: edge, from2: edge },
};

/** A cell as `decode` sees it: for nodes 1 to 3 the operation on the edge from every earlier node. */
type Cell = readonly (readonly NasBench201Operation[])[];

/** What is given, not searched. */
const skeleton = {
  input: [32, 32, 3],
  classes: 10,
  /** N in the paper. */
  cellsPerStack: 5,
  /** C: of the first of three stacks; each of the others has twice as many as the one before. */
  filters: 16,
  batchNorm: { epsilon: 1e-5, momentum: 0.9 },
} satisfies NasBench201Skeleton;

export interface NasBench201Skeleton {
  readonly [key: string]: unknown;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly cellsPerStack: number;
  readonly filters: number;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
}

const STACKS = 3;

function convNorm(net: NetworkBuilder, x: Tensor, path: string, filters: number, kernel: number, stride = 1): Tensor {
  const conv = net.conv(`${path}/conv`, net.activate(`${path}/act`, x), { filters, kernel, stride });
  return net.batchNorm(`${path}/bn`, conv);
}

/** What comes over an edge, or undefined where nothing does. */
function overEdge(net: NetworkBuilder, x: Tensor, path: string, operation: NasBench201Operation): Tensor | undefined {
  switch (operation) {
    case "none":
      return undefined;
    case "skip_connect":
      return x;
    case "nor_conv_1x1":
      return convNorm(net, x, path, x.channels, 1);
    case "nor_conv_3x3":
      return convNorm(net, x, path, x.channels, 3);
    case "avg_pool_3x3":
      return net.avgPool(`${path}/pool`, x, { kernel: 3 });
    default:
      return unreachable(operation);
  }
}

function addCell(net: NetworkBuilder, x: Tensor, path: string, cell: Cell): Tensor {
  const nodes = [x];
  for (const [index, edges] of cell.entries()) {
    const node = `${path}/node${index + 1}`;
    const terms = edges.flatMap(
      (operation, from) => overEdge(net, nodes[from] as Tensor, `${node}/from${from}`, operation) ?? [],
    );
    const [first] = terms;
    if (first === undefined) nodes.push(net.zero(`${node}/zero`, x, { stride: 1 }));
    else nodes.push(terms.length === 1 ? first : net.add(`${node}/add`, terms));
  }
  return nodes.at(-1) as Tensor;
}

/** The residual block of stride 2 between two stacks: two convolutions of 3x3, and a 2x2 pool with a 1x1 convolution beside them. */
function addReduction(net: NetworkBuilder, x: Tensor, path: string, filters: number): Tensor {
  const deep = convNorm(net, convNorm(net, x, `${path}/a`, filters, 3, 2), `${path}/b`, filters, 3);
  const pooled = net.avgPool(`${path}/shortcut/pool`, x, { kernel: 2, stride: 2, padding: "valid" });
  return net.add(`${path}/add`, [deep, net.conv(`${path}/shortcut/conv`, pooled, { filters, kernel: 1 })]);
}

function checkSkeleton({ input, classes, cellsPerStack, filters }: NasBench201Skeleton): void {
  const problems: string[] = [];
  for (const [key, value] of Object.entries({ classes, cellsPerStack, filters }))
    if (!Number.isSafeInteger(value) || value < 1)
      problems.push(expected(`skeleton.${key}`, "a whole number of 1 or more", value));
  const stride = 2 ** (STACKS - 1);
  if (input[0] % stride !== 0 || input[1] % stride !== 0)
    problems.push(expected("skeleton.input", `height and width that are multiples of ${stride}`, input));
  if (problems.length > 0) throw new CellwrightError("space", problems.join("\n"), { details: { problems } });
}

function networkOf(cell: Cell, skeleton: NasBench201Skeleton): Network {
  checkSkeleton(skeleton);
  const { input, classes, cellsPerStack, filters, batchNorm } = skeleton;
  return network(
    "nas-bench-201",
    input,
    (net) => {
      let x = net.batchNorm("stem/bn", net.conv("stem/conv", net.input, { filters, kernel: 3 }));
      for (let stack = 0; stack < STACKS; stack++) {
        if (stack > 0) x = addReduction(net, x, `reduction${stack - 1}`, filters * 2 ** stack);
        for (let i = 0; i < cellsPerStack; i++) x = addCell(net, x, `cell${stack * cellsPerStack + i}`, cell);
      }
      const last = net.activate("head/act", net.batchNorm("head/bn", x));
      return net.dense("head/dense", net.globalAvgPool("head/pool", last), { units: classes });
    },
    { batchNorm },
  );
}

/** Deeper stacks, wider cells, larger images; height and width, where they grow, to a multiple of 4. */
function scale<S extends NasBench201Skeleton>(skeleton: S, { depth, width, resolution }: ScaleFactors): S {
  return {
    ...skeleton,
    cellsPerStack: Math.max(1, Math.round(skeleton.cellsPerStack * depth)),
    filters: Math.max(1, Math.round(skeleton.filters * width)),
    input: grownInput(skeleton.input, resolution, 4),
  };
}

export const nasBench201 = defineSpace({
  name: "nas-bench-201",
  version: 1,
  skeleton,
  decisions,
  decode: ({ node1, node2, node3 }, skeleton) => ({
    network: networkOf([[node1.from0], [node2.from0, node2.from1], [node3.from0, node3.from1, node3.from2]], skeleton),
  }),
  scaleSkeleton: scale,
  named: {
    /** Best test accuracy on CIFAR-10 after 200 epochs: 94.37. */
    "best-cifar10": {
      node1: { from0: "nor_conv_3x3" },
      node2: { from0: "nor_conv_3x3", from1: "nor_conv_3x3" },
      node3: { from0: "skip_connect", from1: "nor_conv_3x3", from2: "nor_conv_1x1" },
    },
    /** Best on CIFAR-100: 73.51. */
    "best-cifar100": {
      node1: { from0: "nor_conv_3x3" },
      node2: { from0: "nor_conv_3x3", from1: "nor_conv_3x3" },
      node3: { from0: "skip_connect", from1: "nor_conv_3x3", from2: "nor_conv_3x3" },
    },
  },
});

/** Edges in the order of the text: by the node they lead to, then by where they come from. */
const PATHS = ["node1.from0", "node2.from0", "node2.from1", "node3.from0", "node3.from1", "node3.from2"];

/** Returns the cell as the tables write it: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`. Throws `space` unless the genotype is valid. */
export function nasBench201Text(genotype: Genotype): string {
  nasBench201.active(genotype);
  const names = PATHS.map((path) => nasBench201Operations[genotype[path] as number] as string);
  const node = (from: number, to: number): string =>
    `|${names
      .slice(from, to)
      .map((name, i) => `${name}~${i}|`)
      .join("")}`;
  return [node(0, 1), node(1, 3), node(3, 6)].join("+");
}

const TEXT = /^\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|$/;

/** The inverse of `nasBench201Text`. Throws `space` naming what isn't right. */
export function parseNasBench201(text: string): Genotype {
  const form = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|";
  const names = TEXT.exec(text)?.slice(1);
  if (names === undefined) throw new CellwrightError("space", expected("cell", form, text));
  return Object.fromEntries(
    names.map((name, i) => {
      const index = nasBench201Operations.indexOf(name as NasBench201Operation);
      if (index < 0)
        throw new CellwrightError(
          "space",
          expected(`cell, edge ${i}`, `one of ${nasBench201Operations.join(", ")}`, name),
        );
      return [PATHS[i] as string, index];
    }),
  );
}

/**
 * Returns the text by which the published tables tell cells apart (the released code's `to_unique_str` that knows of zeros): every node is the sorted list of its
 * terms, a `skip_connect` is what it skips from, and an operation on exactly nothing is nothing, `#`. 6,466 of them. It is coarser than `canonicalId` where two
 * convolutions of one kind on one node stand for one another, and finer where nothing is a term of a sum; studies go by `canonicalId`, readers of the tables by this.
 */
export function nasBench201Class(genotype: Genotype): string {
  nasBench201.active(genotype);
  const names = PATHS.map((path) => nasBench201Operations[genotype[path] as number] as NasBench201Operation);
  const nodes = ["0"];
  for (let node = 1, edge = 0; node <= 3; node++) {
    const terms = nodes.map((source) => {
      const name = names[edge++] as NasBench201Operation;
      if (name === "none" || source === "#") return "#";
      return name === "skip_connect" ? source : `(${source})@${name}`;
    });
    nodes.push(terms.toSorted().join("+"));
  }
  return nodes.at(-1) as string;
}
