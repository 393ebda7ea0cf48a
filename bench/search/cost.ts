/**
 * @file What a controller costs on NASNet's space: milliseconds of an ask and of the tells of its trial over the last 50 of 1,000 trials and of 10,000, how long it takes to replay
 * 10,000 stored trials up to the first ask, and how late this thread's loop is while a heavy controller thinks in its own. Costs are CPU time, so that other work on the
 * machine counts little (but for shared caches and cores); how late the loop is depends on it, so a loop that does nothing is measured beside.
 */
import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createRng } from "cellwright/base";
import {
  agingEvolution,
  agingFront,
  auto,
  expectedHypervolume,
  grid,
  hyperband,
  independentPolicy,
  localSearch,
  modelBased,
  nsga2,
  policyGradient,
  random,
  skipDuplicates,
  successiveHalving,
  tpe,
} from "cellwright/controllers";
import type { Controller, ControllerDefinition, ControllerEvent, Objective, Proposal } from "cellwright/search";
import { nasnet } from "cellwright/spaces";
import { hostController } from "../../src/study/controller-place.ts";
import { loadStudy, studyReference } from "../../src/study/load.ts";
import { judge, type Bench, type Verdict } from "./section.ts";
import { meanOf } from "./statistics.ts";

interface Contender {
  readonly definition: ControllerDefinition;
  /** Milliseconds that an ask with its tells may take at 1,000 trials, where a limit is set. */
  readonly limit?: number;
  /** What a trial is measured by; default accuracy alone. */
  readonly objectives?: readonly Objective[];
}

const ACCURACY: readonly Objective[] = [{ name: "accuracy", direction: "maximize" }];
const TWO: readonly Objective[] = [...ACCURACY, { name: "latencyMs", direction: "minimize" }];
const evolution = agingEvolution({ populationSize: 30, sampleSize: 10 });

const contenders: Readonly<Record<string, Contender>> = {
  random: { definition: random(), limit: 1 },
  grid: { definition: grid({ order: "scattered" }) },
  evolution: { definition: evolution, limit: 1 },
  "evolution without duplicates": { definition: skipDuplicates(evolution) },
  "local search": { definition: localSearch() },
  TPE: { definition: tpe() },
  REINFORCE: { definition: independentPolicy() },
  "REINFORCE, LSTM": { definition: policyGradient({ algorithm: "reinforce" }), limit: 20 },
  "PPO, LSTM": { definition: policyGradient(), limit: 20 },
  "model-based": { definition: modelBased(), limit: 200 },
  auto: { definition: auto() },
  "ASHA over random": { definition: successiveHalving(random()) },
  "Hyperband over random": { definition: hyperband(random()) },
  "NSGA-II": { definition: nsga2(), objectives: TWO },
  "aging front": { definition: agingFront(), objectives: TWO },
  "expected hypervolume": { definition: expectedHypervolume(), limit: 200, objectives: TWO },
};

const TRIALS = 1_000;
const GROWN = 10_000;
/** Trials over which a cost is a mean. */
const LAST = 50;
/** Of a replay of `GROWN` trials. */
const REPLAY_MS = 10_000;
/** How late the loop may be. */
const LATE_MS = 20;

const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0).padStart(6);
const cpuMs = (): number => process.cpuUsage().user / 1000;

/** Smooth functions of the genotype: something to learn, and something that pulls the other way. */
function valuesOf({ genotype }: Proposal, objectives: readonly Objective[]): readonly number[] {
  const values = Object.values(genotype);
  return objectives.map((_, index) =>
    meanOf(values.map((value, at) => (index === 0 ? Math.cos(value + at) : Math.sin(value + 2 * at)))),
  );
}

function eventsOf(number: number, proposal: Proposal, objectives: readonly Objective[]): readonly ControllerEvent[] {
  const trial = { number, proposal, state: "complete", values: valuesOf(proposal, objectives) } as const;
  return [
    { kind: "started", number, proposal },
    { kind: "finished", trial },
  ];
}

/** Random trials by the thousand: what a controller that asks slowly is told of, to have a history. */
function history(count: number, objectives: readonly Objective[]): readonly ControllerEvent[] {
  const rng = createRng("history");
  return Array.from({ length: count }, (_, number) =>
    eventsOf(number, { genotype: nasnet.sample(rng.fork(String(number))) }, objectives),
  ).flat();
}

interface Cost {
  readonly ask: number;
  readonly askAndTell: number;
  readonly slowest: number;
}

