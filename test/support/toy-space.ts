/** @file A small space whose networks are tiny, for tests of the machinery. */
import { network, type Network } from "../../src/network/index.ts";
import { choice, defineSpace, int } from "../../src/space/index.ts";

/** 9 x 9 x 3 genotypes; `twin` does not change the network, so genotypes that differ in it alone are duplicates. */
export const toySpace = defineSpace({
  name: "toy",
  version: 1,
  skeleton: { classes: 10 },
  decisions: { a: int(1, 9), b: int(1, 9), twin: choice(["x", "y", "z"]) },
  decode({ a, b }, skeleton): { network: Network } {
    return {
      network: network("toy", [4, 4, 3], (net) => {
        let x = net.conv("stem", net.input, { filters: a, kernel: 1, bias: true });
        x = net.activate("act", x);
        x = net.conv("mid", x, { filters: b, kernel: 1, bias: true });
        return net.dense("logits", net.globalAvgPool("pool", x), { units: skeleton.classes });
      }),
    };
  },
});
