/** @file Where the build of one of our modules lies. Workers and threads load built files, also when this is running from source: Node 20 cannot load `.ts` in them. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packageRoot } from "./self-alias.ts";

/** Returns the URL of a built module, given by its path in `src/` with the ending `.js`. */
export function builtModule(path: string): string {
  const here = fileURLToPath(import.meta.url);
  const dist = join(packageRoot(), "dist");
  return here.startsWith(dist)
    ? new URL(`../${path}`, import.meta.url).href
    : pathToFileURL(join(dist, "src", path)).href;
}
