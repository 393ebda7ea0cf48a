/** @file A space's decisions as a tree for the terminal: what can be decided, out of what, under which condition, in how many ways. */
import { formatMany } from "../base/units.ts";
import { unreachable } from "../base/errors.ts";
import { countGenotypes } from "../space/enumerate.ts";
import type { Decision } from "../space/space.ts";

interface Branch {
  readonly label: string;
  readonly text: string;
  readonly doc?: string;
  readonly below: readonly Branch[];
}

export interface SpaceTreeOptions {
  /** How what is said about a decision is set off from what it is. Default: as it is. */
  readonly dim?: (text: string) => string;
}

/** Returns how many ways there are to take these decisions, for people. */
export function formatWays(decisions: readonly Decision[]): string {
  const ways = countGenotypes(decisions);
  return ways === undefined ? "infinitely many" : formatMany(ways);
}

/** Returns the tree, a line each. A group such as a cell is a branch; what an option opens stands below `when <option>`. */
export function spaceTree(
  decisions: readonly Decision[],
  { dim = (text) => text }: SpaceTreeOptions = {},
): readonly string[] {
  const lines: string[] = [];
  const draw = (branches: readonly Branch[], indent: string): void => {
    const width = Math.max(0, ...branches.filter(({ text }) => text !== "").map(({ label }) => label.length));
    for (const [i, { label, text, doc, below }] of branches.entries()) {
      const isLast = i === branches.length - 1;
      const said = text === "" ? label : `${label.padEnd(width)}  ${text}`;
      lines.push(`${dim(`${indent}${isLast ? "└─ " : "├─ "}`)}${said}${doc === undefined ? "" : dim(`  ${doc}`)}`);
      draw(below, `${indent}${isLast ? "   " : "│  "}`);
    }
  };
  draw(branchesOf(decisions, "", ""), "");
  return lines;
}

/** `prefix` is what the paths have in common; `group` the one that all of this level belong to. */
function branchesOf(decisions: readonly Decision[], prefix: string, group: string): readonly Branch[] {
  const branches: Branch[] = [];
  for (let i = 0; i < decisions.length;) {
    const decision = decisions[i] as Decision;
    if (decision.group === group) {
      branches.push(branchOf(decision, prefix));
      i++;
      continue;
    }
    let end = i;
    while (decisions[end]?.group === decision.group) end++;
    const members = decisions.slice(i, end);
    const below = branchesOf(members, `${decision.group}.`, decision.group);
    const text = `${members.length} decision${members.length === 1 ? "" : "s"}, ${formatWays(members)} ways`;
    branches.push({ label: within(decision.group, prefix), text, below });
    i = end;
  }
  return branches;
}

function branchOf(decision: Decision, prefix: string): Branch {
  const label = within(decision.path, prefix);
  const doc = decision.doc ?? (decision.role === "other" ? undefined : decision.role);
  const below =
    decision.kind !== "choice"
      ? []
      : decision.options
          .filter(({ children }) => children.length > 0)
          .map(({ name, children }) => ({
            label: `when ${name}`,
            text: "",
            below: branchesOf(children, `${decision.path}.${name}.`, decision.group),
          }));
  return { label, text: valuesText(decision), ...(doc !== undefined && { doc }), below };
}

function valuesText(decision: Decision): string {
  switch (decision.kind) {
    case "choice": {
      const names = decision.options.map(({ name }) => name).join(", ");
      const opens = decision.options.some(({ children }) => children.length > 0);
      return `one of ${decision.options.length}: ${names}${opens ? `; ${formatWays([decision])} ways` : ""}`;
    }
    case "int":
      return `${decision.min} to ${decision.max}${decision.step === 1 ? "" : ` in steps of ${decision.step}`}; ${formatWays([decision])} values`;
    case "float":
      return `${decision.min} to ${decision.max}${decision.scale === "log" ? ", on a log scale" : ""}; any number`;
    default:
      return unreachable(decision);
  }
}

function within(path: string, prefix: string): string {
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}
