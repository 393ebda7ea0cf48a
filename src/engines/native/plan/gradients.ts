/** @file What gradients of planes need before an operation can go on with them. */
import { emit, gradientsOf, gradientUses, valuesOf, type Draft, type DraftPlane } from "./draft.ts";

/** Values that dz needs: those of planes that a batch norm follows. */
export function normalisedValues(planes: readonly DraftPlane[]): ReturnType<typeof valuesOf> {
  return valuesOf(planes.filter((plane) => plane.norm !== undefined));
}

/**
 * Gives zero gradients to planes that have none yet: those whose neighbours got some, and those whose writer doesn't reach every pixel. Not before the gradients that are to be
 * passed on are there (`from`), so that the room isn't taken for longer than needed.
 */
export function zeroUnwritten(
  draft: Draft,
  node: string,
  planes: readonly DraftPlane[],
  from: readonly DraftPlane[] = [],
): void {
  const missing = [...new Set(planes.filter((plane) => !plane.gradientWritten))];
  if (missing.length === 0) return;
  const outputs = gradientUses(draft, missing, false);
  const after = Math.max(
    0,
    ...from.map((plane) => Math.max(plane.gradient?.written ?? 0, plane.norm?.backwardTime ?? 0)),
  );
  emit(draft, { kind: "zero", node, outputs, writes: gradientsOf(missing), after });
}
