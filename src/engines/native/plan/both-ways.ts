/** @file An operation and its way back: planes read and planes written, and backward the gradients of the ones from those of the others. */
import {
  emit,
  gradientsOf,
  gradientUses,
  uses,
  valuesOf,
  type Draft,
  type DraftPlane,
  type OpRequest,
} from "./draft.ts";
import { zeroUnwritten, normalisedValues } from "./gradients.ts";
import type { PlanOpKind } from "./plan.ts";

/** What an operation has of its own in one direction, or in both. */
export type OwnPart = Omit<Partial<OpRequest>, "kind" | "node" | "reads" | "afterForward" | "afterBackward">;

export interface BothWays {
  /** Backward it is `<kind>Backward`. */
  readonly kind: PlanOpKind;
  readonly node: string;
  readonly source: readonly DraftPlane[];
  readonly target: readonly DraftPlane[];
  /** Whether it has weights, which get gradients even where no plane of `source` does. */
  readonly isTrained?: boolean;
  /** Whether the last writer of a plane's gradient can make batch norm's sums. Default true. */
  readonly makesSums?: boolean;
  readonly shared: OwnPart;
  readonly forward?: OwnPart;
  /** Called when the tape comes to it, with gradients in all of `target`. Undefined: there is nothing to do. `inputs` and `writes` default to gradients of all of `source`. */
  readonly backward?: () => OwnPart | undefined;
}

/** Emits the operation and puts its way back on the tape. */
export function emitBothWays(draft: Draft, request: BothWays): void {
  const { kind, node, source, target, shared } = request;
  for (const plane of source) plane.readers++;
  emit(draft, {
    inputs: uses(source),
    outputs: uses(target),
    ...shared,
    ...request.forward,
    kind,
    node,
    reads: valuesOf(source),
    writes: valuesOf(target),
    afterForward: source,
  });
  const wantsInput = source.some((plane) => plane.needsGradient);
  if (!draft.training || !(wantsInput || request.isTrained === true)) return;
  draft.tape.push(() => {
    if (!target.some((plane) => plane.gradientWritten)) return;
    zeroUnwritten(draft, node, target);
    const own = request.backward === undefined ? {} : request.backward();
    if (own === undefined) return;
    const inputs = own.inputs ?? (wantsInput ? gradientUses(draft, source, request.makesSums ?? true) : uses(source));
    emit(draft, {
      outputs: uses(target),
      ...shared,
      ...own,
      kind: `${kind}Backward` as PlanOpKind,
      node,
      inputs,
      reads: [...valuesOf(source), ...gradientsOf(target), ...normalisedValues(target)],
      writes: own.writes ?? (wantsInput ? gradientsOf(source) : []),
      afterForward: source,
      afterBackward: target,
    });
  });
}
