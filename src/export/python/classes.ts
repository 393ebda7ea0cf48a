/**
 * @file Which Python classes a network needs. Groups wired alike become one class; what differs between them (channels, a stride, a
 * whole operation within a block) becomes its parameters. Where too much differs, there are two classes.
 */
import { canonicalJson } from "../../base/canonical-json.ts";
import type { Shape } from "../../network/network.ts";
import { nameGroups } from "./class-names.ts";
import { expressionOf, moduleOf, tight, type PythonFramework } from "./framework.ts";
import { snakeName, unique } from "./names.ts";
import { loopVariables, stackMake } from "./repeats.ts";
import type { Group, Item, Stack } from "./tree.ts";
import {
  countsChannels,
  isModule,
  unify,
  type Make,
  type Parameter,
  type Pattern,
  type PythonClass,
  type Value,
} from "./values.ts";

/** A class of model.py. `items`, `locals` and `children` run in parallel with the items of its groups. */
export interface ModuleClass extends PythonClass {
  /** Final when all classes are known. */
  name: string;
  readonly groups: readonly Group[];
  readonly parameters: readonly Parameter[];
  /** Attribute and variable name of each item. */
  readonly locals: readonly string[];
  /** How each item is made, or undefined if it is an expression. */
  readonly children: readonly (Pattern | undefined)[];
}

/** How many operations may differ between two groups of one class. A block has two, an adjusted cell input is one. */
const MAX_MODULE_PARAMETERS = 2;

/** Parameters that get the default 1. */
const OFTEN_ONE: ReadonlySet<string> = new Set(["stride", "strides", "dilation", "dilation_rate", "groups"]);

