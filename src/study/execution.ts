/** @file Chooses where a study's trials run, and starts the workers when the first one is needed. */
import type { Json } from "../base/canonical-json.ts";
import type { Logger } from "../base/logger.ts";
import { assignSlots, openInlineExecutor, openProcessPool } from "../executors/index.ts";
import type { Executor } from "../executors/executor.ts";
import { builtModule } from "./built-module.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";
import { runnerFor } from "./trial-runner.ts";

/** `processes`: one worker process per slot. `inline`: in this process, one trial at a time. Or an executor of one's own. */
export type ExecutorChoice = "processes" | "inline" | Executor;

export interface ExecutionOptions {
  readonly definition: StudyDefinition;
  readonly reference: StudyReference | undefined;
  readonly dataDir: string | undefined;
  readonly choice: ExecutorChoice;
  readonly logger: Logger;
}

/** Returns how many workers a study will have. */
export async function plannedWorkers(options: ExecutionOptions): Promise<number> {
  if (options.choice === "inline") return 1;
  if (options.choice !== "processes") return options.choice.slots.length;
  return (await slotsFor(options.definition)).length;
}

/** Starts the executor of a study. */
export async function startExecutor(options: ExecutionOptions): Promise<Executor> {
  const { definition, choice } = options;
  const engine = definition.engine === "auto" ? undefined : definition.engine;
  if (choice === "inline") return openInlineExecutor(runnerFor(definition, { dataDir: options.dataDir, engine }));
  if (choice !== "processes") return choice;
  const init = {
    reference: options.reference ?? null,
    spaceHash: definition.space.hash,
    ...(options.dataDir !== undefined && { dataDir: options.dataDir }),
    ...(engine !== undefined && { engine }),
  };
  return await openProcessPool({
    slots: await slotsFor(definition),
    runnerModule: builtModule("study/trial-runner.js"),
    init: JSON.parse(JSON.stringify(init)) as Json,
    logger: options.logger,
  });
}

async function slotsFor({ workers, gpus, workersPerGpu }: StudyDefinition) {
  return await assignSlots({ workers, gpus, perGpu: workersPerGpu });
}
