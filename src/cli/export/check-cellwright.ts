/** @file Proves an export in Cellwright's own format: read back as `cellwright import` reads it, and run. */
import { packageVersion } from "../../study/self-alias.ts";
import { readModelFolder } from "../models.ts";
import { checker, compared, logitsOf, type ExportChecker } from "./check.ts";

/** Reads the folder and computes the logits of what is in it. */
export const checkWithCellwright: ExportChecker = checker(async ({ dir }, given) => {
  const { network, weights = new Map() } = await readModelFolder(dir);
  return compared(given, await logitsOf(network, weights, given.images), { runtime: `cellwright ${packageVersion()}` });
});
