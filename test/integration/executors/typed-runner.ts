/** @file A runner as a user would write it in TypeScript, with types that Node 20 could not read by itself. */
import type { CreateRunner } from "../../../src/executors/executor.ts";

type Greeting = { readonly greeting: string };

export const createRunner: CreateRunner = async (init) => {
  const { greeting } = init as Greeting;
  return { run: async () => ({ state: "complete", values: [greeting.length], metrics: { greeting } }) };
};
