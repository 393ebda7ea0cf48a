/** @file The parts of model.py that are written alike for every framework: a class per part, the constants, the text at the head. */
import { CellwrightError } from "../../base/errors.ts";
import type { Network, Shape } from "../../network/network.ts";
import type { ExportOptions } from "../exporter.ts";
import type { ModuleClass } from "./classes.ts";
import type { PythonFramework } from "./framework.ts";
import { forwardLines, initLines } from "./methods.ts";
import { className, pythonNumber, pythonText, unique } from "./names.ts";
import type { Group } from "./tree.ts";
import { LINE_WIDTH } from "./values.ts";

/** Returns the name of the whole network's class: not one that model.py has otherwise. */
export function rootClassName(name: string, framework: PythonFramework): string {
  return unique(className(name), new Set(framework.classNames));
}

/** Returns the class of a part, named by where it is used. `rank` is each node's place in the order of making. */
export function classSource(
  of: ModuleClass,
  shapes: ReadonlyMap<string, Shape>,
  rank: ReadonlyMap<string, number>,
  framework: PythonFramework,
): string {
  const names = argumentNames(of, rank);
  const places = of.groups.map((group) => group.path);
  // Where it is used, as many places as a line takes.
  let count = Math.min(3, places.length);
  const said = (): string =>
    `${places.slice(0, count).join(", ")}${places.length > count ? ` and ${places.length - count} more` : ""}.`;
  while (count > 1 && said().length > LINE_WIDTH - 10) count--;
  const doc = said();
  return [
    `class ${of.name}(${framework.partClass}):`,
    `    """${docText(doc)}"""`,
    "",
    ...initLines(of),
    "",
    ...forwardLines(of, shapes, names, framework),
    "",
  ].join("\n");
}

/** `x` for one input; where there are two, one always made before the other, the earlier is called `previous`, as a cell's is. */
function argumentNames(of: ModuleClass, rank: ReadonlyMap<string, number>): string[] {
  const count = of.groups[0]?.inputs.length ?? 0;
  if (count === 1) return ["x"];
  if (count > 2) return Array.from({ length: count }, (_, index) => `x${index}`);
  if (of.groups.some((group) => group.path.includes("/"))) return ["x", "y"];
  const later = of.groups.map(({ inputs: [a = "", b = ""] }) => (rank.get(a) ?? 0) > (rank.get(b) ?? 0));
  if (later.every((first) => first)) return ["x", "previous"];
  return later.some((first) => first) ? ["x", "y"] : ["previous", "x"];
}

/** Whether a part drops paths. */
export function hasDropPath(item: Group["items"][number]): boolean {
  return item.kind === "leaf" ? item.node.op === "dropPath" : item.items.some(hasDropPath);
}

/** Returns the constants that the options give: MEAN and STD, CLASSES. */
export function constants(options: ExportOptions): string {
  const lines: string[] = [];
  if (options.normalization !== undefined) {
    lines.push(
      `MEAN = ${tuple(options.normalization.mean.map(pythonNumber))}`,
      `STD = ${tuple(options.normalization.std.map(pythonNumber))}`,
    );
  }
  if (options.classes !== undefined) lines.push(`CLASSES = ${tuple(options.classes.map(pythonText))}`);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function tuple(items: readonly string[]): string {
  const line = `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
  if (line.length <= LINE_WIDTH - 12) return line;
  return `(\n${items.map((item) => `    ${item},\n`).join("")})`;
}

/** Returns the shape of the network's image. Throws `shape` where it has no input. */
export function imageShape(network: Network, shapes: ReadonlyMap<string, Shape>): Shape {
  const input = network.nodes.find((node) => node.op === "input");
  const shape = input === undefined ? undefined : shapes.get(input.id);
  if (shape === undefined)
    throw new CellwrightError("shape", `${network.name}  Expected a node of kind input. Received: none.`);
  return shape;
}

/** Breaks a text into lines at its spaces. */
export function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LINE_WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Returns a text as it may stand in a docstring. */
export function docText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"""', "'''");
}
