/**
 * @file What a module is made with, and how many makings become one class. A value is a literal or a constructor call; unifying the
 * values of all instances gives a pattern in which whatever differs has become a parameter.
 */

/** A class that can be called: one of torch's, one of the prelude's, or one made for this network. */
export interface PythonClass {
  readonly name: string;
  /** Parameters written without their name, in order. */
  readonly positional: readonly string[];
  /** Text of each default: an argument equal to it is left out. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Where it stands for a stack of parts (repeats.ts): how that is written. */
  readonly stack?: StackForm;
}

/** A stack: the same call so many times; one for each of a list of numbers; or calls of all kinds. */
export type StackForm =
  | { readonly kind: "repeat" }
  | { readonly kind: "each"; readonly variable: string }
  | { readonly kind: "list"; readonly length: number };

export type Value =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "make"; readonly of: PythonClass; readonly args: ReadonlyMap<string, Value> };

export type Make = Extract<Value, { kind: "make" }>;

export type Pattern =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "make"; readonly of: PythonClass; readonly args: ReadonlyMap<string, Pattern> }
  | { readonly kind: "parameter"; readonly parameter: Parameter };

/** What differs between instances. */
export interface Parameter {
  /** Set when all parameters of a class are known. */
  name: string;
  /** Where it is used: child names, then the argument's name. */
  readonly paths: (readonly string[])[];
  /** One per instance. */
  readonly values: readonly Value[];
}

export function literal(text: string): Value {
  return { kind: "literal", text };
}

export function make(of: PythonClass, args: Readonly<Record<string, string>>): Make {
  return { kind: "make", of, args: new Map(Object.entries(args).map(([name, text]) => [name, literal(text)])) };
}

/** Whether a parameter stands for modules rather than numbers. */
export function isModule(parameter: Parameter): boolean {
  return parameter.values.some((value) => value.kind === "make");
}

/** Whether an argument counts channels, so that equal ones may be one parameter. */
export function countsChannels(name: string): boolean {
  return /(channels|filters|features|units)$/.test(name);
}

/** Returns the pattern of one slot over all instances; `found` collects the parameters. */
export function unify(values: readonly Value[], path: readonly string[], found: Parameter[]): Pattern {
  const first = values[0] as Value;
  if (first.kind === "literal" && values.every((value) => value.kind === "literal" && value.text === first.text))
    return first;
  if (first.kind === "make" && values.every((value) => value.kind === "make" && value.of === first.of)) {
    const before = found.map((parameter) => parameter.paths.length);
    const args = new Map<string, Pattern>();
    for (const name of first.args.keys())
      args.set(
        name,
        unify(
          values.map((value) => (value as Make).args.get(name) as Value),
          first.of.stack !== undefined && name === "item" ? path : [...path, name],
          found,
        ),
      );
    // Made anew in every turn of a loop: a module that is passed in would be the same one in all.
    const isLoop = first.of.stack !== undefined && first.of.stack.kind !== "list";
    if (
      !isLoop ||
      !found.some((parameter, index) => isModule(parameter) && parameter.paths.length > (before[index] ?? 0))
    )
      return { kind: "make", of: first.of, args };
    found.length = before.length;
    for (const [index, parameter] of found.entries()) parameter.paths.length = before[index] as number;
  }
  const parameter = mergeable(values, path, found) ?? { name: "", paths: [], values };
  if (parameter.paths.length === 0) found.push(parameter);
  parameter.paths.push(path);
  return { kind: "parameter", parameter };
}

/** A parameter with the same numbers in every instance, if the two count the same thing. Modules are never one: they have weights. */
function mergeable(
  values: readonly Value[],
  path: readonly string[],
  found: readonly Parameter[],
): Parameter | undefined {
  const argument = path.at(-1) ?? "";
  return found.find((parameter) => {
    const other = parameter.paths[0]?.at(-1) ?? "";
    if (other !== argument && !(countsChannels(other) && countsChannels(argument))) return false;
    return parameter.values.every((value, index) => {
      const mine = values[index];
      return value.kind === "literal" && mine?.kind === "literal" && value.text === mine.text;
    });
  });
}

/** Width of a line of Python. */
export const LINE_WIDTH = 100;

