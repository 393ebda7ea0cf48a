/** @file `defineSpace`: a space file's object literal, compiled to a `Space`. */
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { hashJson } from "../base/hash.ts";
import { didYouMean } from "../base/similar-names.ts";
import { checkConstraints, type Constraints } from "./constraints.ts";
import { type ChoicesOf, type Compiled, compileAll, type Declarations, type NamedChoicesOf } from "./declaration.ts";
import { countGenotypes, enumerateGenotypes } from "./enumerate.ts";
import { mergeSkeleton, type Widen } from "./skeleton.ts";
import type { Decision, Decoded, Genotype, RoundedNumbers, ScaleFactors, SkeletonBase, Space } from "./space.ts";
import { assertGenotype, validateGenotype } from "./validate.ts";
import { crossGenotypes, mutateGenotype, sampleGenotype } from "./variation.ts";
import { decodeVector, encodeGenotype, vectorLayout } from "./vector.ts";
import { activeDecisions, flatten } from "./walk.ts";

/** What a space file says. */
export interface SpaceDefinition<D, S, Net> {
  readonly name: string;
  /** 1 or more; goes up when a stored genotype would decode to another network (law 4). */
  readonly version: number;
  /** What is given, not searched, with its default. Plain JSON; a study may override single keys by values of the same type. */
  readonly skeleton: S;
  readonly decisions: D;
  /** Makes the network of the decisions taken. Pure: the same choices and skeleton give the same network. */
  decode(choices: ChoicesOf<D>, skeleton: Widen<S>): Decoded<Net>;
  /** How this family grows under compound scaling. */
  scaleSkeleton?(skeleton: Widen<S>, factors: ScaleFactors): Widen<S>;
  /** What `decode` rounds, where the skeleton holds multipliers that `scaleSkeleton` leaves exact: for those who want to see it. */
  roundedNumbers?(choices: ChoicesOf<D>, skeleton: Widen<S>): readonly RoundedNumbers[];
  /** What a candidate has to meet before it is trained. Written below `decode`, so that its `accept` knows the network's type. No part of the hash. */
  readonly constraints?: Constraints<Net>;
  /** Published architectures and the like, written as `decode` sees them. */
  readonly named?: Readonly<Record<string, NamedChoicesOf<D>>>;
}

/** Keys of a definition. */
const definitionKeys = [
  "name",
  "version",
  "skeleton",
  "decisions",
  "decode",
  "scaleSkeleton",
  "roundedNumbers",
  "constraints",
  "named",
] as const satisfies readonly (keyof SpaceDefinition<unknown, unknown, unknown>)[];

/**
 * Compiles a space. `decode` gets its choices typed by inference from `decisions`.
 * Throws `space` where the declarations or a named genotype make no sense, naming the decision.
 */
