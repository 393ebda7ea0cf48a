/**
 * @file A chain of four stages, each of which picks one of the classics' modules, how many of them and how wide: plain convolutions (VGG), inception, residual basic and
 * bottleneck, pre-activation, aggregated (ResNeXt), separable residual (Xception), inverted residual, dense block, shuffle unit. ResNets of several kinds
 * are in it, built by the very blocks of `baselines/`. Papers are cited where the blocks are, in `modules/`.
 */
import { CellwrightError, expected } from "cellwright/base";
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { choice, defineSpace, int, type ScaleFactors } from "cellwright/space";
import { resnetStem } from "./baselines/resnet.ts";
import { classify, torchBatchNorm } from "./modules/layers.ts";
import { addStage, completed, lackOf, type Lack, type Module } from "./modules/stage.ts";
import { grownInput } from "./grown-input.ts";
import { aroundKernel } from "./torch-padding.ts";

const squeeze = choice([false, true]);

const module = choice(
  {
    plain: {},
    inception: {},
    basic: { squeeze },
    bottleneck: { squeeze },
    preActivation: {},
    aggregated: { groups: choice([8, 32]) },
    separable: {},
    inverted: { kernel: choice([3, 5]), expansion: choice([3, 6]), squeeze },
    dense: {},
    shuffle: {},
  },
  { role: "operation" },
);

const stage = {
  module,
  /** Modules in the stage; layers of a dense block. */
  depth: int(1, 6),
  /** Channels of the stage's output, in units of the skeleton's filters, doubled from stage to stage: 1 in ResNet-18, 4 in ResNet-50. */
  width: choice([0.5, 1, 2, 4]),
};

interface Stage {
  readonly module: Module;
  readonly depth: number;
  readonly width: number;
}

/** What is given, not searched. */
const skeleton = {
  input: [32, 32, 3],
  classes: 10,
  /** `cifar`: one 3x3 convolution. `imagenet`: ResNet's, a quarter of the size. */
  stem: "cifar" as "cifar" | "imagenet",
  /** Of the stem, and the unit of the stages' widths; a multiple of 16. */
  filters: 16,
  /** Times as many modules in every stage as the genotype says, rounded up. */
  depth: 1,
  batchNorm: torchBatchNorm,
} satisfies ModulesSkeleton;

export interface ModulesSkeleton {
  readonly [key: string]: unknown;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly stem: "cifar" | "imagenet";
  readonly filters: number;
  readonly depth: number;
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
}

function checkSkeleton({ classes, filters, stem, depth }: ModulesSkeleton): void {
  const problems: string[] = [];
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(classes)) problems.push(expected("skeleton.classes", "a whole number of 1 or more", classes));
  if (!isCount(filters) || filters % 16 !== 0)
    problems.push(expected("skeleton.filters", "a multiple of 16 (blocks have fractions of them)", filters));
  if (!(depth > 0 && depth <= 100)) problems.push(expected("skeleton.depth", "a factor above 0, up to 100", depth));
  if (stem !== "cifar" && stem !== "imagenet") problems.push(expected("skeleton.stem", '"cifar" or "imagenet"', stem));
  if (problems.length > 0) throw new CellwrightError("space", problems.join("\n"), { details: { problems } });
}

function modulesNetwork(stages: readonly Stage[], skeleton: ModulesSkeleton): Network {
  checkSkeleton(skeleton);
  const { input, classes, stem, filters, batchNorm } = skeleton;
  return network(
    "modules",
    input,
    (net) => {
      // Before pre-activation the stem's own would be one too many.
      const isBare = stages[0]?.module.kind === "preActivation";
      let x = isBare ? bareStem(net, stem, filters) : resnetStem(net, stem, filters);
      let lack: Lack = isBare ? "norm" : "nothing";
      for (const [index, { module, depth, width }] of stages.entries()) {
        const path = `stage${index}`;
        const next = lackOf(module);
        x = addStage(net, completed(net, x, `${path}/before`, lack, next), module, {
          path,
          filters: filters * width * 2 ** index,
          depth: Math.ceil(depth * skeleton.depth),
          stride: index === 0 ? 1 : 2,
        });
        lack = next;
      }
      return classify(net, completed(net, x, "head", lack, "nothing"), classes);
    },
    { batchNorm },
  );
}

/** The stem without batch norm and activation. */
function bareStem(net: NetworkBuilder, stem: ModulesSkeleton["stem"], filters: number): Tensor {
  if (stem === "cifar") return net.conv("stem/conv", net.input, { filters, kernel: 3, padding: aroundKernel(3) });
  const conv = net.conv("stem/conv", net.input, { filters, kernel: 7, stride: 2, padding: aroundKernel(7) });
  return net.maxPool("stem/pool", conv, { kernel: 3, stride: 2, padding: aroundKernel(3) });
}

/** Deeper stages, wider ones to a multiple of 16, larger images to a multiple of all strides together. */
function scale<S extends ModulesSkeleton>(skeleton: S, { depth, width, resolution }: ScaleFactors): S {
  const stride = skeleton.stem === "imagenet" ? 32 : 8;
  return {
    ...skeleton,
    depth: skeleton.depth * depth,
    filters: Math.max(16, 16 * Math.round((skeleton.filters * width) / 16)),
    input: grownInput(skeleton.input, resolution, stride),
  };
}

const basic = { kind: "basic", squeeze: false } as const;
const bottleneck = { kind: "bottleneck", squeeze: false } as const;

/** The four stages of a ResNet: one module, as deep as the paper's table 1 says. */
function resnetOf<const M extends Module, const W extends number>(
  module: M,
  width: W,
  [depth0, depth1, depth2, depth3]: readonly [number, number, number, number],
) {
  return {
    stage0: { module, depth: depth0, width },
    stage1: { module, depth: depth1, width },
    stage2: { module, depth: depth2, width },
    stage3: { module, depth: depth3, width },
  };
}

/** (20 modules x 6 depths x 4 widths)^4: 5.3e10 networks. */
export const modules = defineSpace({
  name: "modules",
  version: 1,
  skeleton,
  decisions: { stage0: stage, stage1: stage, stage2: stage, stage3: stage },
  decode: ({ stage0, stage1, stage2, stage3 }, skeleton) => ({
    network: modulesNetwork([stage0, stage1, stage2, stage3], skeleton),
  }),
  scaleSkeleton: scale,
  roundedNumbers(choices, skeleton) {
    const stages = Object.values(choices);
    const exact = stages.map(({ depth }) => depth * skeleton.depth);
    return [{ axis: "depth", key: "modules", exact, rounded: exact.map(Math.ceil) }];
  },
  /** The papers' networks, on the skeleton `{ input: [224, 224, 3], classes: 1000, stem: "imagenet", filters: 64 }`. */
  named: {
    "resnet-18": resnetOf(basic, 1, [2, 2, 2, 2]),
    "resnet-34": resnetOf(basic, 1, [3, 4, 6, 3]),
    "resnet-50": resnetOf(bottleneck, 4, [3, 4, 6, 3]),
    "resnet-v2-50": resnetOf({ kind: "preActivation" }, 4, [3, 4, 6, 3]),
    "resnext-50": resnetOf({ kind: "aggregated", groups: 32 }, 4, [3, 4, 6, 3]),
    "se-resnet-50": resnetOf({ kind: "bottleneck", squeeze: true }, 4, [3, 4, 6, 3]),
  },
});
