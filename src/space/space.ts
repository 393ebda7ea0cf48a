/**
 * @file What can be decided, as data. A space file writes an object literal of `choice`, `int`, `float` and `cells`; it compiles
 * to this tree of decisions. A genotype is the decisions taken: a flat record from decision path to number.
 *
 * A decision's path is its name, or `<parent path>.<option>.<name>` for one that an option opens, or `<name>.<field path>` within a
 * group such as a cell (`normal.block0.leftInput`).
 */
import type { Rng } from "../base/rng.ts";
import type { Constraints } from "./constraints.ts";

/** The only wire form of a candidate. Choice: the option's index; int and float: the value. Exactly the active decisions are present. */
export type Genotype = Readonly<Record<string, number>>;

/** What a decision is about; mutations and encodings may use it. */
export type DecisionRole = "input" | "operation" | "combiner" | "other";

export interface Option {
  readonly name: string;
  /** Decisions that exist only when this option is taken. */
  readonly children: readonly Decision[];
}

interface DecisionBase {
  /** Full path, unique in the space. */
  readonly path: string;
  readonly role: DecisionRole;
  /** The part of the space it belongs to, such as a cell: mutations pick a group first. Empty for none. */
  readonly group: string;
  /** What it means, for people: shown by `cellwright space show`. No part of the space's hash. */
  readonly doc?: string;
}

export type Decision =
  | (DecisionBase & { readonly kind: "choice"; readonly options: readonly Option[] })
  | (DecisionBase & { readonly kind: "int"; readonly min: number; readonly max: number; readonly step: number })
  | (DecisionBase & {
      readonly kind: "float";
      readonly min: number;
      readonly max: number;
      readonly scale: "linear" | "log";
    });

/** One thing wrong with a genotype. */
export interface Problem {
  readonly path: string;
  /** `Expected <what>. Received: <value>.` */
  readonly message: string;
}

/** Searched training settings, if a space has any: merged over the study's recipe. */
export type RecipeOverrides = Readonly<Record<string, number | string | boolean>>;

/** What a candidate costs, before anything is trained. */
export interface CandidateCost {
  /** Trainable parameters. */
  readonly params: number;
  /** Parameters and moving statistics. */
  readonly total: number;
  /** Multiply-accumulates of one image. */
  readonly macs: number;
  /** Bytes of one image's forward pass: weights and the most that is live at once. */
  readonly memory: number;
}

/** What decode returns. `Net` is `Network` for our spaces; space and network do not know each other. */
export interface Decoded<Net> {
  readonly network: Net;
  readonly recipe?: RecipeOverrides;
}

/** Multipliers of compound scaling: depth d, width w, resolution r (EfficientNet, section 3.3). */
export interface ScaleFactors {
  readonly depth: number;
  readonly width: number;
  readonly resolution: number;
}

/** Numbers that `decode` itself rounds, where a skeleton holds multipliers: the layers of each stage, the filters of each. */
export interface RoundedNumbers {
  readonly axis: keyof ScaleFactors;
  /** What is counted, in the plural: `layers`. */
  readonly key: string;
  /** Before rounding, stage by stage. */
  readonly exact: readonly number[];
  readonly rounded: readonly number[];
}

/** A skeleton is what is given, not searched: N, F, image size, classes, stem. Plain JSON. */
export type SkeletonBase = Readonly<Record<string, unknown>>;

/** A space, compiled. Pure: every method is a function of its arguments. */
export interface Space<Skeleton extends SkeletonBase = SkeletonBase, Net = unknown> {
  /** Names it in studies, errors and reports. */
  readonly name: string;
  /** Goes up when a stored genotype would decode to another network (law 4). */
  readonly version: number;
  /** Hash of name, version and decisions. */
  readonly hash: string;
  /** Default skeleton; a study may override single keys. */
  readonly skeleton: Skeleton;
  /** What can be decided, as a tree, in the order of the declaration. */
  readonly decisions: readonly Decision[];
  /** Decodes a valid genotype. Throws `space` with every problem listed if it is not. `skeleton` is merged over the default. */
  decode(genotype: Genotype, skeleton?: Partial<Skeleton>): Decoded<Net>;
  /** How this family grows, or undefined where it was not said. */
  readonly scaleSkeleton: ((skeleton: Skeleton, factors: ScaleFactors) => Skeleton) | undefined;
  /** What `decode` rounds of a candidate on a skeleton, where the skeleton holds multipliers; absent where `scaleSkeleton` does all rounding. */
  roundedNumbers?(genotype: Genotype, skeleton?: Partial<Skeleton>): readonly RoundedNumbers[];
  /** What a candidate has to meet before it is trained; a study may add its own. */
  readonly constraints?: Constraints<Net>;
  /** Named genotypes, such as published architectures. */
  readonly named: Readonly<Record<string, Genotype>>;
  /** Returns one genotype, every option as likely at its decision. */
  sample(rng: Rng): Genotype;
  /** Returns every problem at once; empty if valid. Accepts any value (a parsed file). */
  validate(value: unknown): readonly Problem[];
  /** Returns the decisions that are active under this genotype, in declaration order. */
  active(genotype: Genotype): readonly Decision[];
  /**
   * Returns a genotype that differs in one active decision (and in what that one opens or closes). `pick` chooses which, among the
   * active ones that have more than one value; default uniform. Throws `space` if none has.
   */
  mutate(genotype: Genotype, rng: Rng, pick?: (active: readonly Decision[], rng: Rng) => Decision): Genotype;
  /** Returns a child taking each shared active decision from either parent with probability 1/2; what only one parent has decided comes from that one. */
  crossover(a: Genotype, b: Genotype, rng: Rng): Genotype;
  /** Every genotype, in lexicographic order of options. Throws `space` if a float decision makes it infinite. */
  enumerate(): Iterable<Genotype>;
  /** How many genotypes, or undefined if a float makes it infinite. */
  count(): bigint | undefined;
  /** Length of an encoded vector. */
  readonly vectorLength: number;
  /** One-hot for choices, scaled to [0, 1] for numbers, zeros for the inactive. */
  encode(genotype: Genotype): Float64Array;
  /**
   * The inverse of `encode`; for any other vector of that length, each decision's nearest value. Exact for all that a space makes
   * itself; a float written by hand with more than nine digits comes back rounded to nine.
   */
  fromVector(vector: ArrayLike<number>): Genotype;
}

/** Any space, when only its genotypes matter. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a controller is generic over what decode returns
export type AnySpace = Space<any, any>;
