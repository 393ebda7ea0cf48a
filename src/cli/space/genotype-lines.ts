/** @file A genotype as a command prints it: cells drawn, everything else a decision per line. */
import { cellText } from "../../draw/index.ts";
import type { AnySpace, Genotype } from "../../space/space.ts";
import { studyCells } from "../candidates.ts";

/** Returns the drawing of a valid genotype, in lines. */
export function genotypeDrawing(space: AnySpace, genotype: Genotype): readonly string[] {
  const cells = studyCells({ space }, genotype);
  const drawn = new Set(cells.map(({ name }) => name));
  const others = space.active(genotype).filter(({ group }) => !drawn.has(group));
  const width = Math.max(0, ...others.map(({ path }) => path.length));
  return [
    ...cells.flatMap((cell) => cellText(cell).split("\n")),
    ...others.map((decision) => {
      const value = genotype[decision.path];
      const text = decision.kind === "choice" ? decision.options[value ?? -1]?.name : value;
      return `${decision.path.padEnd(width)}  ${text}`;
    }),
  ];
}
