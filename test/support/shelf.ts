/** @file Every space of the shelf with a skeleton so small that a sample trains a step in milliseconds. A space that is missing here fails test/property/spaces/every-space.test.ts. */
import { createRng } from "cellwright/base";
import type { Network } from "cellwright/network";
import type { Genotype, Space } from "cellwright/space";
import {
  amoebanet,
  darts,
  efficientnet,
  enasMicro,
  macroChain,
  mbconv,
  mnasnet,
  modules,
  nasBench101,
  nasBench201,
  nasnet,
  pnas,
} from "cellwright/spaces";

/** A space, and how small a network of it can be. */
export interface ShelfSpace {
  readonly name: string;
  readonly space: Space<never, Network>;
  /** Decodes on the tiny skeleton. */
  decode(genotype: Genotype): Network;
  /** Decodes as narrow, on images of CIFAR-10's size and so deep that cells repeat. */
  decodeDeep(genotype: Genotype): Network;
  /** Decodes on the space's own skeleton. */
  decodeFull(genotype: Genotype): Network;
  /** The `index`-th sample, the same however many are drawn. */
  sample(index: number): Genotype;
  /** Whether a sample may have tensors that are constant over a batch: nothing but the weights that training begins with can be compared there. */
  readonly hasConstants: boolean;
}

function entry<S extends Readonly<Record<string, unknown>>>(
  space: Space<S, Network>,
  tiny: Partial<S>,
  { deep = {}, hasConstants = false }: { readonly deep?: Partial<S>; readonly hasConstants?: boolean } = {},
): ShelfSpace {
  return {
    name: space.name,
    space: space as unknown as Space<never, Network>,
    decode: (genotype) => space.decode(genotype, tiny).network,
    decodeDeep: (genotype) => space.decode(genotype, { ...tiny, input: [32, 32, 3], ...deep }).network,
    decodeFull: (genotype) => space.decode(genotype).network,
    sample: (index) => space.sample(createRng("shelf").fork(space.name).fork(index)),
    hasConstants,
  };
}

const nasnetTiny = { input: [8, 8, 3], cellsPerStack: 1, stacks: 2, filters: 4 } as const;
// The last stages see one pixel: at 16 pixels a side they would cost eight times as much.
const mobileTiny = { input: [8, 8, 3], width: 0.1 } as const;

export const shelf: readonly ShelfSpace[] = [
  entry(nasnet, nasnetTiny, { deep: { cellsPerStack: 5 } }),
  // With first values as weights, five of its cells amplify rounding so that our own engines differ by 1.5e-4 of the largest logit; two by 2e-6.
  entry(amoebanet, nasnetTiny, { deep: { cellsPerStack: 2 } }),
  entry(pnas, { ...nasnetTiny, cellsPerStack: 2 }, { deep: { cellsPerStack: 5 } }),
  entry(enasMicro, { input: [8, 8, 3], cellsPerStack: 1, filters: 4 }, { deep: { cellsPerStack: 5 } }),
  entry(darts, { input: [8, 8, 3], cells: 3, filters: 4 }, { deep: { cells: 16 } }),
  entry(nasBench101, { input: [8, 8, 3], stacks: 2, cellsPerStack: 1, filters: 7 }, { deep: { cellsPerStack: 3 } }),
  entry(
    nasBench201,
    { input: [8, 8, 3], cellsPerStack: 1, filters: 5 },
    { deep: { cellsPerStack: 3 }, hasConstants: true },
  ),
  entry(mnasnet, mobileTiny),
  entry(mbconv, mobileTiny),
  entry(efficientnet, mobileTiny),
  entry(macroChain, { input: [8, 8, 3], filters: 4 }),
  entry(modules, { input: [8, 8, 3], filters: 16, depth: 0.2 }),
];

/** How many samples or pairs of each space: $CELLWRIGHT_SAMPLES, by default 30. */
export const samples = Number(process.env["CELLWRIGHT_SAMPLES"] ?? 30);
