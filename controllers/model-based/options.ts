/** @file What the controllers that model the graph are told, for one objective and for several, and what they take for granted. */
import { wholeNumber } from "cellwright/search";
import type { OptionRules } from "cellwright/search";

export interface ModelBasedOptions {
  /** Random trials before the model is asked. Default 10: on CIFAR-10 it finds the optimum a quarter sooner than with 20. */
  readonly starts?: number;
  /** Of how many of the best trials, or of the front, the neighbours are candidates: all of them, or 30 where there are more. Default 10. */
  readonly parents?: number;
  /** Candidates that differ from one of the best in two decisions. Default 100. */
  readonly mutations?: number;
  /** Random candidates. Default 200. */
  readonly randoms?: number;
  /**
   * Trials that the model learns from: where there are more, half of these are the best, a quarter are spread over all, the others are the latest. An ask
   * costs the cube of it, and next to nothing for each trial beyond. Default 200.
   */
  readonly observations?: number;
}

/** With the defaults. */
export type ResolvedOptions = Required<ModelBasedOptions>;

export const modelBasedRules: OptionRules<ResolvedOptions> = {
  starts: wholeNumber(10, { min: 2 }),
  parents: wholeNumber(10, { min: 1 }),
  mutations: wholeNumber(100, { min: 0 }),
  randoms: wholeNumber(200, { min: 1 }),
  observations: wholeNumber(200, { min: 4 }),
};

/** Networks of more nodes are too dear to be decoded by the hundred: the decisions alone choose which candidates are. */
export const CHEAP_NODES = 120;
export const DEAR_CANDIDATES = 24;

/** Of a genotype with more neighbours than this, so many are drawn. */
export const ALL_NEIGHBOURS = 30;

/** How often a random start is drawn again where it was tried. */
export const DRAWS = 50;

/** Hyperparameters are fitted to at most so many trials. */
export const FITTED = 100;
