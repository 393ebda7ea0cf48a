/**
 * @file Makes `import … from "cellwright/…"` in a user's study file mean this very installation, also where the file lies in a
 * folder that has no `node_modules` (a global install, `npx`), so that there is never a second copy of us in one process.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CellwrightError } from "../base/errors.ts";

/** Returns the folder of this package. */
export function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(dir, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "cellwright")
      return dir;
    const parent = dirname(dir);
    if (parent === dir) throw new CellwrightError("internal", "Expected this file to lie in the package cellwright.");
    dir = parent;
  }
}

interface PackageFile {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly [condition: string]: string }>>;
}

function packageFile(): PackageFile {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as PackageFile;
}

/** Returns our version. */
export function packageVersion(): string {
  return packageFile().version;
}

/** Returns import specifier -> file for every entry of `exports`, from source or from the build, whichever is running. */
export function selfAlias(): Record<string, string> {
  const root = packageRoot();
  const built = fileURLToPath(import.meta.url).startsWith(join(root, "dist"));
  const alias: Record<string, string> = {};
  // Longest first: jiti matches by prefix.
  for (const [entry, target] of Object.entries(packageFile().exports).sort(([a], [b]) => b.length - a.length)) {
    if (typeof target === "string") continue;
    const file = target[built ? "default" : "cellwright-source"];
    if (file !== undefined) alias[join("cellwright", entry)] = join(root, file);
  }
  return alias;
}
