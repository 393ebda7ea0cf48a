/** @file The tfjs engine keeps the engine contract, on every backend that is installed. */
import { openTfjsEngine } from "../../../src/engines/tfjs/index.ts";
import { describeEngine } from "../../support/engine-contract.ts";
import { testedTfjsBackends } from "../../support/tfjs-backends.ts";

for (const backend of testedTfjsBackends())
  describeEngine(`the tfjs engine on ${backend}`, () => openTfjsEngine(backend));
