/**
 * @file Asynchronous successive halving (ASHA): Li, Jamieson, Rostamizadeh and others, "A System for Massively Parallel Hyperparameter Tuning", arXiv
 * 1810.05934, algorithm 2. Any controller's candidates begin with a few epochs; of those at each rung the best 1/eta go on to eta times as many, as soon as
 * they are among the best, so that no worker waits for a rung to fill.
 *
 * Where we differ or the paper is silent. The inner controller hears of the first rung alone: values after other numbers of epochs are not comparable, and
 * every candidate has one there. One that tells lengths apart (`hearsAllRungs`: the model-based one) hears of every rung, since what is best after a few epochs
 * is not what is best after many. A failed trial counts at its rung and is never promoted, nor is a pruned one.
 */
import { resolveOptions, wholeNumber } from "cellwright/search";
import type {
  Controller,
  ControllerContext,
  ControllerDefinition,
  ControllerEvent,
  OptionRules,
} from "cellwright/search";
import { asProposed, createRungs, entryOf, epochsOfRungs } from "./rungs.ts";

export interface SuccessiveHalvingOptions {
  /** r in the paper: epochs of the first rung. Default 1. */
  readonly minEpochs?: number;
  /** R in the paper: epochs at most; the last rung is the last of r, r eta, r eta² … that is no more. Default 27. */
  readonly maxEpochs?: number;
  /** One in how many goes on, and by how much its epochs grow. Default 3; the paper takes 4, which differs little. */
  readonly eta?: number;
}

type Options = Required<SuccessiveHalvingOptions>;

const RULES: OptionRules<Options> = {
  minEpochs: wholeNumber(1, { min: 1 }),
  maxEpochs: wholeNumber(27, { min: 1 }),
  eta: wholeNumber(3, { min: 2 }),
};

/** Returns `inner` with its candidates trained rung by rung. Throws `config` naming each option that is wrong. */
export function successiveHalving(
  inner: ControllerDefinition,
  options: SuccessiveHalvingOptions = {},
): ControllerDefinition {
  const resolved = resolveOptions<Options>("successiveHalving", options, RULES);
  return {
    name: `${inner.name} by successive halving`,
    options: { ...resolved, inner: { name: inner.name, ...inner.options } },
    create: (context) => createSuccessiveHalving(inner, resolved, context),
    isHeavy: (space) => inner.isHeavy?.(space) === true,
  };
}

function createSuccessiveHalving(
  inner: ControllerDefinition,
  options: Options,
  context: ControllerContext,
): Controller {
  const controller = inner.create(context);
  const rungs = createRungs(epochsOfRungs(options), options.eta);
  const first = rungs.epochs[0] as number;
  const running = new Set<number>();
  const hearsAll = inner.hearsAllRungs?.(context.space) === true;

  const isFirst = (proposal: { readonly epochs?: number; readonly continueFrom?: number }): boolean =>
    proposal.continueFrom === undefined && (proposal.epochs ?? first) === first;
  /** The event as the inner controller knows it: of what it proposed. */
  const tellInner = (event: ControllerEvent): void => {
    if (event.kind === "started") controller.tell({ ...event, proposal: asProposed(event.proposal) });
    else controller.tell({ ...event, trial: { ...event.trial, proposal: asProposed(event.trial.proposal) } });
  };

  return {
    ...(controller.note === undefined ? {} : { note: controller.note }),
    ask(number) {
      const next = rungs.promotion();
      if (next !== undefined) return next;
      const answer = controller.ask(number);
      if (answer === "done" && running.size > 0) return "wait";
      return typeof answer === "string" ? answer : { ...answer, epochs: first };
    },
    tell(event) {
      const { proposal, number } = event.kind === "started" ? event : event.trial;
      if (hearsAll) controller.tell(event);
      else if (isFirst(proposal)) tellInner(event);
      if (event.kind === "started") {
        running.add(number);
        if (proposal.continueFrom !== undefined) rungs.promoted(proposal.continueFrom);
        return;
      }
      running.delete(number);
      rungs.add(proposal.epochs ?? first, entryOf(event.trial, context.objectives));
    },
  };
}
