/**
 * @file Which data a study runs on: what was asked for, or what stands in for it. Kept with the study, because results on the one say
 * nothing of the other: a study that began on the one refuses to go on with the other.
 */
import type { Json } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import type { Storage } from "../storage/storage.ts";

const KEY = "substitute";

/** Returns the stored substitute's name, null for the data that was asked for, or undefined if nothing has run yet. */
export function storedSubstitute(storage: Storage): string | null | undefined {
  const value = (storage.study.config as Readonly<Record<string, Json | undefined>>)[KEY];
  return typeof value === "string" || value === null ? value : undefined;
}

/** Keeps it. Throws `data` where the study began on other data. */
export async function keepData(storage: Storage, substitute: string | null): Promise<void> {
  const stored = storedSubstitute(storage);
  if (stored === undefined) await storage.updateConfig(withSubstitute(storage.study.config, substitute));
  else if (stored !== substitute)
    throw new CellwrightError(
      "data",
      `${expected(`study ${storage.study.name}`, `the data it began on (${stored ?? "the data set itself"})`, substitute ?? "the data set itself")} Begin a new study with --name.`,
    );
}

/** Returns a config with the substitute written in; for undefined, as it is. */
export function withSubstitute(config: Json, substitute: string | null | undefined): Json {
  return substitute === undefined ? config : { ...(config as Readonly<Record<string, Json>>), [KEY]: substitute };
}