/** Asks and tells trials `from` to `from + LAST`. */
function drive(controller: Controller, from: number, objectives: readonly Objective[]): Cost {
  const asks: number[] = [];
  const both: number[] = [];
  for (let number = from; number < from + LAST; number++) {
    const before = cpuMs();
    const proposal = controller.ask(number);
    const between = cpuMs();
    if (typeof proposal === "string") break;
    const events = eventsOf(number, proposal, objectives);
    const told = cpuMs();
    for (const event of events) controller.tell(event);
    asks.push(between - before);
    both.push(between - before + cpuMs() - told);
  }
  return { ask: meanOf(asks), askAndTell: meanOf(both), slowest: Math.max(...both) };
}

/** Costs of one controller after so many trials; `replay` is that of all before them, with the first ask. */
function costAt(contender: Contender, trials: number): Cost & { readonly replay: number } {
  const { definition, objectives = ACCURACY } = contender;
  const controller = definition.create({ space: nasnet, objectives, rng: createRng(0) });
  const events = history(trials - LAST, objectives);
  const before = cpuMs();
  for (const event of events) controller.tell(event);
  controller.ask(trials - LAST);
  return { replay: cpuMs() - before, ...drive(controller, trials - LAST, objectives) };
}

interface Delay {
  readonly mean: number;
  readonly p99: number;
  readonly most: number;
}
const delayOf = (delay: IntervalHistogram): Delay => ({
  mean: delay.mean / 1e6,
  p99: delay.percentile(99) / 1e6,
  most: delay.max / 1e6,
});
const late = ({ mean, p99, most }: Delay): string =>
  `${ms(mean)} ms on average, ${ms(p99)} ms at the 99th percentile, ${ms(most)} ms at most`;

/** Asks in the thread and watches this one's loop; then one that does nothing for as long, since other work on the machine shows in both. */
async function delays(): Promise<{ readonly answerMs: number; readonly busy: Delay; readonly idle: Delay }> {
  const file = fileURLToPath(new URL("heavy-study.ts", import.meta.url));
  const reference = studyReference(file, {}, "heavyStudy");
  const host = await hostController(await loadStudy(reference), reference);
  const busy = monitorEventLoopDelay({ resolution: 1 });
  const events = history(TRIALS, ACCURACY);
  const began = performance.now();
  busy.enable();
  await host.tell(events);
  const asked: number[] = [];
  for (let number = TRIALS; number < TRIALS + LAST; number++) {
    const before = performance.now();
    const { answer } = await host.ask(number);
    asked.push(performance.now() - before);
    await host.tell(eventsOf(number, answer as Proposal, ACCURACY));
  }
  busy.disable();
  await host.close();
  const idle = monitorEventLoopDelay({ resolution: 1 });
  const took = performance.now() - began;
  idle.enable();
  await sleep(took);
  idle.disable();
  return { answerMs: meanOf(asked), busy: delayOf(busy), idle: delayOf(idle) };
}

/** Runs the section. It needs no seeds. */
export async function cost(bench: Bench): Promise<unknown> {
  const rows: unknown[] = [];
  const verdicts: Verdict[] = [];
  for (const [name, contender] of Object.entries(contenders)) {
    if (bench.controllers?.includes(name) === false) continue;
    const [at1000, at10000] = [costAt(contender, TRIALS), costAt(contender, GROWN)];
    for (const [trials, { ask, askAndTell, slowest, replay }] of [
      [TRIALS, at1000],
      [GROWN, at10000],
    ] as const)
      bench.print(
        `${name.padEnd(29)} at ${String(trials).padStart(6)} trials: ask ${ms(ask)}  ask and tell ${ms(askAndTell)}  slowest ${ms(slowest)} ms; replay ${ms(replay)} ms`,
      );
    if (contender.limit !== undefined)
      verdicts.push(
        judge(bench, `${name}, ms of an ask and tell at 1,000 trials`, at1000.askAndTell, "at most", contender.limit),
      );
    verdicts.push(judge(bench, `${name}, ms of replaying 10,000 trials`, at10000.replay, "at most", REPLAY_MS));
    rows.push({ controller: name, at1000, at10000 });
  }
  if (bench.controllers?.includes("model-based") === false) return { rows, verdicts };
  const loop = await delays();
  bench.print(
    `model-based in its thread answers after ${ms(loop.answerMs)} ms; this loop is late by ${late(loop.busy)}`,
  );
  bench.print(`a loop that does nothing for as long is late by ${late(loop.idle)}`);
  verdicts.push(judge(bench, "ms the loop is late, 99th percentile", loop.busy.p99, "at most", LATE_MS));
  return { rows, verdicts, loop };
}