/** Returns the classes in an order in which each uses only earlier ones; the root's comes last. */
export function moduleClasses(
  root: Group,
  shapes: ReadonlyMap<string, Shape>,
  rootName: string,
  framework: PythonFramework,
): readonly ModuleClass[] {
  const classes: ModuleClass[] = [];
  const made = new Map<Group, Make>();
  const taken = new Set<string>([rootName, ...framework.classNames]);
  const makesOf = (group: Group): (Make | undefined)[] =>
    group.items.map((item) =>
      item.kind === "group"
        ? made.get(item)
        : item.kind === "stack"
          ? stackOf(item, made, framework)
          : moduleOf(framework, item.node, shapesOf(item.node.inputs, shapes)),
    );

  const keys = new Map<Group, string>();
  const keyOf = (group: Group): string => {
    const key = keys.get(group) ?? wiringKey(group, shapes, framework);
    keys.set(group, key);
    return key;
  };
  let waiting = groupsWithin(root);
  while (waiting.length > 0) {
    const byKey = groupBy(waiting, keyOf);
    // All groups of a key at once if their parts are known; else whatever is ready, so that it always goes on.
    const ready =
      [...byKey.values()].find((groups) => groups.every((group) => isReady(group, made))) ??
      [...byKey.values()]
        .map((groups) => groups.filter((group) => isReady(group, made)))
        .find((groups) => groups.length > 0) ??
      [];
    for (const groups of cluster(ready, makesOf)) {
      const defined = define(groups, makesOf, nameGroups(groups, shapes), framework);
      classes.push(defined);
      groups.forEach((group, index) =>
        made.set(group, {
          kind: "make",
          of: defined,
          args: new Map(defined.parameters.map((parameter) => [parameter.name, parameter.values[index] as Value])),
        }),
      );
    }
    waiting = waiting.filter((group) => !made.has(group));
  }
  // Of those that would be called alike the most used keeps the plain name.
  for (const of of classes.toSorted((a, b) => b.groups.length - a.groups.length)) of.name = unique(of.name, taken);
  classes.push(define([root], makesOf, rootName, framework));
  return classes;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

function groupsWithin(group: Group): Group[] {
  return group.items.flatMap((item) => partsOf(item).flatMap((part) => [...groupsWithin(part), part]));
}

/** The groups that an item is made of. */
function partsOf(item: Item): readonly Group[] {
  return item.kind === "leaf" ? [] : item.kind === "group" ? [item] : item.items;
}

function isReady(group: Group, made: ReadonlyMap<Group, Make>): boolean {
  return group.items.every((item) => partsOf(item).every((part) => made.has(part)));
}

/** How a stack is made, all of its parts being known. */
function stackOf(stack: Stack, made: ReadonlyMap<Group, Make>, { stacks }: PythonFramework): Make | undefined {
  const makes = stack.items.map((part) => made.get(part)).filter((part) => part !== undefined);
  return makes.length < stack.items.length ? undefined : stackMake(stacks?.[stack.form] ?? "", makes, false);
}

function shapesOf(ids: readonly string[], shapes: ReadonlyMap<string, Shape>): Shape[] {
  return ids.map((id) => shapes.get(id) as Shape);
}

/**
 * What groups of one class have in common: names, wiring, expressions. Where a group merges several tensors, what its modules are is
 * left open (a block is a block whatever its operations); in a chain of operations it is part of what the chain is.
 */
function wiringKey(group: Group, shapes: ReadonlyMap<string, Shape>, framework: PythonFramework): string {
  const merges = group.items.some(
    (item) => item.kind === "leaf" && ["add", "concat", "multiply"].includes(item.node.op),
  );
  const names = referenceNames(group);
  const reference = (id: string): string => names.get(id) ?? "";
  return canonicalJson({
    inputs: group.inputs.length,
    outputs: group.outputs.map(reference),
    items: group.items.map((item) => ({
      name: item.name,
      what: whatOf(item, merges, shapes, framework),
      from: inputsOf(item).map(reference),
    })),
  });
}

function whatOf(item: Item, merges: boolean, shapes: ReadonlyMap<string, Shape>, framework: PythonFramework): string {
  if (item.kind === "group") return `module with ${item.outputs.length}`;
  if (item.kind === "stack") return `${item.form} ${item.newer}`;
  const inputs = shapesOf(item.node.inputs, shapes);
  if (moduleOf(framework, item.node, inputs) !== undefined) return merges ? "module with 1" : item.node.op;
  return expressionOf(
    framework,
    item.node,
    inputs,
    item.node.inputs.map((_, index) => tight(`$${index}`)),
  ).text;
}

/** Ids of the tensors that an item reads. */
export function inputsOf(item: Item): readonly string[] {
  return item.kind === "leaf" ? item.node.inputs : item.inputs;
}

/** Ids of the tensors that an item gives. */
export function outputsOf(item: Item): readonly string[] {
  return item.kind === "leaf" ? [item.node.id] : item.outputs;
}

/** Names of the tensors within a group, free of the group's own path. */
function referenceNames(group: Group): Map<string, string> {
  const names = new Map(group.inputs.map((id, index) => [id, `input${index}`]));
  group.items.forEach((item, at) => outputsOf(item).forEach((id, index) => names.set(id, `item${at}.${index}`)));
  return names;
}

function cluster(groups: readonly Group[], makesOf: (group: Group) => (Make | undefined)[]): Group[][] {
  // Only classes matter to what may be one: of members that are made of the same ones one stands for all.
  const clusters: { readonly members: Group[]; readonly kinds: Map<string, Group> }[] = [];
  const ids = new Map<PythonClass, number>();
  const idOf = (of: PythonClass): number => {
    const id = ids.get(of) ?? ids.size;
    ids.set(of, id);
    return id;
  };
  const kindOf = (value: Value | undefined): unknown =>
    value?.kind === "make" ? [idOf(value.of), ...[...value.args.values()].map(kindOf)] : 0;
  for (const group of groups) {
    const kind = JSON.stringify(makesOf(group).map(kindOf));
    const home = clusters.find(
      ({ kinds }) => kinds.has(kind) || moduleParameters([...kinds.values(), group], makesOf) <= MAX_MODULE_PARAMETERS,
    );
    if (home === undefined) clusters.push({ members: [group], kinds: new Map([[kind, group]]) });
    else {
      home.members.push(group);
      home.kinds.set(kind, home.kinds.get(kind) ?? group);
    }
  }
  return clusters.map(({ members }) => members);
}

function moduleParameters(groups: readonly Group[], makesOf: (group: Group) => (Make | undefined)[]): number {
  return patterns(groups, makesOf, []).found.filter(isModule).length;
}

function patterns(
  groups: readonly Group[],
  makesOf: (group: Group) => (Make | undefined)[],
  locals: readonly string[],
): { children: (Pattern | undefined)[]; found: Parameter[] } {
  const makes = groups.map(makesOf);
  const found: Parameter[] = [];
  const children = (groups[0]?.items ?? []).map((_, at) =>
    makes[0]?.[at] === undefined
      ? undefined
      : unify(
          makes.map((of) => of[at] as Make),
          [locals[at] ?? ""],
          found,
        ),
  );
  return { children, found };
}

function define(
  groups: readonly Group[],
  makesOf: (group: Group) => (Make | undefined)[],
  name: string,
  { reserved }: PythonFramework,
): ModuleClass {
  const taken = new Set<string>();
  const locals = (groups[0]?.items ?? []).map((item) => unique(snakeName(item.name, reserved), taken));
  const { children, found } = patterns(groups, makesOf, locals);
  nameParameters(found);
  const parameters = found.toSorted((a, b) => rank(a) - rank(b));
  // `channels` and `filters` stand first and may go without their names.
  const positional = parameters.map((parameter) => parameter.name).filter((n) => n === "channels" || n === "filters");
  const defaults = Object.fromEntries(
    parameters.filter((parameter) => OFTEN_ONE.has(parameter.name)).map((parameter) => [parameter.name, "1"]),
  );
  return { name, positional, defaults, groups, parameters, locals, children };
}

/** The most used first: it gets the plain name. */
function nameParameters(parameters: readonly Parameter[]): void {
  const taken = new Set<string>(loopVariables);
  for (const parameter of parameters.toSorted((a, b) => b.paths.length - a.paths.length)) {
    const paths = parameter.paths;
    const path = paths.find((p) => p.at(-1) === "filters") ?? paths[0] ?? [];
    const plain = isModule(parameter) ? path.join("_") : plainName(path.at(-1) ?? "");
    const name = taken.has(plain) ? `${path.slice(0, isModule(parameter) ? undefined : -1).join("_")}_${plain}` : plain;
    parameter.name = unique(name, taken);
  }
}

function plainName(argument: string): string {
  return argument === "num_features" || argument === "in_features" ? "channels" : argument;
}

function rank(parameter: Parameter): number {
  if (isModule(parameter)) return 3;
  if (parameter.name === "channels") return 0;
  if (parameter.name === "filters") return 0.5;
  if (countsChannels(parameter.name)) return 1;
  return OFTEN_ONE.has(parameter.name) ? 4 : 2;
}
