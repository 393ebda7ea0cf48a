/** @file Hovering says what a thing is: all that a space file calls, and every option it may give, has its sentence. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as networkEntry from "cellwright/network";
import * as spaceEntry from "cellwright/space";

const read = (path: string): string => readFileSync(new URL(`../../../src/${path}`, import.meta.url), "utf8");

/** Source files of a folder's entry, as its index names them. */
function sourcesOf(folder: string): string {
  const files = new Set(
    [...read(`${folder}/index.ts`).matchAll(/from "\.\/([\w./-]+)"/g)].map(([, file = ""]) => file),
  );
  return [...files].map((file) => read(`${folder}/${file}`)).join("\n");
}

/** Members of an interface, each with whether a comment stands right before it. */
function membersOf(
  source: string,
  name: string,
): readonly { readonly member: string; readonly isDocumented: boolean }[] {
  const [, body = ""] = new RegExp(`export interface ${name}\\b[^{]*\\{\\n(.*?)\\n\\}`, "s").exec(source) ?? [];
  const lines = body.split("\n");
  return lines.flatMap((line, i) => {
    const [, member] = /^ {2}(?:readonly )?(\w+)\??[(:<]/.exec(line) ?? [];
    return member === undefined ? [] : [{ member, isDocumented: (lines[i - 1] ?? "").trimEnd().endsWith("*/") }];
  });
}

describe.each([
  ["space", spaceEntry],
  ["network", networkEntry],
] as const)("cellwright/%s", (folder, entry) => {
  const source = sourcesOf(folder);

  it("says of every function what it does", () => {
    const functions = Object.entries(entry).filter(([, value]) => typeof value === "function");
    expect(functions.length).toBeGreaterThan(3);
    for (const [name] of functions) expect(source, name).toMatch(new RegExp(`\\*/\\nexport function ${name}\\b`));
  });
});

describe("options", () => {
  const space = sourcesOf("space");
  const network = sourcesOf("network");

  it.each([
    [network, "NetworkBuilder", 20],
    [network, "LayerOptions", 3],
    [network, "ConvOptions", 4],
    [network, "WindowOptions", 3],
    [space, "CellOptions", 4],
    [space, "ChoiceSettings", 1],
    [space, "Cell", 4],
    [space, "Space", 12],
  ] as const)("of %#: every member of its interface", (source, name, least) => {
    const members = membersOf(source, name);
    expect(members.length, name).toBeGreaterThanOrEqual(least);
    expect(members.filter(({ isDocumented }) => !isDocumented).map(({ member }) => `${name}.${member}`)).toEqual([]);
  });
});
