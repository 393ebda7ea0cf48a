/** @file The NASNet space's wiring, piece by piece, where whole-network counts wouldn't show which piece is wrong. */
import { describe, expect, it } from "vitest";
import { inferShapes, network, type Network, type Node } from "cellwright/network";
import type { Genotype } from "cellwright/space";
import {
  buildCell,
  describeCell,
  describeGenotype,
  nasnet,
  nasnetA,
  nasnetCells,
  nasnetOperations,
  nasnetOutputs,
  type CellSite,
  type LayerCell,
  type NasnetSkeleton,
} from "cellwright/spaces";

const nasnetGenotype = nasnet.named["nasnet-a"] ?? {};

/** A genotype with the given operations, inputs and combiner everywhere. */
function uniform(
  operation: keyof typeof nasnetOperations,
  input: number,
  combiner: "add" | "concat" = "add",
): Genotype {
  const operations = Object.keys(nasnetOperations);
  return Object.fromEntries(
    nasnet.decisions.map(({ path, role }) => [
      path,
      role === "operation" ? operations.indexOf(operation) : role === "input" ? input : combiner === "add" ? 0 : 1,
    ]),
  );
}

function decode(genotype: Genotype, skeleton: Partial<NasnetSkeleton> = {}): Network {
  return nasnet.decode(genotype, { cellsPerStack: 1, filters: 8, ...skeleton }).network;
}

const nodeOf = (net: Network, id: string): Node | undefined => net.nodes.find((node) => node.id === id);
const strideOf = (net: Network, id: string): unknown => {
  const node = nodeOf(net, id);
  return node !== undefined && "stride" in node.attributes ? node.attributes.stride : undefined;
};
const below = (net: Network, path: string): string[] =>
  net.nodes.filter(({ id }) => id.startsWith(`${path}/`)).map(({ id, op }) => `${id.slice(path.length + 1)}:${op}`);

describe("cells", () => {
  it("have the thirteen operations of the paper, in its order", () => {
    expect(Object.keys(nasnetOperations)).toEqual([
      "identity",
      "conv1x3",
      "conv1x7",
      "dil3",
      "avg3",
      "max3",
      "max5",
      "max7",
      "conv1",
      "conv3",
      "sep3",
      "sep5",
      "sep7",
    ]);
  });

  it("decide in the paper's order: 25 for Normal, then 25 for Reduction", () => {
    expect(nasnet.decisions).toHaveLength(50);
    expect(nasnet.decisions.slice(0, 5).map(({ path }) => path)).toEqual([
      "normal.block0.leftInput",
      "normal.block0.rightInput",
      "normal.block0.leftOperation",
      "normal.block0.rightOperation",
      "normal.block0.combiner",
    ]);
    expect(nasnet.decisions[25]?.path).toBe("reduction.block0.leftInput");
  });

  it("apply a separable convolution twice, strided once, nothing between depthwise and pointwise", () => {
    const net = decode(uniform("sep5", 0), { dropPath: false });
    expect(below(net, "reduction0/block1/left")).toEqual([
      "sep0/act:activation",
      "sep0/dw:depthwiseConv",
      "sep0/pw:conv",
      "sep0/bn:batchNorm",
      "sep1/act:activation",
      "sep1/dw:depthwiseConv",
      "sep1/pw:conv",
      "sep1/bn:batchNorm",
    ]);
    expect(strideOf(net, "reduction0/block1/left/sep0/dw")).toEqual([2, 2]);
    expect(strideOf(net, "reduction0/block1/left/sep1/dw")).toEqual([1, 1]);
  });

  it("stride only what reads the cell's inputs", () => {
    const genotype = { ...uniform("max3", 0), "reduction.block1.leftInput": 2 };
    const net = decode(genotype, { dropPath: false });
    expect(strideOf(net, "reduction0/block1/left/pool")).toEqual([1, 1]);
    expect(strideOf(net, "reduction0/block1/right/pool")).toEqual([2, 2]);
  });

  it("take the previous cell's output, halved where it is larger, 1x1 where its channels differ, untouched else", () => {
    const net = decode(nasnetGenotype, { cellsPerStack: 3 });
    // Right after the stem there is no previous output: the current input stands for it.
    expect(below(net, "cell0/previous")).toEqual([]);
    expect(below(net, "cell1/previous")).toEqual(["act:activation", "conv:conv", "bn:batchNorm"]);
    expect(below(net, "cell3/previous")).toEqual([
      "act:activation",
      "even:conv",
      "shift:slice",
      "odd:conv",
      "concat:concat",
      "bn:batchNorm",
    ]);
    // One loose end of F channels: the previous output has F already and is left alone, even without activation.
    const chain: Record<string, number> = { ...uniform("sep3", 0), "normal.block0.rightInput": 1 };
    for (let b = 1; b < 5; b++) chain[`normal.block${b}.leftInput`] = b + 1;
    const narrow = decode(chain, { cellsPerStack: 3, dropPath: false });
    expect(nasnetCells(chain).normal.looseEnds).toEqual([6]);
    expect(below(narrow, "cell2/previous")).toEqual([]);
    expect(nodeOf(narrow, "cell2/block0/right/sep0/act")?.inputs).toEqual(["cell0/block4/add"]);
  });

  it("pad odd images by a row and a column of zeros when halving them", () => {
    const net = decode(nasnetGenotype, { input: [30, 28, 3], cellsPerStack: 2 });
    const shapes = inferShapes(net);
    // 15 x 14 in the second stack: rows are odd, columns even.
    expect(nodeOf(net, "cell4/previous/pad")?.attributes).toEqual({ top: 0, left: 0, bottom: 1, right: 0 });
    expect(nodeOf(net, "cell4/previous/shift")?.attributes).toEqual({ top: 1, left: 1, height: 15, width: 13 });
    expect(shapes.get("cell4/previous/even")).toEqual([8, 7, 16]);
    expect(shapes.get("cell4/previous/odd")).toEqual([8, 7, 16]);
    expect(nodeOf(net, "cell2/previous/pad")).toBeUndefined();
  });

  it("bring a loose input of other size or channels to F", () => {
    // Every block reads state 1: state 0 is loose, and in the first cell state 1 is the stem's output as it is.
    const readsPrevious = decode(uniform("sep3", 1), { dropPath: false });
    expect(nodeOf(readsPrevious, "cell0/output")?.inputs[0]).toBe("cell0/current/bn");
    expect(nodeOf(readsPrevious, "reduction0/output")?.inputs[0]).toBe("reduction0/end0/bn");
    const readsCurrent = decode(uniform("sep3", 0), { dropPath: false });
    expect(below(readsCurrent, "cell0/end1")).toEqual(["conv:conv", "bn:batchNorm"]);
  });

  it("give 2F channels from a concatenating block, which its readers and the output take as they are", () => {
    const genotype = {
      ...uniform("identity", 0, "concat"),
      "normal.block4.leftInput": 5,
      "normal.block4.rightInput": 2,
    };
    const net = decode(genotype);
    const shapes = inferShapes(net);
    expect(shapes.get("cell0/block0/concat")).toEqual([32, 32, 16]);
    // Identity of 16 channels to 8 is a 1x1 convolution.
    expect(below(net, "cell0/block4/left")).toEqual(["act:activation", "conv:conv", "bn:batchNorm"]);
    // Loose: state 1 at F, blocks 1, 2 and 4 at 2F.
    expect(nasnetCells(genotype).normal.looseEnds).toEqual([1, 3, 4, 6]);
    expect(shapes.get("cell0/output")).toEqual([32, 32, 7 * 8]);
  });
});

