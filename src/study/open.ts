/** @file Opens a study: a new one, one to go on with, or one to look at. */
import { mkdir, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Json } from "../base/canonical-json.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import { silentLogger, type Logger } from "../base/logger.ts";
import type { Network } from "../network/index.ts";
import { openStorage } from "../storage/index.ts";
import type { Storage } from "../storage/storage.ts";
import { checkSameStudy, readConfigRecord, toConfigRecord } from "./config-record.ts";
import type { StudyDefinition, StudyReference } from "./definition.ts";
import type { ExecutorChoice } from "./execution.ts";
import { storedSubstitute, withSubstitute } from "./kept-data.ts";
import { keepPick } from "./kept-pick.ts";
import { foundReference, keptReference } from "./kept-reference.ts";
import { loadStudy } from "./load.ts";
import { liveStudy } from "./live-study.ts";
import { checkSameNetworks } from "./same-networks.ts";
import { packageVersion } from "./self-alias.ts";
import type { Study } from "./study.ts";
import { isStudyName, validateDefinition } from "./validate-definition.ts";

export interface OpenOptions {
  /** `create` begins a new study, `resume` goes on with one, `read` only looks (also while another process searches). */
  readonly mode: "create" | "resume" | "read";
  /** Folder name under `resultsDir`. Default for `create`: the definition's name, else the config file's. */
  readonly name?: string;
  /** Default `./results`. */
  readonly resultsDir?: string;
  /** Where the definition is; needed to run trials in worker processes. For `resume` and `read` the stored one, if absent. */
  readonly reference?: StudyReference;
  /** The definition itself, for trials in this process. */
  readonly definition?: StudyDefinition;
  /** Flags laid over the stored definition on resume: budget, workers, limits, engine. */
  readonly overrides?: StudyReference["overrides"];
  readonly dataDir?: string;
  readonly executor?: ExecutorChoice;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Returns what `constraints.maxLatencyMs` limits, in milliseconds: of another device, say. Default: one image on this machine, in `constraints.latencyRuntime`. */
  readonly measureLatency?: (network: Network) => Promise<number>;
}

const systemClock: Clock = { now: () => Date.now() };

/** Opens a study. Throws `config`, `space` or `storage` naming the place; `create` leaves no study behind if it throws. */
export async function openStudy(options: OpenOptions): Promise<Study> {
  return options.mode === "create" ? await create(options) : await reopen(options);
}

/** Returns the folder name a study file gives its study: its own `name`, else the file's name, else its folder's for `study.config.ts`. */
export function defaultStudyName(definition: StudyDefinition, reference: StudyReference | undefined): string {
  if (definition.name !== undefined) return definition.name;
  if (reference === undefined) return definition.space.name;
  const stem = basename(reference.module)
    .replace(/\.([cm]?[jt]s|json|ya?ml)$/, "")
    .replace(/\.config$/, "");
  const name = stem === "study" ? basename(dirname(reference.module)) : stem;
  return isStudyName(name) ? name : definition.space.name;
}

async function create(options: OpenOptions): Promise<Study> {
  const { reference } = options;
  const definition = options.definition ?? (reference && (await loadStudy(reference)));
  if (definition === undefined)
    throw new CellwrightError("config", "openStudy  Expected a definition or a reference to one. Received: neither.");
  validateDefinition(definition, reference?.module ?? "study");
  const name = options.name ?? defaultStudyName(definition, reference);
  const dir = studyDir(options, name);
  if (await exists(join(dir, "model.json")))
    throw new CellwrightError(
      "config",
      `${dir}  Expected a name that is free. Received: that of a model that was imported. Choose another name with --name.`,
    );
  const made = !(await exists(dir));
  const storage = await openStorage(join(dir, "study.db"), {
    create: {
      name,
      config: toConfigRecord(definition, keptReference(reference, dir)),
      version: packageVersion(),
      createdMs: (options.clock ?? systemClock).now(),
    },
  }).catch(async (error: unknown) => {
    // Only if nothing is in it: another process may be making a study of that name at this moment.
    if (made) await rmdir(dir).catch(() => {});
    if (!isThere(error)) throw error;
    throw new CellwrightError(
      "config",
      `${dir}  Expected no study of that name. Received: one is there. Go on with it by \`cellwright resume ${name}\`, or choose another name with --name.`,
    );
  });
  try {
    await mkdir(join(dir, "trials"), { recursive: true });
    return await opened(options, { name, dir, definition, reference, storage });
  } catch (error) {
    await storage.close();
    if (made) await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

/** Whether storage refused to make a study because there is one. */
function isThere(error: unknown): boolean {
  return error instanceof CellwrightError && error.details["exists"] === true;
}

async function reopen(options: OpenOptions): Promise<Study> {
  const name = options.name;
  if (name === undefined)
    throw new CellwrightError("config", "openStudy  Expected the name of a study. Received: none.");
  const dir = studyDir(options, name);
  const file = join(dir, "study.db");
  if (!(await exists(file)))
    throw new CellwrightError("config", expected(dir, "a study (a folder with study.db)", "no such study"));
  const storage = await openStorage(file, { readonly: options.mode === "read" });
  try {
    const stored = readConfigRecord(storage.study.config, file);
    const kept = stored.reference as StudyReference | null;
    const reference = mergedReference(options, kept && foundReference(kept, dir));
    const loaded = options.definition ?? (reference && (await loadStudy(reference)));
    if (loaded === undefined)
      throw new CellwrightError(
        "config",
        `${file}  Expected a study that was begun from a file. Received: one begun from code; pass its definition to openStudy.`,
      );
    const definition = keepPick(loaded, stored);
    checkSameStudy(stored, definition, reference?.module ?? file);
    if (options.mode === "resume") {
      checkSameNetworks(definition, await storage.trials(), reference?.module ?? file);
      await storage.updateConfig(
        withSubstitute(toConfigRecord(definition, keptReference(reference, dir)), storedSubstitute(storage)),
      );
    }
    return await opened(options, { name, dir, definition, reference, storage });
  } catch (error) {
    await storage.close();
    throw error;
  }
}

function mergedReference(options: OpenOptions, stored: StudyReference | null): StudyReference | undefined {
  const base = options.reference ?? stored ?? undefined;
  if (base === undefined || options.overrides === undefined) return base;
  const overrides: Record<string, Json | undefined> = { ...base.overrides };
  for (const [key, value] of Object.entries(options.overrides)) {
    const before = overrides[key];
    overrides[key] = isRecord(before) && isRecord(value) ? { ...before, ...value } : value;
  }
  return { ...base, overrides };
}

async function opened(
  options: OpenOptions,
  parts: {
    name: string;
    dir: string;
    definition: StudyDefinition;
    reference: StudyReference | undefined;
    storage: Storage;
  },
): Promise<Study> {
  return await liveStudy({
    ...parts,
    resumed: options.mode !== "create",
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    dataDir: options.dataDir,
    measureLatency: options.measureLatency,
    executor: options.executor ?? (parts.reference === undefined ? "inline" : "processes"),
  });
}

function studyDir(options: OpenOptions, name: string): string {
  if (!isStudyName(name))
    throw new CellwrightError(
      "config",
      expected("study name", "letters, digits, '.', '_' and '-', beginning with a letter or digit", name),
    );
  return join(resolve(options.resultsDir ?? "results"), name);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

function isRecord(value: unknown): value is Record<string, Json | undefined> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
