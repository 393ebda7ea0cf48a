/** @file The built package, for integration tests: what a user runs is what is tested. */
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Root of the repository. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Absolute path of a file in the build. */
export function builtPath(path: string): string {
  return join(root, "dist", path);
}

/** Imports the build's public entry. */
export async function importBuilt(): Promise<typeof import("../../src/index.ts")> {
  return (await import(pathToFileURL(builtPath("src/index.js")).href)) as typeof import("../../src/index.ts");
}
