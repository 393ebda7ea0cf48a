/**
 * @file What others' code reached on the same table: NATS-Bench's algorithms and White et al.'s local search, recomputed with 12-epoch validation as reward, a
 * distinct row a query, isomorphic cells not told apart. `test` is the mean 200-epoch test accuracy of the best by reward over 200 seeds; `reached` and
 * `top10` are over 300.
 */
import type { Reached } from "./problem.ts";

export interface Published extends Partial<Reached> {
  readonly controller: string;
  readonly data: "c10" | "c100";
  readonly queries: number;
  readonly seeds: number;
}

type Row = readonly [queries: number, c10: number | undefined, c100: number | undefined];

const tests: Readonly<Record<string, readonly Row[]>> = {
  random: [
    [50, 93.43, undefined],
    [100, 93.69, 71.11],
    [200, 93.84, 71.46],
    [500, 93.97, 71.92],
  ],
  reinforce: [
    [50, 93.48, undefined],
    [100, 93.78, 71.32],
    [200, 93.97, 72.05],
    [500, 94.14, 72.63],
  ],
  "evolution 10/3": [
    [50, 93.48, undefined],
    [100, 93.86, 71.77],
    [200, 94.1, 72.28],
    [500, 94.3, 72.54],
  ],
  "evolution 30/10": [
    [50, 93.68, undefined],
    [100, 94.08, 72.3],
    [200, 94.23, 72.44],
    [500, 94.28, 72.24],
  ],
  "local search, best": [
    [50, 93.48, undefined],
    [100, 94.02, 71.69],
    [200, 94.21, 72.2],
    [500, 94.36, 72.36],
  ],
};

type Triple = readonly [reached: number, test: number, top10: number];
type Both = readonly [queries: number, c10: Triple, c100: Triple];

const reached: Readonly<Record<string, readonly Both[]>> = {
  random: [
    [50, [83.24, 93.49, 93.65], [58.07, 70.63, 71.03]],
    [100, [83.72, 93.74, 93.83], [59.04, 71.19, 71.49]],
    [200, [84.01, 93.87, 93.95], [59.65, 71.62, 71.92]],
  ],
  "evolution 10/3": [[100, [84.18, 93.93, 94.05], [60.15, 71.91, 72.33]]],
  "evolution 30/10": [
    [50, [83.7, 93.68, 93.82], [59.15, 71.21, 71.61]],
    [100, [84.44, 94.07, 94.18], [60.63, 72.21, 72.72]],
    [200, [84.68, 94.21, 94.27], [61.06, 72.5, 73.01]],
  ],
  "local search, first": [
    [50, [84.16, 93.91, 94.03], [60.1, 71.7, 72.27]],
    [100, [84.61, 94.15, 94.22], [60.86, 72.32, 72.92]],
    [200, [84.83, 94.31, 94.34], [61.19, 72.69, 73.2]],
  ],
};

/** Every figure there is to compare with. */
export const published: readonly Published[] = [
  ...Object.entries(reached).flatMap(([controller, rows]) =>
    rows.flatMap(([queries, ...both]) =>
      both.map(([reached, test, top10], index): Published => ({
        controller,
        data: index === 0 ? "c10" : "c100",
        queries,
        seeds: 300,
        reached,
        test,
        top10,
      })),
    ),
  ),
  ...Object.entries(tests).flatMap(([controller, rows]) =>
    rows.flatMap(([queries, ...both]) =>
      both.flatMap((test, index): Published[] =>
        test === undefined ? [] : [{ controller, data: index === 0 ? "c10" : "c100", queries, seeds: 200, test }],
      ),
    ),
  ),
];
