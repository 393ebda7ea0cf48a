/** @file Genotypes as one line of text, for tables and logs: `normal: sep5(0)+sep3(1) · avg3(0)+identity(1)`. */
import type { AnySpace, Decision, Genotype, NamedCell } from "cellwright/space";

/** The part of a block that its text shows. */
type NamedBlock = NamedCell<string, string>["blocks"][number];

/** How the two results are joined; other combiners stand by their name. */
const SIGNS: Readonly<Record<string, string>> = { add: "+", concat: "++" };

function describeBlock({ leftInput, rightInput, leftOperation, rightOperation, combiner = "add" }: NamedBlock): string {
  const sign = SIGNS[combiner] ?? ` ${combiner} `;
  return `${leftOperation}(${leftInput})${sign}${rightOperation}(${rightInput})`;
}

/**
 * Returns a cell as `sep5(0)+sep3(1) · …`: for each block its two operations, in brackets the hidden state that each reads (0 the
 * current input, 1 the previous, 2 + b block b), `+` for a sum and `++` for a concatenation. Two cells of one text are equal.
 */
export function describeCell(cell: { readonly blocks: readonly NamedBlock[] }): string {
  return cell.blocks.map(describeBlock).join(" · ");
}

const BLOCK = /^(.+)\.block(\d+)\.(leftInput|rightInput|leftOperation|rightOperation|combiner)$/;

function valueText(decision: Decision, value: number): string {
  return decision.kind === "choice" ? (decision.options[value]?.name ?? String(value)) : String(value);
}

/** Returns any space's genotype on one line: cells as `describeCell` has them, everything else as `path=value`. Throws `space` unless it is valid. */
export function describeGenotype(space: Pick<AnySpace, "active">, genotype: Genotype): string {
  const parts = new Map<string, string | Record<string, string>[]>();
  for (const decision of space.active(genotype)) {
    const text = valueText(decision, genotype[decision.path] as number);
    const [, cell, block, field] = BLOCK.exec(decision.path) ?? [];
    if (cell === undefined || field === undefined) {
      parts.set(decision.path, text);
      continue;
    }
    const blocks = parts.get(cell) ?? [];
    if (typeof blocks === "string") continue;
    (blocks[Number(block)] ??= {})[field] = text;
    parts.set(cell, blocks);
  }
  return [...parts]
    .map(([name, part]) =>
      typeof part === "string"
        ? `${name}=${part}`
        : `${name}: ${describeCell({ blocks: part as unknown as NamedBlock[] })}`,
    )
    .join("; ");
}
