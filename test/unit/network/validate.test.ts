/** @file Networks from files: every malformed graph gets an error that names the node, all problems at once; what is right comes back as it was. */
import { describe, expect, it } from "vitest";
import { CellwrightError } from "../../../src/base/index.ts";
import {
  canonicalId,
  costOf,
  inferShapes,
  network,
  parseNetwork,
  serializeNetwork,
  validateNetwork,
  weightSpecs,
  type Network,
} from "../../../src/network/index.ts";
import { nasnet } from "cellwright/spaces";

type Json = { name: string; nodes: Record<string, unknown>[]; outputs: Record<string, unknown> };

/** A right network as plain JSON: input, conv, bn, pool, dense. */
function sample(): Json {
  const net = network("sample", [8, 8, 3], (n) => {
    const x = n.batchNorm("bn", n.conv("conv", n.input, { filters: 4, kernel: 3 }));
    return n.dense("dense", n.globalAvgPool("pool", x), { units: 10 });
  });
  return JSON.parse(JSON.stringify(net)) as Json;
}

function edited(edit: (net: Json) => void): Json {
  const net = sample();
  edit(net);
  return net;
}

function problemOf(value: unknown): string {
  try {
    validateNetwork(value);
  } catch (error) {
    expect(error).toBeInstanceOf(CellwrightError);
    expect((error as CellwrightError).code).toBe("shape");
    return (error as CellwrightError).message;
  }
  throw new Error("was accepted");
}

const nodeAt = (net: Json, index: number): Record<string, unknown> => net.nodes[index] as Record<string, unknown>;
const attributesAt = (net: Json, index: number): Record<string, unknown> =>
  nodeAt(net, index)["attributes"] as Record<string, unknown>;

describe("validateNetwork", () => {
  it("returns a right network equal to what it was given", () => {
    expect(validateNetwork(sample())).toEqual(sample());
  });

  const cases: Record<string, [(net: Json) => void, string]> = {
    "a duplicate id": [
      (net) => (nodeAt(net, 2)["id"] = "conv"),
      'sample: conv (batchNorm)  Expected a path that no other node has. Received: "conv".',
    ],
    "an unknown input": [
      (net) => (nodeAt(net, 2)["inputs"] = ["cov"]),
      'sample: bn (batchNorm)  Expected an input that exists. Received: "cov".',
    ],
    "a cycle": [
      (net) => (nodeAt(net, 1)["inputs"] = ["bn"]),
      'Expected a graph without cycles. Received: "conv -> bn -> conv".',
    ],
    "a node that reads itself": [(net) => (nodeAt(net, 2)["inputs"] = ["bn"]), '"bn -> bn"'],
    "too few inputs": [(net) => (nodeAt(net, 1)["inputs"] = []), "sample: conv (conv)  Expected 1 input. Received: 0."],
    "too many inputs": [
      (net) => (nodeAt(net, 3)["inputs"] = ["bn", "conv"]),
      "sample: pool (globalAvgPool)  Expected 1 input. Received: 2.",
    ],
    "an input node with inputs": [(net) => (nodeAt(net, 0)["inputs"] = ["bn"]), "Expected no inputs. Received: 1."],
    "inputs that are no list": [
      (net) => (nodeAt(net, 1)["inputs"] = "input"),
      "Expected inputs that are a list of node ids",
    ],
    "an unknown operation": [
      (net) => (nodeAt(net, 1)["op"] = "convolution"),
      "sample: conv (convolution)  Expected an operation (input, conv,",
    ],
    "a bad attribute": [
      (net) => (attributesAt(net, 1)["kernel"] = [3]),
      "sample: conv (conv), kernel  Expected two whole numbers of 1 or more, [rows, columns]. Received: [3].",
    ],
    "a missing attribute": [
      (net) => delete attributesAt(net, 1)["stride"],
      "sample: conv (conv), stride  Expected two whole numbers of 1 or more, [rows, columns]. Received: nothing.",
    ],
    "an unknown attribute": [
      (net) => (attributesAt(net, 2)["epsilom"] = 1),
      "sample: bn (batchNorm), epsilom  Expected only epsilon, momentum, affine. Received: 1.",
    ],
    "an attribute where there are none": [
      (net) => net.nodes.push({ id: "f", op: "flatten", inputs: ["bn"], attributes: { keep: true } }),
      "sample: f (flatten), keep  Expected no attributes. Received: true.",
    ],
    "an epsilon of 0": [(net) => (attributesAt(net, 2)["epsilon"] = 0), "a number greater than 0. Received: 0."],
    "bad padding": [(net) => (attributesAt(net, 1)["padding"] = "full"), 'Expected "same", "valid" or {'],
    "an id that is no path": [(net) => (nodeAt(net, 2)["id"] = "a//b"), "Expected a path of letters"],
    "a node that is none": [
      (net) => (net.nodes[2] = null as never),
      "sample: nodes[2]  Expected a node { id, op, inputs, attributes }",
    ],
    "a gap in the list of nodes": [
      (net) => Reflect.deleteProperty(net.nodes, 2),
      "sample: nodes[2]  Expected a node { id, op, inputs, attributes }. Received: nothing.",
    ],
    "a tensor too large to count": [
      (net) =>
        net.nodes.push({
          id: "p",
          op: "pad",
          inputs: ["bn"],
          attributes: { top: 2 ** 52, bottom: 0, left: 0, right: 0 },
        }),
      "sample: p (pad)  Expected a tensor of fewer than 2^53 numbers. Received: [4503599627370504,8,4].",
    ],
    "a misspelt key of a node": [
      (net) => (nodeAt(net, 2)["attribute"] = {}),
      'Expected only the keys id, op, inputs, attributes. Received: "attribute".',
    ],
    "no image": [(net) => net.nodes.shift(), 'sample: conv (conv)  Expected an input that exists. Received: "input".'],
    "two images": [
      (net) => net.nodes.push({ ...nodeAt(net, 0), id: "second" }),
      'sample  Expected exactly one input node. Received: ["input","second"].',
    ],
    "missing outputs": [
      (net) => delete (net as Partial<Json>).outputs,
      "sample: outputs  Expected { logits, auxiliary? }. Received: nothing.",
    ],
    "no logits": [(net) => (net.outputs = {}), "sample: outputs.logits  Expected the id of a node. Received: nothing."],
    "logits that no node gives": [
      (net) => (net.outputs["logits"] = "dens"),
      'outputs.logits  Expected the id of a node. Received: "dens".',
    ],
    "logits that are an image": [
      (net) => (net.outputs["logits"] = "bn"),
      "sample: outputs.logits  Expected a node of shape [classes]. Received: [8,8,4].",
    ],
    "an auxiliary head of other classes": [
      (net) => (net.outputs["auxiliary"] = "pool"),
      "Expected as many classes as the logits",
    ],
    "a shape that does not fit": [
      (net) => (nodeAt(net, 4)["inputs"] = ["bn"]),
      "sample: dense (dense)  Expected a vector [c] as input (flatten or pool it first). Received: [8,8,4].",
    ],
    "channels that groups do not divide": [
      (net) => (attributesAt(net, 1)["groups"] = 2),
      "Expected input channels that 2 groups divide. Received: 3.",
    ],
    "no nodes": [(net) => (net.nodes = []), "sample: nodes  Expected a list of nodes. Received: []."],
    "no name": [(net) => delete (net as Partial<Json>).name, "network: name  Expected a name. Received: nothing."],
  };
  for (const [what, [edit, message]] of Object.entries(cases)) {
    it(`refuses ${what}`, () => expect(problemOf(edited(edit))).toContain(message));
  }

  it("refuses what is no network at all", () => {
    for (const value of [undefined, null, 3, "net", []]) expect(problemOf(value)).toContain("Expected an object");
  });

  it("takes an auxiliary head that is undefined for none", () => {
    const net = edited((n) => (n.outputs["auxiliary"] = undefined));
    expect(validateNetwork(net)).toEqual(sample());
    expect(Object.keys(validateNetwork(net).outputs)).toEqual(["logits"]);
  });

  it("lists every problem, one a line", () => {
    const net = edited((n) => {
      attributesAt(n, 1)["filters"] = 0;
      attributesAt(n, 1)["bias"] = "no";
      nodeAt(n, 2)["op"] = "norm";
      n.outputs["logit"] = "dense";
    });
    expect(problemOf(net).split("\n")).toHaveLength(4);
  });
});

