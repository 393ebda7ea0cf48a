/**
 * @file How a stack of parts is made: one call in a loop where its parts differ in one number at most, else a list of calls. As a value it is a call
 * too, of a class that is written as the loop: so stacks of several stages are unified as everything else is.
 */
import { literal, type Make, type PythonClass, type StackForm, type Value } from "./values.ts";

/** What always counts as different from part to part, also where there is one part alone: the depth. */
const BY_DEPTH = "depth_fraction";

/** Names of the variables of a loop. No parameter has one of them. */
export const loopVariables = ["depth", "width", "value"] as const;

/** Classes by what tells them apart, so that two stacks written alike are of the same one. */
const classes = new Map<string, PythonClass>();

function stackClass(name: string, stack: StackForm): PythonClass {
  const key = JSON.stringify([name, stack]);
  const known = classes.get(key) ?? { name, positional: [], defaults: {}, stack };
  classes.set(key, known);
  return known;
}

/**
 * Returns the making of a stack of which each part is made so. `container` is what holds it: `nn.Sequential`. Undefined where the parts differ in more
 * than one number and `isLoop` asks for a loop.
 */
export function stackMake(container: string, makes: readonly Make[], isLoop: boolean): Make | undefined {
  const [first] = makes;
  if (first === undefined) return undefined;
  const varying = makes.every((each) => sameClasses(each, first)) ? varyingNumbers(makes) : undefined;
  if (varying === undefined || varying.size > 1) {
    if (isLoop) return undefined;
    return {
      kind: "make",
      of: stackClass(container, { kind: "list", length: makes.length }),
      args: new Map(makes.map((each, index) => [String(index), each])),
    };
  }
  const [entry] = varying;
  if (entry === undefined) {
    const of = stackClass(container, { kind: "repeat" });
    return {
      kind: "make",
      of,
      args: new Map<string, Value>([
        ["item", first],
        ["count", literal(String(makes.length))],
      ]),
    };
  }
  const [name, texts] = entry;
  const variable = name === BY_DEPTH ? "depth" : /(channels|filters|features|units)$/.test(name) ? "width" : "value";
  const of = stackClass(container, { kind: "each", variable });
  const args = new Map<string, Value>([
    ["item", withVariable(first, name, variable)],
    [`${variable}s`, literal(listText(texts))],
  ]);
  return { kind: "make", of, args };
}

function sameClasses(a: Value, b: Value): boolean {
  if (a.kind === "literal" || b.kind === "literal") return a.kind === b.kind;
  return a.of === b.of && [...a.args].every(([name, value]) => sameClasses(value, b.args.get(name) ?? literal("")));
}

/** Numbers that aren't the same in all, by the name of their argument; undefined where arguments of one name vary differently. */
function varyingNumbers(makes: readonly Make[]): ReadonlyMap<string, readonly string[]> | undefined {
  const found = new Map<string, readonly string[]>();
  let isClear = true;
  const walk = (values: readonly Make[]): void => {
    for (const [name, value] of (values[0] as Make).args) {
      const all = values.map((each) => each.args.get(name) as Value);
      if (value.kind === "make") walk(all as readonly Make[]);
      else {
        const texts = all.map((each) => (each as { readonly text: string }).text);
        const known = found.get(name);
        if (known !== undefined) isClear &&= known.join() === texts.join();
        else if (name === BY_DEPTH || texts.some((text) => text !== texts[0])) found.set(name, texts);
      }
    }
  };
  walk(makes);
  return isClear && agreesEverywhere(makes, found) ? found : undefined;
}

/** Whether every argument of a varying name varies: one that doesn't would get the variable too. */
function agreesEverywhere(makes: readonly Make[], found: ReadonlyMap<string, readonly string[]>): boolean {
  const walk = (values: readonly Make[]): boolean =>
    [...(values[0] as Make).args].every(([name, value]) => {
      const all = values.map((each) => each.args.get(name) as Value);
      if (value.kind === "make") return walk(all as readonly Make[]);
      const texts = found.get(name);
      return texts === undefined || texts.join() === all.map((each) => (each as { readonly text: string }).text).join();
    });
  return walk(makes);
}

function withVariable(value: Make, argument: string, variable: string): Make {
  return {
    ...value,
    args: new Map(
      [...value.args].map(([name, inner]) => [
        name,
        inner.kind === "make" ? withVariable(inner, argument, variable) : name === argument ? literal(variable) : inner,
      ]),
    ),
  };
}

/** A range where the numbers are whole and rise evenly, else a tuple. */
function listText(texts: readonly string[]): string {
  const numbers = texts.map(Number);
  const [start = 0, second = 0] = numbers;
  const step = second - start;
  const isEven =
    texts.every((text) => /^\d+$/.test(text)) && step > 0 && numbers.every((n, index) => n === start + index * step);
  if (isEven && numbers.length > 2) return `range(${start}, ${start + numbers.length * step}, ${step})`;
  return `(${texts.join(", ")}${texts.length === 1 ? "," : ""})`;
}
