/** @file A small program with most kinds of operations, and whether a binding refuses it once its words are changed. */
import { expect } from "vitest";
import type { NativeBinding, NativeTarget } from "../../src/engines/native/binding.ts";
import { encodePlan } from "../../src/engines/native/plan/encode.ts";
import { planNetwork } from "../../src/engines/native/plan/planner.ts";
import { network } from "../../src/network/index.ts";

const tiny = network("tiny", [9, 9, 3], (b) => {
  const x = b.batchNorm("n", b.conv("c", b.input, { filters: 5, kernel: 3 }));
  const y = b.conv("p", b.depthwiseConv("d", b.activate("a", x), { kernel: 3, stride: 2 }), { filters: 4, kernel: 1 });
  const z = b.concat("cat", [b.maxPool("m", y, { kernel: 3 }), b.batchNorm("n2", y)]);
  const shuffled = b.channelShuffle("s", b.localResponseNorm("r", z, { size: 3 }), 2);
  const bins = b.add("bins", [b.adaptiveAvgPool("aa", shuffled, 3), b.adaptiveMaxPool("am", shuffled, 3)]);
  const scaled = b.multiply("scaled", bins, b.globalAvgPool("g", z));
  return b.dense("logits", b.batchNorm("n3", b.flatten("f", scaled)), { units: 3 });
});

export interface TinyProgram {
  /** Words of the training program. */
  readonly training: Float64Array;
  readonly evaluation: Float64Array;
  /** Two of them, `[n, h, w, c]`. */
  readonly images: Float32Array;
  /** Opens a training program and, if that is allowed, runs it. Returns whether it was refused. A trap is neither. */
  readonly isRefused: (words: Float64Array) => Promise<boolean>;
}

/** Returns the program for a target of a binding. */
export function tinyProgram(binding: NativeBinding, { name, width }: NativeTarget): TinyProgram {
  const options = { batchSize: 2, vectorWidth: width, labelSmoothing: 0, auxiliaryWeight: 0 };
  const plan = planNetwork(tiny, { ...options, training: true });
  const evaluation = encodePlan(planNetwork(tiny, { ...options, training: false, parameters: plan.parameters }));
  const images = new Float32Array(2 * plan.imageFloats).fill(0.5);
  const none = new Float32Array(0);
  return {
    training: encodePlan(plan),
    evaluation,
    images,
    async isRefused(words) {
      let handle;
      try {
        handle = binding.open(name, width, words, evaluation, null, null, 1, 0);
      } catch (error) {
        expect(String(error)).toMatch(/Expected/u);
        expect(String(error)).not.toMatch(/stopped/u);
        return true;
      }
      await binding.run(handle, images, 2, Int32Array.of(0, 2), null, none, none, null, 2, 0);
      binding.close(handle);
      return false;
    },
  };
}
