/** @file The methods of a class: `__init__` from the patterns of its children, `forward` (or what the framework calls it) from the wiring. */
import type { Shape } from "../../network/network.ts";
import { inputsOf, outputsOf, type ModuleClass } from "./classes.ts";
import { expressionOf, tight, type Expression, type PythonFramework } from "./framework.ts";
import { unique } from "./names.ts";
import type { Group, Item, Stack } from "./tree.ts";
import { LINE_WIDTH, render } from "./values.ts";

/** An expression longer than this gets a variable rather than a place within another. */
const MAX_INLINE = 44;

/** Returns the lines of `__init__`, indented. */
export function initLines(of: ModuleClass): string[] {
  const lines = of.children.flatMap((pattern, index) => {
    if (pattern === undefined) return [];
    const left = `        self.${of.locals[index]} = `;
    return [left + render(pattern, 8, left.length)];
  });
  const parameters = of.parameters
    .map(({ name }) => (of.defaults[name] === undefined ? `, ${name}` : `, ${name}=${of.defaults[name]}`))
    .join("");
  return [...signature("__init__", `self${parameters}`), "        super().__init__()", ...lines];
}

/** Returns the head of a method, its parameters on lines of their own where they need it. */
function signature(name: string, parameters: string): string[] {
  const line = `    def ${name}(${parameters}):`;
  if (line.length <= LINE_WIDTH) return [line];
  return [`    def ${name}(`, ...listed(parameters.split(", "), "        "), "    ):"];
}

/** Returns the statement that gives the results, on several lines where it needs them. */
function returned(results: readonly string[]): string[] {
  const line = `        return ${results.join(", ")}`;
  if (line.length <= LINE_WIDTH || results.length === 1) return [line];
  return ["        return (", ...listed(results, "            "), "        )"];
}

/** Returns items in as few lines as they take, with commas between. */
function listed(items: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const longer = `${lines.at(-1)}, ${item}`;
    // A comma goes behind every line but the last.
    if (lines.length > 0 && longer.length < LINE_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(`${indent}${item}`);
  }
  return lines.map((line, index) => (index === lines.length - 1 ? line : `${line},`));
}

interface Body {
  readonly framework: PythonFramework;
  readonly lines: string[];
  /** Expression of each tensor computed so far: a variable, or text waiting for its only reader. */
  readonly values: Map<string, Expression>;
  /** How often each tensor is still to be read. */
  readonly reads: Map<string, number>;
  readonly taken: Set<string>;
}

/** Returns the lines of a part's `forward`, indented. `argumentNames` are its parameters, one per input of the group. */
export function forwardLines(
  of: ModuleClass,
  shapes: ReadonlyMap<string, Shape>,
  argumentNames: readonly string[],
  framework: PythonFramework,
): string[] {
  const group = of.groups[0] as Group;
  const needed = itemsFor(group, group.outputs);
  const body = start(group, needed, argumentNames, framework);
  for (const index of needed) emit(body, of, index, shapes, "        ");
  const results = group.outputs.map((id) => body.values.get(id)?.text ?? "");
  return [`    def ${framework.method}(self, ${argumentNames.join(", ")}):`, ...body.lines, ...returned(results)];
}

/** The whole network's `forward`: one image in, logits out, and the auxiliary logits with them while training. */
export function rootForwardLines(
  of: ModuleClass,
  shapes: ReadonlyMap<string, Shape>,
  framework: PythonFramework,
): string[] {
  const head = `    def ${framework.method}(${framework.rootParameters}):`;
  const group = of.groups[0] as Group;
  const [logits = "", auxiliary] = group.outputs;
  const needed = itemsFor(group, [logits]);
  const body = start(group, itemsFor(group, group.outputs), [], framework);
  for (const index of needed) emit(body, of, index, shapes, "        ");
  const result = body.values.get(logits)?.text ?? "";
  if (auxiliary === undefined) return [head, ...body.lines, `        return ${result}`];
  body.lines.push(`        if ${framework.whileTraining}:`);
  for (const index of itemsFor(group, [auxiliary]))
    if (!needed.includes(index)) emit(body, of, index, shapes, "            ");
  body.lines.push(
    `            return ${result}, ${body.values.get(auxiliary)?.text ?? ""}`,
    `        return ${result}`,
  );
  return [head, ...body.lines];
}

function start(
  group: Group,
  needed: readonly number[],
  argumentNames: readonly string[],
  framework: PythonFramework,
): Body {
  const reads = new Map<string, number>();
  const read = needed.flatMap((index) => inputsOf(group.items[index] as Item));
  for (const id of [...read, ...group.outputs]) reads.set(id, (reads.get(id) ?? 0) + 1);
  return {
    framework,
    lines: [],
    values: new Map(group.inputs.map((id, index) => [id, tight(argumentNames[index] ?? "x")])),
    reads,
    taken: new Set([...argumentNames, "x"]),
  };
}

/** Places of the items that results depend on, in order: what nobody needs has its weights, and is not computed. */
function itemsFor(group: Group, results: readonly string[]): number[] {
  const needed: number[] = [];
  const wanted = new Set(results);
  for (let index = group.items.length - 1; index >= 0; index--) {
    const item = group.items[index] as Item;
    if (!outputsOf(item).some((id) => wanted.has(id))) continue;
    needed.unshift(index);
    for (const id of inputsOf(item)) wanted.add(id);
  }
  return needed;
}

