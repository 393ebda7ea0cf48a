/**
 * @file Random search: every trial drawn from the space, none learned from. The baseline that any other controller has to beat
 * (Li and Talwalkar, "Random Search and Reproducibility for Neural Architecture Search", arXiv 1902.07638).
 */
import { resolveOptions, type ControllerDefinition } from "cellwright/search";

/** Returns random search: at each decision every option as likely. Takes no options. O(decisions) an ask. */
export function random(options: Readonly<Record<string, never>> = {}): ControllerDefinition {
  return {
    name: "random search",
    options: resolveOptions<Record<string, never>>("random", options, {}),
    create: ({ space, rng }) => ({
      ask: (number) => ({ genotype: space.sample(rng.fork(`ask/${number}`)) }),
      tell() {},
    }),
  };
}