describe("the thirteen operations", () => {
  /** What an operation adds, in order: `conv 3x3 /2` for a window of stride 2, `~2` for a dilation of 2, the name of anything else. */
  const built = (operation: keyof typeof nasnetOperations, channels: number, stride: number): string => {
    const net = network("operation", [8, 8, channels], (n) => {
      const x = nasnetOperations[operation](n, n.input, { path: "op", filters: 4, stride });
      return n.dense("dense", n.globalAvgPool("pool", x), { units: 2 });
    });
    const steps = net.nodes.filter(({ id }) => id.startsWith("op/"));
    // Every step reads the one before it, the first the image.
    steps.forEach(({ inputs }, i) => expect(inputs).toEqual([steps[i - 1]?.id ?? "input"]));
    return steps.map(shown).join(", ");
  };
  const shown = (node: Node): string => {
    if (node.op === "activation") return node.attributes.fn;
    if (!("kernel" in node.attributes)) return node.op;
    const { kernel, stride } = node.attributes;
    expect(node.attributes.padding).toBe("same");
    if ("bias" in node.attributes) expect(node.attributes.bias).toBe(false);
    const dilation =
      "dilation" in node.attributes && node.attributes.dilation[0] > 1 ? ` ~${node.attributes.dilation[0]}` : "";
    const strided = stride.some((side) => side > 1) ? ` /${stride.join("x")}` : "";
    return `${node.op} ${kernel.join("x")}${strided}${dilation}`;
  };
  const twice = (size: string): string =>
    `relu, depthwiseConv ${size} /2x2, conv 1x1, batchNorm, relu, depthwiseConv ${size}, conv 1x1, batchNorm`;

  // Section 3.1 and nasnet_utils.py: convolutions are ReLU, convolution, batch norm; pools are followed by a 1x1 convolution without ReLU.
  const strided: Record<keyof typeof nasnetOperations, string> = {
    identity: "relu, conv 1x1 /2x2, batchNorm",
    conv1x3: "relu, conv 1x3 /1x2, batchNorm, relu, conv 3x1 /2x1, batchNorm",
    conv1x7: "relu, conv 1x7 /1x2, batchNorm, relu, conv 7x1 /2x1, batchNorm",
    dil3: "relu, conv 3x3 /2x2 ~2, batchNorm",
    avg3: "avgPool 3x3 /2x2, conv 1x1, batchNorm",
    max3: "maxPool 3x3 /2x2, conv 1x1, batchNorm",
    max5: "maxPool 5x5 /2x2, conv 1x1, batchNorm",
    max7: "maxPool 7x7 /2x2, conv 1x1, batchNorm",
    conv1: "relu, conv 1x1 /2x2, batchNorm",
    conv3: "relu, conv 3x3 /2x2, batchNorm",
    sep3: twice("3x3"),
    sep5: twice("5x5"),
    sep7: twice("7x7"),
  };
  for (const [name, steps] of Object.entries(strided) as [keyof typeof nasnetOperations, string][]) {
    it(`${name} is ${steps} on other channels with stride 2`, () => expect(built(name, 6, 2)).toBe(steps));
  }

  it("leave alone what fits: the identity adds nothing, a pool only itself", () => {
    expect(built("identity", 4, 1)).toBe("");
    expect(built("identity", 6, 1)).toBe("relu, conv 1x1, batchNorm");
    expect(built("max3", 4, 1)).toBe("maxPool 3x3");
    expect(built("avg3", 4, 2)).toBe("avgPool 3x3 /2x2");
  });
});

