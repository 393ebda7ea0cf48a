/**
 * @file What a space file writes: declarations. A declaration compiles, at its path, to decisions (data) and to the two ways between
 * a genotype and the value that `decode` sees. `choice`, `int`, `float` and `cells` make them; a plain object of declarations groups
 * them. The set is open: whatever has a `compile` can stand in a declaration.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Decision, Genotype } from "./space.ts";

/** Marks a declaration among plain objects. Registered, so that two loaded copies of this module agree. */
export const declared: unique symbol = Symbol.for("cellwright/space/declaration") as never;

/** Where a declaration stands in its space. */
export interface Place {
  /** Full path of the decision, or of the group of decisions. */
  readonly path: string;
  /** The group it belongs to; empty for none. */
  readonly group: string;
}

/** A declaration at its place. */
export interface Compiled<Read, Write = Read> {
  readonly decisions: readonly Decision[];
  /** Returns what `decode` sees of a valid genotype. */
  read(genotype: Genotype): Read;
  /** The inverse: puts the decisions that `value` stands for into `into`. Throws `space` where it stands for none. */
  write(value: Write, into: Record<string, number>): void;
}

/** A thing to decide. `Read` is what `decode` gets; `Write` is how a named genotype says it. */
export interface Declaration<Read, Write = Read> {
  readonly [declared]: true;
  compile(place: Place): Compiled<Read, Write>;
}

/** Declarations by name; a plain object within is a group. */
export type Declarations = { readonly [name: string]: Declaration<unknown, never> | Declarations };

type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** What `decode` gets, by inference from the declarations. */
export type ChoicesOf<D> = Simplify<{
  readonly [K in keyof D]: D[K] extends Declaration<infer Read, never> ? Read : ChoicesOf<D[K]>;
}>;

/** The same as its author writes it in a named genotype: what `decode` gets is always accepted too. */
export type NamedChoicesOf<D> = Simplify<{
  readonly [K in keyof D]: D[K] extends Declaration<unknown, infer Write> ? Write : NamedChoicesOf<D[K]>;
}>;

/** Names stand in dotted paths, so they have no dots; `__proto__` can't be a key of a record. */
const NAME = /^(?!__proto__$)[\w-]+$/;

/** Throws `space` unless `name` can stand in a path. */
export function checkName(name: string, place: string): void {
  if (!NAME.test(name)) throw new CellwrightError("space", expected(place, "a name of letters, digits, _ and -", name));
}

/** Returns the path of `name` below `parent`; the root's path is empty. */
export function childPath(parent: string, name: string): string {
  return parent === "" ? name : `${parent}.${name}`;
}

function isDeclaration(value: unknown): value is Declaration<unknown> {
  return typeof value === "object" && value !== null && declared in value;
}

/** Compiles named declarations below `place.path`: what a space's `decisions`, a group and an option's children have in common. */
export function compileAll(declarations: unknown, place: Place): Compiled<Readonly<Record<string, unknown>>> {
  const where = place.path === "" ? "decisions" : place.path;
  if (typeof declarations !== "object" || declarations === null || Array.isArray(declarations))
    throw new CellwrightError(
      "space",
      expected(where, "a declaration (choice, int, float, cells) or an object of them", declarations),
    );
  const parts = Object.entries(declarations).map(([name, value]: [string, unknown]) => {
    const path = childPath(place.path, name);
    checkName(name, path);
    const compiled = isDeclaration(value)
      ? value.compile({ path, group: place.group })
      : compileAll(value, { path, group: path });
    return { name, path, compiled };
  });
  return {
    decisions: parts.flatMap((part) => part.compiled.decisions),
    read: (genotype) => Object.fromEntries(parts.map((part) => [part.name, part.compiled.read(genotype)])),
    write(value, into) {
      if (typeof value !== "object" || value === null)
        throw new CellwrightError("space", expected(where, "an object of choices", value));
      const unknown = Object.keys(value).find((key) => !parts.some((part) => part.name === key));
      if (unknown !== undefined) {
        const names = parts.map((part) => part.name).join(", ");
        throw new CellwrightError(
          "space",
          expected(where, names === "" ? "nothing to choose" : `only ${names}`, unknown),
        );
      }
      for (const part of parts) {
        if (!Object.hasOwn(value, part.name))
          throw new CellwrightError("space", expected(part.path, "a value", undefined));
        part.compiled.write(value[part.name], into);
      }
    },
  };
}
