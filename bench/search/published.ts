/**
 * @file What others' code reached on the same table, 12-epoch validation as reward, a distinct row a query, isomorphic cells not told apart unless said. Recomputed:
 * NATS-Bench's algorithms and White et al.'s local search; `test` is the mean 200-epoch test accuracy of the best by reward over 200 seeds, `reached`
 * and `top10` are over 300. Published: Dong and Yang 2020 with 12,000 seconds, which is about 100 queries, over 500 runs; CIFAR-100 by the cell
 * found on CIFAR-10. Prototype: a Gaussian process over the graph in Python, and what was computed beside it, over 200 seeds.
 */
import type { Reached } from "./problem.ts";

export interface Published extends Partial<Reached> {
  readonly source: "recomputed" | "published" | "prototype";
  readonly controller: string;
  readonly data: "c10" | "c100";
  readonly queries: number;
  readonly seeds: number;
  /** Whether isomorphic cells were free. */
  readonly iso: boolean;
  /** Standard deviation over runs, where it was given. */
  readonly deviation?: number;
}

type Row = readonly [queries: number, c10: number | undefined, c100: number | undefined];

const none = undefined;

const tests: Readonly<Record<string, readonly Row[]>> = {
  random: [
    [50, 93.43, none],
    [100, 93.69, 71.11],
    [150, 93.78, none],
    [200, 93.84, 71.46],
    [300, 93.91, none],
    [500, 93.97, 71.92],
    [1000, 94.07, none],
  ],
  REINFORCE: [
    [50, 93.48, none],
    [100, 93.78, 71.32],
    [150, 93.92, none],
    [200, 93.97, 72.05],
    [300, 94.03, none],
    [500, 94.14, 72.63],
    [1000, 94.34, none],
  ],
  "evolution 10/3": [
    [50, 93.48, none],
    [100, 93.86, 71.77],
    [150, 94.03, none],
    [200, 94.1, 72.28],
    [300, 94.21, none],
    [500, 94.3, 72.54],
    [1000, 94.36, none],
  ],
  "evolution 30/10": [
    [50, 93.68, none],
    [100, 94.08, 72.3],
    [150, 94.19, none],
    [200, 94.23, 72.44],
    [300, 94.27, none],
    [500, 94.28, 72.24],
    [1000, 94.29, none],
  ],
  "local search, best": [
    [50, 93.48, none],
    [100, 94.02, 71.69],
    [150, 94.13, none],
    [200, 94.21, 72.2],
    [300, 94.3, none],
    [500, 94.36, 72.36],
    [1000, 94.37, none],
  ],
};

type Triple = readonly [reached: number | undefined, test: number | undefined, top10: number | undefined];
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

const prototype: Readonly<Record<string, readonly Both[]>> = {
  "model-based": [
    [50, [84.51, 94.14, 94.2], [60.75, 72.53, 73.04]],
    [100, [84.83, 94.33, 94.33], [61.255, 72.92, 73.13]],
  ],
  "evolution 30/10": [
    [50, [83.84, 93.78, 93.9], [59.3, 71.32, 71.78]],
    [100, [84.55, 94.15, 94.23], [60.79, 72.35, 72.83]],
  ],
};

const prototypeIso: Readonly<Record<string, readonly Both[]>> = {
  "model-based": [
    [50, [84.7, 94.27, 94.3], [61.05, 72.77, 73.27]],
    [100, [84.89, 94.373, 94.373], [61.316, 72.96, 73.167]],
  ],
  "local search, first": [
    [50, [84.25, 93.96, 94.06], [60.31, 71.82, 72.46]],
    [100, [84.63, 94.17, 94.26], [61.02, 72.53, 73.07]],
  ],
};

/** By the published name: mean and standard deviation of the test accuracies. */
const published12000 = {
  random: [93.7, 0.36, 71.04, 1.07],
  REINFORCE: [93.85, 0.37, 71.71, 1.09],
  "evolution 10/3": [93.92, 0.3, 71.84, 0.99],
} as const;

function both(
  facts: Pick<Published, "source" | "seeds" | "iso">,
  rows: Readonly<Record<string, readonly Both[]>>,
): readonly Published[] {
  return Object.entries(rows).flatMap(([controller, own]) =>
    own.flatMap(([queries, ...triples]) =>
      triples.map(([reached, test, top10], index): Published => ({
        ...facts,
        controller,
        data: index === 0 ? "c10" : "c100",
        queries,
        ...(reached !== undefined && { reached }),
        ...(test !== undefined && { test }),
        ...(top10 !== undefined && { top10 }),
      })),
    ),
  );
}

const testsOnly = Object.fromEntries(
  Object.entries(tests).map(([name, rows]) => [
    name,
    rows.map(([queries, c10, c100]): Both => [queries, [none, c10, none], [none, c100, none]]),
  ]),
);

/** Every figure there is to compare with. */
export const published: readonly Published[] = [
  ...both({ source: "recomputed", seeds: 300, iso: false }, reached),
  ...both({ source: "recomputed", seeds: 200, iso: false }, testsOnly),
  ...both({ source: "prototype", seeds: 200, iso: false }, prototype),
  ...both({ source: "prototype", seeds: 200, iso: true }, prototypeIso),
  ...Object.entries(published12000).flatMap(([controller, [c10, spread10, c100, spread100]]): Published[] => {
    const facts = { source: "published", controller, queries: 100, seeds: 500, iso: false } as const;
    return [
      { ...facts, data: "c10", test: c10, deviation: spread10 },
      { ...facts, data: "c100", test: c100, deviation: spread100 },
    ];
  }),
].filter(({ reached, test, top10 }) => reached !== undefined || test !== undefined || top10 !== undefined);
