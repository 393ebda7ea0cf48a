/**
 * @file What running many trials at once costs in quality: 200 trials with 8 and 64 in flight, finishing in random order, against one at a time. The mean over seeds of
 * the best 12-epoch validation accuracy on CIFAR-10; a trial that repeats a row counts like any other.
 */
import { contenders } from "./contenders.ts";
import { reachedAfter, search } from "./problem.ts";
import { problem } from "./runs.ts";
import type { Bench } from "./section.ts";
import { estimateOf, written } from "./statistics.ts";

const TRIALS = 200;
const IN_FLIGHT = [1, 8, 64] as const;

/** Runs the section. */
export async function workers(bench: Bench): Promise<unknown> {
  const own = await problem("c10", "val_12");
  const rows: unknown[] = [];
  for (const controller of bench.controllers ?? Object.keys(contenders)) {
    if (controller === "auto") continue;
    const seeds = bench.seedsOf(controller);
    const [alone = [], ...others] = IN_FLIGHT.map((inFlight) =>
      seeds.map((seed) => {
        const options = { seed, queries: TRIALS, iso: false, inFlight, trials: TRIALS };
        return reachedAfter(own, search(contenders[controller]!, own, options), TRIALS).reached;
      }),
    );
    const losses = others.map((results, index) => ({
      inFlight: IN_FLIGHT[index + 1]!,
      ...estimateOf(results.map((result, at) => alone[at]! - result)),
    }));
    const text = losses.map((loss) => `at ${loss.inFlight} ${written(loss)}`).join(", ");
    bench.print(`${controller.padEnd(20)} one at a time ${written(estimateOf(alone))}; loss ${text}`);
    rows.push({ controller, seeds: seeds.length, alone: estimateOf(alone), losses });
  }
  return { rows };
}
