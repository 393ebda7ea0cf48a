/** @file The search for coefficients as a controller: grid search over the points of a plan, and then the best of the coefficients at the further levels. */
import { grid } from "../../../controllers/index.ts";
import { scoreOf, type ControllerDefinition } from "../../search/controller.ts";
import type { AnySpace, Decision } from "../../space/space.ts";

export interface ScalingSearchOptions {
  /** How many points are tried first: options 0, 1, 2 … of the decision `point`. */
  readonly first: number;
  /** Those of them that the best is chosen among. */
  readonly candidates: readonly number[];
  /** For each candidate the points that are tried if it is the best. */
  readonly further: readonly (readonly number[])[];
}

/** Returns the controller. Learns nothing but which candidate is the best; waits for all of the first points before it says so. */
export function scalingSearch({ first, candidates, further }: ScalingSearchOptions): ControllerDefinition {
  return {
    name: "scaling search",
    options: { first, candidates, further },
    create(context) {
      const { objectives } = context;
      const all = grid().create({ ...context, space: firstOf(context.space, first) });
      const started = new Set<number>();
      const finished = new Set<number>();
      const scores = new Map<number, number>();
      const followUps = (): readonly number[] => {
        const known = candidates.filter((point) => scores.has(point));
        const [best] = known.toSorted((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0) || a - b);
        return best === undefined ? [] : (further[candidates.indexOf(best)] ?? []);
      };
      return {
        note: `${first} points, then the best of ${candidates.length} at ${further[0]?.length ?? 0} more levels`,
        ask(number) {
          const proposal = all.ask(number);
          if (proposal !== "done") return proposal;
          for (let point = 0; point < first; point++) if (!finished.has(point)) return "wait";
          const next = followUps().find((point) => !started.has(point));
          return next === undefined ? "done" : { genotype: { point: next } };
        },
        tell(event) {
          const { proposal } = event.kind === "started" ? event : event.trial;
          const point = proposal.genotype["point"] ?? -1;
          if (event.kind === "started") {
            started.add(point);
            if (point < first) all.tell(event);
            return;
          }
          finished.add(point);
          const score = scoreOf(event.trial, objectives);
          if (event.trial.state === "complete" && score !== undefined) scores.set(point, score);
        },
      };
    },
  };
}

/** Returns the space as grid search sees it: with the first options of its decision alone. */
function firstOf(space: AnySpace, first: number): AnySpace {
  const decisions = space.decisions.map((decision): Decision =>
    decision.kind === "choice" ? { ...decision, options: decision.options.slice(0, first) } : decision,
  );
  return { ...space, decisions };
}
