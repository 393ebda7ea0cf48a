/** @file Networks by stages: read from the paths of any network's nodes, alike ones together, what skips a stage told. */
import { describe, expect, it } from "vitest";
import { costOf, network, type Network } from "cellwright/network";
import { namedNetworks } from "cellwright/spaces";
import { picturePng } from "../../../src/charts/picture-png.ts";
import {
  diffStages,
  networkDifferencePicture,
  networkDiffText,
  networkPicture,
  networkText,
  pictureSvg,
  stagesOf,
} from "../../../src/draw/index.ts";

/** Three layers, the last two alike, the last of them reading the first too. */
const skipping = network("skipping", [16, 16, 3], (net) => {
  const first = net.activate("layer0/act", net.conv("layer0/conv", net.input, { filters: 8, kernel: 5 }));
  const second = net.conv("layer1/conv", first, { filters: 8, kernel: 3 });
  const third = net.add("layer2/add", [net.conv("layer2/conv", second, { filters: 8, kernel: 3 }), first]);
  const small = net.maxPool("pool0", third, { kernel: 2, stride: 2 });
  const fourth = net.depthwiseConv("layer3/dw", small, { kernel: 3 });
  return net.dense("head/dense", net.globalAvgPool("head/pool", net.add("layer3/add", [fourth, small])), { units: 5 });
});

describe("the stages of a network", () => {
  it("are its paths' first parts, alike ones together, with what they read", () => {
    const stages = stagesOf(skipping);
    expect(stages.map(({ names, shape, reads }) => [names.join(" "), shape.join("x"), reads])).toEqual([
      ["input", "16x16x3", []],
      ["layer0", "16x16x8", [0]],
      ["layer1 layer2", "16x16x8", [1]],
      ["pool0", "8x8x8", [2]],
      ["layer3", "8x8x8", [3]],
      ["head", "5", [4]],
    ]);
    expect(stages[2]?.operations).toMatchObject([{ name: "conv3", label: "conv 3×3", count: 2 }]);
    expect(stages[4]?.operations).toMatchObject([{ name: "dw3", label: "depthwise 3×3", count: 1 }]);
  });

  it.each(["nasnet-a-cifar", "darts-v2-cifar"])("of %s: every node in one, the cells of a stack together", (id) => {
    const built = (namedNetworks[id] as () => Network)();
    const stages = stagesOf(built);
    const { params, macs } = costOf(built);
    expect(stages.reduce((sum, stage) => sum + stage.params, 0)).toBe(params);
    expect(stages.reduce((sum, stage) => sum + stage.macs, 0)).toBe(macs);
    const [first] = stages.filter(({ names }) => names.includes("cell0"));
    expect(first?.names).toEqual(["cell0", "cell1", "cell2", "cell3", "cell4", "cell5"]);
    // A cell reads the one before the last too: past the reduction.
    expect(stages[4]?.reads).toEqual([2, 3]);
  });

  it("keep what reads from afar by itself, however alike", () => {
    const far = network("far", [8, 8, 3], (net) => {
      const made = [net.conv("stem", net.input, { filters: 4, kernel: 3 })];
      for (let i = 0; i < 5; i++) {
        const x = net.conv(`layer${i}/conv`, made.at(-1) as (typeof made)[number], { filters: 4, kernel: 3 });
        made.push(i === 4 ? net.add(`layer${i}/add`, [x, made[1] as (typeof made)[number]]) : x);
      }
      return net.dense("head", net.globalAvgPool("pool", made.at(-1) as (typeof made)[number]), { units: 2 });
    });
    expect(stagesOf(far).map(({ names }) => names.join(" "))).toEqual([
      "input",
      "stem",
      "layer0 layer1 layer2 layer3",
      "layer4",
      "pool",
      "head",
    ]);
  });

  it("are those of the paths' next parts where everything is under one", () => {
    const nested = network("nested", [8, 8, 3], (net) => {
      let x = net.input;
      for (let i = 0; i < 4; i++) x = net.conv(`features/block${i}/conv`, x, { filters: 4 + i, kernel: 3 });
      return net.dense("classifier", net.globalAvgPool("features/pool", x), { units: 2 });
    });
    expect(stagesOf(nested).map(({ names }) => names.join(" "))).toEqual([
      "input",
      "features/block0",
      "features/block1",
      "features/block2",
      "features/block3",
      "features/pool",
      "classifier",
    ]);
  });
});

