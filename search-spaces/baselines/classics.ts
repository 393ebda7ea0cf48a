/** @file The hand-made networks from LeNet-5 to Xception, by name, at the sizes that they were published at. */
import type { Network } from "cellwright/network";
import { alexnet } from "./alexnet.ts";
import { densenet } from "./densenet.ts";
import { googlenet } from "./googlenet.ts";
import { inceptionResnetV2 } from "./inception-resnet-v2.ts";
import { inceptionV3 } from "./inception-v3.ts";
import { inceptionV4 } from "./inception-v4.ts";
import { lenet5 } from "./lenet-5.ts";
import { squeezenet } from "./squeezenet.ts";
import { vgg } from "./vgg.ts";
import { xception } from "./xception.ts";

/** Id to a function that builds the network. */
export const classicNetworks: Readonly<Record<string, () => Network>> = {
  "lenet-5": () => lenet5(),
  alexnet: () => alexnet(),
  "vgg-11": () => vgg({ depth: 11 }),
  "vgg-13": () => vgg({ depth: 13 }),
  "vgg-16": () => vgg({ depth: 16 }),
  "vgg-19": () => vgg({ depth: 19 }),
  "vgg-16-cifar": () => vgg({ depth: 16, form: "cifar" }),
  googlenet: () => googlenet(),
  "inception-v3": () => inceptionV3(),
  "inception-v4": () => inceptionV4(),
  "inception-resnet-v2": () => inceptionResnetV2(),
  xception: () => xception(),
  "squeezenet-1.0": () => squeezenet({ version: "1.0" }),
  "squeezenet-1.1": () => squeezenet({ version: "1.1" }),
  "densenet-121": () => densenet({ depth: 121 }),
  "densenet-169": () => densenet({ depth: 169 }),
  "densenet-201": () => densenet({ depth: 201 }),
  /** L = 100, k = 12. */
  "densenet-bc-cifar": () => densenet({ form: "cifar" }),
};
