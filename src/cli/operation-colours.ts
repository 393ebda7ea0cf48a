/** @file The colours of the pictures in a terminal that has them: an operation's label on the ground that its box has, so that it reads on light and dark alike. */
import { operationStyle, type PaintLabel } from "../draw/index.ts";
import type { CliIo } from "./io.ts";

const INK = "26;26;26";

/** Returns how labels are painted: as they are where the terminal shows no colour, or says of none of its sixteen millions. */
export function operationPaint({ colors, env }: Pick<CliIo, "colors" | "env">): PaintLabel {
  if (!colors.isColorSupported || !/^(truecolor|24bit)$/.test(env["COLORTERM"] ?? "")) return (label) => label;
  return (label, operation) => {
    const { fill } = operationStyle(operation);
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(fill.slice(at, at + 2), 16));
    return `\u001B[48;2;${red};${green};${blue};38;2;${INK}m${label}\u001B[39;49m`;
  };
}
