/**
 * @file Random spaces for property tests: a specification drawn by fast-check, the declarations it stands for, and an oracle that
 * reads genotypes off the specification alone, without any code of the space.
 */
import * as fc from "fast-check";
import { unreachable } from "../../../src/base/errors.ts";
import {
  type AnySpace,
  cells,
  choice,
  type Declaration,
  type Declarations,
  defineSpace,
  float,
  type Genotype,
  int,
} from "../../../src/space/index.ts";

export type Spec =
  | { readonly kind: "literal"; readonly options: number }
  | { readonly kind: "int"; readonly min: number; readonly steps: number; readonly step: number }
  | { readonly kind: "float"; readonly min: number; readonly width: number; readonly scale: "linear" | "log" }
  | { readonly kind: "branch"; readonly options: readonly (readonly Spec[])[] }
  | { readonly kind: "group"; readonly members: readonly Spec[] }
  | {
      readonly kind: "cell";
      readonly blocks: number;
      readonly operations: number;
      readonly combiners: number;
      readonly inputs: number;
    };

/** Draws a list of declarations, nested to `depth`; `finite` leaves floats out. */
export function specs({
  finite,
  depth = 3,
  most = 4,
}: {
  finite: boolean;
  depth?: number;
  most?: number;
}): fc.Arbitrary<readonly Spec[]> {
  const literal = fc.record({ kind: fc.constant("literal" as const), options: fc.integer({ min: 1, max: 4 }) });
  const whole = fc.record({
    kind: fc.constant("int" as const),
    min: fc.integer({ min: -20, max: 20 }),
    steps: fc.integer({ min: 0, max: 4 }),
    step: fc.integer({ min: 1, max: 7 }),
  });
  const real = fc.oneof(
    fc.record({
      kind: fc.constant("float" as const),
      min: fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      width: fc.double({ min: 1e-6, max: 1e30, noNaN: true }),
      scale: fc.constant("linear" as const),
    }),
    fc.record({
      kind: fc.constant("float" as const),
      min: fc.double({ min: 1e-9, max: 10, noNaN: true }),
      width: fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      scale: fc.constant("log" as const),
    }),
  );
  const cell = fc.record({
    kind: fc.constant("cell" as const),
    blocks: fc.integer({ min: 1, max: 2 }),
    operations: fc.integer({ min: 1, max: 2 }),
    combiners: fc.integer({ min: 1, max: 2 }),
    inputs: fc.integer({ min: 1, max: 2 }),
  });
  const leaf: fc.Arbitrary<Spec> = finite ? fc.oneof(literal, whole, cell) : fc.oneof(literal, whole, real, cell);
  let level: fc.Arbitrary<Spec> = leaf;
  for (let i = 1; i < depth; i++) {
    const below = fc.array(level, { maxLength: 2 });
    level = fc.oneof(
      leaf,
      fc.record({ kind: fc.constant("branch" as const), options: fc.array(below, { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant("group" as const), members: below }),
    );
  }
  return fc.array(level, { minLength: 1, maxLength: most });
}

/** Builds the space of a specification; `decode` returns the choices as they are. */
export function spaceOf(members: readonly Spec[]): AnySpace {
  return defineSpace({
    name: "random",
    version: 1,
    skeleton: {},
    decisions: declare(members),
    decode: (choices) => ({ network: choices }),
  });
}

function declare(members: readonly Spec[]): Declarations {
  return Object.fromEntries(members.map((spec, i) => [`d${i}`, declareOne(spec)]));
}

function declareOne(spec: Spec): Declaration<unknown, never> | Declarations {
  switch (spec.kind) {
    case "literal":
      return choice(names("o", spec.options));
    case "int":
      return int(spec.min, spec.min + spec.steps * spec.step, { step: spec.step });
    case "float":
      return float(spec.min, maxOf(spec), { scale: spec.scale });
    case "branch":
      return choice(
        Object.fromEntries(spec.options.map((children, i) => [`o${i}`, declare(children) as Record<string, never>])),
      );
    case "group":
      return declare(spec.members);
    case "cell":
      return cells({
        blocks: spec.blocks,
        operations: Object.fromEntries(names("op", spec.operations).map((name) => [name, name])),
        combiners: names("c", spec.combiners),
        inputs: spec.inputs,
      });
    default:
      return unreachable(spec);
  }
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

function maxOf(spec: Extract<Spec, { kind: "float" }>): number {
  return spec.scale === "log" ? spec.min * (1 + spec.width) : spec.min + spec.width;
}

/** Every genotype of a finite specification, as sorted JSON texts of its entries. */
export function allGenotypes(members: readonly Spec[]): readonly string[] {
  return product(members.map((spec, i) => variants(spec, `d${i}`))).map((entries) =>
    JSON.stringify([...entries].sort(byPath)),
  );
}

/** A genotype in the form of `allGenotypes`. */
export function entriesText(genotype: Genotype): string {
  return JSON.stringify(Object.entries(genotype).sort(byPath));
}

function byPath(a: readonly [string, number], b: readonly [string, number]): number {
  return a[0] < b[0] ? -1 : 1;
}

type Entries = readonly (readonly [string, number])[];

function variants(spec: Spec, path: string): readonly Entries[] {
  switch (spec.kind) {
    case "literal":
      return range(spec.options).map((i) => [[path, i]]);
    case "int":
      return range(spec.steps + 1).map((i) => [[path, spec.min + i * spec.step]]);
    case "float":
      throw new Error("A float has no list of values.");
    case "branch":
      return spec.options.flatMap((children, i) =>
        product(children.map((child, j) => variants(child, `${path}.o${i}.d${j}`))).map((rest) => [
          [path, i] as const,
          ...rest,
        ]),
      );
    case "group":
      return product(spec.members.map((child, i) => variants(child, `${path}.d${i}`)));
    case "cell":
      return product(
        range(spec.blocks).flatMap((b) => {
          const at = (field: string, count: number): readonly Entries[] =>
            range(count).map((i) => [[`${path}.block${b}.${field}`, i]]);
          const states = spec.inputs + b;
          const fields = [at("leftInput", states), at("rightInput", states)];
          fields.push(at("leftOperation", spec.operations), at("rightOperation", spec.operations));
          return spec.combiners > 1 ? [...fields, at("combiner", spec.combiners)] : fields;
        }),
      );
    default:
      return unreachable(spec);
  }
}

function product(factors: readonly (readonly Entries[])[]): readonly Entries[] {
  let all: readonly Entries[] = [[]];
  for (const factor of factors) all = all.flatMap((head) => factor.map((tail) => [...head, ...tail]));
  return all;
}

/** Returns how many genotypes a finite specification has, without making them. */
export function sizeOf(members: readonly Spec[]): bigint {
  return members.map(sizeOfOne).reduce((a, b) => a * b, 1n);
}

function sizeOfOne(spec: Spec): bigint {
  switch (spec.kind) {
    case "literal":
      return BigInt(spec.options);
    case "int":
      return BigInt(spec.steps + 1);
    case "float":
      throw new Error("A float has no number of values.");
    case "branch":
      return spec.options.map(sizeOf).reduce((a, b) => a + b, 0n);
    case "group":
      return sizeOf(spec.members);
    case "cell":
      return range(spec.blocks)
        .map((b) => BigInt((spec.inputs + b) ** 2 * spec.operations ** 2 * spec.combiners))
        .reduce((a, b) => a * b, 1n);
    default:
      return unreachable(spec);
  }
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Returns what is wrong with a genotype according to the specification alone, as paths; empty if nothing. */
export function wrongPaths(members: readonly Spec[], genotype: Genotype): readonly string[] {
  const wrong: string[] = [];
  const seen = new Set<string>();
  const check = (path: string, good: (value: number) => boolean): void => {
    seen.add(path);
    const value = genotype[path];
    if (value === undefined || !good(value)) wrong.push(path);
  };
  const index = (count: number) => (value: number) => Number.isInteger(value) && value >= 0 && value < count;
  const visit = (spec: Spec, path: string): void => {
    if (spec.kind === "literal") check(path, index(spec.options));
    if (spec.kind === "int")
      check(path, (value) => range(spec.steps + 1).some((i) => spec.min + i * spec.step === value));
    if (spec.kind === "float") check(path, (value) => value >= spec.min && value <= maxOf(spec));
    if (spec.kind === "group") spec.members.forEach((child, i) => visit(child, `${path}.d${i}`));
    if (spec.kind === "branch") {
      check(path, index(spec.options.length));
      const taken = genotype[path];
      if (taken !== undefined) spec.options[taken]?.forEach((child, i) => visit(child, `${path}.o${taken}.d${i}`));
    }
    if (spec.kind === "cell")
      for (const b of range(spec.blocks)) {
        const at = `${path}.block${b}`;
        for (const field of ["leftInput", "rightInput"]) check(`${at}.${field}`, index(spec.inputs + b));
        for (const field of ["leftOperation", "rightOperation"]) check(`${at}.${field}`, index(spec.operations));
        if (spec.combiners > 1) check(`${at}.combiner`, index(spec.combiners));
      }
  };
  members.forEach((spec, i) => visit(spec, `d${i}`));
  return [...wrong, ...Object.keys(genotype).filter((path) => !seen.has(path))];
}
