/** @file A study of NASNet's space whose controller is heavy, as the controller's thread loads it. It is never run. */
import { defineStudy } from "cellwright";
import { modelBased } from "cellwright/controllers";
import { functional } from "cellwright/evaluators";
import { nasnet } from "cellwright/spaces";

export const heavyStudy = defineStudy({
  space: nasnet,
  controller: modelBased(),
  evaluator: functional("none", () => 0),
});
