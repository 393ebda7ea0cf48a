/** @file The planner: what it fuses, how it lays out memory, what it refuses. Nothing is run. */
import * as fc from "fast-check";
import { nasnet } from "cellwright/spaces";
import { describe, expect, test } from "vitest";
import { network } from "../../../src/network/index.ts";
import { placeBuffers } from "../../../src/engines/native/plan/memory.ts";
import { clearedPositions, positionsOf } from "../../../src/engines/native/plan/pack.ts";
import { planNetwork, type PlanOptions } from "../../../src/engines/native/plan/planner.ts";
import type { PackedWeight, Plan } from "../../../src/engines/native/plan/plan.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";

const options: PlanOptions = {
  batchSize: 8,
  vectorWidth: 16,
  training: true,
  labelSmoothing: 0,
  auxiliaryWeight: 0,
};

function nasnetA(skeleton: Record<string, unknown> = {}): ReturnType<typeof network> {
  return nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { cellsPerStack: 1, filters: 16, ...skeleton }).network;
}

function countKinds(plan: Plan): Map<string, number> {
  const counts = new Map<string, number>();
  for (const op of plan.ops) counts.set(op.kind, (counts.get(op.kind) ?? 0) + 1);
  return counts;
}

describe("fusion", () => {
  test("NASNet-A: no activation, batch norm, concat, drop path, slice or depthwise output is stored", () => {
    const net = nasnetA();
    const plan = planNetwork(net, options);
    const kinds = countKinds(plan);
    const separables = net.nodes.filter((node) => node.op === "depthwiseConv").length;
    expect(kinds.get("separable")).toBe(separables);
    expect(kinds.get("separableBackward")).toBe(separables);
    expect(kinds.get("depthwise")).toBeUndefined();
    // What maps are left are the terms of adds that aren't pools.
    const adds = new Set(net.nodes.filter((node) => node.op === "add").flatMap((node) => node.inputs));
    for (const op of plan.ops.filter(({ kind }) => kind === "map")) expect(adds).toContain(op.node);
    // The sums of every batch norm are made by the convolution before it.
    expect(kinds.get("normSums")).toBeUndefined();
  });

  test("squeeze-and-excitation: the activation is computed once, and averaged and multiplied from there", () => {
    const net = network("excited", [8, 8, 3], (n) => {
      const active = n.activate(
        "active",
        n.batchNorm("bn", n.conv("conv", n.input, { filters: 16, kernel: 3 })),
        "swish",
      );
      const gate = n.activate("gate", n.dense("excite", n.globalAvgPool("squeeze", active), { units: 16 }), "sigmoid");
      return n.dense("logits", n.globalAvgPool("pool", n.multiply("scale", active, gate)), { units: 4 });
    });
    const { ops } = planNetwork(net, options);
    const swish = 3;
    expect(ops.filter(({ activation }) => activation === swish).map(({ kind }) => kind)).toEqual([
      "map",
      "mapBackward",
    ]);
  });

  test("every batch norm ends a phase, forward and backward, and shares it with others where it can", () => {
    const net = nasnetA();
    const plan = planNetwork(net, options);
    const norms = net.nodes.filter((node) => node.op === "batchNorm").length;
    expect(countKinds(plan).get("normForward")).toBe(norms);
    expect(plan.phases).toBeLessThan(2 * norms);
    for (const op of plan.ops) expect(op.time % 2 === 1).toBe(/^(norm(Forward|Backward)|loss|head)/u.test(op.kind));
  });

  test("evaluation is one phase, and its memory doesn't grow with the batch but for the logits", () => {
    const floats = [1, 64].map((batchSize) => planNetwork(nasnetA(), { ...options, batchSize, training: false }));
    expect(new Set(floats[1]?.ops.filter(({ time }) => time % 2 === 0).map(({ time }) => time))).toEqual(new Set([2]));
    const [one, many] = floats.map(({ arenaFloats }) => arenaFloats) as [number, number];
    expect(many - one).toBeLessThanOrEqual(64 * 16);
  });

  test("what no output depends on is left out", () => {
    const net = network("dead", [4, 4, 2], (b) => {
      b.conv("dead", b.input, { filters: 3, kernel: 3 });
      return b.dense("logits", b.globalAvgPool("pool", b.conv("live", b.input, { filters: 2, kernel: 1 })), {
        units: 2,
      });
    });
    const plan = planNetwork(net, options);
    expect(plan.ops.some((op) => op.node === "dead")).toBe(false);
    expect(plan.parameters.weights.has("dead/kernel")).toBe(false);
  });
});

describe("memory", () => {
  test("buffers that live at the same time never share room", () => {
    const lifetime = fc
      .tuple(fc.integer({ min: 1, max: 300 }), fc.nat(20), fc.nat(6))
      .map(([floats, first, length]) => ({ floats, first, last: first + length }));
    fc.assert(
      fc.property(fc.array(lifetime, { maxLength: 150 }), (buffers) => {
        const { offsets, floats } = placeBuffers(buffers);
        for (const [i, a] of buffers.entries()) {
          const from = offsets[i] as number;
          expect(from % 16).toBe(0);
          expect(from + a.floats).toBeLessThanOrEqual(floats);
          for (const [j, b] of buffers.slice(0, i).entries()) {
            const other = offsets[j] as number;
            const together = a.first <= b.last && b.first <= a.last;
            if (together) expect(from >= other + b.floats || other >= from + a.floats).toBe(true);
          }
        }
      }),
    );
  });

  test("the arena is far smaller than all tensors side by side", () => {
    const plan = planNetwork(nasnetA(), options);
    const apart = plan.buffers.reduce((sum, b) => sum + b.imageFloats * (b.perImage ? plan.batchSize : 1), 0);
    expect(plan.arenaFloats).toBeLessThan(0.75 * apart);
  });

  test("the estimate grows with batch and filters", async () => {
    const engine = await openNativeEngine();
    const bytes = (filters: number, batch: number): number => engine.estimateMemory(nasnetA({ filters }), batch).bytes;
    expect(bytes(16, 64)).toBeGreaterThan(1.8 * bytes(16, 32));
    expect(bytes(32, 32)).toBeGreaterThan(1.5 * bytes(16, 32));
  });
});

