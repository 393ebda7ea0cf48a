/**
 * @file On cell spaces the canonical id is that of the function (law 5): genotypes said in other words keep it, and where it is the same the outputs are, on random weights
 * that both networks share as far as they compute the same. $CELLWRIGHT_SAMPLES pairs of each space, by default 30 (`npm run test:nightly`: 1,000).
 */
import { describe, expect, it } from "vitest";
import { createRng, type Rng } from "cellwright/base";
import { canonicalId, costOf, type Network, type Weights } from "cellwright/network";
import type { Genotype, Space } from "cellwright/space";
import {
  amoebanet,
  darts,
  enasMicro,
  nasBench101,
  nasBench201,
  nasBench201Class,
  nasBench201Text,
  nasnet,
  pnas,
} from "cellwright/spaces";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { relativeDifference } from "../../support/compare.ts";
import { relabelledBlocks, relabelledEdges, relabelledNodes, relabelledVertices } from "../../support/relabelled.ts";
import { randomBatch } from "../../support/random-network.ts";
import { samples } from "../../support/shelf.ts";
import { weightsByStructure } from "../../support/weights-by-structure.ts";
import { liveIds } from "../network/graphs.ts";

interface CellSpace {
  readonly name: string;
  sample(rng: Rng): Genotype;
  mutate(genotype: Genotype, rng: Rng): Genotype;
  validate(genotype: Genotype): readonly unknown[];
  decode(genotype: Genotype): Network;
  relabel(genotype: Genotype, rng: Rng): Genotype;
}

function cellSpace<S extends Readonly<Record<string, unknown>>>(
  space: Space<S, Network>,
  tiny: Partial<S>,
  relabel: CellSpace["relabel"],
): CellSpace {
  return {
    name: space.name,
    sample: (rng) => space.sample(rng),
    mutate: (genotype, rng) => space.mutate(genotype, rng),
    validate: (genotype) => space.validate(genotype),
    decode: (genotype) => space.decode(genotype, tiny).network,
    relabel,
  };
}

const nasnetTiny = { input: [8, 8, 3], cellsPerStack: 1, stacks: 2, filters: 2 } as const;

const cellSpaces: readonly CellSpace[] = [
  cellSpace(nasnet, nasnetTiny, relabelledBlocks),
  cellSpace(amoebanet, nasnetTiny, relabelledBlocks),
  cellSpace(pnas, nasnetTiny, relabelledBlocks),
  // With drop path two blocks that compute the same have masks of their own: other functions in training, and the same outputs after it.
  cellSpace(enasMicro, { input: [8, 8, 3], cellsPerStack: 1, filters: 2, dropPath: false }, relabelledBlocks),
  cellSpace(darts, { input: [8, 8, 3], cells: 3, filters: 2 }, relabelledNodes),
  // Any number of vertices from 1 to 5 shares 60 channels evenly; otherwise the first get one more, and their order is no mere label.
  cellSpace(nasBench101, { input: [4, 4, 3], stacks: 1, cellsPerStack: 1, filters: 60 }, relabelledVertices),
  cellSpace(nasBench201, { input: [8, 8, 3], cellsPerStack: 1, filters: 2 }, relabelledEdges),
];

/** The reference computes in double precision; other sums in another order leave 1e-7 of the single precision of its inputs and outputs. */
const SAME = 1e-5;

async function outputs(network: Network, weights: Weights): Promise<Float32Array> {
  const session = await openReferenceEngine().open(network, {
    seed: 1,
    batchSize: 2,
    optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
    training: false,
    weights,
  });
  const { images } = randomBatch(network, 2, createRng("canonical/images"));
  const logits = await session.predict(images, 2);
  await session.close();
  return logits;
}

/** Weights that the outputs depend on. */
function liveParams(network: Network): number {
  const live = liveIds(network);
  return costOf({ ...network, nodes: network.nodes.filter(({ id }) => live.has(id)) }).params;
}

describe.each(cellSpaces)("on $name", (space) => {
  it(
    "genotypes in other words have one id and the same outputs, and of others only those have it whose outputs are the same",
    async () => {
      const counts = { reworded: 0, otherId: 0 };
      for (let index = 0; index < samples; index++) {
        const rng = createRng("canonical").fork(space.name).fork(index);
        const place = `${space.name} ${index}`;
        const genotype = space.sample(rng.fork("sample"));
        const network = space.decode(genotype);
        const id = canonicalId(network);
        const own = await outputs(network, weightsByStructure(network, index));

        const reworded = space.relabel(genotype, rng.fork("relabel"));
        expect(space.validate(reworded), place).toEqual([]);
        if (JSON.stringify(reworded) !== JSON.stringify(genotype)) counts.reworded++;
        const again = space.decode(reworded);
        expect(canonicalId(again), place).toBe(id);
        const same = await outputs(again, weightsByStructure(again, index));
        expect(relativeDifference(own, same), place).toBeLessThan(SAME);

        const mutant = space.decode(space.mutate(genotype, rng.fork("mutate")));
        const others = await outputs(mutant, weightsByStructure(mutant, index));
        const difference = relativeDifference(own, others);
        if (canonicalId(mutant) === id) expect(difference, `${place}: one id`).toBeLessThan(SAME);
        else {
          counts.otherId++;
          // Two layers of one kind on one input share their weights here, and may stand for one another though they do not in training, where each has its own.
          if (difference < SAME && liveParams(mutant) === liveParams(network)) {
            const [a, b] = await Promise.all(
              [network, mutant].map((one) =>
                outputs(one, weightsByStructure(one, index, { shifts: true, byName: true })),
              ),
            );
            expect(relativeDifference(a as Float32Array, b as Float32Array), `${place}: two ids`).toBeGreaterThan(SAME);
          }
        }
      }
      expect(counts.otherId).toBeGreaterThan(samples / 4);
      // NAS-Bench-201 has two nodes alone to exchange, and seldom.
      expect(counts.reworded).toBeGreaterThan(space.name === "nas-bench-201" ? samples / 20 : samples / 2);
    },
    60_000 + samples * 4_000,
  );
});

it(
  "on NAS-Bench-201 without shifts, cells of one published class have the same outputs",
  async () => {
    const space = cellSpaces.find(({ name }) => name === nasBench201.name) as CellSpace;
    const counts = { same: 0, other: 0 };
    for (let index = 0; index < samples; index++) {
      const rng = createRng("canonical/classes").fork(index);
      const genotype = space.sample(rng.fork("sample"));
      const mutant = space.mutate(genotype, rng.fork("mutate"));
      const [a, b] = [space.decode(genotype), space.decode(mutant)];
      const own = await outputs(a, weightsByStructure(a, index, { shifts: false }));
      const others = await outputs(b, weightsByStructure(b, index, { shifts: false }));
      const isSame = relativeDifference(own, others) < SAME;
      if (nasBench201Class(genotype) === nasBench201Class(mutant)) {
        counts.same++;
        expect(isSame, `${nasBench201Text(genotype)} and ${nasBench201Text(mutant)}`).toBe(true);
      } else if (!isSame) counts.other++;
    }
    expect(counts.same).toBeGreaterThan(0);
    expect(counts.other).toBeGreaterThan(samples / 2);
  },
  60_000 + samples * 2_000,
);
