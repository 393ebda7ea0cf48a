/** @file The reference engine keeps the engine contract. */
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { describeEngine } from "../../support/engine-contract.ts";

describeEngine("the reference engine", async () => openReferenceEngine());