export function defineSpace<const D extends Declarations, const S extends SkeletonBase, Net>(
  definition: SpaceDefinition<D, S, Net>,
): Space<Widen<S>, Net> {
  const { name, version } = definition;
  if (typeof name !== "string" || name === "")
    throw new CellwrightError("space", expected("name", "a name for the space", name));
  if (!Number.isSafeInteger(version) || version < 1)
    throw new CellwrightError("space", expected(`space ${name}: version`, "a whole number of 1 or more", version));
  checkKeys(name, definition);
  if (typeof definition.decode !== "function")
    throw new CellwrightError("space", expected(`space ${name}: decode`, "a function", typeof definition.decode));
  if (typeof definition.skeleton !== "object" || definition.skeleton === null || Array.isArray(definition.skeleton))
    throw new CellwrightError(
      "space",
      expected(`space ${name}: skeleton`, "an object ({} for nothing given)", definition.skeleton),
    );
  if (definition.constraints !== undefined) checkConstraints(definition.constraints, `space ${name}: constraints`);
  const compiled = compileAll(definition.decisions, { path: "", group: "" });
  const { decisions } = compiled;
  checkPaths(decisions);
  const skeleton = definition.skeleton as unknown as Widen<S>;
  const layout = vectorLayout(decisions);
  const self = { name, decisions };
  const valid = (genotype: Genotype): Genotype => {
    assertGenotype(self, genotype);
    return genotype;
  };
  return {
    name,
    version,
    hash: hashJson({ name, version, decisions: decisions.map(withoutDoc) }),
    skeleton,
    decisions,
    decode(genotype, overrides) {
      const choices = compiled.read(valid(genotype)) as ChoicesOf<D>;
      return definition.decode(choices, mergeSkeleton(skeleton, overrides));
    },
    scaleSkeleton: definition.scaleSkeleton?.bind(definition),
    ...(definition.roundedNumbers !== undefined && {
      roundedNumbers: (genotype: Genotype, overrides?: Partial<Widen<S>>) =>
        definition.roundedNumbers?.(
          compiled.read(valid(genotype)) as ChoicesOf<D>,
          mergeSkeleton(skeleton, overrides),
        ) ?? [],
    }),
    ...(definition.constraints !== undefined && { constraints: definition.constraints }),
    named: nameGenotypes(self, definition.named ?? {}, compiled),
    sample: (rng) => sampleGenotype(decisions, rng),
    validate: (value) => validateGenotype(decisions, value),
    active: (genotype) => activeDecisions(decisions, valid(genotype)),
    mutate: (genotype, rng, pick) => mutateGenotype(decisions, valid(genotype), rng, pick),
    crossover: (a, b, rng) => crossGenotypes(decisions, valid(a), valid(b), rng),
    enumerate: () => enumerateGenotypes(decisions),
    count: () => countGenotypes(decisions),
    vectorLength: layout.length,
    encode: (genotype) => encodeGenotype(decisions, layout, valid(genotype)),
    fromVector: (vector) => decodeVector(decisions, layout, vector),
  };
}

/** Throws `space` on a key that a definition hasn't: a misspelt one would be passed over where no compiler looks. */
function checkKeys(space: string, definition: object): void {
  const key = Object.keys(definition).find((each) => !(definitionKeys as readonly string[]).includes(each));
  if (key === undefined) return;
  const problem = expected(`space ${space}: ${key}`, `one of ${definitionKeys.join(", ")}`, key);
  throw new CellwrightError("space", `${problem}${didYouMean(key, definitionKeys)}`);
}

/** A decision as the hash knows it: what is said of it may change, what it decides may not. */
function withoutDoc(decision: Decision): object {
  // What is undefined is no part of canonical JSON.
  const silent = { ...decision, doc: undefined };
  if (decision.kind !== "choice") return silent;
  const options = decision.options.map(({ name, children }) => ({ name, children: children.map(withoutDoc) }));
  return { ...silent, options };
}

/** Throws `space` where two decisions have one path: a declaration of the user's own may compile to anything. */
function checkPaths(decisions: readonly Decision[]): void {
  const seen = new Set<string>();
  for (const { path } of flatten(decisions)) {
    if (seen.has(path)) throw new CellwrightError("space", expected(path, "a path that no other decision has", path));
    seen.add(path);
  }
}

/** Turns named choices into genotypes. Throws `space` naming the one that is none. */
function nameGenotypes(
  space: Parameters<typeof assertGenotype>[0],
  named: Readonly<Record<string, unknown>>,
  compiled: Compiled<Readonly<Record<string, unknown>>>,
): Readonly<Record<string, Genotype>> {
  return Object.fromEntries(
    Object.entries(named).map(([name, choices]) => {
      try {
        const genotype: Record<string, number> = {};
        compiled.write(choices as Readonly<Record<string, unknown>>, genotype);
        assertGenotype(space, genotype);
        return [name, genotype];
      } catch (error) {
        throw new CellwrightError("space", `space ${space.name}: named.${name}: ${messageOf(error)}`, { cause: error });
      }
    }),
  );
}
