/** @file Public entry `cellwright/space`: declare what can be decided. */
export { cells, type Block, type Cell, type CellOptions, type NamedCell } from "./cells.ts";
export { choice, type BranchOf, type Branches, type ChoiceSettings, type Literal } from "./choice.ts";
export type { ConstraintName, Constraints, ConstraintSubject } from "./constraints.ts";
export {
  declared,
  type ChoicesOf,
  type Compiled,
  type Declaration,
  type Declarations,
  type NamedChoicesOf,
  type Place,
} from "./declaration.ts";
export { defineSpace, type SpaceDefinition } from "./define.ts";
export { float, int } from "./numbers.ts";
export { mergeSkeleton, type Widen, type WidenValue } from "./skeleton.ts";
export type {
  AnySpace,
  CandidateCost,
  Decision,
  DecisionRole,
  Decoded,
  Genotype,
  Option,
  Problem,
  RecipeOverrides,
  RoundedNumbers,
  ScaleFactors,
  SkeletonBase,
  Space,
} from "./space.ts";
export { fromUnit, toUnit } from "./values.ts";
export { flatten, walk } from "./walk.ts";
