/** @file The bytes and the graph of model.onnx, read back by a reader of the wire format. What ONNX Runtime makes of them is in test/interop/pip/onnx-export.test.ts. */
import { describe, expect, it } from "vitest";
import { namedNetworks } from "../../../search-spaces/index.ts";
import { exportOnnx, foldBatchNorm, type ExportOptions } from "../../../src/export/index.ts";
import { intField, joined, message, messageField, textField } from "../../../src/export/onnx/protobuf.ts";
import { initializeWeights, network, type Network, type Weights } from "../../../src/network/index.ts";
import { messagesOf, numbersOf, readFields, textsOf, type Fields } from "../../support/protobuf-reader.ts";
import { shelf, type ShelfSpace } from "../../support/shelf.ts";

interface ReadNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Whole numbers by attribute. */
  readonly ints: Readonly<Record<string, readonly number[]>>;
  readonly doc: string;
}

/** What the tests look at; field numbers are those of onnx.proto. */
function read(net: Network, weights: Weights = initializeWeights(net, 0), options: ExportOptions = {}) {
  const files = exportOnnx(net, weights, options);
  const model = readFields(files.get("model.onnx") as Uint8Array);
  const graph = messagesOf(model, 7)[0] as Fields;
  const nodes = messagesOf(graph, 1).map((node): ReadNode => ({
    name: textsOf(node, 3)[0] ?? "",
    op: textsOf(node, 4)[0] ?? "",
    inputs: textsOf(node, 1),
    output: textsOf(node, 2)[0] ?? "",
    ints: Object.fromEntries(
      messagesOf(node, 5).map((a) => [textsOf(a, 1)[0] ?? "", [...numbersOf(a, 8), ...numbersOf(a, 3)]]),
    ),
    doc: textsOf(node, 6)[0] ?? "",
  }));
  const initializers = new Map(
    messagesOf(graph, 5).map((tensor) => {
      const [bytes = new Uint8Array()] = (tensor.get(9) ?? []) as readonly Uint8Array[];
      const raw = bytes.slice();
      const isFloat = numbersOf(tensor, 2)[0] === 1;
      const data = isFloat ? [...new Float32Array(raw.buffer)] : [...new BigInt64Array(raw.buffer)].map(Number);
      return [textsOf(tensor, 8)[0] ?? "", { shape: numbersOf(tensor, 1), data }] as const;
    }),
  );
  const value = (each: Fields) => {
    const [tensor] = messagesOf(messagesOf(each, 2)[0] as Fields, 1) as [Fields];
    const sides = messagesOf(messagesOf(tensor, 2)[0] as Fields, 1);
    return {
      name: textsOf(each, 1)[0],
      type: numbersOf(tensor, 1)[0],
      shape: sides.map((side) => numbersOf(side, 1)[0] ?? textsOf(side, 2)[0]),
    };
  };
  return {
    model,
    nodes,
    initializers,
    inputs: messagesOf(graph, 11).map(value),
    outputs: messagesOf(graph, 12).map(value),
    metadata: Object.fromEntries(messagesOf(model, 14).map((entry) => [textsOf(entry, 1)[0], textsOf(entry, 2)[0]])),
    card: new TextDecoder().decode(files.get("README.md")),
  };
}