/** Returns the Python text of a value or pattern, broken over lines where it is longer than what is left of the line. */
export function render(pattern: Pattern, indent: number, used: number): string {
  if (pattern.kind === "literal") return pattern.text;
  if (pattern.kind === "parameter") return pattern.parameter.name;
  const { of, args } = pattern;
  if (of.stack !== undefined) return renderStack(of, of.stack, args, indent, used);
  const shown = [...args].filter(([name, value]) => !(value.kind === "literal" && of.defaults[name] === value.text));
  // An argument may go without its name only if all before it do.
  const leading = of.positional.filter((_, index) =>
    of.positional.slice(0, index + 1).every((n) => shown.some(([s]) => s === n)),
  );
  const ordered = [
    ...leading.map((name) => shown.find(([s]) => s === name) as [string, Pattern]),
    ...shown.filter(([name]) => !leading.includes(name)),
  ];
  const one = ordered.map(([name, value]) => prefix(name, leading) + render(value, indent, -10_000));
  const line = `${of.name}(${one.join(", ")})`;
  if (used + line.length <= LINE_WIDTH) return line;
  const pad = " ".repeat(indent + 4);
  const inner = `${pad}${one.join(", ")}`;
  if (inner.length <= LINE_WIDTH) return `${of.name}(\n${inner}\n${" ".repeat(indent)})`;
  const lines = ordered.map(([name, value]) => {
    const before = prefix(name, leading);
    return `${pad}${before}${render(value, indent + 4, indent + 5 + before.length)},`;
  });
  return `${of.name}(\n${lines.join("\n")}\n${" ".repeat(indent)})`;
}

/** A stack's parts as the arguments of what holds them: a loop in square brackets, or one call after the other. */
function renderStack(
  { name }: PythonClass,
  form: StackForm,
  args: ReadonlyMap<string, Pattern>,
  indent: number,
  used: number,
): string {
  const pad = " ".repeat(indent + 4);
  const [open, close] = name === "nn.Sequential" ? ["", ""] : ["[", "]"];
  if (form.kind === "list") {
    const lines = [...args.values()].map((value) => `${pad}${render(value, indent + 4, indent + 5)},`);
    return `${name}(${open}\n${lines.join("\n")}\n${" ".repeat(indent)}${close})`;
  }
  const item = args.get("item") as Pattern;
  const over = form.kind === "each" ? args.get(`${form.variable}s`) : args.get("count");
  if (form.kind === "repeat" && over?.kind === "literal" && over.text === "1") {
    const line = `${name}(${open}${render(item, indent, -10_000)}${close})`;
    if (used + line.length <= LINE_WIDTH) return line;
    return `${name}(${open}\n${pad}${render(item, indent + 4, indent + 4)}\n${" ".repeat(indent)}${close})`;
  }
  const list = over === undefined ? "" : render(over, indent, -10_000);
  const loop = form.kind === "each" ? `for ${form.variable} in ${list}` : `for _ in range(${list})`;
  const star = open === "" ? "*[" : "[";
  const line = `${name}(${star}${render(item, indent, -10_000)} ${loop}])`;
  if (used + line.length <= LINE_WIDTH) return line;
  const short = `${pad}${star}${render(item, indent, -10_000)} ${loop}]`;
  if (short.length <= LINE_WIDTH) return `${name}(\n${short}\n${" ".repeat(indent)})`;
  const inner = " ".repeat(indent + 8);
  const made = render(item, indent + 8, indent + 8);
  const lines = [
    `${name}(`,
    `${pad}${star}`,
    `${inner}${made}`,
    `${inner}${loop}`,
    `${pad}]`,
    `${" ".repeat(indent)})`,
  ];
  // A list of numbers that is too long for a line.
  return lines
    .map((text) => (text.length > LINE_WIDTH && text.includes(loop) ? wrapList(text, indent + 8) : text))
    .join("\n");
}

/** Breaks `for x in (1, 2, …)` over lines. */
function wrapList(text: string, indent: number): string {
  const at = text.indexOf("(") + 1;
  const pad = " ".repeat(indent + 4);
  const lines: string[] = [];
  for (const number of text.slice(at, -1).split(", ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + number.length + 3 <= LINE_WIDTH)
      lines[lines.length - 1] = `${last}, ${number}`;
    else lines.push(`${pad}${number}`);
  }
  return `${text.slice(0, at)}\n${lines.join(",\n")},\n${" ".repeat(indent)})`;
}

function prefix(name: string, leading: readonly string[]): string {
  return leading.includes(name) ? "" : `${name}=`;
}
