/** @file A space with every fault that `space check` looks for, each in a place of its own. */
import { network, type Network } from "../../src/network/index.ts";
import { choice, defineSpace, int, type Declarations } from "../../src/space/index.ts";

/** Makes a tiny space of decisions; `decode` turns them to the filters of two layers. */
export function tinySpace(
  decisions: Declarations,
  filters: (choices: never) => readonly [number, number],
  name = "tiny",
) {
  return defineSpace({
    name,
    version: 1,
    skeleton: { classes: 10 },
    decisions,
    decode(choices, skeleton): { network: Network } {
      const [a, b] = filters(choices as never);
      return {
        network: network(name, [4, 4, 3], (net) => {
          const x = net.conv("stem", net.input, { filters: a, kernel: 1, bias: true });
          const y = net.conv("mid", net.activate("act", x), { filters: b, kernel: 1, bias: true });
          return net.dense("logits", net.globalAvgPool("pool", y), { units: skeleton.classes });
        }),
      };
    },
  });
}

interface OddChoices {
  readonly a: number;
  readonly kind:
    | { readonly kind: "plain" }
    | { readonly kind: "wide"; readonly b: number }
    | { readonly kind: "broken" };
}

/** `twin` and `kind.wide.deaf` change nothing, `only` has one value, `kind.broken` never decodes, so that `kind.broken.lost` is out of reach. */
export const oddSpace = tinySpace(
  {
    a: int(1, 9, { doc: "filters of the stem" }),
    twin: choice(["x", "y"]),
    only: choice(["one"]),
    kind: choice({
      plain: {},
      wide: { b: int(2, 4), deaf: choice([1, 2]) },
      broken: { lost: choice([1, 2]) },
    }),
  },
  ({ a, kind }: OddChoices) => {
    if (kind.kind === "broken") throw new Error("no such network");
    return [a, kind.kind === "wide" ? 10 * kind.b : 1];
  },
  "odd",
);