describe("packing", () => {
  const lanes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 });
  const layout = fc.oneof(
    fc.record({
      kind: fc.constant("matrix" as const),
      taps: fc.integer({ min: 1, max: 9 }),
      inLanes: lanes,
      outLanes: lanes,
      groups: fc.constant(1),
    }),
    fc.record({
      kind: fc.constant("parts" as const),
      taps: fc.integer({ min: 1, max: 9 }),
      // As many channels in every group, as a grouped convolution has.
      parts: fc
        .tuple(lanes, fc.array(lanes, { minLength: 1, maxLength: 3 }))
        .map(([inLanes, outs]) => outs.map((outLanes) => ({ inLanes, outLanes, groups: 1 }))),
    }),
    fc.record({ kind: fc.constant("depthwise" as const), taps: fc.integer({ min: 1, max: 9 }), lanes }),
    fc.record({ kind: fc.constant("channels" as const), lanes }),
  );
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

  test("every value has a place of its own within the weight's", () => {
    fc.assert(
      fc.property(layout, (layout) => {
        const counts = {
          matrix: () =>
            layout.kind === "matrix"
              ? [
                  layout.taps * sum(layout.inLanes) * sum(layout.outLanes),
                  layout.taps * layout.inLanes.length * layout.outLanes.length * 64,
                ]
              : [],
          parts: () => {
            if (layout.kind !== "parts") return [];
            const count = (size: (lanes: readonly number[]) => number): number =>
              layout.parts.reduce((total, part) => total + size(part.inLanes) * size(part.outLanes), 0);
            return [layout.taps * count(sum), layout.taps * count((list) => list.length) * 64];
          },
          depthwise: () =>
            layout.kind === "depthwise" ? [layout.taps * sum(layout.lanes), layout.taps * layout.lanes.length * 8] : [],
          channels: () => (layout.kind === "channels" ? [sum(layout.lanes), layout.lanes.length * 8] : []),
        };
        const [values, length] = counts[layout.kind]() as [number, number];
        const weight: PackedWeight = { name: "w", offset: 32, length, layout, trainable: true, decays: true };
        const positions = positionsOf(weight, 8);
        expect(positions.length).toBe(values);
        expect(new Set(positions).size).toBe(values);
        for (const at of positions) expect(at >= 32 && at < 32 + length).toBe(true);
      }),
    );
  });

  test("a weight in parts has each group's filters where the group's own matrix has them", () => {
    const parts = [
      { inLanes: [2], outLanes: [3], groups: 1 },
      { inLanes: [2], outLanes: [3], groups: 1 },
    ];
    const layout = { kind: "parts", taps: 1, parts } as const;
    const weight: PackedWeight = { name: "w", offset: 0, length: 32, layout, trainable: true, decays: true };
    // Kernel [1, 1, 2, 6], row-major: channel 0 of filters 0 to 5, then channel 1. Blocks of 4 x 4, the second part's 16 floats on.
    expect([...positionsOf(weight, 4)]).toEqual([0, 1, 2, 16, 17, 18, 4, 5, 6, 20, 21, 22]);
  });

  test("groups that fill planes are convolutions of their own; as many groups as channels are a depthwise one", () => {
    const grouped = (filters: number, groups: number): Plan => {
      const net = network("groups", [4, 4, 32], (b) => {
        const x = b.conv("conv", b.activate("act", b.input), { filters, kernel: 3, groups });
        return b.dense("logits", b.globalAvgPool("gap", x), { units: 2 });
      });
      return planNetwork(net, { ...options, vectorWidth: 16 });
    };
    const convs = (plan: Plan): Plan["ops"] => plan.ops.filter(({ kind, node }) => kind === "conv" && node === "conv");
    expect(convs(grouped(32, 1)).map((op) => [op.inputs.length, op.outputs.length])).toEqual([[2, 2]]);
    // Eight groups of four channels fill two planes, and so four of them are computed together.
    const bundled = grouped(32, 8);
    expect(convs(bundled).map((op) => [op.inputs.length, op.outputs.length])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(clearedPositions(bundled.parameters, 16).length).toBe(9 * 2 * (16 * 16 - 4 * 4 * 4));
    expect(clearedPositions(grouped(32, 2).parameters, 16)).toEqual([]);
    expect(countKinds(grouped(32, 32)).get("depthwise")).toBe(1);
    expect(countKinds(grouped(64, 32)).get("depthwise")).toBeUndefined();
  });

  test("grouped convolutions keep what is between their groups at zero", () => {
    const net = network("groups", [4, 4, 4], (b) =>
      b.dense("logits", b.globalAvgPool("gap", b.conv("conv", b.input, { filters: 6, kernel: 3, groups: 2 })), {
        units: 2,
      }),
    );
    const { parameters } = planNetwork(net, { ...options, vectorWidth: 4 });
    // 9 taps, 2 of 4 channels for each of 6 filters.
    expect(clearedPositions(parameters, 4).length).toBe(9 * 2 * 6);
  });
});
