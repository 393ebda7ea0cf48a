/** @file A space as a command names it: one of the shelf, or a file's export (a space, or a study, whose space and skeleton it is). */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { CellwrightError, expected } from "../../base/errors.ts";
import type { AnySpace, SkeletonBase } from "../../space/space.ts";
import { constraintsOf } from "../../study/admission.ts";
import { isDataFile } from "../../study/cell-space/read.ts";
import type { Constraints, StudyDefinition } from "../../study/definition.ts";
import { importModule } from "../../study/import-module.ts";
import { isSpace, loadSpace, withOwnSpace } from "../../study/load-space.ts";
import { shelfSpaces } from "../shelf-spaces.ts";
import { didYouMean } from "../../base/similar-names.ts";

export interface FoundSpace {
  readonly space: AnySpace;
  /** Keys over the space's own skeleton, where a study has some. */
  readonly skeleton?: SkeletonBase;
  /** What its candidates have to meet: the space's constraints, and the study's. */
  readonly constraints: readonly Constraints[];
  /** Where it was found: a file, with its export; `the shelf`. */
  readonly source: string;
}

const FILE = /^(.+\.(?:[cm]?[jt]s|json|ya?ml))(?:#(.*))?$/i;

/** Finds a space. Throws `config` naming what there is. */
export async function findSpace(target: string): Promise<FoundSpace> {
  const shelf = shelfSpaces();
  const space = shelf.get(target);
  if (space !== undefined) return { space, constraints: constraintsOf({ space }), source: "the shelf" };
  const [, file, name] = FILE.exec(target) ?? [];
  if (file !== undefined) return await fromFile(file, name);
  throw new CellwrightError(
    "config",
    `${target === "" ? '""' : target}  Expected a space of the shelf (${[...shelf.keys()].join(", ")}) or a file that exports one (my-space.ts, my-space.ts#name, my-cells.yaml). Received: no such space.${didYouMean(target, shelf.keys())}`,
  );
}

async function fromFile(file: string, name: string | undefined): Promise<FoundSpace> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile())
    throw new CellwrightError("config", expected(file, "a file that exports a space", "no such file"));
  if (isDataFile(file)) {
    if (name !== undefined)
      throw new CellwrightError(
        "config",
        expected(`${file}#${name}`, "no export: a file without code is one space", name),
      );
    const space = await loadSpace(file);
    return { space, constraints: constraintsOf({ space }), source: file };
  }
  const module = await withSpaces(await importModule(resolve(file)), resolve(file));
  const names = Object.keys(module).filter((key) => spaceOf(module[key]) !== undefined);
  const chosen = name ?? (names.includes("default") || names.length !== 1 ? "default" : (names[0] as string));
  const subject = Object.hasOwn(module, chosen) ? spaceOf(module[chosen]) : undefined;
  if (subject !== undefined) return { ...subject, source: chosen === "default" ? file : `${file}#${chosen}` };
  const others =
    names.length === 0 ? "" : ` It exports these spaces: ${names.map((each) => `${file}#${each}`).join(", ")}.`;
  const received = Object.hasOwn(module, chosen) ? module[chosen] : undefined;
  throw new CellwrightError(
    "config",
    `${expected(`${file}#${chosen}`, "a space made by defineSpace({ … }), or a study that has one", received)}${others}`,
  );
}

/** Returns a module's exports, with the spaces that its studies name by a path in place of the paths. */
async function withSpaces(
  module: Readonly<Record<string, unknown>>,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  const whole = { ...module };
  for (const [name, value] of Object.entries(module)) {
    if (typeof value !== "object" || value === null) continue;
    // Other things than studies may have a space by that name.
    if ("evaluator" in value && value.evaluator !== undefined) whole[name] = await withOwnSpace(value, file);
  }
  return whole;
}

function spaceOf(value: unknown): Omit<FoundSpace, "source"> | undefined {
  if (isSpace(value)) return { space: value, constraints: constraintsOf({ space: value }) };
  const study = value as Partial<StudyDefinition> | null | undefined;
  if (typeof study !== "object" || study === null || !isSpace(study.space)) return undefined;
  const { space, skeleton, constraints } = study;
  return {
    space,
    ...(skeleton !== undefined && { skeleton }),
    constraints: constraintsOf({ space, ...(constraints !== undefined && { constraints }) }),
  };
}
