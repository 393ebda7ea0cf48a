/** @file The canonical id on graphs made to try it: sharing, twins, rings that refinement alone can't tell apart, channel order, zeros. */
import { describe, expect, it } from "vitest";
import {
  activationNames,
  canonicalId,
  costOf,
  network,
  type ActivationName,
  type Network,
  type NetworkBuilder,
  type Tensor,
} from "../../../src/network/index.ts";

type Make = (net: NetworkBuilder) => Tensor;

function idOf(make: Make, shape: readonly [number, number, number] = [6, 6, 4]): string {
  return canonicalId(
    network("n", shape, (net) => net.dense("dense", net.globalAvgPool("pool", make(net)), { units: 2 })),
  );
}

const conv = (net: NetworkBuilder, id: string, x: Tensor): Tensor => net.conv(id, x, { filters: 4, kernel: 3 });

describe("weights and sharing", () => {
  const shared: Make = (n) => {
    const a = conv(n, "a", n.input);
    return n.add("sum", [a, a]);
  };
  const twins: Make = (n) => n.add("sum", [conv(n, "a", n.input), conv(n, "b", n.input)]);

  it("tells one convolution used twice from two convolutions", () => {
    expect(idOf(shared)).not.toBe(idOf(twins));
  });

  it("takes a pure operation repeated on one tensor for one", () => {
    const once: Make = (n) => {
      const a = n.activate("a", n.input);
      return n.add("sum", [conv(n, "c", a), conv(n, "d", a)]);
    };
    const twice: Make = (n) =>
      n.add("sum", [conv(n, "c", n.activate("a", n.input)), conv(n, "d", n.activate("b", n.input))]);
    expect(idOf(once)).toBe(idOf(twice));
  });

  it("does not take two masks on one tensor for one", () => {
    const once: Make = (n) => {
      const a = n.dropPath("a", n.input, 0.5);
      return n.add("sum", [a, a]);
    };
    const twice: Make = (n) => n.add("sum", [n.dropPath("a", n.input, 0.5), n.dropPath("b", n.input, 0.5)]);
    expect(idOf(once)).not.toBe(idOf(twice));
  });
});

describe("graphs that neighbourhoods alone can't tell apart", () => {
  /** Convolutions in rings: each sum reads two neighbours. All nodes look alike from within any number of steps. */
  const rings =
    (order: readonly number[], ...sizes: readonly number[]): Make =>
    (net) => {
      const count = sizes.reduce((a, b) => a + b);
      const members = new Map(order.map((label) => [label, conv(net, `conv${label}`, net.input)]));
      const sums: Tensor[] = [];
      let start = 0;
      for (const size of sizes) {
        for (let i = 0; i < size; i++) {
          const [a, b] = [start + i, start + ((i + 1) % size)].map((at) => members.get(order[at] as number) as Tensor);
          sums.push(net.activate(`act${start + i}`, net.add(`sum${start + i}`, [a as Tensor, b as Tensor]), "tanh"));
        }
        start += size;
      }
      expect(sums.length).toBe(count);
      return net.add("all", sums);
    };
  const straight = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
  const mixed = [7, 2, 11, 0, 9, 4, 1, 6, 3, 10, 5, 8];

  it("tells a ring of six from two of three", () => {
    expect(idOf(rings(straight.slice(0, 6), 6))).not.toBe(idOf(rings(straight.slice(0, 6), 3, 3)));
  });

  it("tells 6 + 3 + 3 from 4 + 4 + 4 and from 12, however numbered", () => {
    const ids = [[6, 3, 3], [4, 4, 4], [12], [5, 7]].map((sizes) => {
      const id = idOf(rings(straight, ...sizes));
      expect(idOf(rings(mixed, ...sizes.toReversed()))).toBe(id);
      return id;
    });
    expect(new Set(ids).size).toBe(4);
  });
});

