/**
 * @file Parts that repeat, found in the tree: the cells of a stack, the blocks of a stage. They become one item that is written as a loop. Which parts
 * are alike is what the classes say that they get without any loop.
 */
import type { Shape } from "../../network/network.ts";
import { inputsOf, moduleClasses, outputsOf, type ModuleClass } from "./classes.ts";
import type { PythonFramework } from "./framework.ts";
import { stackMake } from "./repeats.ts";
import { nodesOf, type Group, type Item, type Stack } from "./tree.ts";
import type { Make } from "./values.ts";

interface Facts {
  readonly framework: PythonFramework;
  readonly makes: ReadonlyMap<Group, Make>;
  /** Stems of groups (`stage` for `stage3`) whose first part is of its own class somewhere, and those that have a stack behind it. */
  readonly firstApart: ReadonlySet<string>;
  readonly withStack: ReadonlySet<string>;
}

/** Returns the tree with its repeated parts as stacks; the same tree where the framework has none. */
export function withStacks(root: Group, shapes: ReadonlyMap<string, Shape>, framework: PythonFramework): Group {
  if (framework.stacks === undefined) return root;
  const makes = new Map(moduleClasses(root, shapes, "", framework).flatMap((of) => [...makesOf(of)]));
  const stages = groupsWithin(root).filter((group) => isStage(group));
  const apart = stages.filter(({ items: [first, second] }) => !isSameClass(makes, first, second));
  const long = stages.filter((group) => group.items.length > 2 && isLoop(group.items.slice(1), makes));
  const facts: Facts = {
    framework,
    makes,
    firstApart: new Set(apart.map(stemOf)),
    withStack: new Set(long.map(stemOf)),
  };
  return rolled(root, facts);
}

function* makesOf(of: ModuleClass): Generator<readonly [Group, Make]> {
  for (const [index, group] of of.groups.entries()) {
    const args = new Map(of.parameters.map(({ name, values }) => [name, values[index] as Make]));
    yield [group, { kind: "make", of, args }];
  }
}

function groupsWithin(group: Group): Group[] {
  return [group, ...group.items.flatMap((item) => (item.kind === "group" ? groupsWithin(item) : []))];
}

function isSameClass(makes: ReadonlyMap<Group, Make>, a: Item | undefined, b: Item | undefined): boolean {
  return a?.kind === "group" && b?.kind === "group" && makes.get(a)?.of === makes.get(b)?.of;
}

/** `stage` for `stage3`. */
function stemOf({ name }: { readonly name: string }): string {
  return name.replace(/\d+$/, "");
}

/** Whether a group is a row of parts that are called alike and numbered, each reading the one before it alone. */
function isStage(group: Group): boolean {
  const [first, ...rest] = group.items;
  if (first?.kind !== "group" || rest.length === 0 || group.outputs.length !== 1) return false;
  return rest.every(
    (item, index) =>
      item.kind === "group" &&
      stemOf(item) === stemOf(first) &&
      /\d$/.test(item.name) &&
      follows(item, group.items[index]),
  );
}

/** Whether an item reads the one result of another and nothing else. */
function follows(item: Item, before: Item | undefined): boolean {
  const inputs = inputsOf(item);
  const outputs = before === undefined ? [] : outputsOf(before);
  return inputs.length === 1 && outputs.length === 1 && inputs[0] === outputs[0];
}

function isLoop(items: readonly Item[], makes: ReadonlyMap<Group, Make>): boolean {
  const all = items.map((item) => (item.kind === "group" ? makes.get(item) : undefined));
  return all.every((each) => each !== undefined) && stackMake("", all, true) !== undefined;
}

