/** @file Small spaces of every shape, for the laws of controllers: flat, numbers, conditional, cells, and one with nothing to decide in places. */
import { cells, choice, defineSpace, float, int, type AnySpace } from "cellwright/space";

const decode = () => ({ network: undefined });

export const flat = defineSpace({
  name: "flat",
  version: 1,
  skeleton: {},
  decisions: {
    a: choice(["x", "y", "z"]),
    b: choice([1, 2]),
    c: choice([true, false]),
    d: choice(["p", "q", "r", "s"]),
  },
  decode,
});

export const numbers = defineSpace({
  name: "numbers",
  version: 1,
  skeleton: {},
  decisions: {
    filters: int(16, 48, { step: 16 }),
    /** More values than a policy has levels. */
    units: int(3, 1003),
    learningRate: float(0.001, 0.3, { scale: "log" }),
    dropout: float(0, 0.5),
    fixed: int(7, 7),
  },
  decode,
});

export const conditional = defineSpace({
  name: "conditional",
  version: 1,
  skeleton: {},
  decisions: {
    attention: choice({
      none: {},
      squeeze: { ratio: choice([0.25, 0.5]), place: choice({ in: {}, out: { width: int(1, 4) } }) },
    }),
    activation: choice(["relu", "swish"]),
  },
  decode,
});

export const twoCells = defineSpace({
  name: "two-cells",
  version: 1,
  skeleton: {},
  decisions: {
    normal: cells({ blocks: 2, operations: { identity: 0, sep3: 0, max3: 0 }, combiners: ["add", "concat"] }),
    reduction: cells({ blocks: 3, operations: { identity: 0, sep3: 0, max3: 0 } }),
    activation: choice(["relu", "swish"]),
  },
  decode,
});

export const spaces: readonly AnySpace[] = [flat, numbers, conditional, twoCells];
