/** @file Rates of several contenders in turn: A B C A B C …, so that whatever else the machine does hits all alike. */
import { messageOf } from "cellwright/base";
import type { Contender } from "./peers.ts";
import { median } from "./statistics.ts";

export interface MeasureOptions {
  readonly rounds: number;
  /** Least milliseconds of every turn; at least one step is done. */
  readonly ms: number;
  readonly mode: "train" | "evaluate";
  readonly batch: number;
}

interface Timing {
  readonly steps: number;
  readonly ms: number;
}

/** Images a second: the median over the rounds, the least and the most. */
export interface Rate {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Throws with the contender's name where a process of its fails. */
async function turn({ name, processes, setThreads }: Contender, mode: string, ms: number): Promise<readonly Timing[]> {
  try {
    await setThreads?.();
    return await Promise.all(processes.map((peer) => peer.ask<Timing>({ do: mode, ms })));
  } catch (error) {
    throw new Error(`${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns the rate of every contender by its name. One process's images a second add to another's of the same contender. */
export async function measure(
  contenders: readonly Contender[],
  { rounds, ms, mode, batch }: MeasureOptions,
): Promise<ReadonlyMap<string, Rate>> {
  const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const contender of contenders) {
      const timings = await turn(contender, mode, ms);
      rates.get(contender.name)?.push(timings.reduce((sum, { steps, ms }) => sum + (1000 * batch * steps) / ms, 0));
    }
  return new Map(
    Array.from(rates, ([name, values]) => {
      return [name, { median: median(values), least: Math.min(...values), most: Math.max(...values) }];
    }),
  );
}

/** Returns the fastest of those whose name `is` says. */
export function best(
  rates: ReadonlyMap<string, Rate>,
  is: (name: string) => boolean,
): { readonly name: string; readonly rate: number } | undefined {
  let found: { name: string; rate: number } | undefined;
  for (const [name, { median }] of rates)
    if (is(name) && (found === undefined || median > found.rate)) found = { name, rate: median };
  return found;
}