describe("a network as text", () => {
  it("is a line for each stage, from the image down", () => {
    expect(networkText(skipping)).toBe(
      [
        "skipping",
        "  input         16×16×3",
        "  layer0        16×16×8     600 params   154 kMAC  conv 5×5",
        "  layer1–2  ×2  16×16×8  1.15 k params   295 kMAC  2 conv 3×3",
        "  pool0         8×8×8                              max 2×2",
        "  layer3        8×8×8        72 params  4.61 kMAC  depthwise 3×3",
        "  head          5            45 params     40 MAC  dense, global avg",
      ].join("\n"),
    );
  });

  it("says what a stage reads besides the one above", () => {
    expect(networkText((namedNetworks["nasnet-a-cifar"] as () => Network)())).toMatch(
      /^ {2}cell6–11 .* reads cell0–5, reduction0$/m,
    );
  });
});

describe("two networks", () => {
  const chain = (kernels: readonly number[], classes = 5): Network =>
    network("chain", [8, 8, 3], (net) => {
      let x = net.input;
      for (const [i, kernel] of kernels.entries()) x = net.conv(`layer${i}/conv`, x, { filters: 4 + i, kernel });
      return net.dense("head/dense", net.globalAvgPool("head/pool", x), { units: classes });
    });

  it("differ in nothing where they are the same", () => {
    const { before, after, count } = diffStages(stagesOf(chain([3, 5])), stagesOf(chain([3, 5])));
    expect([before.size, after.size, count]).toEqual([0, 0, 0]);
    expect(networkDiffText(chain([3, 5]), chain([3, 5]))).not.toMatch(/^[-+]/m);
  });

  it("differ in stages that are others, new or gone; each counts once", () => {
    const { before, after, count } = diffStages(stagesOf(chain([3, 5, 3])), stagesOf(chain([3, 3])));
    // input, layer0, layer1, layer2, head; the head reads another stage and has fewer weights.
    expect([...before]).toEqual([
      [2, "changed"],
      [3, "removed"],
      [4, "changed"],
    ]);
    expect([...after]).toEqual([
      [2, "changed"],
      [3, "changed"],
    ]);
    expect(count).toBe(3);
    const signs = networkDiffText(chain([3, 5, 3]), chain([3, 3]))
      .split("\n")
      .map((line) => line.slice(0, 8).trim());
    expect(signs).toEqual(["chain", "input", "layer0", "- layer1", "+ layer1", "- layer2", "- head", "+ head"]);
  });

  it("stand side by side with marks and a legend", () => {
    const [before, after] = [chain([3, 5, 3]), chain([3, 3])];
    const svg = pictureSvg(
      networkDifferencePicture({ name: "sample 1", network: before }, { name: "sample 2", network: after }),
    );
    for (const text of ["sample 1", "sample 2", "only in sample 1", "only in sample 2", "sample 1 and sample 2"])
      expect(svg).toContain(`>${text}</text>`);
    // Two stages changed on either side, and the legend's.
    expect(svg.match(/>~<\/text>/g)).toHaveLength(2 * 2 + 1);
    expect(svg.match(/>−<\/text>/g)).toHaveLength(1 + 1);
  });
});

describe("a network as a picture", () => {
  it("names every stage, once, and says what the whole costs", () => {
    const svg = pictureSvg(networkPicture(skipping));
    for (const name of ["input", "layer0", "layer1–2", "pool0", "layer3", "head"])
      expect(svg.match(new RegExp(`>${name}</text>`, "g")), name).toHaveLength(1);
    expect(svg).toContain(">1.87 k parameters, 453 kMAC</text>");
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(pictureSvg(networkPicture(skipping))).toBe(svg);
  });

  it("is painted as PNG of twice its size, with text and colour", () => {
    const picture = networkPicture(skipping);
    const png = picturePng(picture);
    const view = new DataView(png.buffer, png.byteOffset);
    expect(Buffer.from(png.subarray(1, 4)).toString()).toBe("PNG");
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([2 * picture.width, 2 * picture.height]);
    const bare = picturePng({ ...picture, shapes: [] });
    expect(png.length).toBeGreaterThan(3 * bare.length);
  });
});
