/** A study in plain JavaScript. */
import { defineStudy } from "cellwright";
import { random } from "cellwright/controllers";
import { functional } from "cellwright/evaluators";
import { costOf, network } from "cellwright/network";
import { defineSpace, int } from "cellwright/space";

const space = defineSpace({
  name: "plain",
  version: 1,
  skeleton: {},
  decisions: { filters: int(1, 64) },
  decode: ({ filters }) => ({
    network: network("plain", [4, 4, 3], (net) => {
      const x = net.conv("stem", net.input, { filters, kernel: 1 });
      return net.dense("logits", net.globalAvgPool("pool", x), { units: 2 });
    }),
  }),
});

export default defineStudy({
  name: "plain",
  space,
  controller: random(),
  evaluator: functional(
    "few-params",
    (candidate) => ({ score: 1 / costOf(candidate.network).params, pid: process.pid }),
    {
      measures: ["score"],
    },
  ),
  budget: { trials: 6 },
  workers: 2,
});
