/**
 * @file What a controller costs on NASNet's space: milliseconds of an ask and of the tells of its trial, the updates of the policy spread
 * over the trials, in the first 1,000 trials. CPU time, so that other work on the machine counts little. After `npm run build`:
 * `npx jiti bench/controllers.ts`. The aim is under 20 ms in all, next to trials of seconds to hours.
 */
import {
  agingEvolution,
  localSearch,
  modelBased,
  policyGradient,
  random,
  skipDuplicates,
} from "cellwright/controllers";
import { createRng } from "cellwright/base";
import { nasnet } from "cellwright/spaces";

const TRIALS = 1000;
const objectives = [{ name: "accuracy", direction: "maximize" }] as const;
const subjects = [
  random(),
  agingEvolution(),
  skipDuplicates(agingEvolution()),
  localSearch(),
  policyGradient({ algorithm: "reinforce" }),
  policyGradient(),
  modelBased(),
];

for (const definition of subjects) {
  const controller = definition.create({ space: nasnet, objectives, rng: createRng(0) });
  const rng = createRng("bench");
  const now = (): number => process.cpuUsage().user / 1000;
  let [asks, tells, slowest] = [0, 0, 0];
  for (let number = 0; number < TRIALS; number++) {
    const before = now();
    const proposal = controller.ask(number);
    const between = now();
    if (typeof proposal === "string") break;
    controller.tell({ kind: "started", number, proposal });
    controller.tell({ kind: "finished", trial: { number, proposal, state: "complete", values: [rng.next()] } });
    const after = now();
    asks += between - before;
    tells += after - between;
    slowest = Math.max(slowest, after - between);
  }
  const ms = (value: number): string => value.toFixed(2).padStart(8);
  process.stdout.write(
    `${definition.name.padEnd(36)} ask ${ms(asks / TRIALS)} ms  tell ${ms(tells / TRIALS)} ms  slowest tell ${ms(slowest)} ms\n`,
  );
}
