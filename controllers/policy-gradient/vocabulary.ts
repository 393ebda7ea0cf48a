/**
 * @file A space as a sequence of predictions: each decision is a softmax over its levels, asked in declaration order, and only while it
 * is active. For NASNet these are the 2 x 5B predictions of the paper (arXiv 1707.07012, section 3.1), for any space the walk down its
 * tree. Integers have one level per value, up to a limit; above it, and for floats, evenly spaced levels (in the logarithm for a log
 * scale), both ends included.
 */
import { CellwrightError, expected } from "cellwright/base";
import type { Decision, Genotype } from "cellwright/space";

/** One decision of the space, as the policy sees it. */
export interface Slot {
  readonly path: string;
  readonly decision: Decision;
  /** Values that the policy may give, ascending. Choices: 0 .. options - 1. */
  readonly levels: readonly number[];
  /** Its levels' rows in the table of inputs and in the table of softmax weights begin here. */
  readonly first: number;
  /** Per option, what it opens; none for numbers. */
  readonly children: readonly (readonly Slot[])[];
}

export interface Vocabulary {
  readonly slots: readonly Slot[];
  /** Levels of all decisions together. */
  readonly levelCount: number;
  /** The widest softmax. */
  readonly maxLevels: number;
}

/** The predictions that make one genotype, in order; decisions with a single level need none and are left out. */
export interface Episode {
  readonly slots: readonly Slot[];
  /** Index of the level taken at each. */
  readonly actions: readonly number[];
}

/** Returns the predictions a space asks for. `levels`: how many values a float, or an int with more than that, is divided into. */
export function vocabularyOf(decisions: readonly Decision[], levels: number): Vocabulary {
  let levelCount = 0;
  let maxLevels = 1;
  const compile = (list: readonly Decision[]): readonly Slot[] =>
    list.map((decision) => {
      const values = levelsOf(decision, levels);
      const first = levelCount;
      levelCount += values.length;
      maxLevels = Math.max(maxLevels, values.length);
      const options = decision.kind === "choice" ? decision.options : [];
      const children = options.map((option) => compile(option.children));
      return { path: decision.path, decision, levels: values, first, children };
    });
  const slots = compile(decisions);
  return { slots, levelCount, maxLevels };
}

/** Walks the active decisions, taking the level that `act` says, and returns the genotype. `act` is not asked where there is one level. */
export function walkSlots(slots: readonly Slot[], act: (slot: Slot) => number): Genotype {
  const genotype: Record<string, number> = {};
  const visit = (list: readonly Slot[]): void => {
    for (const slot of list) {
      const action = slot.levels.length === 1 ? 0 : act(slot);
      genotype[slot.path] = slot.levels[action] as number;
      visit(slot.children[action] ?? []);
    }
  };
  visit(slots);
  return genotype;
}

/** Returns the predictions that would have made this genotype; a number between two levels counts as the nearer. Throws `space` where a decision is missing. */
export function episodeOf(vocabulary: Vocabulary, genotype: Genotype): Episode {
  const slots: Slot[] = [];
  const actions: number[] = [];
  walkSlots(vocabulary.slots, (slot) => {
    const value = genotype[slot.path];
    if (value === undefined || !Number.isFinite(value))
      throw new CellwrightError("space", expected(slot.path, "a value, as this decision is active", value));
    const action = nearestLevel(slot, value);
    slots.push(slot);
    actions.push(action);
    return action;
  });
  return { slots, actions };
}

function nearestLevel({ decision, levels }: Slot, value: number): number {
  const isLog = decision.kind === "float" && decision.scale === "log";
  const distance = (level: number): number => Math.abs(isLog ? Math.log(level / value) : level - value);
  let best = 0;
  for (let i = 1; i < levels.length; i++)
    if (distance(levels[i] as number) < distance(levels[best] as number)) best = i;
  return best;
}

function levelsOf(decision: Decision, levels: number): readonly number[] {
  if (decision.kind === "choice") return decision.options.map((_, index) => index);
  const { min, max } = decision;
  if (max === min) return [min];
  if (decision.kind === "int") {
    const steps = Math.floor((max - min) / decision.step);
    const count = Math.min(steps + 1, levels);
    return Array.from({ length: count }, (_, i) => min + decision.step * Math.round((i * steps) / (count - 1)));
  }
  const values = Array.from({ length: levels }, (_, i) => {
    if (i === 0) return min;
    if (i === levels - 1) return max;
    const share = i / (levels - 1);
    const value = decision.scale === "log" ? min * (max / min) ** share : min + (max - min) * share;
    return Math.min(max, Math.max(min, Number(value.toPrecision(9))));
  });
  // Nine digits may not tell the levels of a narrow range apart, and a replay can't tell which of two equal ones was drawn.
  return [...new Set(values)];
}
