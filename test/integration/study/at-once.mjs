/**
 * @file A process that opens studies when told, for the test in which several open one at once: `node at-once.mjs <built index.js> <results dir> <module>`.
 * Reads `<mode> <name>`, opens, and answers `won` or `lost <code> <message>`; at `close` it closes what it won and answers `closed`.
 */
import { createInterface } from "node:readline";
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [index, resultsDir, module] = process.argv.slice(2);
const { openStudy, studyReference } = await import(pathToFileURL(index).href);
const reference = studyReference(module);
let study;
const say = (line) => writeSync(1, `${line}\n`);
say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [mode, name] = line.split(" ");
  if (mode === "close") {
    await study?.close();
    study = undefined;
    say("closed");
    continue;
  }
  try {
    study = await openStudy({ mode, name, resultsDir, ...(mode === "create" && { reference }) });
    say("won");
  } catch (error) {
    say(`lost ${error.code} ${error.message}`);
  }
}
