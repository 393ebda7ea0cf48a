/**
 * @file Where a study's file is, as the database keeps it: from the study's folder on where both are in one project (the folder that `results/` is in), so that the
 * project can move or be cloned and its studies go on; else as an absolute path.
 */
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { StudyReference } from "./definition.ts";

/** Returns the reference with the path to keep in `dir`, the study's folder. */
export function keptReference<R extends StudyReference | undefined>(reference: R, dir: string): R {
  if (reference === undefined) return reference;
  const path = reference.module.startsWith("file:") ? fileURLToPath(reference.module) : reference.module;
  const project = dirname(dirname(resolve(dir)));
  if (!isAbsolute(path) || !path.startsWith(project === sep ? sep : `${project}${sep}`)) return reference;
  return { ...reference, module: relative(resolve(dir), path).split(sep).join("/") };
}

/** Returns the reference with a path that can be loaded: the opposite. */
export function foundReference(stored: StudyReference, dir: string): StudyReference {
  return /^\.\.?\//.test(stored.module) ? { ...stored, module: resolve(dir, stored.module) } : stored;
}