describe("order of channels", () => {
  const pair = (n: NetworkBuilder): [Tensor, Tensor] => [
    conv(n, "a", n.input),
    n.maxPool("b", n.input, { kernel: 3, stride: 1 }),
  ];
  const concat =
    (isSwapped: boolean, then: (n: NetworkBuilder, x: Tensor) => Tensor): Make =>
    (n) => {
      const [a, b] = pair(n);
      return then(n, n.concat("cat", isSwapped ? [b, a] : [a, b]));
    };
  const swapsFreely = (then: (n: NetworkBuilder, x: Tensor) => Tensor): boolean =>
    idOf(concat(false, then)) === idOf(concat(true, then));

  it("does not matter before a full convolution or a dense layer, through channelwise operations", () => {
    expect(swapsFreely((_, x) => x)).toBe(true);
    expect(swapsFreely((n, x) => conv(n, "c", n.activate("act", n.batchNorm("bn", x))))).toBe(true);
    expect(
      swapsFreely((n, x) => n.conv("pw", n.depthwiseConv("dw", x, { kernel: 3 }), { filters: 2, kernel: 1 })),
    ).toBe(true);
    expect(swapsFreely((n, x) => n.concat("cat2", [x, n.input]))).toBe(true);
  });

  it("does not matter in sums and products whose other terms can follow", () => {
    const eight = (n: NetworkBuilder): Tensor => n.conv("eight", n.input, { filters: 8, kernel: 1 });
    expect(swapsFreely((n, x) => n.add("sum", [x, eight(n)]))).toBe(true);
    expect(swapsFreely((n, x) => n.multiply("product", x, eight(n)))).toBe(true);
    expect(swapsFreely((n, x) => n.add("sum", [x, n.conv("c", x, { filters: 8, kernel: 1 })]))).toBe(true);
    expect(swapsFreely((n, x) => n.multiply("gate", x, n.globalAvgPool("squeeze", eight(n))))).toBe(true);
  });

  it("matters in sums with what cannot: an image, a second concatenation", () => {
    const twice = (n: NetworkBuilder): Tensor => n.concat("twice", [n.input, n.avgPool("p", n.input, { kernel: 3 })]);
    expect(swapsFreely((n, x) => n.add("sum", [x, twice(n)]))).toBe(false);
    expect(swapsFreely((n, x) => n.add("sum", [n.concat("cat2", [x, n.input]), n.concat("cat3", [n.input, x])]))).toBe(
      false,
    );
    const onImage = (isSwapped: boolean): string =>
      idOf((n) => {
        const [a, b] = [1, 2].map((i) => n.conv(`half${i}`, n.input, { filters: 2, kernel: i }));
        const halves = [a as Tensor, b as Tensor];
        return n.add("sum", [n.concat("cat", isSwapped ? halves.toReversed() : halves), n.input]);
      });
    expect(onImage(true)).not.toBe(onImage(false));
  });

  it("matters before a grouped convolution, and where channels are neighbours", () => {
    expect(swapsFreely((n, x) => n.conv("g", x, { filters: 4, kernel: 1, groups: 2 }))).toBe(false);
    expect(swapsFreely((n, x) => n.localResponseNorm("lrn", x, { size: 3 }))).toBe(false);
    expect(swapsFreely((n, x) => n.channelShuffle("shuffle", x, 2))).toBe(false);
    expect(swapsFreely((n, x) => n.channelSlice("slice", x, { first: 0, count: 4 }))).toBe(false);
  });

  it("matters if one of several readers minds", () => {
    const shuffled = (n: NetworkBuilder, x: Tensor): Tensor =>
      n.add("sum", [n.channelShuffle("shuffle", x, 2), n.conv("c", x, { filters: 8, kernel: 1 })]);
    expect(swapsFreely(shuffled)).toBe(false);
  });
});

describe("dead branches", () => {
  const make = (isDead: boolean): Network =>
    network("n", [6, 6, 4], (n) => {
      const x = conv(n, "c", n.input);
      if (isDead) n.batchNorm("dead/bn", conv(n, "dead/conv", x));
      return n.dense("dense", n.globalAvgPool("pool", x), { units: 2 });
    });

  it("make no difference to the id, and are decoded, sized and kept as written", () => {
    const dead = make(true);
    const before = structuredClone(dead);
    expect(canonicalId(dead)).toBe(canonicalId(make(false)));
    expect(dead).toEqual(before);
    // 3 x 3 x 4 x 4 of the convolution, 4 gammas and 4 betas.
    expect(costOf(dead).params - costOf(make(false)).params).toBe(144 + 8);
    expect(costOf(dead).macs - costOf(make(false)).macs).toBe(36 * 144);
  });
});

