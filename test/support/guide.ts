/** @file The files that a guide shows: each block of code that says its name in its first line, as a reader would write it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./built.ts";

/** Returns the guide's files by name. YAML is called by its `name`. */
export function guideFiles(guide: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(root, "docs", guide), "utf8");
  const code = [...text.matchAll(/```ts\n\/\/ ([\w.-]+)\n(.*?)```/gs)].map(
    ([, name = "", body = ""]) => [name, body] as const,
  );
  const data = [...text.matchAll(/```yaml\n(.*?^name: ([\w-]+)$.*?)```/gms)].map(
    ([, body = "", name = ""]) => [`${name}.yaml`, body] as const,
  );
  return new Map([...code, ...data]);
}
