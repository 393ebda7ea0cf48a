/** @file Pools whose windows begin inside of the image: no planner of ours asks for them, but a plan from outside may. */
import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { loadBinding, type NativeTarget } from "../../../src/engines/native/binding.ts";
import { encodePlan } from "../../../src/engines/native/plan/encode.ts";
import { planNetwork } from "../../../src/engines/native/plan/planner.ts";
import { network, type Network } from "../../../src/network/index.ts";
import { findOp, opWord } from "../../support/tampered-plans.ts";
import { describeTargets } from "../../property/native/targets.ts";

type PoolKind = "avgPool" | "maxPool";

/** Square windows, none of which reaches beyond the image. */
function pooled(side: number, kind: PoolKind, kernel: number, stride: number): Network {
  return network("pooled", [side, side, 3], (net) => {
    const x = net.conv("conv", net.input, { filters: 5, kernel: 1 });
    return net.dense("logits", net.flatten("flat", net[kind]("pool", x, { kernel, stride, padding: "valid" })), {
      units: 3,
    });
  });
}

/** Returns the loss and the gradients, packed, of one image. `padded` is the pool that gets a padding of -1. */
async function gradients(
  net: Network,
  target: NativeTarget,
  image: Float32Array,
  padded?: PoolKind,
): Promise<{ readonly loss: number; readonly gradients: Float32Array }> {
  const binding = loadBinding(target.name);
  const options = { batchSize: 1, vectorWidth: target.width, labelSmoothing: 0, auxiliaryWeight: 0 };
  const plan = planNetwork(net, { ...options, training: true });
  const { parameters } = plan;
  const words = encodePlan(plan);
  if (padded)
    for (const op of [padded, `${padded}Backward`] as const) {
      const at = findOp(words, op);
      words[at + opWord.top] = words[at + opWord.left] = -1;
    }
  const evaluation = encodePlan(planNetwork(net, { ...options, training: false, parameters }));
  const session = binding.open(target.name, target.width, words, evaluation, null, null, 1, 0);
  const rng = createRng("weights");
  binding.write(
    session,
    0,
    Float32Array.from({ length: parameters.floats }, () => rng.next() - 0.5),
  );
  const none = new Float32Array(0);
  const { loss } = await binding.run(session, image, 1, Int32Array.of(1), null, none, none, null, 1, 0);
  const packed = new Float32Array(parameters.floats);
  binding.read(session, 2, packed);
  binding.close(session);
  return { loss, gradients: packed };
}

describeTargets("a padding of -1", (target) => {
  // As many windows with the first row and column as without them.
  test.each<[PoolKind, number, number, number]>([
    ["avgPool", 2, 3, 9],
    ["maxPool", 2, 3, 9],
    ["maxPool", 2, 2, 9],
    ["maxPool", 3, 2, 10],
  ])("%s of %i, %i apart, is one of the image without its first row and column", async (kind, kernel, stride, side) => {
    const rng = createRng("image");
    const image = Float32Array.from({ length: side * side * 3 }, () => rng.next());
    const inner = image.filter((_, i) => i >= side * 3 && i % (side * 3) >= 3);
    const [outer, cut] = [
      await gradients(pooled(side, kind, kernel, stride), target, image, kind),
      await gradients(pooled(side - 1, kind, kernel, stride), target, inner),
    ];
    expect(outer.loss).toBeCloseTo(cut.loss, 6);
    const largest = Math.max(...cut.gradients.map(Math.abs));
    for (const [i, want] of cut.gradients.entries())
      expect(Math.abs((outer.gradients[i] as number) - want) / largest).toBeLessThan(1e-6);
  });
});
