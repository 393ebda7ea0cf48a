/** @file What the timm export writes: the architecture strings of published networks, and what it refuses by name. That timm builds them is shown in test/interop/pip. */
import { describe, expect, it } from "vitest";
import { mnasnet, namedNetwork, nasnet } from "../../../search-spaces/index.ts";
import { createRng } from "../../../src/base/rng.ts";
import { exportTimm, timmArchitecture } from "../../../src/export/index.ts";
import { initializeWeights, network, type Network } from "../../../src/network/index.ts";

const named = (id: string): Network => namedNetwork(id) as Network;

describe("architecture strings", () => {
  it("of published networks, as timm's own say them", () => {
    // mnasnet_b1 and efficientnet in timm/models/efficientnet.py, but for the first letters of an activation and a shortcut that can't be.
    expect(timmArchitecture(named("mnasnet-b1"))).toEqual([
      ["ds_r1_k3_s1_c16_nre"],
      ["ir_r3_k3_s2_e3_c24_nre"],
      ["ir_r3_k5_s2_e3_c40_nre"],
      ["ir_r3_k5_s2_e6_c80_nre"],
      ["ir_r2_k3_s1_e6_c96_nre"],
      ["ir_r4_k5_s2_e6_c192_nre"],
      ["ir_r1_k3_s1_e6_c320_nre"],
    ]);
    expect(timmArchitecture(named("efficientnet-b0"))).toEqual([
      ["ds_r1_k3_s1_c16_se0.25_nsw"],
      ["ir_r2_k3_s2_e6_c24_se0.25_nsw"],
      ["ir_r2_k5_s2_e6_c40_se0.25_nsw"],
      ["ir_r3_k3_s2_e6_c80_se0.25_nsw"],
      ["ir_r3_k5_s1_e6_c112_se0.25_nsw"],
      ["ir_r4_k5_s2_e6_c192_se0.25_nsw"],
      ["ir_r1_k3_s1_e6_c320_se0.25_nsw"],
    ]);
  });

  it("MobileNetV3 has its own class, with the convolution before the pool as a block", () => {
    const net = named("mobilenet-v3-small");
    expect(timmArchitecture(net).at(-1)).toEqual(["cn_r1_k1_s1_c576_nhs"]);
    const files = exportTimm(net, initializeWeights(net, 0));
    const source = new TextDecoder().decode(files.get("model.py"));
    expect(source).toContain("from timm.models.mobilenetv3 import MobileNetV3");
    expect(source).toContain('gate_layer="hard_sigmoid"');
    expect([...files.keys()]).toEqual(["model.py", "weights.safetensors", "README.md"]);
  });
});

describe("what timm can't express", () => {
  const pooled = (): Network => {
    const genotype = Array.from({ length: 50 }, (_, i) => mnasnet.sample(createRng(i)));
    const nets = genotype.map((each) => mnasnet.decode(each).network);
    return nets.find(({ nodes }) => nodes.some(({ id }) => id.endsWith("skip/pool"))) as Network;
  };
  /** An inverted bottleneck of 12 channels. */
  const expanding = (): Network =>
    network("small", [16, 16, 3], (b) => {
      const stem = b.activate(
        "stem/act",
        b.batchNorm("stem/bn", b.conv("stem/conv", b.input, { filters: 8, kernel: 3 })),
      );
      const wide = b.activate(
        "wide/act",
        b.batchNorm("wide/bn", b.conv("wide/conv", stem, { filters: 12, kernel: 1 })),
      );
      const deep = b.activate("dw/act", b.batchNorm("dw/bn", b.depthwiseConv("wide/dw", wide, { kernel: 3 })));
      const out = b.batchNorm("out/bn", b.conv("out/conv", deep, { filters: 8, kernel: 1 }));
      return b.dense("dense", b.globalAvgPool("pool", out), { units: 2 });
    });
  const tail = (activation: "relu" | "tanh"): Network =>
    network("small", [16, 16, 3], (b) => {
      const stem = b.activate(
        "stem/act",
        b.batchNorm("stem/bn", b.conv("stem/conv", b.input, { filters: 8, kernel: 3, stride: 2 })),
        activation,
      );
      return b.dense("dense", b.globalAvgPool("pool", stem), { units: 2 });
    });

  it.each<[string, () => Network, RegExp]>([
    [
      "cells",
      () => nasnet.decode(nasnet.named["nasnet-a"] ?? {}).network,
      /: stem\/.* {2}Expected .*, as timm.s blocks have it\./,
    ],
    ["residual networks", () => named("resnet-18"), /resnet-18: .* {2}Expected .*, as timm's blocks have it\./],
    ["a pooled shortcut", pooled, /skip\/pool \(avgPool\)|one way through a block/],
    [
      "an activation that timm's strings have no letters for",
      () => tail("tanh"),
      /small {2}Expected one of the activations relu, relu6, swish, hswish, as timm has it\. Received: tanh\./,
    ],
    [
      "an expansion that timm would round",
      expanding,
      /small: wide\/dw \(depthwiseConv\) {2}Expected a multiple of 8 channels after an expansion/,
    ],
    [
      "an image that is made smaller first",
      () =>
        network("r", [16, 16, 3], (b) =>
          b.dense("d", b.globalAvgPool("p", b.adaptiveAvgPool("a", b.input, 8)), { units: 2 }),
        ),
      /r: a \(adaptiveAvgPool\) {2}Expected a convolution as stem/,
    ],
  ])("%s", (_, make, message) => {
    const net = make();
    let thrown: unknown;
    try {
      exportTimm(net, initializeWeights(net, 0));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "unsupported-op", message: expect.stringMatching(message) });
  });
});
