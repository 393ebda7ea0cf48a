/** @file Networks made for other images and classes, and the residual branches of the published ones. */
import { describe, expect, it } from "vitest";
import { namedNetwork, nasnet } from "../../../search-spaces/index.ts";
import {
  adaptNetwork,
  costOf,
  network,
  networkSizes,
  residualGammas,
  weightSpecs,
  withDropout,
  type Network,
} from "../../../src/network/index.ts";

const named = (id: string): Network => namedNetwork(id) as Network;

describe("adaptNetwork", () => {
  it("changes input and classes, and nothing else", () => {
    const net = adaptNetwork(named("resnet-18"), { input: [64, 64, 3], classes: 10 });
    expect(networkSizes(net)).toEqual({ input: [64, 64, 3], classes: 10 });
    expect(costOf(net).params).toBe(11_689_512 - 990 * 513);
    const same = named("lenet-5");
    expect(adaptNetwork(same, { input: [28, 28, 1], classes: 10 })).toBe(same);
  });

  it("changes the auxiliary head, too", () => {
    const withHead = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { filters: 4, auxiliary: true }).network;
    const net = adaptNetwork(withHead, { input: [32, 32, 3], classes: 100 });
    const units = net.nodes.flatMap((node) => (node.op === "dense" ? [node.attributes.units] : []));
    expect(units).toEqual([100, 100]);
  });

  it("says the sizes where the layers can't take them", () => {
    expect(() => adaptNetwork(named("alexnet"), { input: [28, 28, 1], classes: 10 })).toThrow(
      /^alexnet {2}Expected images that its layers can take \(it was made for 224 x 224 x 3 and 1000 classes\)\. Received: 28 x 28 x 1 and 10 classes/,
    );
    expect(() => adaptNetwork(named("squeezenet-1.1"), { input: [224, 224, 3], classes: 10 })).toThrow(
      "Expected a dense layer, to change 1000 classes to 10.",
    );
  });
});

describe("withDropout", () => {
  it("puts it before the classifier, or sets the one that is there", () => {
    const net = withDropout(named("resnet-18-cifar"), 0.3);
    const logits = net.nodes.find(({ id }) => id === net.outputs.logits);
    const before = net.nodes.find(({ id }) => id === logits?.inputs[0]);
    expect(before).toMatchObject({ op: "dropout", attributes: { rate: 0.3 } });
    expect(weightSpecs(net)).toEqual(weightSpecs(named("resnet-18-cifar")));
    const rates = withDropout(named("efficientnet-b0"), 0.5).nodes.flatMap((node) =>
      node.op === "dropout" ? [node.attributes.rate] : [],
    );
    expect(rates).toEqual([0.5]);
  });
});

describe("residualGammas", () => {
  it("finds a ResNet's eight and sixteen branches, shortcuts with a convolution included", () => {
    expect(residualGammas(named("resnet-18"))).toHaveLength(8);
    const bottlenecks = residualGammas(named("resnet-50"));
    expect(bottlenecks).toHaveLength(16);
    // The branch's last, three convolutions deep, not the projection's: four times the width of the block's first.
    const specs = new Map(weightSpecs(named("resnet-50")).map((spec) => [spec.name, spec.shape]));
    expect(bottlenecks.map((name) => specs.get(name)?.[0])).toEqual([
      ...Array.from({ length: 3 }, () => 256),
      ...Array.from({ length: 4 }, () => 512),
      ...Array.from({ length: 6 }, () => 1024),
      ...Array.from({ length: 3 }, () => 2048),
    ]);
  });

  it("finds MBConv's linear bottlenecks with a shortcut, and nothing in a chain", () => {
    // MobileNetV2 repeats 2, 3, 4, 3 and 3 times in its stages of more than one block: all but the first have a shortcut.
    expect(residualGammas(named("mobilenet-v2"))).toHaveLength(10);
    expect(residualGammas(named("lenet-5"))).toEqual([]);
    expect(residualGammas(named("resnet-v2-50"))).toEqual([]);
  });

  it("takes no branch where both are as deep", () => {
    const net = network("pair", [4, 4, 2], (n) => {
      const side = (path: string) =>
        n.batchNorm(`${path}/bn`, n.conv(`${path}/conv`, n.input, { filters: 2, kernel: 1 }));
      return n.dense("head", n.globalAvgPool("pool", n.add("add", [side("a"), side("b")])), { units: 2 });
    });
    expect(residualGammas(net)).toEqual([]);
  });
});
