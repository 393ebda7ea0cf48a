/** @file The space of DARTS against published sizes: counts of whole networks and of the auxiliary head, endpoint shapes, size of the space. Tolerance 0. */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, type Network } from "cellwright/network";
import { darts, dartsSupernet, namedNetworks } from "cellwright/spaces";
import { openEngine } from "../../src/engines/index.ts";
import { exportPyTorch } from "../../src/export/index.ts";
import { openReferenceEngine } from "../../src/engines/reference/index.ts";
import { expectAgreement } from "../support/agreement.ts";
import { randomBatch } from "../support/random-network.ts";
import golden from "./counts.json" with { type: "json" };

const v2 = darts.named["darts-v2"] ?? {};

describe("sizes of published networks", () => {
  const published = golden.networks.filter(({ id }) => id.startsWith("darts-v2"));
  it("has them all to hand", () => {
    expect(published.map(({ id }) => id)).toEqual(["darts-v2-cifar", "darts-v2-imagenet", "darts-v2-proxy"]);
  });
  it.each(published)("$id: $params parameters, $macs MACs", ({ id, params, macs }) => {
    const cost = costOf((namedNetworks[id] as () => Network)());
    expect([cost.params, cost.macs]).toEqual([params, macs]);
  });
  it("the running statistics of darts-v2-cifar, and its auxiliary head", () => {
    const { network } = darts.decode(v2);
    expect(costOf(network).total - costOf(network).params).toBe(40_392);
    expect(costOf(darts.decode(v2, { auxiliary: true }).network).params).toBe(3_825_768);
  });
});

describe("the supernet", () => {
  it("has the released code's weights", () => {
    const params = golden.networks.find(({ id }) => id === "darts-supernet")?.params;
    expect(params).toBe(1_930_618);
    expect(costOf((namedNetworks["darts-supernet"] as () => Network)()).params).toBe(params);
  });

  it("is exported with batch norms that have neither, the stem's apart", () => {
    const network = dartsSupernet({ input: [4, 4, 3], cells: 3, filters: 2 });
    const files = exportPyTorch(network, initializeWeights(network, 7));
    const text = (name: string): string => new TextDecoder().decode(files.get(name));
    expect(text("model.py")).toContain("affine=False");
    const names = text("weights.safetensors").match(/"[\w.]*bn\.(weight|running_mean)"/g) ?? [];
    expect(names.filter((name) => name.includes("weight"))).toEqual(['"stem.bn.weight"']);
    expect(names.length).toBeGreaterThan(50);
  });

  it("trains on the native engine as on the reference, and leaves gamma and beta as they are", async () => {
    const native = await openEngine("native");
    const network = dartsSupernet({ input: [4, 4, 3], cells: 3, filters: 2 });
    const weights = initializeWeights(network, 7);
    const batch = randomBatch(network, 8, createRng("darts/supernet"));
    await expectAgreement(native, openReferenceEngine(), { seed: 7, network, weights, batches: [batch] });
    for (const engine of [native, openReferenceEngine()]) {
      const optimizer = { momentum: 0.9, nesterov: true, weightDecay: 1e-3 };
      const loss = { labelSmoothing: 0, auxiliaryWeight: 0.4 };
      const session = await engine.open(network, { weights, batchSize: 8, seed: 1, optimizer, loss });
      await session.trainStep(batch, { learningRate: 0.1, dropPathRate: 0, step: 0 });
      const trained = (await session.save()).weights;
      expect(trained.get("cell0/last/bn/gamma")).toEqual(weights.get("cell0/last/bn/gamma"));
      expect(trained.get("cell0/last/bn/beta")).toEqual(weights.get("cell0/last/bn/beta"));
      expect(trained.get("stem/bn/gamma")).not.toEqual(weights.get("stem/bn/gamma"));
      await session.close();
    }
  });
});

it("has 1,037,664,180 cells of each kind", () => {
  expect(golden.space_sizes.find(({ id }) => id === "darts-per-cell")?.size).toBe("1037664180");
  expect(darts.count()).toBe(1_037_664_180n ** 2n);
});

it("halves the image at a third and at two thirds of its cells", () => {
  const shapes = inferShapes(darts.decode(v2).network);
  const cells = [0, 5, 6, 12, 13, 19].map((i) => shapes.get(`cell${i}/concat`));
  expect(cells).toEqual([
    [32, 32, 144],
    [32, 32, 144],
    [16, 16, 288],
    [16, 16, 288],
    [8, 8, 576],
    [8, 8, 576],
  ]);
  const large = inferShapes((namedNetworks["darts-v2-imagenet"] as () => Network)());
  expect(["stem1/bn", "cell3/concat", "cell13/concat"].map((id) => large.get(id))).toEqual([
    [28, 28, 48],
    [28, 28, 192],
    [7, 7, 768],
  ]);
});

it("trains on the native engine as on the reference", async () => {
  const native = await openEngine("native");
  const rng = createRng("darts/engines");
  for (const seed of [0, 1, 2]) {
    const skeleton = { input: [12, 12, 3], cells: 3, filters: 4 } as const;
    const { network } = darts.decode(seed === 0 ? v2 : darts.sample(rng), skeleton);
    const weights = initializeWeights(network, seed);
    const batches = [randomBatch(network, 8, rng.fork(`batch/${seed}`))];
    await expectAgreement(native, openReferenceEngine(), { seed, network, weights, batches });
  }
});

it("grows with phi, and names what is wrong with a skeleton", () => {
  const grown = darts.scaleSkeleton?.(darts.skeleton, { depth: 1.44, width: 1.21, resolution: 1.32 });
  expect(grown).toMatchObject({ cells: 29, filters: 44, input: [44, 44, 3] });
  expect(() => darts.decode(v2, { cells: 2, stem: "large" as never })).toThrow(
    /skeleton\.cells {2}Expected a whole number of 3 to 3000\. Received: 2\.\nskeleton\.stem {2}Expected "cifar" or "imagenet"/,
  );
});
