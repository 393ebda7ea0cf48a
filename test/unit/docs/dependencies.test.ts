/** @file docs/dependencies.md says the truth: every dependency has its reason, and nothing is imported from elsewhere than it says. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");

const rows = [...read("docs/dependencies.md").matchAll(/^\| (\S+) \| (.+) \| (.+) \|$/gm)]
  .map(([, name = "", why = "", behind = ""]) => ({
    name,
    why,
    places: [...behind.matchAll(/`([^`]+)`/g)].map(([, place = ""]) => place),
  }))
  .filter(({ places }) => places.length > 0);

/** Packages that the sources import or resolve, each with the files that do. */
function imported(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const folder of ["src", "controllers", "search-spaces"])
    for (const entry of readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" })) {
      if (!entry.endsWith(".ts")) continue;
      const path = `${folder}/${entry}`;
      for (const [, specifier = ""] of read(path).matchAll(
        /(?:from|import\(|require\(|resolve\()\s*["'`]([^."'`][^"'`]*)["'`]/g,
      )) {
        const [, name = ""] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier) ?? [];
        found.set(name, [...(found.get(name) ?? []), path]);
      }
    }
  return found;
}

describe("docs/dependencies.md", () => {
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };

  it("has a row for each dependency, and for nothing else", () => {
    const byText = (a: string, b: string): number => a.localeCompare(b);
    expect(rows.map(({ name }) => name).toSorted(byText)).toEqual(Object.keys(dependencies).toSorted(byText));
    for (const { name, why } of rows) expect(why.length, name).toBeGreaterThan(15);
  });

  it("names the only places that know it, and they are there", () => {
    const importers = imported();
    for (const { name, places } of rows) {
      for (const place of places) expect(existsSync(`${root}${place}`), place).toBe(true);
      const files = importers.get(name) ?? [];
      expect(files.length, `${name} is imported by nothing`).toBeGreaterThan(0);
      const elsewhere = files.filter((file) => !places.some((place) => file === place || file.startsWith(`${place}/`)));
      expect(elsewhere, name).toEqual([]);
    }
  });
});
