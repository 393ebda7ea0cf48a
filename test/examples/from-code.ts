/** @file The README's way to run a study from code. */
import type { StudyDefinition } from "cellwright";
import { openStudy, runStudy } from "cellwright";

/** Runs the study twice: by our loop and by hand. `file` is the URL of the module whose default export it is. */
export async function runTwice(study: StudyDefinition, file: string, resultsDir: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const event of runStudy(study, { module: file, resultsDir })) {
    if (event.kind === "trial-finished") seen.push(event.trial.values);
  }

  const byHand = await openStudy({ mode: "create", name: "by-hand", definition: study, resultsDir });
  const trial = await byHand.ask();
  if (typeof trial !== "string") seen.push((await byHand.tell(trial.number, { accuracy: 0.71 })).values);
  await byHand.close();
  return seen;
}
