/** @file `choice`: one of several options, plain values or options that open decisions of their own. */
import { CellwrightError, describe, expected } from "../base/errors.ts";
import {
  checkName,
  childPath,
  type ChoicesOf,
  compileAll,
  type Declaration,
  type Declarations,
  declared,
  type NamedChoicesOf,
} from "./declaration.ts";
import type { DecisionRole, Genotype } from "./space.ts";

/** What an option can be when it opens nothing. */
export type Literal = string | number | boolean;

export interface ChoiceSettings {
  /** What the decision is about, for mutations that tell inputs from operations. Default `other`. */
  readonly role?: DecisionRole;
  /** What the decision means, in a few words: `cellwright space show` prints it. */
  readonly doc?: string;
}

/** Options by name, each with the decisions it opens. `kind` is taken: it holds the option's name. */
export type Branches = { readonly [option: string]: Declarations & { readonly kind?: never } };

/** A union over the options, told apart by `kind`. */
export type BranchOf<O> = {
  [K in keyof O & string]: {
    [F in keyof ChoicesOf<O[K]> | "kind"]: F extends "kind" ? K : ChoicesOf<O[K]>[F & keyof ChoicesOf<O[K]>];
  };
}[keyof O & string];

type NamedBranchOf<O> = {
  [K in keyof O & string]: {
    [F in keyof NamedChoicesOf<O[K]> | "kind"]: F extends "kind"
      ? K
      : NamedChoicesOf<O[K]>[F & keyof NamedChoicesOf<O[K]>];
  };
}[keyof O & string];

/** Declares one of several values: `choice(["relu", "swish"])` decodes to `"relu" | "swish"`. Throws `space` on no options or two alike. */
export function choice<const T extends Literal>(options: readonly T[], settings?: ChoiceSettings): Declaration<T>;
/**
 * Declares one of several options, some of which open decisions: `choice({ none: {}, squeeze: { ratio: choice([0.25, 0.5]) } })`
 * decodes to `{ kind: "none" } | { kind: "squeeze", ratio: 0.25 | 0.5 }`. The children are there only when their option is taken.
 */
export function choice<const O extends Branches>(
  options: O,
  settings?: ChoiceSettings,
): Declaration<BranchOf<O>, NamedBranchOf<O>>;
export function choice(
  options: readonly Literal[] | Branches,
  settings: ChoiceSettings = {},
): Declaration<unknown, never> {
  return Array.isArray(options)
    ? literalChoice(options as readonly Literal[], settings)
    : branchChoice(options as Branches, settings);
}

function literalChoice(values: readonly Literal[], { role = "other", doc }: ChoiceSettings): Declaration<Literal> {
  return {
    [declared]: true,
    compile({ path, group }) {
      values.forEach((value) => checkLiteral(value, path));
      const names = values.map(String);
      checkOptions(names, path);
      const options = names.map((name) => ({ name, children: [] }));
      return {
        decisions: [{ kind: "choice", path, role, group, options, ...(doc !== undefined && { doc }) }],
        read: (genotype) => values[genotype[path] as number] as Literal,
        write(value, into) {
          into[path] = indexOf(values, value, path);
        },
      };
    },
  };
}

function branchChoice(
  branches: Branches,
  { role = "other", doc }: ChoiceSettings,
): Declaration<{ kind: string }, { kind: string } & Record<string, unknown>> {
  return {
    [declared]: true,
    compile({ path, group }) {
      if (typeof branches !== "object" || branches === null)
        throw new CellwrightError("space", expected(path, "a list of options or an object of them", branches));
      const names = Object.keys(branches);
      checkOptions(names, path);
      const compiled = names.map((name) => {
        const below = childPath(path, name);
        checkName(name, below);
        const children = branches[name];
        if (typeof children === "object" && children !== null && Object.hasOwn(children, "kind"))
          throw new CellwrightError(
            "space",
            expected(below, "no child named kind (it holds the option's name)", "kind"),
          );
        return compileAll(children, { path: below, group });
      });
      const options = names.map((name, i) => ({ name, children: compiled[i]?.decisions ?? [] }));
      const taken = (genotype: Genotype): number => genotype[path] as number;
      return {
        decisions: [{ kind: "choice", path, role, group, options, ...(doc !== undefined && { doc }) }],
        read: (genotype) => ({
          kind: names[taken(genotype)] as string,
          ...compiled[taken(genotype)]?.read(genotype),
        }),
        write(value, into) {
          if (typeof value !== "object" || value === null)
            throw new CellwrightError("space", expected(path, `{ kind: … } with one of ${names.join(", ")}`, value));
          const { kind, ...children } = value;
          const index = indexOf(names, kind, path);
          into[path] = index;
          compiled[index]?.write(children, into);
        },
      };
    },
  };
}

function checkLiteral(value: unknown, path: string): void {
  const plain = typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  if (!plain || value === "")
    throw new CellwrightError(
      "space",
      expected(path, "options that are non-empty strings, finite numbers or booleans", value),
    );
}

function checkOptions(names: readonly string[], path: string): void {
  if (names.length === 0) throw new CellwrightError("space", expected(path, "at least one option", names));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new CellwrightError("space", expected(path, "options that differ", `${twice} twice`));
}

/** Returns the place of `value` among `options`. Throws `space` if it is not there. */
export function indexOf(options: readonly Literal[], value: unknown, path: string): number {
  const index = options.indexOf(value as Literal);
  if (index < 0)
    throw new CellwrightError("space", expected(path, `one of ${options.map(describe).join(", ")}`, value));
  return index;
}
