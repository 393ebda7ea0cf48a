/** @file The `--results` that a command needs to find a study or a training again. */
import { dirname, isAbsolute, relative, resolve } from "node:path";

/** Returns ` --results DIR` for what is kept in `dir`, from the present folder, or nothing where its parent is the `results/` of this folder. */
export function resultsFlag(dir: string): string {
  const parent = dirname(resolve(dir));
  const near = relative(process.cwd(), parent) || ".";
  if (near === "results") return "";
  const path = near.startsWith("..") || isAbsolute(near) ? parent : near;
  return ` --results ${/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`}`;
}
