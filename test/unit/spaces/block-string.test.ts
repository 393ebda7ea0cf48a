/** @file Block strings both ways, one by one and as genotypes of EfficientNet's space. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf } from "cellwright/network";
import { blockText, efficientnet, efficientnetText, parseBlock, parseEfficientnet } from "cellwright/spaces";

const B0 =
  "r1_k3_s11_e1_i32_o16_se0.25 r2_k3_s22_e6_i16_o24_se0.25 r2_k5_s22_e6_i24_o40_se0.25 r3_k3_s22_e6_i40_o80_se0.25 " +
  "r3_k5_s11_e6_i80_o112_se0.25 r4_k5_s22_e6_i112_o192_se0.25 r1_k3_s11_e6_i192_o320_se0.25";

const A1 =
  "r1_k3_s11_e1_i32_o16_noskip r2_k3_s22_e6_i16_o24 r3_k5_s22_e3_i24_o40_se0.25 r4_k3_s22_e6_i40_o80 " +
  "r2_k3_s11_e6_i80_o112_se0.25 r3_k5_s22_e6_i112_o160_se0.25 r1_k3_s11_e6_i160_o320";

const B1 =
  "r1_k3_s11_e1_i32_o16_noskip r3_k3_s22_e3_i16_o24 r3_k5_s22_e3_i24_o40 r3_k5_s22_e6_i40_o80 r2_k3_s11_e6_i80_o96 " +
  "r4_k5_s22_e6_i96_o192 r1_k3_s11_e6_i192_o320_noskip";

describe("a block", () => {
  it.each([...B0.split(" "), ...A1.split(" "), ...B1.split(" ")])("%s", (text) => {
    expect(blockText(parseBlock(text))).toBe(text);
  });
  it("reads its parts in any order", () => {
    expect(parseBlock("noskip_se0.25_o16_i32_e1_s11_k3_r1")).toEqual({
      repeats: 1,
      kernel: 3,
      stride: 1,
      expansion: 1,
      inputFilters: 32,
      filters: 16,
      squeezeRatio: 0.25,
      skip: false,
    });
  });
  it.each([
    ["k3_s11_e1_i32_o16", /a number of layers, such as r2\. Received: nothing/],
    ["r0_k3_s11_e1_i32_o16", /a number of layers, such as r2\. Received: "r0"/],
    ["r1_k3_s12_e1_i32_o16", /strides alike in rows and columns, s11 or s22\. Received: "s12"/],
    ["r1_k3_s11_e1_i32_o16_o8", /every part once\. Received: "o8"/],
    ["r1_k3_s11_e1_i32_o16_x4", /joined by _\. Received: "x4"/],
    ["r1_k3_s11_e1.5_i32_o16", /an expansion, such as e6\. Received: "e1\.5"/],
    ["r1_k3_s11_e1_i32_o16_se2", /a squeeze of at most the input's channels/],
    ["", /joined by _\. Received: ""/],
  ])("%j isn't one", (text, message) => {
    expect(() => parseBlock(text)).toThrow(message);
  });
});

describe("a genotype", () => {
  it("B0 and its text are one", () => {
    expect(efficientnetText(efficientnet.named["efficientnet-b0"] ?? {})).toBe(B0);
    expect(parseEfficientnet(B0)).toEqual(efficientnet.named["efficientnet-b0"]);
  });
  it("every sample has a text that gives it back", () => {
    const rng = createRng("efficientnet/text");
    for (let i = 0; i < 50; i++) {
      const genotype = efficientnet.sample(rng);
      expect(parseEfficientnet(efficientnetText(genotype))).toEqual(genotype);
    }
  });
  it("MnasNet-A1 and B1 are of the space, with their published sizes", () => {
    const imagenet = { input: [224, 224, 3], classes: 1000, stem: "imagenet", activation: "relu" } as const;
    const params = [A1, B1].map(
      (text) => costOf(efficientnet.decode(parseEfficientnet(text), imagenet).network).params,
    );
    expect(params).toEqual([3_887_038, 4_383_312]);
  });
  it.each([
    [B0.replace("s22", "s11"), /stage1 {2}Expected strides s22/],
    [B0.replace("i16", "i24"), /stage1 {2}Expected i16, the channels before it/],
    [B0.replace("k5", "k7"), /stage2 {2}Expected kernel one of 3, 5/],
    [B0.replace("r2", "r9"), /stage1 {2}Expected repeats from 1 to 4 in steps of 1/],
    [B0.replace("o320", "o322"), /stage6 {2}Expected filters from 144 to 448 in steps of 8/],
    [B0.slice(0, B0.lastIndexOf(" ")), /Expected 7 blocks with spaces between\. Received: 6/],
  ])("names what isn't right: %s", (text, message) => {
    expect(() => parseEfficientnet(text)).toThrow(message);
  });
});
