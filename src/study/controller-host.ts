/**
 * @file Where a controller runs. A controller is synchronous and pure; whoever hosts it answers asynchronously, so that the loop needs not know whether it
 * thinks in this thread or, because it is heavy, in one of its own: the parent's loop hears workers and signals while it does.
 */
import { constrainedSpace } from "../search/constrained-space.ts";
import type { RefusalCounts } from "../search/constraints.ts";
import type { Controller, ControllerEvent } from "../search/controller.ts";
import { constraintsOf } from "./admission.ts";
import { objectivesOf } from "./config-record.ts";
import type { StudyDefinition } from "./definition.ts";
import { studyRng } from "./study-rng.ts";

/** What a controller answered, unchecked, and which draws of its the constraints refused on the way. */
export interface Asked {
  readonly answer: unknown;
  readonly refused: RefusalCounts;
}

export interface ControllerHost {
  /** Lines for the user: the controller's own note, and where it runs if that is not where it should. */
  readonly notes: readonly string[];
  /** Asks for trial `number`. An abort rejects at once with the signal's reason, however long the controller goes on thinking. */
  ask(number: number, signal?: AbortSignal): Promise<Asked>;
  /** Tells events in their order; an ask that follows is answered with all of them known. */
  tell(events: readonly ControllerEvent[]): Promise<void>;
  /** Ends the thread, if there is one, in the middle of what it does. */
  close(): Promise<void>;
}

/** A controller with the space it draws from, made alike in any thread. */
export interface HostedController {
  readonly controller: Controller;
  readonly takeRefused: () => RefusalCounts;
}

/** Makes a study's controller anew. */
export function createController(definition: StudyDefinition): HostedController {
  const { space, takeRefused } = constrainedSpace(definition.space, constraintsOf(definition), definition.skeleton);
  const rng = studyRng(definition).fork("controller");
  const controller = definition.controller.create({ space, rng, objectives: objectivesOf(definition) });
  return { controller, takeRefused };
}

/** Hosts a study's controller in this thread. */
export function hostHere(definition: StudyDefinition, notes: readonly string[] = []): ControllerHost {
  const { controller, takeRefused } = createController(definition);
  return {
    notes: [...(controller.note === undefined ? [] : [controller.note]), ...notes],
    async ask(number) {
      takeRefused();
      const answer: unknown = controller.ask(number);
      return { answer, refused: takeRefused() };
    },
    async tell(events) {
      for (const event of events) controller.tell(event);
    },
    async close() {},
  };
}
