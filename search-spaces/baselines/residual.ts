/** @file Residual networks and ShuffleNets by name, at the sizes they were published at. */
import type { Network } from "cellwright/network";
import { resnet, type ResnetOptions } from "./resnet.ts";
import { resnetCifar } from "./resnet-cifar.ts";
import { resnetV2 } from "./resnet-v2.ts";
import { resnext } from "./resnext.ts";
import { seResnet } from "./se-resnet.ts";
import { shufflenetV1 } from "./shufflenet-v1.ts";
import { shufflenetV2 } from "./shufflenet-v2.ts";
import { wideResnet } from "./wide-resnet.ts";

const depths = [18, 34, 50, 101, 152] as const satisfies readonly ResnetOptions["depth"][];

/** Id to a function that builds the network. */
export const residualNetworks: Readonly<Record<string, () => Network>> = {
  ...Object.fromEntries(depths.map((depth) => [`resnet-${depth}`, () => resnet({ depth })])),
  "wide-resnet-50-2": () => wideResnet({ depth: 50 }),
  "resnext-50-32x4d": () => resnext({ depth: 50 }),
  "resnext-101-32x8d": () => resnext({ depth: 101, groupWidth: 8 }),
  "se-resnet-50": () => seResnet({ depth: 50 }),
  "resnet-v2-50": () => resnetV2({ depth: 50 }),
  "shufflenet-v1": () => shufflenetV1(),
  "shufflenet-v1@0.5": () => shufflenetV1({ width: 0.5 }),
  "shufflenet-v1@1.0": () => shufflenetV1(),
  /** The authors' release widens its first convolution from 2.0 on only. */
  "shufflenet-v1@1.5": () => shufflenetV1({ width: 1.5, stem: 24 }),
  "shufflenet-v1@2.0": () => shufflenetV1({ width: 2 }),
  "shufflenet-v2": () => shufflenetV2(),
  "shufflenet-v2@0.5": () => shufflenetV2({ width: 0.5 }),
  "shufflenet-v2@1.0": () => shufflenetV2(),
  "shufflenet-v2@1.5": () => shufflenetV2({ width: 1.5 }),
  "shufflenet-v2@2.0": () => shufflenetV2({ width: 2 }),
  /** ResNet-18 with a 3x3 stem: what CIFAR-10 results by that name usually mean. */
  "resnet-18-cifar": () => resnet({ depth: 18, input: [32, 32, 3], classes: 10 }),
  ...Object.fromEntries([20, 32, 44, 56, 110].map((depth) => [`resnet-${depth}-cifar`, () => resnetCifar({ depth })])),
};
