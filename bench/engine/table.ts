/** @file What the bench prints as it goes. */
import type { Rates } from "./comparisons.ts";

const round = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

/** Prints the rates of one comparison, the first contender's being ours. */
export function printRates(title: string, train: Rates, evaluate?: Rates): void {
  const [ours] = train.values();
  const [evaluated] = evaluate?.values() ?? [];
  console.log(
    `\n${title.padEnd(58)}${"training img/s".padStart(16)}${"least..most".padStart(16)}${"ours is".padStart(9)}${"forward img/s".padStart(15)}${"ours is".padStart(9)}`,
  );
  for (const [name, rate] of train) {
    const forward = evaluate?.get(name);
    const times = (mine: number | undefined, other: number): string =>
      mine === undefined || mine === other ? "" : `${(mine / other).toFixed(2)}x`;
    console.log(
      `  ${name}`.padEnd(58) +
        round(rate.median).padStart(16) +
        `${round(rate.least)}..${round(rate.most)}`.padStart(16) +
        times(ours?.median, rate.median).padStart(9) +
        (forward === undefined ? "" : round(forward.median)).padStart(15) +
        (forward === undefined ? "" : times(evaluated?.median, forward.median)).padStart(9),
    );
  }
}

/** Returns a number of the last line: three significant digits, or null. */
export function figure(value: number | null | undefined): number | null {
  return value === undefined || value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(3));
}
