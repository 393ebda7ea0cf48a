/** @file The network that stages of mobile inverted bottlenecks make: a stem, the stages, a 1x1 convolution, the classifier. */
import { network, type ActivationName, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { addBlock, paddingOf, type MbconvBlock } from "./block.ts";
import { checkSkeleton, type MbconvSkeleton } from "./skeleton.ts";

export interface MbconvStage {
  /** Of its first block, as published for ImageNet. */
  readonly stride: 1 | 2;
  /** None where the stage is left out. */
  readonly blocks: readonly MbconvBlock[];
}

/** A network with all its numbers known: filters are multiplied and rounded already. */
export interface MbconvPlan {
  readonly name: string;
  /** Rows and columns that the image is averaged down to first; absent for the image as it comes. */
  readonly resolution?: readonly [number, number] | undefined;
  readonly stemFilters: number;
  readonly stages: readonly MbconvStage[];
  /** Channels of the last 1x1 convolution. */
  readonly headFilters: number;
  /** Units of a dense layer between the global pool and the classifier (MobileNetV3), if there is one. */
  readonly hiddenUnits?: number | undefined;
  /** After the stem's and the head's layers. */
  readonly activation: ActivationName;
}

function addHead(net: NetworkBuilder, x: Tensor, plan: MbconvPlan, { classes, dropout }: MbconvSkeleton): Tensor {
  const { headFilters, hiddenUnits } = plan;
  const conv = net.batchNorm("head/bn", net.conv("head/conv", x, { filters: headFilters, kernel: 1 }));
  let features = net.globalAvgPool("head/pool", net.activate("head/act", conv));
  if (hiddenUnits !== undefined)
    features = net.activate("head/hidden/act", net.dense("head/hidden/dense", features, { units: hiddenUnits }));
  const kept = dropout > 0 ? net.dropout("head/dropout", features, dropout) : features;
  return net.dense("head/dense", kept, { units: classes });
}

/** Returns the network of a plan. Throws `space` for a skeleton that makes no sense. */
export function mbconvNetwork(plan: MbconvPlan, skeleton: MbconvSkeleton): Network {
  checkSkeleton(skeleton);
  const { input, padding, dropPath, batchNorm } = skeleton;
  const isCifar = skeleton.stem === "cifar";
  const firstStride = plan.stages.findIndex(({ stride }) => stride === 2);
  const total = plan.stages.reduce((sum, { blocks }) => sum + blocks.length, 0);
  return network(
    plan.name,
    input,
    (net) => {
      const { resolution, stemFilters } = plan;
      const isSmaller = resolution !== undefined && (resolution[0] !== input[0] || resolution[1] !== input[1]);
      const image = isSmaller ? net.adaptiveAvgPool("resolution/pool", net.input, resolution) : net.input;
      const window = { kernel: 3, stride: isCifar ? 1 : 2, padding: paddingOf(padding, 3) };
      const stem = net.batchNorm("stem/bn", net.conv("stem/conv", image, { filters: stemFilters, ...window }));
      let x = net.activate("stem/act", stem);
      let index = 0;
      for (const [s, stage] of plan.stages.entries())
        for (const [b, block] of stage.blocks.entries()) {
          const stride = b > 0 || (isCifar && s === firstStride) ? 1 : stage.stride;
          const depthFraction = dropPath ? index++ / total : undefined;
          x = addBlock(net, x, block, { path: `stage${s}/block${b}`, stride, padding, depthFraction });
        }
      return addHead(net, x, plan, skeleton);
    },
    { batchNorm, activation: plan.activation },
  );
}
