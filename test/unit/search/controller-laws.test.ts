/** @file The laws catch what breaks them: for each, a controller that a person might well write. */
import {
  controllerLaws,
  simulate,
  type Controller,
  type ControllerContext,
  type ControllerDefinition,
} from "cellwright/search";
import { createRng } from "cellwright/base";
import type { Genotype } from "cellwright/space";
import { describe, expect, it } from "vitest";
import { flat } from "../../contract/controllers/spaces.ts";

function defined(create: (context: ControllerContext) => Controller): ControllerDefinition {
  return { name: "broken", options: {}, create };
}

function broken(definition: ControllerDefinition): readonly string[] {
  return controllerLaws
    .filter((law) => {
      try {
        law.check(definition, flat);
        return false;
      } catch {
        return true;
      }
    })
    .map(({ name }) => name);
}

const SAME_SEED = "the same seed gives the same trials";
const VALID = "every proposal is a valid genotype";
const ASK = "ask changes nothing";
const REPLAY = "a replay of the stored events goes on as the uninterrupted run, from every cut";
const UNTOUCHED = "what it is told is left as it is";

describe("controllerLaws", () => {
  it("finds nothing wrong with a controller that keeps them", () => {
    const definition = defined(({ space, rng }) => ({
      ask: (number) => ({ genotype: space.sample(rng.fork(`ask/${number}`)) }),
      tell() {},
    }));
    expect(broken(definition)).toEqual([]);
  });

  it("finds a draw from a stream that goes on from ask to ask", () => {
    const definition = defined(({ space, rng }) => ({ ask: () => ({ genotype: space.sample(rng) }), tell() {} }));
    expect(broken(definition)).toEqual([ASK, REPLAY]);
  });

  it("finds state that is shared between controllers", () => {
    let told = 0;
    const definition = defined(({ space, rng }) => ({
      ask: (number) => ({ genotype: space.sample(rng.fork(`ask/${number}/${told}`)) }),
      tell() {
        told++;
      },
    }));
    expect(broken(definition)).toContain(SAME_SEED);
  });

  it("finds a memory of asks that tells do not rebuild", () => {
    const definition = defined(({ space, rng }) => {
      const asked = new Set<number>();
      return {
        ask(number) {
          asked.add(number);
          return { genotype: space.sample(rng.fork(`ask/${number}/${asked.size}`)) };
        },
        tell() {},
      };
    });
    expect(broken(definition)).toEqual([ASK, REPLAY]);
  });

  it("finds a memory of the very objects that were proposed", () => {
    const definition = defined(({ space, rng }) => {
      const proposed = new WeakSet<Genotype>();
      let known = 0;
      return {
        ask(number) {
          const genotype = space.sample(rng.fork(`ask/${number}/${known}`));
          proposed.add(genotype);
          return { genotype };
        },
        tell(event) {
          if (event.kind === "finished" && proposed.has(event.trial.proposal.genotype)) known++;
        },
      };
    });
    expect(broken(definition)).toContain(REPLAY);
  });

  it("finds an invalid genotype", () => {
    const definition = defined(({ space, rng }) => ({
      ask: (number) => ({ genotype: { ...space.sample(rng.fork(`ask/${number}`)), a: 3 } }),
      tell() {},
    }));
    expect(broken(definition)).toEqual([VALID]);
  });

  it("finds epochs that cannot be", () => {
    const definition = defined(({ space, rng }) => ({
      ask: (number) => ({ genotype: space.sample(rng.fork(`ask/${number}`)), epochs: 0 }),
      tell() {},
    }));
    expect(broken(definition)).toEqual([VALID]);
  });

  it("finds a continuation of a trial that is in flight, or failed", () => {
    const definition = (from: (told: ReadonlyMap<number, string>, number: number) => number | undefined) =>
      defined(({ space, rng }) => {
        const told = new Map<number, string>();
        return {
          ask(number) {
            const continueFrom = from(told, number);
            const genotype = space.sample(rng.fork(`ask/${number}`));
            return continueFrom === undefined ? { genotype } : { genotype, continueFrom };
          },
          tell(event) {
            if (event.kind === "started") told.set(event.number, "running");
            else told.set(event.trial.number, event.trial.state);
          },
        };
      });
    const first = (told: ReadonlyMap<number, string>, wanted: string) =>
      [...told].find(([, state]) => state === wanted)?.[0];
    expect(broken(definition((told) => first(told, "complete")))).toEqual([]);
    expect(broken(definition((told) => first(told, "pruned")))).toEqual([]);
    expect(broken(definition((told) => first(told, "running")))).toEqual([VALID]);
    expect(broken(definition((told) => first(told, "failed")))).toEqual([VALID]);
    expect(broken(definition((_, number) => (number === 9 ? 99 : undefined)))).toEqual([VALID]);
  });

  it("finds an event that was changed", () => {
    const definition = defined(({ space, rng }) => ({
      ask: (number) => ({ genotype: space.sample(rng.fork(`ask/${number}`)) }),
      tell(event) {
        if (event.kind === "finished") (event.trial.values as number[] | undefined)?.sort().push(0);
      },
    }));
    expect(broken(definition)).toContain(UNTOUCHED);
  });

  it("finds a wait for nothing", () => {
    const definition = defined(() => ({ ask: () => "wait", tell() {} }));
    expect(broken(definition)).toContain(SAME_SEED);
  });
});

describe("simulate", () => {
  const context = { space: flat, objectives: [], rng: createRng(3) } as const;

  it("waits for what is in flight, and ends when the controller is done", () => {
    let running = 0;
    const controller: Controller = {
      ask: (number) =>
        number === 7 ? "done" : running > 1 ? "wait" : { genotype: flat.sample(context.rng.fork(number)) },
      tell(event) {
        running += event.kind === "started" ? 1 : -1;
      },
    };
    const steps = simulate(controller, {
      trials: 20,
      inFlight: 5,
      rng: createRng(0),
      outcome: () => ({ state: "complete" }),
    });
    const started = steps.filter((step) => step.kind === "tell" && step.event.kind === "started");
    const finished = steps.filter((step) => step.kind === "tell" && step.event.kind === "finished");
    expect([started.length, finished.length, running]).toEqual([7, 7, 0]);
    expect(steps.some((step) => step.kind === "ask" && step.answer === "wait")).toBe(true);
  });

  it("starts no more than may be in flight, and finishes in other orders than it starts", () => {
    let [running, most] = [0, 0];
    const order: number[] = [];
    const controller: Controller = {
      ask: (number) => ({ genotype: flat.sample(context.rng.fork(number)) }),
      tell(event) {
        running += event.kind === "started" ? 1 : -1;
        most = Math.max(most, running);
        if (event.kind === "finished") order.push(event.trial.number);
      },
    };
    simulate(controller, {
      trials: 40,
      inFlight: 4,
      rng: createRng(0),
      outcome: () => ({ state: "failed", reason: "x" }),
    });
    expect(most).toBe(4);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });
});