describe("what changes nothing", () => {
  const plain: Make = (n) => conv(n, "c", n.input);
  it("drops masks of rate 0, 1x1 pools of stride 1, whole slices and empty frames", () => {
    const padded: Make = (n) => {
      let x = n.dropout("a", n.input, 0);
      x = n.dropPath("b", x, 0);
      x = n.maxPool("d", x, { kernel: 1 });
      x = n.channelShuffle("g", n.channelShuffle("h", x, 1), 4);
      x = n.channelSlice("j", n.adaptiveAvgPool("i", x, 6), { first: 0, count: 4 });
      x = n.slice("e", x, { top: 0, left: 0, height: 6, width: 6 });
      return conv(n, "c", n.pad("f", x, { top: 0, bottom: 0, left: 0, right: 0 }));
    };
    expect(idOf(padded)).toBe(idOf(plain));
  });

  it("takes an adaptive pool for the window that has the same bins, where there is one", () => {
    const adaptive: Make = (n) => conv(n, "c", n.adaptiveMaxPool("p", n.input, [3, 2]));
    const window: Make = (n) => conv(n, "c", n.maxPool("p", n.input, { kernel: [2, 3], stride: [2, 3] }));
    expect(idOf(adaptive)).toBe(idOf(window));
    // Three rows do not divide five.
    expect(idOf(adaptive, [5, 6, 4])).not.toBe(idOf(window, [5, 6, 4]));
    const mean: Make = (n) => conv(n, "c", n.adaptiveAvgPool("p", n.input, [3, 2]));
    expect(idOf(mean)).not.toBe(idOf(adaptive));
  });

  it("drops zeros from a sum, and what only a zero leads to", () => {
    const withZero: Make = (n) => {
      const zeros = n.activate("act", n.conv("lost", n.zero("z", n.input), { filters: 4, kernel: 3 }));
      return n.add("sum", [conv(n, "c", n.input), zeros]);
    };
    expect(idOf(withZero)).toBe(idOf(plain));
    const biased: Make = (n) => {
      const notZero = n.conv("bias", n.zero("z", n.input), { filters: 4, kernel: 3, bias: true });
      return n.add("sum", [conv(n, "c", n.input), notZero]);
    };
    expect(idOf(biased)).not.toBe(idOf(plain));
    // sigmoid(0) and hsigmoid(0) are a half; tanh(0), swish(0) and the like are 0.
    const activated =
      (fn: ActivationName): Make =>
      (n) =>
        n.add("sum", [conv(n, "c", n.input), n.activate("act", n.zero("z", n.input), fn)]);
    for (const fn of activationNames) {
      const givesHalf = fn === "sigmoid" || fn === "hsigmoid";
      expect(idOf(activated(fn)) === idOf(plain), fn).toBe(!givesHalf);
    }
  });

  it("takes named and explicit padding of one geometry for one, and ignores the dilation of a 1x1 kernel", () => {
    const explicit: Make = (n) =>
      n.conv("c", n.input, { filters: 4, kernel: 3, padding: { top: 1, bottom: 1, left: 1, right: 1 } });
    expect(idOf(explicit)).toBe(idOf(plain));
    const dilated = (dilation: number, kernel: number): string =>
      idOf((n) => n.conv("c", n.input, { filters: 4, kernel, dilation }));
    expect(dilated(2, 1)).toBe(dilated(1, 1));
    expect(dilated(2, 3)).not.toBe(dilated(1, 3));
  });

  it("keeps the image's shape, the order of a broadcast product and the roles of the outputs apart", () => {
    expect(idOf(plain, [6, 7, 4])).not.toBe(idOf(plain, [7, 6, 4]));
    const heads = (isSwapped: boolean): string =>
      canonicalId(
        network("n", [4, 4, 2], (n) => {
          const a = n.dense("a", n.flatten("f", n.input), { units: 2 });
          const b = n.dense("b", n.globalAvgPool("p", n.input), { units: 2 });
          return isSwapped ? { logits: b, auxiliary: a } : { logits: a, auxiliary: b };
        }),
      );
    expect(heads(true)).not.toBe(heads(false));
  });
});