function emit(body: Body, of: ModuleClass, index: number, shapes: ReadonlyMap<string, Shape>, indent: string): void {
  const item = of.groups[0]?.items[index] as Item;
  const local = of.locals[index] ?? "";
  const outputs = outputsOf(item);
  if (item.kind === "leaf" && item.node.op === "input") {
    body.values.set(item.node.id, tight("x"));
    return;
  }
  const write = (): Expression => {
    const operands = inputsOf(item).map((id) => body.values.get(id) ?? tight("x"));
    if (of.children[index] !== undefined)
      return tight(`self.${local}(${operands.map((operand) => operand.text).join(", ")})`);
    const node = item.kind === "leaf" ? item.node : undefined;
    if (node === undefined) return tight("");
    return expressionOf(
      body.framework,
      node,
      node.inputs.map((id) => shapes.get(id) as Shape),
      operands,
    );
  };
  if (item.kind === "stack" && item.form === "pair") {
    emitPairs(body, item, local, indent);
    return;
  }
  let expression = write();
  // Too long for a line: what was waiting to be read gets variables first.
  if (indent.length + local.length + 3 + expression.text.length > LINE_WIDTH) {
    for (const id of inputsOf(item)) {
      const waiting = body.values.get(id);
      if (waiting !== undefined && !/^\w+$/.test(waiting.text)) assign(body, id, waiting, nameOf(waiting), indent);
    }
    expression = write();
  }
  const dying = inputsOf(item).filter((id) => {
    const left = (body.reads.get(id) ?? 1) - 1;
    body.reads.set(id, left);
    return left === 0;
  });
  const [only] = outputs;
  if (outputs.length === 1 && only !== undefined) {
    if (body.reads.get(only) === 1 && expression.text.length <= inlineLimit(of, item)) {
      body.values.set(only, expression);
      return;
    }
    // A chain goes on under the name it came with, where nothing else is left to be read.
    const isChain = dying.length > 0 && !othersLive(body, dying, only);
    // A name whose tensor is read here for the last time is free again: `previous = self.previous(previous)`.
    const isFree = dying.some((id) => body.values.get(id)?.text === local);
    const name = isChain ? "x" : isFree ? local : unique(local, body.taken);
    body.lines.push(...assigned(indent, name, expression));
    body.values.set(only, tight(name));
    return;
  }
  const names = outputs.map((_, at) => unique(`${local}_${at}`, body.taken));
  body.lines.push(...assigned(indent, names.join(", "), expression));
  outputs.forEach((id, at) => body.values.set(id, tight(names[at] ?? "")));
}

/** A loop over parts that each read the two before them, under two names that move on: `previous, x = x, cell(previous, x)`. */
function emitPairs(body: Body, stack: Stack, local: string, indent: string): void {
  for (const id of stack.inputs) body.reads.set(id, (body.reads.get(id) ?? 1) - 1);
  const { newer } = stack;
  const before = stack.inputs.map((id) => body.values.get(id)?.text ?? "x");
  // A name is free where nothing that is still to be read stands under it.
  const live = [...body.values].filter(([id]) => (body.reads.get(id) ?? 0) > 0).map(([, { text }]) => text);
  const free = (name: string): string =>
    live.some((text) => new RegExp(`\\b${name}\\b`).test(text)) ? unique(name, body.taken) : name;
  const names = newer === 1 ? [free("previous"), free("x")] : [free("x"), free("previous")];
  const [old, fresh] = [names[1 - newer], names[newer]];
  for (const name of names) body.taken.add(name);
  const part = unique(/^[a-z_]+?(?=s\d*$)/.exec(local)?.[0] ?? "part", new Set([...body.taken, local]));
  if (before.join() !== names.join())
    body.lines.push(`${indent}${old}, ${fresh} = ${before[1 - newer]}, ${before[newer]}`);
  body.lines.push(
    `${indent}for ${part} in self.${local}:`,
    `${indent}    ${old}, ${fresh} = ${fresh}, ${part}(${names.join(", ")})`,
  );
  stack.outputs.forEach((id, at) => body.values.set(id, tight(names[at] ?? "")));
}

/** How long an expression may be and still stand within the one that reads it. */
function inlineLimit(of: ModuleClass, item: Item): number {
  const group = of.groups[0] as Group;
  if (group.outputs.length === 1 && outputsOf(item)[0] === group.outputs[0]) return LINE_WIDTH - 16;
  // A part of the whole network stands on a line of its own.
  return group.path === "" && item.kind !== "leaf" ? 0 : MAX_INLINE;
}

/** Whether tensors other than these are still to be read. */
function othersLive(body: Body, dying: readonly string[], made: string): boolean {
  return [...body.values.keys()].some((id) => id !== made && !dying.includes(id) && (body.reads.get(id) ?? 0) > 0);
}

/** An assignment, a call's arguments or a sum's terms on lines of their own where one line is too short. */
function assigned(indent: string, left: string, { text }: Expression): string[] {
  const line = `${indent}${left} = ${text}`;
  if (line.length <= LINE_WIDTH) return [line];
  const call = /^(self\.\w+\()([\w, ]+)\)$/.exec(text);
  if (call !== null)
    return [`${indent}${left} = ${call[1]}`, ...listed((call[2] ?? "").split(", "), `${indent}    `), `${indent})`];
  const terms = text.split(" + ");
  const isSum = terms.length > 1 && terms.every((term) => /^[\w.]+(\(\w*\))?$/.test(term));
  if (!isSum) return [line];
  const [first, ...others] = terms;
  return [
    `${indent}${left} = (`,
    ...[first, ...others.map((term) => `+ ${term}`)].map((term) => `${indent}    ${term}`),
    `${indent})`,
  ];
}

function assign(body: Body, id: string, expression: Expression, wish: string, indent: string): void {
  const name = unique(wish, body.taken);
  body.lines.push(`${indent}${name} = ${expression.text}`);
  body.values.set(id, tight(name));
}

function nameOf(expression: Expression): string {
  return /self\.(\w+)\(/.exec(expression.text)?.[1] ?? "part";
}
