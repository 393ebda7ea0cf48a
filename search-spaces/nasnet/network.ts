/**
 * @file The networks that cells of the NASNet family are stacked into (section 3 and appendix A; slim/nets/nasnet/nasnet.py): a stem, stacks of N Normal
 * cells with a Reduction cell and twice the filters between them, an auxiliary head before the last reduction, and the classifier.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { buildCell, type LayerCell } from "./cell.ts";

/** What is given, not searched. */
export interface NasnetSkeleton {
  readonly [key: string]: unknown;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  /** N in the paper: Normal cells in each stack. */
  readonly cellsPerStack: number;
  /** F: filters of the first stack's cells; each reduction doubles them. The paper's `N @ P` names the last layer, P = 24 F for NASNet-A. */
  readonly filters: number;
  /** Stacks of Normal cells; a Reduction cell stands between two. The paper has 3. */
  readonly stacks: number;
  /** `cifar`: one 3x3 convolution. `imagenet`: one of stride 2 and then two Reduction cells, an eighth of the size in all. */
  readonly stem: "cifar" | "imagenet";
  /** Filters of the stem's convolution: times F for `cifar` (3), times 32 for `imagenet` (1 for Mobile, 3 for Large). */
  readonly stemMultiplier: number;
  /** Whether a Reduction cell takes the place of a later stack's first cell (PNASNet). Default false: it stands before it. */
  readonly reductionsReplaceCells?: boolean;
  /** Whether a cell after a reduction gets as previous what the reduction itself got (Large) instead of the reduction's input (Mobile, CIFAR). */
  readonly skipReductionLayerInput: boolean;
  /** Whether there is an auxiliary head, for training only. */
  readonly auxiliary: boolean;
  /** Whether operations' results are dropped in training (ScheduledDropPath); the rate is the recipe's. */
  readonly dropPath: boolean;
  /** Dropout rate before the classifier. */
  readonly dropout: number;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
}

/** The two cells, each with the states it puts out. */
export interface NasnetCells {
  readonly normal: LayerCell;
  readonly reduction: LayerCell;
}

/** Some 300,000 nodes. Scaling by a phi that nobody means would otherwise fill the memory before it can say so. */
const MAX_CELLS = 10_000;

/** Throws `space`, all problems at once, unless the skeleton makes sense by itself. What doesn't fit the image shows as a `shape` error later. */
function checkSkeleton(skeleton: NasnetSkeleton): void {
  const problems: string[] = [];
  const check = (key: keyof NasnetSkeleton & string, what: string, isRight: boolean): void => {
    if (!isRight) problems.push(expected(`skeleton.${key}`, what, skeleton[key]));
  };
  const whole = (key: keyof NasnetSkeleton & string, min: number): void =>
    check(
      key,
      `a whole number of ${min} or more`,
      Number.isSafeInteger(skeleton[key]) && (skeleton[key] as number) >= min,
    );
  whole("classes", 1);
  whole("cellsPerStack", 1);
  whole("filters", 1);
  whole("stacks", 1);
  check(
    "cellsPerStack",
    `at most ${MAX_CELLS} Normal cells in all stacks`,
    !(skeleton.stacks * skeleton.cellsPerStack > MAX_CELLS),
  );
  check("stem", '"cifar" or "imagenet"', skeleton.stem === "cifar" || skeleton.stem === "imagenet");
  check("stemMultiplier", "a number greater than 0", skeleton.stemMultiplier > 0);
  check("dropout", "a rate from 0 to less than 1", skeleton.dropout >= 0 && skeleton.dropout < 1);
  if (skeleton.stem === "imagenet") {
    check(
      "filters",
      "4 or more (the ImageNet stem's cells have a quarter and a half, rounded down)",
      skeleton.filters >= 4,
    );
  }
  if (skeleton.auxiliary) check("stacks", "2 stacks or more for an auxiliary head", skeleton.stacks >= 2);
  if (problems.length > 0) throw new CellwrightError("space", problems.join("\n"), { details: { problems } });
}

/** Global pool, classifier. */
function head(net: NetworkBuilder, x: Tensor, { classes, dropout }: NasnetSkeleton): Tensor {
  const pooled = net.globalAvgPool("head/pool", net.activate("head/act", x));
  const kept = dropout > 0 ? net.dropout("head/dropout", pooled, dropout) : pooled;
  return net.dense("head/dense", kept, { units: classes });
}

