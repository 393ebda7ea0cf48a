/** @file What can be wrong with one node by itself: its path, its operation, how many inputs it has, its attributes. */
import { expected } from "../base/errors.ts";
import type { OpKind } from "./network.ts";
import { isPlainObject, type Check } from "./ops/checks.ts";
import { operations, opKinds } from "./ops/table.ts";

/** Segments of letters, digits, `_`, `-` and `.`, joined by `/`. */
const PATH = /^[\w.-]+(\/[\w.-]+)*$/;

/** Every operation's attributes with their checks: networks have nodes by the thousand. */
const checksOf: ReadonlyMap<string, readonly (readonly [string, Check])[]> = new Map(
  opKinds.map((op) => [op, Object.entries(operations[op].attributes as Readonly<Record<string, Check>>)]),
);

/** A node as it may come from a file. */
export interface UncheckedNode {
  readonly id: unknown;
  readonly op: unknown;
  readonly inputs: unknown;
  readonly attributes: unknown;
}

function arityText([min, max]: readonly [number, number]): string {
  const plural = (count: number): string => (count === 1 ? "1 input" : `${count} inputs`);
  if (min === max) return max === 0 ? "no inputs" : plural(max);
  return max === Infinity ? `${min} inputs or more` : `${min} to ${max} inputs`;
}

/** Returns everything wrong with a node that can be said without the rest of the graph. */
export function checkNode(node: UncheckedNode, place: string): readonly string[] {
  const problems: string[] = [];
  if (typeof node.id !== "string" || !PATH.test(node.id)) {
    problems.push(expected(place, "a path of letters, digits, _, - and ., its segments joined by /", node.id));
  }
  const { inputs, attributes } = node;
  if (!Array.isArray(inputs) || !inputs.every((input) => typeof input === "string")) {
    problems.push(expected(place, "inputs that are a list of node ids", inputs));
  }
  if (typeof node.op !== "string" || !checksOf.has(node.op)) {
    problems.push(expected(place, `an operation (${opKinds.join(", ")})`, node.op));
    return problems;
  }
  const { arity, attributes: checks } = operations[node.op as OpKind];
  if (Array.isArray(inputs) && (inputs.length < arity[0] || inputs.length > arity[1])) {
    problems.push(expected(place, arityText(arity), inputs.length));
  }
  if (!isPlainObject(attributes)) {
    problems.push(expected(place, "attributes that are an object", attributes));
    return problems;
  }
  for (const [name, check] of checksOf.get(node.op) ?? []) {
    const what = check(attributes[name]);
    if (what !== undefined) problems.push(expected(`${place}, ${name}`, what, attributes[name]));
  }
  for (const name of Object.keys(attributes)) {
    if (!Object.hasOwn(checks, name)) {
      const allowed = Object.keys(checks).join(", ");
      problems.push(
        expected(`${place}, ${name}`, allowed === "" ? "no attributes" : `only ${allowed}`, attributes[name]),
      );
    }
  }
  return problems;
}
