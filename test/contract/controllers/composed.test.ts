/** @file Controllers around controllers keep the laws as what is within them does. */
import {
  agingEvolution,
  auto,
  grid,
  hyperband,
  localSearch,
  modelBased,
  random,
  repeat,
  skipDuplicates,
  successiveHalving,
  warmStart,
} from "cellwright/controllers";
import { createRng } from "cellwright/base";
import { conditional, flat } from "./spaces.ts";
import { controllerSuite } from "./suite.ts";

const evolution = agingEvolution({ populationSize: 5, sampleSize: 3 });
const on = { on: [flat], trials: 25 } as const;
const given = [0, 1, 2].map((number) => flat.sample(createRng(number)));
const known = given.map((genotype, index) => ({ genotype, values: [0.3 * index] }));

controllerSuite("hyperband(agingEvolution)", hyperband(evolution, { maxEpochs: 9 }), {
  on: [flat, conditional],
  trials: 30,
});
controllerSuite("hyperband(grid)", hyperband(grid(), { maxEpochs: 4, eta: 2 }), on);
controllerSuite("skipDuplicates(hyperband(random))", skipDuplicates(hyperband(random(), { maxEpochs: 3 })), on);
/** An ask costs a model. */
const model = modelBased({ starts: 4, parents: 2, mutations: 4, randoms: 4, observations: 6 });
controllerSuite("successiveHalving(modelBased)", successiveHalving(model, { maxEpochs: 4, eta: 2 }), {
  on: [flat, conditional],
  trials: 25,
});
controllerSuite("hyperband(modelBased)", hyperband(model, { maxEpochs: 4, eta: 2 }), on);
controllerSuite(
  "successiveHalving(skipDuplicates(warmStart(modelBased)))",
  successiveHalving(skipDuplicates(warmStart(model, known)), { maxEpochs: 4, eta: 2 }),
  on,
);
controllerSuite("successiveHalving(auto)", successiveHalving(auto({ trials: 40 }), { maxEpochs: 4, eta: 2 }), on);
controllerSuite("repeat(agingEvolution)", repeat(evolution, 3), { on: [flat, conditional], trials: 30 });
controllerSuite("repeat(successiveHalving)", repeat(successiveHalving(evolution, { maxEpochs: 9 }), 2), on);
controllerSuite("successiveHalving(repeat)", successiveHalving(repeat(random(), 2), { maxEpochs: 9 }), on);
for (const inner of [random(), evolution, localSearch()])
  controllerSuite(`warmStart(${inner.name})`, warmStart(inner, [...given, ...known]), on);
controllerSuite("warmStart(successiveHalving)", warmStart(successiveHalving(evolution, { maxEpochs: 9 }), given), on);
controllerSuite("hyperband(warmStart)", hyperband(warmStart(evolution, known), { maxEpochs: 9 }), on);
