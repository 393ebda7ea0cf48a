/** @file Every network by name against its official implementation, at every width that was run: parameters, totals, MACs. Tolerance 0. */
import { expect, it } from "vitest";
import { costOf, inferShapes } from "cellwright/network";
import { mobilenetV2, mobilenetV3, namedNetwork, namedNetworks } from "cellwright/spaces";
import golden from "./counts.json" with { type: "json" };
import more from "./more-counts.json" with { type: "json" };

/** Forms without an official implementation, whose sizes stand in the tests of their papers; `resnext-50` is `resnext-50-32x4d` as a candidate of `modules`. */
const elsewhere = [
  "densenet-bc-cifar",
  "resnet-110-cifar",
  "resnet-18-cifar",
  "resnet-20-cifar",
  "resnet-32-cifar",
  "resnet-44-cifar",
  "resnet-56-cifar",
  "resnext-50",
  "shufflenet-v1",
  "vgg-16-cifar",
];

it("knows the official sizes of all of them", () => {
  const known = new Set([...golden.networks, ...more.networks].map(({ id }) => id));
  const unknown = Object.keys(namedNetworks).filter((id) => !known.has(id));
  expect(unknown.toSorted()).toEqual(elsewhere);
});

it.each(more.networks)("$id: $params parameters, $macs MACs as $source has it", ({ id, params, total, macs }) => {
  const network = namedNetwork(id);
  expect(network && costOf(network)).toMatchObject({ params, total, macs });
});

it.each(["1", "1.0", "1.", "01.00"])("is the published network at a multiplier of %s", (multiplier) => {
  for (const id of ["mobilenet-v1", "mobilenet-v2", "mnasnet-a1", "mnasnet-b1"]) {
    const { params, total, macs } = golden.networks.find((each) => each.id === id) ?? {};
    const network = namedNetwork(`${id}@${multiplier}`);
    expect(network && costOf(network)).toMatchObject({ params, total, macs });
  }
});

it("has MobileNets as baselines, too, on images and classes of one's own", () => {
  expect(mobilenetV2()).toEqual(namedNetwork("mobilenet-v2"));
  expect(mobilenetV2({ width: 1.4 }).nodes).toEqual(namedNetwork("mobilenet-v2@1.4")?.nodes);
  expect(mobilenetV3()).toEqual(namedNetwork("mobilenet-v3-large"));
  expect(mobilenetV3({ size: "small", width: 0.75 }).nodes).toEqual(namedNetwork("mobilenet-v3-small@0.75")?.nodes);
  for (const build of [mobilenetV2, mobilenetV3]) {
    const small = build({ input: [64, 48, 1], classes: 7, width: 0.5 });
    const shapes = inferShapes(small);
    expect([shapes.get("input"), shapes.get(small.outputs.logits)]).toEqual([[64, 48, 1], [7]]);
    expect(() => build({ width: 0 })).toThrow(/skeleton\.width {2}Expected .*Received: 0\./);
    expect(() => build({ classes: 0 })).toThrow(/skeleton\.classes {2}Expected a whole number of 1 or more/);
  }
  expect(() => mobilenetV3({ size: "medium" as never })).toThrow(/mobilenet-v3: size {2}Expected "large" or "small"/);
});

it("takes the widths that a ShuffleNet has however they are written, and names them for any other", () => {
  expect(namedNetwork("shufflenet-v2@2")).toEqual({ ...namedNetwork("shufflenet-v2@2.0"), name: "shufflenet-v2@2" });
  expect(namedNetwork("shufflenet-v1@.5")?.nodes).toEqual(namedNetwork("shufflenet-v1@0.5")?.nodes);
  expect(() => namedNetwork("shufflenet-v2@0.75")).toThrow(
    'shufflenet-v2@0.75  Expected a multiplier of 0.5, 1.0, 1.5, 2.0. Received: "0.75".',
  );
  expect(() => namedNetwork("resnet-50@2")).toThrow(/resnet-50@2 {2}Expected no multiplier, which only .* have/);
});