describe("the auxiliary head", () => {
  it("is the released code's, step by step", () => {
    const net = decode(nasnetGenotype, { auxiliary: true });
    const steps = net.nodes.filter(({ id }) => id.startsWith("auxiliary/"));
    expect(steps.map(({ id, op }) => `${id.slice("auxiliary/".length)}:${op}`)).toEqual([
      "act:activation",
      "pool:avgPool",
      "proj/conv:conv",
      "proj/bn:batchNorm",
      "proj/act:activation",
      "full/conv:conv",
      "full/bn:batchNorm",
      "full/act:activation",
      "flatten:flatten",
      "dense:dense",
    ]);
    steps.forEach(({ inputs }, i) => expect(inputs).toEqual([steps[i - 1]?.id ?? "cell1/output"]));
    expect(nodeOf(net, "auxiliary/pool")?.attributes).toEqual({ kernel: [5, 5], stride: [3, 3], padding: "valid" });
    // 16 x 16 before the second reduction, 4 x 4 after the pool.
    expect(nodeOf(net, "auxiliary/full/conv")?.attributes).toMatchObject({
      filters: 768,
      kernel: [4, 4],
      padding: "valid",
    });
  });
});

describe("buildCell", () => {
  const build =
    (cell: Partial<LayerCell>, site: Partial<CellSite> = {}) =>
    (): unknown =>
      network("cells", [8, 8, 3], (net) => {
        const whole = { blocks: [], inputs: 2, looseEnds: [0], operations: nasnetOperations, ...cell };
        const x = buildCell(net, whole, net.input, { path: "cell", filters: 4, stride: 1, ...site });
        return net.dense("dense", net.globalAvgPool("pool", x), { units: 2 });
      });

  it("takes cells of two inputs only, which are the two that it wires", () => {
    for (const inputs of [1, 3]) {
      expect(build({ inputs })).toThrow(
        `cell  Expected a cell of 2 inputs, the current and the previous. Received: ${inputs}.`,
      );
    }
    expect(build({})).not.toThrow();
  });

  it("puts out states that the cell has, at least one", () => {
    for (const outputs of [[], [2], [-1], [0.5]]) {
      expect(build({}, { outputs })).toThrow(/^cell: outputs {2}Expected states from 0 to 1\. Received: /);
    }
  });
});

