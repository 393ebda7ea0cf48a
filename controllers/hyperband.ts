/**
 * @file Hyperband: Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", arXiv 1603.06560, algorithm 1. How many epochs
 * tell good candidates from bad ones is not known before a search; so brackets of successive halving take turns, from many candidates that begin with few epochs to a few that are trained in
 * full, each bracket at about the same cost.
 *
 * Where we differ. The brackets are asynchronous (Li and others, arXiv 1810.05934): who is among the best of its rung goes on at once, and no worker waits for a rung to fill. Candidates are
 * drawn bracket after bracket, as many as the paper gives each, and then anew. Each bracket has an inner controller of its own, which hears of the bracket's first rung alone, as values after
 * other numbers of epochs are not comparable; the paper draws at random. An inner controller that tells lengths apart (`hearsAllRungs`: the model-based one) is one for all brackets and hears of
 * every rung, as in BOHB (Falkner, Klein and Hutter 2018, arXiv 1807.01774). A failed trial counts at its rung and is never promoted, nor is a pruned one.
 */
import { resolveOptions, wholeNumber } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";
import { asProposed, createRungs, entryOf, epochsOfRungs } from "./rungs.ts";

export interface HyperbandOptions {
  /** Epochs of the first rung of the bracket that is most eager to stop. Default 1. */
  readonly minEpochs?: number;
  /** R in the paper: epochs at most; the last rung is the last of r, r eta, r eta² … that is no more. Default 27. */
  readonly maxEpochs?: number;
  /** One in how many goes on, and by how much its epochs grow. Default 3, the paper's. */
  readonly eta?: number;
}

type Options = Required<HyperbandOptions>;

const RULES: OptionRules<Options> = {
  minEpochs: wholeNumber(1, { min: 1 }),
  maxEpochs: wholeNumber(27, { min: 1 }),
  eta: wholeNumber(3, { min: 2 }),
};

/** Returns `inner` with its candidates trained in Hyperband's brackets. Throws `config` naming each option that is wrong. */
export function hyperband(inner: ControllerDefinition, options: HyperbandOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Options>("hyperband", options, RULES);
  return {
    name: `${inner.name} by Hyperband`,
    options: { ...resolved, inner: { name: inner.name, ...inner.options } },
    create: (context) => createHyperband(inner, resolved, context),
    isHeavy: (space) => inner.isHeavy?.(space) === true,
  };
}

/** Returns how many candidates each bracket draws in its turn, the one with most rungs first: n = ceil((s_max + 1) / (s + 1) eta^s) in the paper. */
export function bracketSizes(rungCount: number, eta: number): readonly number[] {
  return Array.from({ length: rungCount }, (_, bracket) => {
    const s = rungCount - 1 - bracket;
    return Math.ceil((rungCount * eta ** s) / (s + 1));
  });
}

function createHyperband(inner: ControllerDefinition, options: Options, context: ControllerContext): Controller {
  const epochs = epochsOfRungs(options);
  const shared = inner.hearsAllRungs?.(context.space) === true ? inner.create(context) : undefined;
  /** The first has all rungs, each other one rung less from below, the last none but the longest. */
  const brackets = epochs.map((_, bracket) => ({
    controller: shared ?? inner.create(context),
    rungs: createRungs(epochs.slice(bracket), options.eta),
  }));
  const turns = bracketSizes(epochs.length, options.eta).flatMap((size, bracket) =>
    Array.from({ length: size }, () => bracket),
  );
  /** Candidates begun. */
  let begun = 0;
  const running = new Set<number>();
  /** By trial, over all its rungs. */
  const bracketOf = new Map<number, number>();

  const note = brackets[0]?.controller.note;
  return {
    ...(note === undefined ? {} : { note }),
    ask(number) {
      for (const { rungs } of brackets) {
        const next = rungs.promotion();
        if (next !== undefined) return next;
      }
      const turn = turns[begun % turns.length] as number;
      let isWaiting = running.size > 0;
      // A bracket that has nothing more to try leaves its turns to the others.
      for (let i = 0; i < brackets.length; i++) {
        const { controller, rungs } = brackets[(turn + i) % brackets.length]!;
        const answer = controller.ask(number);
        if (typeof answer === "object") return { ...answer, epochs: rungs.epochs[0] as number };
        if (answer === "wait") isWaiting = true;
      }
      return isWaiting ? "wait" : "done";
    },
    tell(event) {
      const { proposal, number } = event.kind === "started" ? event : event.trial;
      const isFirst = proposal.continueFrom === undefined;
      // The brackets begin with different numbers of epochs, so a proposal says of which it is.
      const began = Math.max(0, epochs.indexOf(proposal.epochs ?? options.minEpochs));
      const place = isFirst ? began : (bracketOf.get(proposal.continueFrom) ?? 0);
      const { controller, rungs } = brackets[place]!;
      shared?.tell(event);
      if (event.kind === "started") {
        bracketOf.set(number, place);
        running.add(number);
        if (!isFirst) return rungs.promoted(proposal.continueFrom);
        begun++;
        if (shared === undefined) controller.tell({ ...event, proposal: asProposed(proposal) });
        return;
      }
      running.delete(number);
      if (isFirst && shared === undefined)
        controller.tell({ ...event, trial: { ...event.trial, proposal: asProposed(proposal) } });
      rungs.add(proposal.epochs ?? options.minEpochs, entryOf(event.trial, context.objectives));
    },
  };
}