/** The auxiliary head of the released code: 5x5 average pool of stride 3, 1x1 to 128, a convolution over all that is left to 768, classifier. */
export function auxiliaryHead(net: NetworkBuilder, x: Tensor, { classes }: Pick<NasnetSkeleton, "classes">): Tensor {
  const pooled = net.avgPool("auxiliary/pool", net.activate("auxiliary/act", x), {
    kernel: 5,
    stride: 3,
    padding: "valid",
  });
  const narrow = net.conv("auxiliary/proj/conv", pooled, { filters: 128, kernel: 1 });
  const projected = net.activate("auxiliary/proj/act", net.batchNorm("auxiliary/proj/bn", narrow));
  const [height, width] = projected.shape as readonly [number, number, number];
  const whole = net.conv("auxiliary/full/conv", projected, { filters: 768, kernel: [height, width], padding: "valid" });
  const features = net.activate("auxiliary/full/act", net.batchNorm("auxiliary/full/bn", whole));
  return net.dense("auxiliary/dense", net.flatten("auxiliary/flatten", features), { units: classes });
}

/**
 * Returns the network of two cells on a skeleton. `outputsOf` says which states a cell puts out (default: its loose ends).
 * Throws `space` for a skeleton that makes no sense, `shape` where the image is too small for the auxiliary head or the stem.
 */
export function nasnetNetwork(
  name: string,
  { normal, reduction }: NasnetCells,
  skeleton: NasnetSkeleton,
  outputsOf: (cell: LayerCell) => readonly number[] = (cell) => cell.looseEnds,
): Network {
  checkSkeleton(skeleton);
  const { cellsPerStack, stacks, stem, stemMultiplier, skipReductionLayerInput } = skeleton;
  const replaces = skeleton.reductionsReplaceCells === true;
  const stemCells = stem === "imagenet" ? 2 : 0;
  const totalCells = stacks * cellsPerStack + (replaces ? 0 : stacks - 1) + stemCells;
  const outputs = { normal: outputsOf(normal), reduction: outputsOf(reduction) };

  return network(
    name,
    skeleton.input,
    (net) => {
      const made: (Tensor | undefined)[] = [undefined];
      let cellIndex = 0;
      const addCell = (
        kind: "normal" | "reduction",
        path: string,
        filters: number,
        previous: Tensor | undefined,
      ): void => {
        const x = made[made.length - 1] as Tensor;
        const depthFraction = skeleton.dropPath ? ++cellIndex / totalCells : undefined;
        const stride = kind === "reduction" ? 2 : 1;
        const site = { path, filters, stride, previous, depthFraction, outputs: outputs[kind] } as const;
        made.push(buildCell(net, kind === "reduction" ? reduction : normal, x, site));
      };
      const beforeLast = (): Tensor | undefined => made[made.length - 2];

      const isCifar = stem === "cifar";
      const stemFilters = Math.floor((isCifar ? skeleton.filters : 32) * stemMultiplier);
      const stemWindow = isCifar ? ({ kernel: 3 } as const) : ({ kernel: 3, stride: 2, padding: "valid" } as const);
      const stemConv = net.conv("stem/conv", net.input, { filters: stemFilters, ...stemWindow });
      made.push(net.batchNorm("stem/bn", stemConv));
      for (let i = 0; i < stemCells; i++) {
        addCell("reduction", `stem/cell${i}`, Math.floor((skeleton.filters * 2 ** i) / 2 ** stemCells), beforeLast());
      }

      let auxiliary: Tensor | undefined;
      for (let stack = 0; stack < stacks; stack++) {
        const filters = skeleton.filters * 2 ** stack;
        for (let n = 0; n < cellsPerStack; n++) {
          let previous = beforeLast();
          if (n === 0 && stack > 0) {
            if (skeleton.auxiliary && stack === stacks - 1) {
              auxiliary = auxiliaryHead(net, made[made.length - 1] as Tensor, skeleton);
            }
            addCell("reduction", `reduction${stack - 1}`, filters, previous);
            if (replaces) continue;
            if (!skipReductionLayerInput) previous = beforeLast();
          }
          addCell("normal", `cell${stack * cellsPerStack + n}`, filters, previous);
        }
      }
      const logits = head(net, made[made.length - 1] as Tensor, skeleton);
      return auxiliary === undefined ? logits : { logits, auxiliary };
    },
    { batchNorm: skeleton.batchNorm },
  );
}
