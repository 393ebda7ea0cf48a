/** @file A study of a space of one's own: the guide's. */
import { defineStudy } from "cellwright";
import { proxyTraining, synthetic } from "cellwright/evaluators";
import space from "./own-cells.ts";

export default defineStudy({
  space,
  evaluator: proxyTraining({ data: synthetic({ train: 1_000, validation: 500 }), epochs: 2 }),
  budget: { trials: 20 },
});