describe("NASNet-A", () => {
  it("is a named genotype that reads as written", () => {
    const { normal, reduction } = nasnetCells(nasnetGenotype);
    expect(describeCell(normal)).toBe(describeCell(nasnetA.normal));
    expect(describeGenotype(nasnet, nasnetGenotype)).toBe(
      "normal: sep5(0)+sep3(1) · sep5(1)+sep3(1) · avg3(0)+identity(1) · avg3(1)+avg3(1) · sep3(0)+identity(0); " +
        "reduction: sep5(0)+sep7(1) · max3(0)+sep7(1) · avg3(0)+sep5(1) · identity(3)+avg3(2) · sep3(2)+max3(0)",
    );
    expect(reduction.blocks).toHaveLength(5);
  });

  it("puts out what the released code does, every other cell its loose ends", () => {
    const { normal, reduction } = nasnetCells(nasnetGenotype);
    expect(normal.looseEnds).toEqual([2, 3, 4, 5, 6]);
    expect(nasnetOutputs(normal)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(reduction.looseEnds).toEqual([4, 5, 6]);
    expect(nasnetOutputs(reduction)).toEqual([3, 4, 5, 6]);
    const other = nasnetCells({ ...nasnetGenotype, "normal.block0.leftOperation": 0 });
    expect(nasnetOutputs(other.normal)).toEqual([2, 3, 4, 5, 6]);
  });
});

describe("describeCell", () => {
  it("shows sums, concatenations and other combiners", () => {
    const block = { leftInput: 0, rightInput: 2, leftOperation: "a", rightOperation: "b" };
    const blocks = [block, { ...block, combiner: "concat" }, { ...block, combiner: "gate" }];
    expect(describeCell({ blocks })).toBe("a(0)+b(2) · a(0)++b(2) · a(0) gate b(2)");
  });
});

describe("drop path", () => {
  const fractions = (net: Network): Record<string, number> =>
    Object.fromEntries(
      net.nodes.flatMap((node) => (node.op === "dropPath" ? [[node.id, node.attributes.depthFraction]] : [])),
    );

  it("follows every operation but the identity, ever more often with depth", () => {
    const found = fractions(decode(nasnetGenotype, { cellsPerStack: 6 }));
    expect(found["cell0/block0/left/drop"]).toBe(1 / 20);
    expect(found["reduction0/block0/left/drop"]).toBe(7 / 20);
    expect(found["cell17/block4/left/drop"]).toBe(1);
    // 8 of the Normal cell's 10 operations are no identity, 9 of the Reduction cell's.
    expect(Object.keys(found)).toHaveLength(18 * 8 + 2 * 9);
    expect(Object.keys(found).filter((id) => id.startsWith("cell0/block2"))).toEqual(["cell0/block2/left/drop"]);
  });

  it("counts the ImageNet stem's cells", () => {
    const skeleton = { stem: "imagenet", input: [64, 64, 3], cellsPerStack: 4 } as const;
    const found = fractions(decode(nasnetGenotype, skeleton));
    expect(found["stem/cell0/block0/left/drop"]).toBe(1 / 16);
    expect(found["cell0/block0/left/drop"]).toBe(3 / 16);
  });

  it("can be left out", () => {
    expect(fractions(decode(nasnetGenotype, { dropPath: false }))).toEqual({});
  });
});

describe("the skeleton", () => {
  it("sets batch norm, dropout and the classes", () => {
    const net = decode(nasnetGenotype, { classes: 7, dropout: 0.25, batchNorm: { epsilon: 1e-3, momentum: 0.9997 } });
    expect(nodeOf(net, "stem/bn")?.attributes).toEqual({ epsilon: 1e-3, momentum: 0.9997 });
    expect(nodeOf(net, "head/dropout")?.attributes).toEqual({ rate: 0.25 });
    expect(inferShapes(net).get(net.outputs.logits)).toEqual([7]);
  });

  it("is refused with every problem where it makes no sense", () => {
    expect(() => decode(nasnetGenotype, { cellsPerStack: 0, filters: 2.5 })).toThrow(
      /cellsPerStack {2}Expected a whole number of 1 or more. Received: 0.\nskeleton.filters/,
    );
    expect(() => decode(nasnetGenotype, { stem: "imagenet", filters: 3 })).toThrow(/4 or more/);
    expect(() => decode(nasnetGenotype, { stem: "alexnet" as "cifar" })).toThrow(/"cifar" or "imagenet"/);
    expect(() => decode(nasnetGenotype, { auxiliary: true, stacks: 1 })).toThrow(/2 stacks or more/);
    expect(() => decode(nasnetGenotype, { dropout: -0.5 })).toThrow(
      "skeleton.dropout  Expected a rate from 0 to less than 1. Received: -0.5.",
    );
    // A network of a hundred million cells would fill the memory before it said anything.
    expect(() => decode(nasnetGenotype, { cellsPerStack: 1e8 })).toThrow(
      "skeleton.cellsPerStack  Expected at most 10000 Normal cells in all stacks. Received: 100000000.",
    );
  });

  it("names the node where the image is too small for the auxiliary head", () => {
    expect(() => decode(nasnetGenotype, { auxiliary: true, input: [8, 8, 3] })).toThrow(
      /auxiliary\/pool \(avgPool\) {2}Expected an input that a 5x5 window fits into. Received: \[4,4,96\]/,
    );
  });

  it("may have any number of stacks", () => {
    const one = decode(nasnetGenotype, { stacks: 1, cellsPerStack: 2 });
    expect(one.nodes.some(({ id }) => id.startsWith("reduction"))).toBe(false);
    const five = inferShapes(decode(nasnetGenotype, { stacks: 5, filters: 2 }));
    expect(five.get("cell4/output")).toEqual([2, 2, 6 * 32]);
  });
});
