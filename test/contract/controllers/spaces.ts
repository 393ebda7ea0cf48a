/** @file Small spaces of every shape, for the laws of controllers: flat, numbers, conditional, cells, and one with nothing to decide in places. */
import { network } from "cellwright/network";
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

/** Networks of half a dozen nodes, some of which compute the same: decoded in microseconds, for what looks at them. */
export const tinyNetworks = defineSpace({
  name: "tiny-networks",
  version: 1,
  skeleton: {},
  decisions: {
    first: choice(["none", "conv", "pool"]),
    second: choice(["none", "conv", "pool"]),
    filters: choice([1, 2, 3]),
    skip: choice([false, true]),
  },
  decode: ({ first, second, filters, skip }) => ({
    network: network("tiny-networks", [4, 4, 3], (net) => {
      const stem = net.conv("stem", net.input, { filters, kernel: 1 });
      const layer = (id: string, kind: typeof first, x: typeof stem) =>
        kind === "none"
          ? x
          : kind === "conv"
            ? net.conv(id, x, { filters, kernel: 3 })
            : net.maxPool(id, x, { kernel: 3, stride: 1 });
      const body = layer("second", second, layer("first", first, stem));
      return net.dense("logits", net.globalAvgPool("pool", skip ? net.add("sum", [stem, body]) : body), { units: 2 });
    }),
  }),
});

export const spaces: readonly AnySpace[] = [flat, numbers, conditional, twoCells];
