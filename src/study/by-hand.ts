/** @file A study taken trial by trial, by `ask` and `tell`, without the loop: the same storage, controller and duplicates. */
import { z } from "zod";
import { CellwrightError, describe, expected } from "../base/errors.ts";
import type { Outcome } from "../evaluators/evaluator.ts";
import type { Objective } from "../search/controller.ts";
import type { Storage, TrialRecord } from "../storage/storage.ts";
import { rejectedOutcome } from "./admission.ts";
import type { Ledger, OpenTrial } from "./ledger.ts";
import { costOf, objectiveValue } from "./measured.ts";
import type { AskedTrial, Study } from "./study.ts";

export interface ByHand extends Pick<Study, "ask" | "tell"> {
  /** Numbers of the trials that were asked for and not told yet. */
  readonly open: readonly number[];
  /** Ends the book. */
  readonly close: () => Promise<void>;
}

const metrics = z.record(z.string(), z.union([z.number(), z.nan(), z.string(), z.boolean()]));

/** Returns `ask` and `tell` over an open book; `measures` are the evaluator's, which are to be told. They may be called at once: each waits for the one before. */
export function takenByHand(ledger: Ledger, storage: Storage, measures: readonly string[]): ByHand {
  const unfinished = ledger.takeUnfinished();
  const open = new Map<number, OpenTrial>();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
  return {
    get open() {
      return [...open.keys()];
    },
    close: async () => ledger.close(),
    ask: async () =>
      inTurn(async () => {
        const trial = unfinished.shift() ?? (await ledger.propose());
        if (trial === "wait" || trial === "done") return trial;
        const settled = await settle(ledger, storage, trial);
        if (settled === undefined) open.set(trial.record.number, trial);
        return asked(trial, settled);
      }),
    tell: async (number, result) =>
      inTurn(async () => {
        if (!open.has(number))
          throw new CellwrightError(
            "config",
            expected(`tell(${number})`, "a trial taken with ask and not told yet", number),
          );
        const costs = open.get(number)?.record.metrics ?? {};
        const known = (name: string) => (measures.includes(name) ? undefined : costOf(costs, name));
        const outcome = toOutcome(`tell(${number})`, result, ledger.objectives, known);
        const { trial } = await ledger.finish(number, outcome);
        open.delete(number);
        return trial;
      }),
  };
}

/** Tells at once what needs no measuring: a refused proposal or a stored result. */
async function settle(ledger: Ledger, storage: Storage, open: OpenTrial): Promise<TrialRecord | undefined> {
  const { record, admission } = open;
  if (admission.rejected !== undefined) return (await ledger.finish(record.number, rejectedOutcome(admission))).trial;
  const known = await storage.findResult(admission.canonicalId, admission.resultKey);
  if (known?.values === undefined || known.state !== "complete") return undefined;
  return (
    await ledger.finish(
      record.number,
      { state: "complete", values: known.values, metrics: known.metrics },
      known.number,
    )
  ).trial;
}

function asked(open: OpenTrial, settled: TrialRecord | undefined): AskedTrial {
  const { number, proposal, seed } = open.record;
  return {
    number,
    genotype: proposal.genotype,
    seed,
    ...(proposal.epochs !== undefined && { epochs: proposal.epochs }),
    ...(settled && { settled }),
  };
}

/** Returns what was told as an outcome. Throws `config` naming what is wrong with it; the trial can then be told again. */
function toOutcome(
  place: string,
  result: unknown,
  objectives: readonly Objective[],
  known: (name: string) => number | undefined,
): Outcome {
  const refuse = (at: string, what: string, received: unknown): never => {
    throw new CellwrightError("config", expected(`${place}: ${at}`, what, received));
  };
  if (typeof result !== "object" || result === null)
    return refuse("result", "values by objective name, or an outcome", result);
  const told = result as Readonly<Record<string, unknown>>;
  if (typeof told["state"] !== "string") {
    const read = (name: string): number | undefined => {
      const value = told[name];
      return value === undefined ? known(name) : isFinite(value) ? value : Number.NaN;
    };
    const values = objectives.map((objective) => {
      const { name, reward } = objective;
      const value = isFinite(told[name]) ? told[name] : objectiveValue(objective, read);
      const lacking = reward === undefined || isFinite(read(reward.cost)) ? (reward?.measure ?? name) : reward.cost;
      return isFinite(value) ? value : refuse(lacking, "a finite number", told[lacking]);
    });
    return { state: "complete", values, metrics: {} };
  }
  const facts = metrics.safeParse(told["metrics"] ?? {});
  if (!facts.success) return refuse("metrics", "an object of numbers, texts and booleans", told["metrics"]);
  const { state, values, reason } = told;
  const names = objectives.map(({ name }) => name).join(", ");
  const wanted = `${objectives.length} finite number${objectives.length === 1 ? "" : "s"}, one per objective (${names})`;
  const isPerObjective = (list: unknown): list is readonly number[] =>
    Array.isArray(list) && list.length === objectives.length && list.every(isFinite);
  switch (state) {
    case "complete":
      return isPerObjective(values) ? { state, values, metrics: facts.data } : refuse("values", wanted, values);
    case "pruned":
      if (values === undefined) return { state, metrics: facts.data };
      return isPerObjective(values) ? { state, values, metrics: facts.data } : refuse("values", wanted, values);
    case "failed":
      return typeof reason === "string" && reason !== ""
        ? { state, reason, metrics: facts.data }
        : refuse("reason", "a text", reason);
    default:
      return refuse("state", '"complete", "pruned" or "failed"', describe(state));
  }
}

function isFinite(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
