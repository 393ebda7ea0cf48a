/** @file Loads a user's module: JavaScript as Node does, TypeScript through jiti, without a build. */
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import { CellwrightError, messageOf } from "../base/errors.ts";
import { selfAlias } from "./self-alias.ts";

/** Returns the exports of a file. Throws `config`, or what the file itself throws of ours, with the file before each problem. */
export async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    if (/\.[cm]?ts$/.test(file)) {
      const jiti = createJiti(import.meta.url, { moduleCache: true, interopDefault: false, alias: selfAlias() });
      return await jiti.import<Record<string, unknown>>(file);
    }
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof CellwrightError) throw inFile(file, error);
    throw new CellwrightError("config", `${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns what was thrown while a file was evaluated, with the file before each problem. */
function inFile(file: string, error: CellwrightError): CellwrightError {
  const message = error.message
    .split("\n")
    .map((line) => `${file}: ${line}`)
    .join("\n");
  return new CellwrightError(error.code, message, { details: error.details, cause: error });
}
