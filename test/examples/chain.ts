/** @file The README's space. */
import { network } from "cellwright/network";
import { choice, defineSpace, int } from "cellwright/space";

export default defineSpace({
  name: "chain",
  version: 1,
  skeleton: { input: [32, 32, 3], classes: 10 },
  decisions: { depth: int(2, 6), filters: int(8, 32, { step: 8 }), activation: choice(["relu", "swish"]) },
  decode({ depth, filters, activation }, skeleton) {
    return {
      network: network("chain", skeleton.input, (net) => {
        let x = net.input;
        for (let layer = 0; layer < depth; layer++) {
          x = net.conv(`layer${layer}/conv`, x, { filters, kernel: 3, stride: layer % 2 === 1 ? 2 : 1 });
          x = net.activate(`layer${layer}/act`, net.batchNorm(`layer${layer}/bn`, x), activation);
        }
        return net.dense("logits", net.globalAvgPool("pool", x), { units: skeleton.classes });
      }),
    };
  },
});
