/** What a TypeScript user relies on: inference through the published declarations, with mistakes caught. */
import { type AskedTrial, defineStudy, maximize, openStudy, type StudyEvent } from "cellwright";
import { createRng } from "cellwright/base";
import { agingEvolution, policyGradient, random } from "cellwright/controllers";
import { synthetic } from "cellwright/data";
import { type Engine, openEngine } from "cellwright/engines";
import { cifar10, functional, proxyTraining } from "cellwright/evaluators";
import { costOf, type Network, network } from "cellwright/network";
import type { Controller } from "cellwright/search";
import { choice, defineSpace, int } from "cellwright/space";
import { nasnet } from "cellwright/spaces";
import { recipes } from "cellwright/training";

const space = defineSpace({
  name: "typed",
  version: 1,
  skeleton: { classes: 10 },
  decisions: {
    filters: int(4, 16),
    activation: choice(["relu", "swish"]),
    extra: choice({ no: {}, yes: { units: int(1, 8) } }),
  },
  decode({ filters, activation, extra }, skeleton) {
    // @ts-expect-error not an option
    void (activation === "swich");
    // @ts-expect-error only there where `extra` is `yes`
    void extra.units;
    const net: Network = network("typed", [8, 8, 3], (b) => {
      // @ts-expect-error a convolution has filters
      b.conv("wrong", b.input, { kernel: 3 });
      const x = b.activate("act", b.conv("stem", b.input, { filters, kernel: 3 }), activation);
      return b.dense("logits", b.globalAvgPool("pool", x), { units: skeleton.classes });
    });
    return { network: net };
  },
});

const decoded: Network = space.decode(space.sample(createRng(1)), { classes: 3 }).network;
const params: number = costOf(decoded).params;
// @ts-expect-error no such key in the skeleton
space.decode({}, { clases: 3 });
const cells: Network = nasnet.decode(nasnet.sample(createRng(2)), { filters: 8 }).network;

export const study = defineStudy({
  space,
  controller: agingEvolution({ populationSize: 10, sampleSize: 3 }),
  evaluator: proxyTraining({ data: cifar10({ train: 1000, validation: 200 }), epochs: 2 }),
  objectives: [maximize("accuracy")],
  budget: { trials: 10 },
});
// @ts-expect-error a study has a space
defineStudy({ controller: random(), evaluator: functional("f", () => 1) });
// @ts-expect-error epochs are a number
proxyTraining({ data: synthetic(), epochs: "2" });
// @ts-expect-error no such engine
void openEngine("cuda");

export async function search(): Promise<readonly number[]> {
  const engine: Engine = await openEngine("auto");
  const opened = await openStudy({ mode: "create", definition: study });
  const asked: AskedTrial | "wait" | "done" = await opened.ask();
  if (typeof asked === "object") await opened.tell(asked.number, { accuracy: 0.5 });
  const numbers: number[] = [params, costOf(cells).params, engine.name.length, Object.keys(recipes).length];
  for await (const event of opened.run()) {
    const seen: StudyEvent = event;
    if (seen.kind === "trial-finished") numbers.push(seen.trial.number);
    // @ts-expect-error only a finished trial says so
    void seen.isBest;
  }
  return numbers;
}

const controller: Controller = policyGradient().create({
  space,
  rng: createRng(3),
  objectives: [maximize("accuracy")],
});
void controller.ask(0);
