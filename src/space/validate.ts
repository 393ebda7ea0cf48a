/** @file What is wrong with a genotype: everything at once, each with its decision path. */
import { CellwrightError, describe } from "../base/errors.ts";
import type { Decision, Genotype, Problem } from "./space.ts";
import { problemOf } from "./values.ts";

/** Where a conditional decision belongs: its parent's path and the option that opens it. */
interface Opening {
  readonly parent: string;
  readonly option: string;
}

/** Returns every problem of `value` as a genotype of `decisions`; empty if it is one. Accepts anything. */
export function validateGenotype(decisions: readonly Decision[], value: unknown): readonly Problem[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [{ path: "", message: `Expected an object of decision path to number. Received: ${describe(value)}.` }];
  const record = value as Readonly<Record<string, unknown>>;
  const problems: Problem[] = [];
  const seen = new Set<string>();

  const visit = (level: readonly Decision[]): void => {
    for (const decision of level) {
      seen.add(decision.path);
      const given = Object.hasOwn(record, decision.path) ? record[decision.path] : undefined;
      const message = problemOf(decision, given);
      if (message !== undefined) problems.push({ path: decision.path, message });
      if (decision.kind !== "choice") continue;
      // Under a choice that can't be read, nothing is known of what belongs there: only the choice itself is complained of.
      if (message === undefined) visit(decision.options[given as number]?.children ?? []);
      else for (const option of decision.options) for (const path of pathsBelow(option.children)) seen.add(path);
    }
  };
  visit(decisions);

  const openings = openingsOf(decisions);
  for (const path of Object.keys(record)) {
    if (seen.has(path)) continue;
    const opening = openings.get(path);
    const what =
      opening === undefined
        ? "a decision of this space"
        : `no value (it is decided only where ${opening.parent} is ${opening.option})`;
    problems.push({ path, message: `Expected ${what}. Received: ${describe(record[path])}.` });
  }
  return problems;
}

/** Throws `space` with every problem listed unless `value` is a genotype of `decisions`. */
export function assertGenotype(
  space: { readonly name: string; readonly decisions: readonly Decision[] },
  value: unknown,
): asserts value is Genotype {
  const problems = validateGenotype(space.decisions, value);
  if (problems.length === 0) return;
  const lines = problems.map((problem) =>
    problem.path === "" ? problem.message : `${problem.path}  ${problem.message}`,
  );
  const head = `genotype of space ${space.name}`;
  throw new CellwrightError(
    "space",
    lines.length === 1 ? `${head}: ${lines[0]}` : `${head}: ${lines.length} problems\n  ${lines.join("\n  ")}`,
    { details: { space: space.name, problems } },
  );
}

function pathsBelow(decisions: readonly Decision[]): readonly string[] {
  return decisions.flatMap((decision) => [
    decision.path,
    ...(decision.kind === "choice" ? decision.options.flatMap((option) => pathsBelow(option.children)) : []),
  ]);
}

function openingsOf(decisions: readonly Decision[]): ReadonlyMap<string, Opening> {
  const openings = new Map<string, Opening>();
  const visit = (level: readonly Decision[]): void => {
    for (const decision of level) {
      if (decision.kind !== "choice") continue;
      for (const option of decision.options) {
        for (const child of option.children) openings.set(child.path, { parent: decision.path, option: option.name });
        visit(option.children);
      }
    }
  };
  visit(decisions);
  return openings;
}
