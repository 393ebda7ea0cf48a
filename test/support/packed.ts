/** @file The package as users get it: packed by npm, installed into an empty folder, install scripts blocked. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./commands.ts";
import { root } from "./built.ts";

export interface Packed {
  /** Path of the tarball. */
  readonly tarball: string;
  /** Paths of the files in it, relative to the package. */
  readonly files: readonly string[];
  readonly unpackedBytes: number;
}

/** Packs the repository as `npm publish` would, `prepack` included. */
export async function pack(folder: string): Promise<Packed> {
  const text = await output("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  // What `prepack` prints comes first.
  const [report] = JSON.parse(text.slice(text.search(/^\[\s*\{/m))) as [
    { filename: string; unpackedSize: number; files: { path: string }[] },
  ];
  return {
    tarball: join(folder, report.filename),
    files: report.files.map((file) => file.path),
    unpackedBytes: report.unpackedSize,
  };
}

/** Makes `folder` a project that has the packed Cellwright, and nothing else, as a dependency. */
export async function installInto(folder: string, packed: Packed): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", packed.tarball];
  await output("npm", args, { cwd: folder });
}

/** Returns the specifiers of all public entries, and the files that `exports` points to. */
export async function publicEntries(): Promise<{
  readonly specifiers: readonly string[];
  readonly targets: readonly string[];
}> {
  const text = await readFile(join(root, "package.json"), "utf8");
  const { exports } = JSON.parse(text) as { exports: Record<string, string | Record<string, string>> };
  const entries = Object.entries(exports).filter(([, target]) => typeof target !== "string");
  return {
    specifiers: entries.map(([entry]) => join("cellwright", entry)),
    targets: entries.flatMap(([, target]) =>
      Object.entries(target as Record<string, string>).flatMap(([condition, file]) =>
        condition === "cellwright-source" ? [] : [file.replace(/^\.\//, "")],
      ),
    ),
  };
}