function rolled(group: Group, facts: Facts): Group {
  const { items } = group;
  const runs: { readonly from: number; readonly to: number; readonly form: Stack["form"] }[] = [];
  const rest = items.slice(1);
  const stem = stemOf(group);
  const isApart = isStage(group) && facts.firstApart.has(stem);
  if (isApart && facts.withStack.has(stem) && isLoop(rest, facts.makes)) {
    runs.push({ from: 1, to: items.length, form: "chain" });
  } else {
    // Where some stages begin with a part of another kind, all of them have their first part apart: so they are of one class.
    let from = isApart ? 1 : 0;
    while (from < items.length) {
      const run = longestRun(group, from, facts);
      if (run !== undefined) runs.push({ from, ...run });
      from = run?.to ?? from + 1;
    }
  }
  const result: Item[] = [];
  const stems = runs.map(({ from }) => stemOf(items[from] as Group));
  let at = 0;
  for (const [index, { from, to, form }] of runs.entries()) {
    result.push(...items.slice(at, from).map((item) => (item.kind === "group" ? rolled(item, facts) : item)));
    const parts = items.slice(from, to).filter((item) => item.kind === "group");
    const word = `${stems[index]?.replace(/\W+$/, "")}s`.replace(/^s$/, "parts");
    const alike = stems.filter((other) => other === stems[index]).length;
    const name =
      alike === 1 ? word : `${word}${stems.slice(0, index).filter((other) => other === stems[index]).length + 1}`;
    result.push(stack(name, form, parts, facts));
    at = to;
  }
  result.push(...items.slice(at).map((item) => (item.kind === "group" ? rolled(item, facts) : item)));
  return { ...group, items: result };
}

function stack(name: string, form: Stack["form"], parts: readonly Group[], facts: Facts): Stack {
  const [first, last] = [parts[0] as Group, parts.at(-1) as Group];
  const newer = form === "chain" ? 0 : newerOf(parts);
  const ends = [parts.at(-2)?.outputs[0] ?? "", last.outputs[0] ?? ""];
  return {
    kind: "stack",
    name,
    form,
    items: parts.map((part) => rolled(part, facts)),
    inputs: first.inputs,
    outputs: form === "chain" ? last.outputs : newer === 1 ? ends : ends.toReversed(),
    newer,
  };
}

/** Which argument of the second part is what the first gives. */
function newerOf([first, second]: readonly Item[]): number {
  return first === undefined || second === undefined ? -1 : inputsOf(second).indexOf(outputsOf(first)[0] ?? "");
}

/** Returns where the longest run of parts that begins here ends, if it is worth a loop. */
function longestRun(
  group: Group,
  from: number,
  { makes }: Facts,
): { readonly to: number; readonly form: Stack["form"] } | undefined {
  const { items } = group;
  const first = items[from];
  if (first?.kind !== "group" || first.outputs.length !== 1 || first.inputs.length > 2) return undefined;
  const form = first.inputs.length === 1 ? "chain" : "pair";
  const newer = newerOf([first, items[from + 1] as Item].filter((item) => item !== undefined));
  if (newer < 0) return undefined;
  let to = from + 1;
  for (; to < items.length; to++) {
    const item = items[to] as Item;
    if (!isSameClass(makes, first, item) || outputsOf(item).length !== 1) break;
    const before = items[to - 1] as Item;
    if (form === "chain" ? !follows(item, before) : !readsBoth(items, from, to, newer)) break;
    // What is inside the run must not be read from outside: the last part's result may, and the last but one's where the loop has it.
    if (!isPrivate(group, items, from, to, form) || !isLoop(items.slice(from, to + 1), makes)) break;
  }
  const merges = nodesOf(first).some((node) => ["add", "concat", "multiply"].includes(node.op));
  return to - from >= (merges && form === "chain" ? 2 : 3) ? { to, form } : undefined;
}

/** Whether the part at `at` reads the two before it, or what the first part read newer, in the run's order of arguments. */
function readsBoth(items: readonly Item[], from: number, at: number, newer: number): boolean {
  const inputs = inputsOf(items[at] as Item);
  const older = at === from + 1 ? inputsOf(items[from] as Item)[newer] : outputsOf(items[at - 2] as Item)[0];
  return inputs.length === 2 && inputs[newer] === outputsOf(items[at - 1] as Item)[0] && inputs[1 - newer] === older;
}

/** Whether nothing but the run's own parts reads what it keeps inside once the part at `at` joins it. */
function isPrivate(group: Group, items: readonly Item[], from: number, at: number, form: Stack["form"]): boolean {
  const kept = items.slice(from, form === "chain" ? at : at - 1).map((item) => outputsOf(item)[0] ?? "");
  const outside = items.filter((_, index) => index < from || index > at).flatMap(inputsOf);
  return !kept.some((id) => group.outputs.includes(id) || outside.includes(id));
}
