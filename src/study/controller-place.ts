/** @file Chooses where a study's controller runs: in a thread of its own where it is heavy, else beside the loop. */
import { hostHere, type ControllerHost } from "./controller-host.ts";
import { hostInThread } from "./controller-in-thread.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";

/**
 * Hosts a study's controller: in a thread where it is heavy and a reference says how the thread can make it, else in this one. Throws what making it
 * throws, and `config` where the reference leads to another study than this.
 */
export async function hostController(
  definition: StudyDefinition,
  reference: StudyReference | undefined,
): Promise<ControllerHost> {
  const { controller, space } = definition;
  if (controller.isHeavy?.(space) !== true) return hostHere(definition);
  if (reference !== undefined) return await hostInThread(definition, reference);
  const note = `${controller.name} runs in this thread, which waits while it thinks: only a study that is loaded from a file can have its controller in a thread of its own`;
  return hostHere(definition, [note]);
}
