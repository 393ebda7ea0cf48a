/** @file The latency that a model card states: one image on the native engine of this machine. */
import { cpus } from "node:os";
import { messageOf } from "../../base/errors.ts";
import type { Network } from "../../network/index.ts";

export interface MeasuredLatency {
  /** Absent where it could not be measured. */
  readonly ms?: number;
  /** For the card: the figure with what it was measured on, or why there is none. */
  readonly text: string;
}

/** Returns the processor's name for figures that depend on it; empty where nobody knows it. */
export function processorName(): string {
  return (cpus()[0]?.model ?? "").trim();
}

/** Measures a network. Never throws: a card without a figure is still a card, and says why it has none. */
export async function measuredLatency(network: Network): Promise<MeasuredLatency> {
  try {
    const [{ openEngine }, { LATENCY_RUNS, measureLatency }] = await Promise.all([
      import("../../engines/index.ts"),
      import("../../study/measure-latency.ts"),
    ]);
    const { target } = await openEngine("native");
    const ms = await measureLatency(network);
    const where = [`native engine (${target})`, "1 thread", processorName()].filter((text) => text !== "").join(", ");
    return { ms, text: `${ms.toPrecision(3)} ms for one image, the median of ${LATENCY_RUNS}: ${where}` };
  } catch (error) {
    return { text: `not measured: ${messageOf(error).split("\n")[0] ?? ""}` };
  }
}
