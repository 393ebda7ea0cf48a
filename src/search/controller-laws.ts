/**
 * @file What every controller has to keep, as checks that any test runner can call on any controller, ours or a user's. Each runs
 * small simulated studies in which trials also fail and are pruned, and throws with the step at which the controller broke the law.
 */
import { canonicalJson } from "../base/canonical-json.ts";
import { CellwrightError } from "../base/errors.ts";
import { createRng, type Rng } from "../base/rng.ts";
import type { AnySpace } from "../space/space.ts";
import type { Controller, ControllerDefinition, ControllerEvent, Objective } from "./controller.ts";
import { simulate, type SimulatedOutcome, type SimulationStep } from "./simulate.ts";

export interface LawOptions {
  /** Trials of each simulated study: more than the controller needs to begin learning. Default 40. */
  readonly trials?: number;
  /** Trials in flight. Default 4. */
  readonly inFlight?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default: one, maximised. */
  readonly objectives?: readonly Objective[];
}

export interface ControllerLaw {
  readonly name: string;
  /** Throws `internal` where the controller breaks the law. */
  check(definition: ControllerDefinition, space: AnySpace, options?: LawOptions): void;
}

/** The laws, each a test of its own. */
export const controllerLaws: readonly ControllerLaw[] = [
  { name: "the same seed gives the same trials", check: checkSameSeed },
  { name: "every proposal is a valid genotype", check: checkValid },
  { name: "ask changes nothing", check: checkAskChangesNothing },
  { name: "a replay of the stored events goes on as the uninterrupted run, from every cut", check: checkReplay },
  { name: "what it is told is left as it is", check: checkEventsUntouched },
];

type Setup = Required<LawOptions> & { readonly definition: ControllerDefinition; readonly space: AnySpace };

function setUp(definition: ControllerDefinition, space: AnySpace, options: LawOptions = {}): Setup {
  const objectives: readonly Objective[] = [{ name: "score", direction: "maximize" }];
  return { trials: 40, inFlight: 4, seed: 0, objectives, ...options, definition, space };
}

function create({ definition, space, seed, objectives }: Setup): Controller {
  return definition.create({ space, objectives, rng: createRng(seed).fork("controller") });
}

/** One in ten fails, one in seven is pruned (half of those before any report), the others complete. */
function outcomeOf(rng: Rng, objectives: readonly Objective[]): SimulatedOutcome {
  const fate = rng.next();
  const values = objectives.map(() => rng.next());
  if (fate < 0.1) return { state: "failed", reason: "simulated" };
  if (fate < 0.17) return { state: "pruned" };
  if (fate < 0.24) return { state: "pruned", values };
  return { state: "complete", values };
}

function run(setup: Setup, controller: Controller): readonly SimulationStep[] {
  const rng = createRng(setup.seed).fork("study");
  return simulate(controller, {
    trials: setup.trials,
    inFlight: setup.inFlight,
    rng: rng.fork("order"),
    outcome: (number) => outcomeOf(rng.fork(`outcome/${number}`), setup.objectives),
  });
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new CellwrightError("internal", message);
}

function demandSame(wanted: unknown, got: unknown, when: string): void {
  demandText(canonicalJson(wanted), got, when);
}

/** Demands a value whose canonical JSON is `wanted`. The message is made only where it is needed: values are compared by the ten thousand. */
function demandText(wanted: string, got: unknown, when: string): void {
  const text = canonicalJson(got);
  if (text !== wanted) demand(false, `${when}: Expected ${wanted}. Received: ${text}.`);
}

function checkSameSeed(...args: Parameters<ControllerLaw["check"]>): void {
  const setup = setUp(...args);
  const first = run(setup, create(setup));
  const second = run(setup, create(setup));
  demandSame(first.length, second.length, "number of steps of the second run");
  first.forEach((step, index) => demandSame(step, second[index], `step ${index} of the second run`));
}

function checkValid(...args: Parameters<ControllerLaw["check"]>): void {
  const setup = setUp(...args);
  let proposals = 0;
  const measured = new Set<number>();
  for (const step of run(setup, create(setup))) {
    if (step.kind === "tell" && step.event.kind === "finished" && step.event.trial.state !== "failed")
      measured.add(step.event.trial.number);
    if (step.kind !== "ask" || typeof step.answer === "string") continue;
    proposals++;
    const problems = setup.space.validate(step.answer.genotype);
    const { epochs, continueFrom, repeat } = step.answer;
    demand(
      problems.length === 0,
      `proposal ${step.number}: ${problems.map((p) => `${p.path}  ${p.message}`).join(" ")}`,
    );
    demand(
      epochs === undefined || (Number.isSafeInteger(epochs) && epochs >= 1),
      `proposal ${step.number}: epochs  Expected a whole number of 1 or more. Received: ${epochs}.`,
    );
    demand(
      repeat === undefined || (Number.isSafeInteger(repeat) && repeat >= 1),
      `proposal ${step.number}: repeat  Expected a whole number of 1 or more. Received: ${repeat}.`,
    );
    demand(
      continueFrom === undefined || measured.has(continueFrom),
      `proposal ${step.number}: continueFrom  Expected the number of a trial that is complete or pruned. Received: ${continueFrom}.`,
    );
  }
  demand(proposals > 0, "Expected at least one proposal. Received: none.");
}

function checkAskChangesNothing(...args: Parameters<ControllerLaw["check"]>): void {
  const setup = setUp(...args);
  const steps = run(setup, create(setup));
  const pestered = create(setup);
  const rng = createRng(setup.seed).fork("pester");
  for (const [index, step] of steps.entries()) {
    // Numbers out of turn too: what is asked for one trial has no part in another.
    for (let i = rng.int(3); i > 0; i--) pestered.ask(rng.int(setup.trials + 5));
    if (step.kind === "tell") pestered.tell(step.event);
    else
      for (const time of ["first", "second"])
        demandSame(step.answer, pestered.ask(step.number), `step ${index}, asked a ${time} time`);
  }
}

function checkReplay(...args: Parameters<ControllerLaw["check"]>): void {
  const setup = setUp(...args);
  // Quadratic in the steps: what is the same for every cut is made once. (That a controller leaves events as they are is a law of its own.)
  const steps = run(setup, create(setup)).map((step) =>
    step.kind === "tell" ? { ...step, event: stored(step.event) } : { ...step, text: canonicalJson(step.answer) },
  );
  // Cuts differ by the asks that come before them: one right before each ask, and one after the last, are all there are.
  const cuts = [...steps.keys(), steps.length].filter((cut) => steps[cut]?.kind !== "tell");
  for (const cut of cuts) {
    const resumed = create(setup);
    for (const [index, step] of steps.entries()) {
      if (step.kind === "tell") resumed.tell(step.event);
      else if (index >= cut) demandText(step.text, resumed.ask(step.number), `cut at step ${cut}: step ${index}`);
    }
  }
}

function checkEventsUntouched(...args: Parameters<ControllerLaw["check"]>): void {
  const setup = setUp(...args);
  const controller = create(setup);
  for (const step of run(setup, create(setup))) {
    if (step.kind !== "tell") continue;
    const event = stored(step.event);
    controller.tell(event);
    demandSame(step.event, event, "event after telling");
  }
}

/** As an event comes back from a database. */
function stored(event: ControllerEvent): ControllerEvent {
  return JSON.parse(JSON.stringify(event)) as ControllerEvent;
}
