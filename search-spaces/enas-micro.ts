/**
 * @file The micro space of ENAS (Pham, Guan, Zoph, Le and Dean 2018, arXiv 1802.03268, section 2.4): a Normal and a Reduction cell of five nodes, each the sum of
 * two of five operations. Wiring follows the released code for a cell that was found (melodyguan/enas, src/cifar10/micro_child.py).
 *
 * State 0 of a cell is its current input, 1 that of the cell before, 2 + b its node b: as in NASNet, and the other way round than in the released code. What no
 * node reads is concatenated to the output, one of the two inputs too.
 */
import { CellwrightError, expected } from "cellwright/base";
import {
  network,
  pool,
  separable,
  type Layer,
  type Network,
  type NetworkBuilder,
  type Tensor,
} from "cellwright/network";
import { cells, defineSpace, type Cell, type ScaleFactors } from "cellwright/space";
import { auxiliaryHead } from "./nasnet/network.ts";
import { factorizedReduction } from "./nasnet/cell.ts";
import { grownInput } from "./grown-input.ts";

/** Passes a state on; where the stride is 2, halves it without losing every second pixel, nor an activation before. */
const identity: Layer = (net, x, { path, filters, stride }) =>
  stride === 1 ? x : factorizedReduction(net, x, path, filters, 2);

/** In the released order; separable ones are applied twice. */
export const enasMicroOperations = {
  sep3: separable(3),
  sep5: separable(5),
  avg3: pool("avg", 3),
  max3: pool("max", 3),
  identity,
};

/** (2 x 3 x 4 x 5 x 6)^2 x 5^10 = 5,062,500,000,000 of them. */
const cell = cells({ blocks: 5, operations: enasMicroOperations });

type EnasCell = Cell<typeof enasMicroOperations, "add">;

/** What is given, not searched. The defaults are those of the published network. */
const skeleton = {
  input: [32, 32, 3],
  classes: 10,
  /** Normal cells in each of three stacks; a Reduction cell stands between two. */
  cellsPerStack: 5,
  /** Of the first stack's cells; each Reduction cell doubles them. */
  filters: 36,
  auxiliary: false,
  /** Whether operations' results are dropped in training, more with depth; the rate is the recipe's. */
  dropPath: true,
  dropout: 0.2,
  batchNorm: { epsilon: 1e-5, momentum: 0.9 },
} satisfies EnasMicroSkeleton;

export interface EnasMicroSkeleton {
  readonly [key: string]: unknown;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly cellsPerStack: number;
  readonly filters: number;
  readonly auxiliary: boolean;
  readonly dropPath: boolean;
  readonly dropout: number;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
}

const STACKS = 3;

interface Site {
  readonly path: string;
  readonly filters: number;
  readonly stride: 1 | 2;
  readonly depthFraction: number | undefined;
}

function project(net: NetworkBuilder, x: Tensor, path: string, filters: number): Tensor {
  const active = net.activate(`${path}/act`, x);
  return net.batchNorm(`${path}/bn`, net.conv(`${path}/conv`, active, { filters, kernel: 1 }));
}

function isLarger(x: Tensor, than: Tensor): boolean {
  return x.shape[0] !== than.shape[0] || x.shape[1] !== than.shape[1];
}

/** Brings the input of the cell before to the current input's size and to the cell's filters. */
function adjust(net: NetworkBuilder, before: Tensor, last: Tensor, { path, filters }: Site): Tensor {
  if (isLarger(before, last))
    return factorizedReduction(net, net.activate(`${path}/before/act`, before), `${path}/before`, filters, 2);
  return before.channels === filters ? before : project(net, before, `${path}/before`, filters);
}

/**
 * Returns the states that no block reads, ordered by what they are computed from. The released code goes by their numbers; but where the next cell takes this one's channels as they
 * are (as many as it has filters), a pool of them is added to a factorised reduction, whose two halves look at other pixels, and it matters which block meets which half.
 * So cells that differ in the numbers of their blocks alone would be different networks.
 */
function inOrderOfStructure(cell: EnasCell): readonly number[] {
  const structures = Array.from({ length: cell.inputs }, (_, input) => String(input));
  for (const { leftInput, leftOperation, rightInput, rightOperation } of cell.blocks) {
    const terms = [`${leftOperation}(${structures[leftInput]})`, `${rightOperation}(${structures[rightInput]})`];
    structures.push(terms.toSorted().join("+"));
  }
  return cell.looseEnds
    .map((state) => ({ state, structure: structures[state] as string }))
    .sort((a, b) => (a.structure < b.structure ? -1 : a.structure > b.structure ? 1 : 0))
    .map(({ state }) => state);
}