describe("sizes, weights, shapes and ids of a network written by hand", () => {
  const written = (edit: (net: Json) => void): Network => edited(edit) as unknown as Network;
  const bad: Record<string, [(net: Json) => void, string]> = {
    "an unknown operation": [
      (net) => (nodeAt(net, 1)["op"] = "convolution"),
      "sample: conv (convolution)  Expected an operation",
    ],
    "no attributes": [
      (net) => delete nodeAt(net, 1)["attributes"],
      "sample: conv (conv)  Expected attributes that are",
    ],
    "no inputs": [(net) => delete nodeAt(net, 2)["inputs"], "sample: bn (batchNorm)  Expected inputs that are a list"],
    "a missing attribute": [(net) => delete attributesAt(net, 1)["filters"], "sample: conv (conv), filters  Expected"],
  };
  for (const [what, [edit, message]] of Object.entries(bad)) {
    it(`are refused with ${what}, as from a file`, () => {
      for (const measure of [costOf, weightSpecs, inferShapes, canonicalId]) {
        expect(() => measure(written(edit))).toThrow(message);
      }
    });
  }

  it("have no id without the node that gives the logits", () => {
    expect(() => canonicalId(written((net) => (net.outputs["logits"] = "dens")))).toThrow(
      'sample: outputs.logits  Expected the id of a node. Received: "dens".',
    );
  });
});

describe("as text", () => {
  it("comes back equal", () => {
    const net = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, {
      cellsPerStack: 1,
      filters: 4,
      auxiliary: true,
    }).network;
    expect(parseNetwork(serializeNetwork(net))).toEqual(net);
  });

  it("says what is wrong with a text that is no JSON", () => {
    expect(() => parseNetwork("{ nodes")).toThrow(/network {2}Expected JSON. Received: "\{ nodes"/);
  });
});