describe("the wire format", () => {
  it("has the bytes of the specification's examples", () => {
    // https://protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2, the first within field 3.
    expect([...joined(intField(1, 150))]).toEqual([0x08, 0x96, 0x01]);
    expect([...joined(textField(2, "testing"))]).toEqual([0x12, 7, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
    expect([...joined(messageField(3, message([intField(1, 150)])))]).toEqual([0x1a, 3, 0x08, 0x96, 0x01]);
    // -2 is the two's complement of 64 bits, ten bytes.
    expect([...joined(intField(1, -2))]).toEqual([0x08, 0xfe, ...Array.from({ length: 8 }, () => 0xff), 0x01]);
    // A field number above 15 takes two bytes.
    expect([...joined(intField(20, 7))]).toEqual([0xa0, 0x01, 7]);
  });
});

describe("model.onnx", () => {
  it("calls nodes, values and weights by the network's paths, and says what each is", () => {
    const net = namedNetworks["nasnet-a-proxy-n2-f16"]?.() as Network;
    const { nodes, initializers, model, inputs, outputs } = read(net);
    expect(numbersOf(model, 1)).toEqual([8]);
    expect(messagesOf(model, 8).map((set) => numbersOf(set, 2))).toEqual([[17]]);
    expect(inputs).toEqual([{ name: "images", type: 1, shape: ["n", 3, 32, 32] }]);
    expect(outputs).toEqual([{ name: "logits", type: 1, shape: ["n", 10] }]);
    const ids = new Set(net.nodes.map(({ id }) => id));
    const byName = new Map(nodes.map((node) => [node.name, node]));
    expect(byName.size).toBe(nodes.length);
    const convolutions = net.nodes.filter(({ op }) => op === "conv" || op === "depthwiseConv");
    for (const { id } of convolutions) {
      expect(byName.get(id)).toMatchObject({ op: "Conv", output: id });
      expect(byName.get(id)?.inputs[1]).toBe(`${id}/kernel`);
      expect(initializers.has(`${id}/kernel`)).toBe(true);
    }
    for (const { name, doc } of nodes) {
      // Steps of an operation are below its path.
      expect(ids.has(name) || ids.has(name.slice(0, name.lastIndexOf("/"))), name).toBe(true);
      expect(doc).toMatch(/^\w+: \[.*\] to \[.*\] \(height, width, channels\)$/u);
    }
    expect(nodes.at(-1)?.output).toBe("logits");
  });

  it("leaves out what the logits don't need", () => {
    const net = network("dead", [4, 4, 2], (build) => {
      const x = build.conv("live", build.input, { filters: 2, kernel: 1 });
      const nothing = build.zero("nothing", build.conv("unread", x, { filters: 2, kernel: 1 }));
      const sum = build.add("sum", [nothing, build.dropPath("drop", x, 0.5)]);
      const both = build.concat("both", [sum, nothing]);
      const pooled = build.dropout("dropout", build.globalAvgPool("pool", both), 0.5);
      return { logits: pooled, auxiliary: build.dense("aux", pooled, { units: 4 }) };
    });
    const { nodes, initializers } = read(net);
    // The sum of nothing and a path is the path; nothing itself is read by the concat, but what it was made of by nobody.
    expect(nodes.map(({ name }) => name)).toEqual([
      "live",
      "nothing/shape",
      "nothing/sides",
      "nothing",
      "both",
      "pool/pixel",
      "pool",
    ]);
    expect(nodes.find(({ name }) => name === "both")?.inputs).toEqual(["live", "nothing"]);
    expect([...initializers.keys()].filter((name) => !name.startsWith("constants/"))).toEqual(["live/kernel"]);
  });

  it("pads as TensorFlow does, the odd row and column behind", () => {
    const net = network("padded", [5, 8, 1], (build) => {
      const conv = build.conv("conv", build.input, { filters: 2, kernel: [2, 3], stride: 2 });
      const pool = build.avgPool("pool", conv, {
        kernel: 3,
        stride: 1,
        padding: { top: 2, bottom: 0, left: 1, right: 0 },
      });
      return build.globalAvgPool("mean", pool);
    });
    const { nodes } = read(net);
    // [top, left, bottom, right]. Rows: 3 positions of 2 over 5 need 6, so one more at the bottom. Columns: 4 positions of 3 over 8 need 9.
    expect(nodes[0]?.ints).toMatchObject({ pads: [0, 0, 1, 1], strides: [2, 2], kernel_shape: [2, 3], group: [1] });
    expect(nodes[1]?.ints).toMatchObject({ pads: [2, 1, 0, 0], count_include_pad: [0] });
  });

  it("has ONNX's layouts", () => {
    const net = network("layouts", [4, 4, 2], (build) => {
      const conv = build.conv("a/conv", build.input, { filters: 3, kernel: [1, 2], bias: true });
      const deep = build.depthwiseConv("a/dw", conv, { kernel: [2, 1] });
      return build.dense("fc", build.globalAvgPool("pool", deep), { units: 2 });
    });
    // Each value is its own place in our row-major order.
    const weights = new Map(
      [...initializeWeights(net, 0)].map(([name, data]) => [name, data.map((_, i) => i)] as const),
    );
    const { initializers, nodes } = read(net, weights);
    // Ours [1, 2, 2, 3]: value of (column, in, out) is 6 column + 3 in + out. ONNX: [out, in, 1, column].
    expect(initializers.get("a/conv/kernel")).toEqual({
      shape: [3, 2, 1, 2],
      data: [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11],
    });
    // Ours [2, 1, 3]: 3 row + channel. ONNX: [channel, 1, row, 1].
    expect(initializers.get("a/dw/kernel")).toEqual({ shape: [3, 1, 2, 1], data: [0, 3, 1, 4, 2, 5] });
    expect(initializers.get("fc/kernel")).toEqual({ shape: [3, 2], data: [0, 1, 2, 3, 4, 5] });
    expect(nodes.find(({ name }) => name === "a/dw")?.ints["group"]).toEqual([3]);
  });

  it("gives every value one name, whatever the network calls its nodes", () => {
    const net = network("clash", [4, 4, 2], (build) => {
      const images = build.conv("images", build.input, { filters: 2, kernel: 1 });
      const logits = build.activate("logits", images, "swish");
      const kernel = build.conv("logits/sigmoid", logits, { filters: 2, kernel: 1 });
      return build.dense("images/kernel", build.flatten("constants/0", kernel), { units: 2 });
    });
    const { nodes, initializers } = read(net);
    const names = ["images", ...initializers.keys(), ...nodes.map(({ output }) => output)];
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(nodes.length);
    const made = new Set(["images", ...initializers.keys()]);
    for (const { inputs, output } of nodes) {
      for (const input of inputs) expect(made.has(input), input).toBe(true);
      made.add(output);
    }
    expect(nodes.at(-1)).toMatchObject({ name: "images/kernel", output: "logits" });
  });

  it("takes bytes where it is told to, and says what it takes", () => {
    const net = namedNetworks["lenet-5"]?.() as Network;
    const options = {
      name: "digits",
      normalization: { mean: [0.5], std: [0.25] },
      classes: ["zero", "one"],
      card: { genotype: "b0 = x" },
    };
    const floats = read(net, undefined, options);
    expect(floats.inputs).toEqual([{ name: "images", type: 1, shape: ["n", 1, 28, 28] }]);
    expect(floats.metadata).toEqual({
      name: "digits",
      input:
        "float32 [n, 1, 28, 28] (channels, height, width): bytes divided by 255, less the mean (0.5000), divided by the standard deviation (0.2500)",
      mean: "[0.5]",
      std: "[0.25]",
      classes: '["zero","one"]',
      genotype: "b0 = x",
    });
    expect(floats.card).toContain("x = ((images / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)");
    const bytes = read(net, undefined, { ...options, bytes: true });
    expect(bytes.inputs).toEqual([{ name: "images", type: 2, shape: ["n", 28, 28, 1] }]);
    expect(bytes.nodes.slice(0, 4).map(({ op, name }) => [op, name])).toEqual([
      ["Cast", "images/floats"],
      ["Transpose", "images/transpose"],
      ["Sub", "images/centred"],
      ["Div", "images/normalized"],
    ]);
    expect(bytes.nodes[4]?.inputs[0]).toBe("images/normalized");
    expect(bytes.initializers.get("images/mean")).toEqual({ shape: [1, 1, 1], data: [127.5] });
    expect(bytes.metadata["input"]).toMatch(/^uint8 \[n, 28, 28, 1\]/u);
    expect(bytes.card).toContain('{"images": images}');
    for (const normalization of [
      { mean: [0.5, 0.5, 0.5], std: [0.25] },
      { mean: [0.5], std: [0] },
    ])
      expect(() => exportOnnx(net, initializeWeights(net, 0), { normalization, bytes: true })).toThrow(
        /^normalization\.(mean|std) {2}Expected /u,
      );
  });

  it("names a weight that is missing or has another length, in what is left out, too", () => {
    const net = network("aux", [4, 4, 1], (build) => {
      const pooled = build.globalAvgPool("pool", build.conv("conv", build.input, { filters: 2, kernel: 1 }));
      return { logits: pooled, auxiliary: build.dense("aux", pooled, { units: 2 }) };
    });
    const weights = new Map(initializeWeights(net, 0));
    weights.set("aux/kernel", new Float32Array(3));
    expect(() => exportOnnx(net, weights)).toThrow('weight aux/kernel  Expected 4 values. Received: "3 values".');
    weights.delete("conv/kernel");
    expect(() => exportOnnx(net, weights)).toThrow("weight conv/kernel  Expected 2 values. Received: nothing.");
  });

  it("is the same bytes each time", () => {
    const net = namedNetworks["lenet-5"]?.() as Network;
    const model = (): Uint8Array => exportOnnx(net, initializeWeights(net, 1)).get("model.onnx") ?? new Uint8Array();
    expect(model().length).toBeGreaterThan(200_000);
    expect(Buffer.compare(model(), model())).toBe(0);
  });

  it("has no batch normalisation left in an EfficientNet when they are folded", () => {
    const tiny = shelf.find(({ name }) => name === "efficientnet") as ShelfSpace;
    const net = tiny.decode(tiny.sample(0));
    const weights = initializeWeights(net, 0);
    const folded = foldBatchNorm(net, weights);
    const ops = (nodes: readonly ReadNode[]): Set<string> => new Set(nodes.map(({ op }) => op));
    expect(ops(read(net, weights).nodes).has("BatchNormalization")).toBe(true);
    expect(ops(read(folded.network, folded.weights).nodes).has("BatchNormalization")).toBe(false);
  });
});