function addCell(net: NetworkBuilder, before: Tensor, last: Tensor, cell: EnasCell, site: Site): Tensor {
  const { path, filters, stride, depthFraction } = site;
  // Where the channels differ the released code projects twice.
  const current = last.channels === filters ? last : project(net, last, `${path}/last`, filters);
  const states = [project(net, current, `${path}/current`, filters), adjust(net, before, last, site)];
  cell.blocks.forEach((block, b) => {
    const apply = (side: string, input: number, operation: keyof typeof enasMicroOperations): Tensor => {
      const at = `${path}/block${b}/${side}`;
      const options = { path: at, filters, stride: input < cell.inputs ? stride : 1 };
      const result = enasMicroOperations[operation](net, states[input] as Tensor, options);
      if (depthFraction === undefined || operation === "identity") return result;
      return net.dropPath(`${at}/drop`, result, depthFraction);
    };
    const left = apply("left", block.leftInput, block.leftOperation);
    states.push(net.add(`${path}/block${b}/add`, [left, apply("right", block.rightInput, block.rightOperation)]));
  });
  const end = states.at(-1) as Tensor;
  const ends = inOrderOfStructure(cell).map((state) => {
    const x = states[state] as Tensor;
    return isLarger(x, end) ? factorizedReduction(net, x, `${path}/end${state}`, filters, 2) : x;
  });
  return ends.length === 1 ? end : net.concat(`${path}/output`, ends);
}

function checkSkeleton({ classes, cellsPerStack, filters, dropout }: EnasMicroSkeleton): void {
  const problems: string[] = [];
  for (const [key, value] of Object.entries({ classes, cellsPerStack, filters }))
    if (!Number.isSafeInteger(value) || value < 1)
      problems.push(expected(`skeleton.${key}`, "a whole number of 1 or more", value));
  if (!(dropout >= 0 && dropout < 1))
    problems.push(expected("skeleton.dropout", "a rate from 0 to less than 1", dropout));
  if (problems.length > 0) throw new CellwrightError("space", problems.join("\n"), { details: { problems } });
}

interface EnasCells {
  readonly normal: EnasCell;
  readonly reduction: EnasCell;
}

function enasMicroNetwork({ normal, reduction }: EnasCells, skeleton: EnasMicroSkeleton): Network {
  checkSkeleton(skeleton);
  const { input, classes, cellsPerStack, filters, dropPath, dropout, batchNorm } = skeleton;
  const total = STACKS * cellsPerStack + STACKS - 1;
  return network(
    "enas-micro",
    input,
    (net) => {
      const stem = net.conv("stem/conv", net.input, { filters: 3 * filters, kernel: 3 });
      let before = net.batchNorm("stem/bn", stem);
      let last = before;
      let made = 0;
      const add = (kind: keyof EnasCells, path: string, stack: number): void => {
        const depthFraction = dropPath ? ++made / total : undefined;
        const site = { path, filters: filters * 2 ** stack, stride: kind === "normal" ? 1 : 2, depthFraction } as const;
        [before, last] = [last, addCell(net, before, last, kind === "normal" ? normal : reduction, site)];
      };
      let auxiliary: Tensor | undefined;
      for (let stack = 0; stack < STACKS; stack++) {
        if (stack > 0) add("reduction", `reduction${stack - 1}`, stack);
        for (let i = 0; i < cellsPerStack; i++) {
          add("normal", `cell${stack * cellsPerStack + i}`, stack);
          // On the first cell after the second reduction.
          if (skeleton.auxiliary && stack === STACKS - 1 && i === 0) auxiliary = auxiliaryHead(net, last, skeleton);
        }
      }
      const pooled = net.globalAvgPool("head/pool", net.activate("head/act", last));
      const kept = dropout > 0 ? net.dropout("head/dropout", pooled, dropout) : pooled;
      const logits = net.dense("head/dense", kept, { units: classes, bias: false });
      return auxiliary === undefined ? logits : { logits, auxiliary };
    },
    { batchNorm },
  );
}

/** Deeper stacks, wider cells, larger images: filters to an even number, height and width, where they grow, to a multiple of 4. */
function scale<S extends EnasMicroSkeleton>(skeleton: S, { depth, width, resolution }: ScaleFactors): S {
  return {
    ...skeleton,
    cellsPerStack: Math.max(1, Math.round(skeleton.cellsPerStack * depth)),
    filters: Math.max(2, 2 * Math.round((skeleton.filters * width) / 2)),
    input: grownInput(skeleton.input, resolution, 4),
  };
}

export const enasMicro = defineSpace({
  name: "enas-micro",
  version: 1,
  skeleton,
  decisions: { normal: cell, reduction: cell },
  decode: (choices, skeleton) => ({ network: enasMicroNetwork(choices, skeleton) }),
  scaleSkeleton: scale,
  named: {
    /** The cells of the released code's final training (cifar10_micro_final.sh). */
    enas: {
      normal: {
        blocks: [
          { leftInput: 1, rightInput: 1, leftOperation: "avg3", rightOperation: "sep3" },
          { leftInput: 1, rightInput: 1, leftOperation: "identity", rightOperation: "sep5" },
          { leftInput: 1, rightInput: 0, leftOperation: "identity", rightOperation: "sep5" },
          { leftInput: 0, rightInput: 1, leftOperation: "sep3", rightOperation: "sep5" },
          { leftInput: 1, rightInput: 0, leftOperation: "avg3", rightOperation: "sep5" },
        ],
      },
      reduction: {
        blocks: [
          { leftInput: 0, rightInput: 0, leftOperation: "sep3", rightOperation: "sep3" },
          { leftInput: 1, rightInput: 1, leftOperation: "max3", rightOperation: "avg3" },
          { leftInput: 0, rightInput: 3, leftOperation: "sep5", rightOperation: "sep5" },
          { leftInput: 0, rightInput: 1, leftOperation: "sep3", rightOperation: "identity" },
          { leftInput: 1, rightInput: 0, leftOperation: "max3", rightOperation: "sep5" },
        ],
      },
    },
  },
});
