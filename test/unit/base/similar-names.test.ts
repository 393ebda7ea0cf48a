/** @file What a misspelt name may have meant. */
import { describe, expect, it } from "vitest";
import { namedNetworks } from "cellwright/spaces";
import { didYouMean, similarNames } from "../../../src/base/similar-names.ts";

const names = Object.keys(namedNetworks);

describe("names like another", () => {
  it.each([
    ["resnet50", ["resnet-50"]],
    ["ResNet-50", ["resnet-50"]],
    ["mobilenet_v2", ["mobilenet-v2"]],
    ["efficentnet-b4", ["efficientnet-b4"]],
    ["resent-18", ["resnet-18"]],
    ["squeezenet", ["squeezenet-1.0", "squeezenet-1.1"]],
    ["vgg16", ["vgg-16"]],
    ["transformer", []],
    ["", []],
    ["--", []],
  ])("%s: %j", (target, similar) => {
    expect(similarNames(target, names)).toEqual(similar);
  });

  it("are at most three, each once", () => {
    expect(similarNames("vgg-1", ["vgg-11", "vgg-13", "vgg-11", "vgg-16", "vgg-19"])).toEqual([
      "vgg-11",
      "vgg-13",
      "vgg-16",
    ]);
  });

  it("are offered with what stands after them", () => {
    expect(didYouMean("mobilnet-v1", names, "@0.5")).toBe(" Did you mean mobilenet-v1@0.5?");
    expect(didYouMean("squeezenet", names)).toBe(" Did you mean squeezenet-1.0 or squeezenet-1.1?");
    expect(didYouMean("anything", [])).toBe("");
  });
});
