/** @file The profile of a training step: every operation of the plan is counted and timed, and the counts are the network's own. */
import { nasnet } from "cellwright/spaces";
import { expect, test } from "vitest";
import { costOf } from "../../../src/network/index.ts";
import { profileNative } from "../../../src/engines/native/profile.ts";
import { describeWasm } from "../../support/wasm.ts";

const batch = 4;
const { network } = nasnet.decode(nasnet.named["nasnet-a"] ?? {}, {
  input: [16, 16, 3],
  cellsPerStack: 1,
  filters: 16,
});

test("counts and times every kind of kernel that a step runs", async () => {
  const profile = await profileNative(network, { batch });
  if (profile === undefined) throw new Error("Expected a binary for this platform: its kernels have a clock.");
  const { kernels, peaks, stepMs } = profile;
  const of = (kind: string) => kernels.find((kernel) => kernel.kind === kind);
  for (const kind of ["conv", "convBackward", "separable", "separableBackward", "head", "loss"]) {
    expect(of(kind)?.operations, kind).toBeGreaterThan(0);
    expect(of(kind)?.ms, kind).toBeGreaterThan(0);
  }
  // Every multiply-accumulate is two operations forward; the first convolution's image has no gradient, and padded channels add some.
  const forward = ["conv", "separable", "head", "depthwise"].reduce((sum, kind) => sum + (of(kind)?.flops ?? 0), 0);
  const macs = 2 * costOf(network).macs * batch;
  expect(forward / macs).toBeGreaterThanOrEqual(1);
  expect(forward / macs).toBeLessThan(1.35);
  const backward = ["convBackward", "separableBackward", "headBackward"].reduce(
    (sum, kind) => sum + (of(kind)?.flops ?? 0),
    0,
  );
  expect(backward / forward).toBeGreaterThan(1.9);
  const timed = kernels.reduce((sum, kernel) => sum + kernel.ms, 0);
  expect(timed).toBeGreaterThan(0);
  expect(stepMs).toBeGreaterThan(0);
  for (const kernel of kernels) {
    const bounds = [(1000 * kernel.flops) / peaks.flopsPerSecond, (1000 * kernel.bytes) / peaks.bytesPerSecond];
    expect(kernel.boundMs).toBe(Math.max(...bounds));
  }
  // Sorted by what they take.
  expect(kernels.map((kernel) => kernel.ms)).toEqual(kernels.map((kernel) => kernel.ms).toSorted((a, b) => b - a));
});

describeWasm("kernels in WebAssembly", () =>
  test("have no clock, so there is no profile", async () => {
    expect(await profileNative(network, { batch, target: "wasm" })).toBeUndefined();
  }),
);
