/** @file What makes two results the same (law 5): the network up to isomorphism, and everything else of the measurement to the letter. */
import { describe, expect, it } from "vitest";
import { nasnet } from "cellwright/spaces";
import { createRng } from "../../../src/base/rng.ts";
import type { Genotype } from "../../../src/space/space.ts";
import { admit } from "../../../src/study/admission.ts";
import type { StudyDefinition } from "../../../src/study/definition.ts";
import { fakeEvaluator, scripted, spread } from "../../support/fake-study.ts";
import { toySpace } from "../../support/toy-space.ts";

const toy: StudyDefinition = { space: toySpace, controller: scripted(spread), evaluator: fakeEvaluator() };

/** The genotype with left and right swapped in every block that adds: another genotype, the same function. */
function mirrored(genotype: Genotype): Genotype {
  const swapped: Record<string, number> = { ...genotype };
  for (const cell of ["normal", "reduction"])
    for (let block = 0; block < 5; block++) {
      const at = `${cell}.block${block}.`;
      if (genotype[`${at}combiner`] !== 0) continue;
      for (const part of ["Input", "Operation"]) {
        swapped[`${at}left${part}`] = genotype[`${at}right${part}`] as number;
        swapped[`${at}right${part}`] = genotype[`${at}left${part}`] as number;
      }
    }
  return swapped;
}

describe("admission", () => {
  it("knows isomorphic cells as one, and a mutant as another", () => {
    const definition: StudyDefinition = { ...toy, space: nasnet, skeleton: { cellsPerStack: 1, filters: 8 } };
    const seen = new Set<string>();
    for (let i = 0; i < 8; i++) {
      const genotype = nasnet.sample(createRng(`admission/${i}`));
      const twin = mirrored(genotype);
      expect(twin).not.toEqual(genotype);
      const [one, other] = [admit(definition, { genotype }), admit(definition, { genotype: twin })];
      expect([other.canonicalId, other.resultKey]).toEqual([one.canonicalId, one.resultKey]);
      const mutant = nasnet.mutate(genotype, createRng(`mutant/${i}`));
      seen.add(one.canonicalId).add(admit(definition, { genotype: mutant }).canonicalId);
    }
    expect(seen.size).toBe(16);
  });

  it("tells measurements apart by evaluator, epochs, what they go on from, and recipe", () => {
    const { genotype } = spread(0);
    const withRecipe = (learningRate: number): StudyDefinition => ({
      ...toy,
      space: { ...toySpace, decode: (g) => ({ ...toySpace.decode(g), recipe: { learningRate } }) },
    });
    const keys = [
      admit(toy, { genotype }),
      admit({ ...toy, evaluator: { ...toy.evaluator, key: "other" } }, { genotype }),
      admit(toy, { genotype, epochs: 3 }),
      admit(toy, { genotype, epochs: 4 }),
      admit(toy, { genotype, continueFrom: 0 }),
      admit(withRecipe(0.1), { genotype }),
      admit(withRecipe(0.2), { genotype }),
    ];
    expect(new Set(keys.map(({ canonicalId }) => canonicalId)).size).toBe(1);
    expect(new Set(keys.map(({ resultKey }) => resultKey)).size).toBe(keys.length);
    expect(admit(toy, { genotype }).resultKey).toBe(keys[0]?.resultKey);
  });

  it("rejects a network that can't be made, and knows its like by the genotype", () => {
    const broken: StudyDefinition = {
      ...toy,
      space: {
        ...toySpace,
        decode: () => {
          throw new Error("no such network");
        },
      },
    };
    const [one, again, other] = [0, 0, 1].map((number) => admit(broken, spread(number)));
    expect(one).toMatchObject({ rejected: "no such network", metrics: {} });
    expect(again?.canonicalId).toBe(one?.canonicalId);
    expect(other?.canonicalId).not.toBe(one?.canonicalId);
  });
});
