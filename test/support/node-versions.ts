/** @file The Node versions that are supported: this one, and the others as npm's `node-<platform>-<arch>` packages carry them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { output } from "./commands.ts";
import { root } from "./built.ts";

/** Major versions that the package promises. */
export const supportedMajors: readonly number[] = [20, 22, 24];

/** Returns the folder of a `node` of that major version, to be put first on PATH. Fetched once, then kept beside the dependencies. */
export async function nodeFolder(major: number): Promise<string> {
  if (Number(process.versions.node.split(".")[0]) === major) return join(process.execPath, "..");
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const prefix = join(root, "node_modules/.cache/cellwright-node", String(major));
  const folder = join(prefix, "node_modules", name, "bin");
  if (!existsSync(join(folder, "node")))
    await output("npm", [
      "install",
      "--no-save",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--prefix",
      prefix,
      `${name}@${major}`,
    ]);
  return folder;
}

/** Returns the environment in which `node`, `npx` and what they start are of that major version. */
export async function nodeEnvironment(major: number): Promise<Readonly<Record<string, string>>> {
  return { PATH: `${await nodeFolder(major)}:${process.env["PATH"] ?? ""}` };
}
