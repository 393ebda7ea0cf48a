/**
 * @file What a controller costs on NASNet's space, after `npm run build`: `npm run bench:controllers`. Options: `--trials 1000`, `--growth 10000` (0 for
 * none), `--controllers "model-based,evolution"`.
 *
 * 1. Milliseconds of an ask and of the tells of its trial over the last 50 of `--trials`, mean and slowest; the same after `--growth` trials. CPU time, so that
 *    other work on the machine counts little (but for shared caches and cores). The aim is below 200 ms for the model-based one, 20 ms for others.
 * 2. A replay of `--growth` stored trials and the first ask after it. The aim is 10 s.
 * 3. How long this thread's loop is held up (perf_hooks) while a controller that is heavy is asked and told in its thread. The aim is 20 ms.
 *
 * What running many trials at once costs in quality is in `npm run bench:search -- --only workers`.
 */
import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createRng } from "cellwright/base";
import type { Controller, ControllerDefinition, ControllerEvent, Proposal } from "cellwright/search";
import { nasnet } from "cellwright/spaces";
import { hostController } from "../src/study/controller-place.ts";
import { loadStudy, studyReference } from "../src/study/load.ts";
import { contenders } from "./controllers/contenders.ts";
import { meanOf } from "./search/statistics.ts";

const { values: options } = parseArgs({
  options: {
    trials: { type: "string", default: "1000" },
    growth: { type: "string", default: "10000" },
    controllers: { type: "string", default: Object.keys(contenders).join(",") },
  },
});
const [trials, growth] = [Number(options.trials), Number(options.growth)];
const LAST = 50;
const objectives = [{ name: "accuracy", direction: "maximize" }] as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0).padStart(6);
const cpuMs = (): number => process.cpuUsage().user / 1000;

/** A smooth function of the genotype with some noise: something to learn. */
function valueOf({ genotype }: Proposal): number {
  const values = Object.values(genotype);
  return values.reduce((sum, value, index) => sum + Math.cos(value + index), 0) / values.length;
}

function eventsOf(number: number, proposal: Proposal): readonly ControllerEvent[] {
  return [
    { kind: "started", number, proposal },
    { kind: "finished", trial: { number, proposal, state: "complete", values: [valueOf(proposal)] } },
  ];
}

/** Random trials by the thousand: what a controller that asks slowly is told of, to have a history. */
function history(count: number): readonly ControllerEvent[] {
  const rng = createRng("history");
  return Array.from({ length: count }, (_, number) => {
    const genotype = nasnet.sample(rng.fork(String(number)));
    return eventsOf(number, { genotype });
  }).flat();
}

const create = (definition: ControllerDefinition): Controller =>
  definition.create({ space: nasnet, objectives, rng: createRng(0) });

/** Asks and tells trials `from` to `from + count`, and says what that costs. */
function drive(controller: Controller, from: number, count: number): string {
  const costs: number[] = [];
  let asks = 0;
  for (let number = from; number < from + count; number++) {
    const before = cpuMs();
    const proposal = controller.ask(number);
    const between = cpuMs();
    if (typeof proposal === "string") break;
    for (const event of eventsOf(number, proposal)) controller.tell(event);
    asks += between - before;
    costs.push(cpuMs() - before);
  }
  const slowest = costs.reduce((a, b) => Math.max(a, b), 0);
  return `ask ${ms(asks / costs.length)}  ask and tell ${ms(meanOf(costs))}  slowest ${ms(slowest)} ms`;
}

function reportCost(name: string, definition: ControllerDefinition): void {
  for (const count of new Set([trials, growth])) {
    if (count === 0) continue;
    const controller = create(definition);
    const events = history(count - LAST);
    const before = cpuMs();
    for (const event of events) controller.tell(event);
    const told = cpuMs() - before;
    controller.ask(count - LAST);
    const first = cpuMs() - before - told;
    print(
      `${name.padEnd(26)} at ${String(count).padStart(6)} trials  ${drive(controller, count - LAST, LAST)}  replay ${ms(told)}, first ask ${ms(first)} ms`,
    );
  }
}

const late = (delay: IntervalHistogram): string =>
  `${ms(delay.mean / 1e6)} ms on average, ${ms(delay.percentile(99) / 1e6)} ms at the 99th percentile, ${ms(delay.max / 1e6)} ms at most`;

/** Asks in the thread and watches this one's loop; beside it, how late a loop is that does nothing: other work on the machine shows in both. */
async function reportDelay(): Promise<void> {
  const reference = studyReference(
    fileURLToPath(new URL("controllers/heavy-study.ts", import.meta.url)),
    {},
    "heavyStudy",
  );
  const host = await hostController(await loadStudy(reference), reference);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const events = history(trials);
  const began = performance.now();
  delay.enable();
  await host.tell(events);
  const asked: number[] = [];
  for (let number = trials; number < trials + LAST; number++) {
    const before = performance.now();
    const { answer } = await host.ask(number);
    asked.push(performance.now() - before);
    await host.tell(eventsOf(number, answer as Proposal));
  }
  delay.disable();
  await host.close();
  const took = performance.now() - began;
  print(`model-based in its thread: an answer after ${ms(meanOf(asked))} ms; this loop is late by ${late(delay)}`);
  const idle = monitorEventLoopDelay({ resolution: 1 });
  idle.enable();
  await sleep(took);
  idle.disable();
  print(`a loop that does nothing for as long is late by ${late(idle)}`);
}

const names = options.controllers.split(",");
for (const name of names) {
  const definition = contenders[name];
  if (definition === undefined)
    throw new Error(`Expected one of ${Object.keys(contenders).join(", ")}. Received: ${name}.`);
  reportCost(name, definition);
}
await reportDelay();
