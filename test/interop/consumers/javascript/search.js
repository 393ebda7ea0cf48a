/** Runs the study beside it in worker processes, and prints its trials. */
import { openStudy, studyReference } from "cellwright";

const study = await openStudy({
  mode: "create",
  resultsDir: process.argv[2],
  reference: studyReference("study.config.js"),
});
let reason;
for await (const event of study.run()) if (event.kind === "study-finished") reason = event.reason;
const trials = await study.storage.trials();
await study.close();
console.log(
  JSON.stringify({
    reason,
    pid: process.pid,
    trials: trials.map(({ state, metrics }) => ({ state, pid: metrics.pid })),
  }),
);
