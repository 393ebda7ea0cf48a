/**
 * @file ParEGO: Knowles, "ParEGO: A Hybrid Algorithm with On-line Landscape Approximation for Expensive Multiobjective Optimization Problems", IEEE Transactions
 * on Evolutionary Computation 10(1), 2006. For every trial the objectives are joined to one, weighted at random, and a controller for a single objective
 * proposes what is best by that: over many trials the weights lead to all of the front. Of a weighted worst loss (the augmented Tchebycheff norm) every
 * point of the front is the least for some weights, also where the front is hollow, which no weighted sum reaches.
 *
 * Where we differ. An objective's loss is its rank among the trials, as a share, rather than its share of the range: one network that learned nothing, or a very slow
 * one, would press all others together. Weights are drawn from all of the simplex rather than from eleven vectors. The inner controller is made anew for each
 * proposal and told all trials under the present weights: it should think in `ask`, not in `tell`, as the model-based one does.
 */
import type { Rng } from "cellwright/base";
import { realNumber, resolveOptions } from "cellwright/search";
import type {
  Controller,
  ControllerContext,
  ControllerDefinition,
  ControllerEvent,
  OptionRules,
} from "cellwright/search";
import { modelBased } from "./model-based/model-based.ts";

export interface ParegoOptions {
  /** ρ in the paper: how much the sum of the weighted losses counts beside the greatest of them. Default 0.05, the paper's. */
  readonly rho?: number;
}

type Options = Required<ParegoOptions>;

const RULES: OptionRules<Options> = { rho: realNumber(0.05, { min: 0 }) };

/** Returns `inner` for several objectives. With a single one it is `inner`. Throws `config` naming each option that is wrong. An ask adds a replay of all trials. */
export function parego(inner: ControllerDefinition = modelBased(), options: ParegoOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Options>("parego", options, RULES);
  return {
    name: `ParEGO over ${inner.name}`,
    options: { ...resolved, inner: { name: inner.name, ...inner.options } },
    create: (context) =>
      context.objectives.length > 1 ? createParego(inner, resolved, context) : inner.create(context),
    isHeavy: (space) => inner.isHeavy?.(space) === true,
  };
}

function createParego(inner: ControllerDefinition, { rho }: Options, context: ControllerContext): Controller {
  const { objectives, rng } = context;
  const events: ControllerEvent[] = [];
  /** By objective, one per trial with values: smaller is better. */
  const columns: number[][] = objectives.map(() => []);

  return {
    ask(number) {
      const weights = weightsOf(objectives.length, rng.fork(`weights/${number}`));
      const losses = lossesOf(columns, weights, rho);
      const controller = inner.create({ ...context, objectives: [{ name: "scalarized", direction: "minimize" }] });
      let at = 0;
      for (const event of events)
        if (event.kind === "started") controller.tell(event);
        else {
          const { values, ...trial } = event.trial;
          controller.tell({
            kind: "finished",
            trial: values === undefined ? trial : { ...trial, values: [losses[at++]!] },
          });
        }
      return controller.ask(number);
    },
    tell(event) {
      if (event.kind === "started") {
        events.push(event);
        return;
      }
      const { values, ...trial } = event.trial;
      const isMeasured = trial.state !== "failed" && objectives.every((_, index) => Number.isFinite(values?.[index]));
      events.push({ kind: "finished", trial: isMeasured ? event.trial : trial });
      if (!isMeasured) return;
      objectives.forEach(({ direction }, index) => {
        const value = values![index]!;
        columns[index]!.push(direction === "minimize" ? value : -value);
      });
    },
  };
}

/** Returns weights that sum to 1, drawn uniformly from all that do. */
function weightsOf(count: number, rng: Rng): readonly number[] {
  const spacings = Array.from({ length: count }, () => -Math.log(1 - rng.next()));
  const sum = spacings.reduce((a, b) => a + b, 0);
  return spacings.map((spacing) => (sum > 0 ? spacing / sum : 1 / count));
}

/**
 * Returns for each trial its loss: max(weight · rank) + rho · sum(weight · rank) over the objectives, a rank being from 0 for the least value to 1. `columns`: one per
 * objective, with a value for each trial, smaller being better; equal values have the mean of their ranks.
 */
export function lossesOf(
  columns: readonly (readonly number[])[],
  weights: readonly number[],
  rho: number,
): readonly number[] {
  const ranks = columns.map(ranksOf);
  return (columns[0] ?? []).map((_, trial) => {
    const weighted = ranks.map((column, index) => weights[index]! * column[trial]!);
    return Math.max(...weighted) + rho * weighted.reduce((a, b) => a + b, 0);
  });
}

function ranksOf(values: readonly number[]): readonly number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]! || a - b);
  const ranks = values.map(() => 0);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to - 1) / 2 / Math.max(1, values.length - 1);
    from = to;
  }
  return ranks;
}
