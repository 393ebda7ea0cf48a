/** @file The wrapper that begins from what is given: genotypes that are tried first, trials whose results are known. */
import { createRng } from "cellwright/base";
import { agingEvolution, random, successiveHalving, warmStart } from "cellwright/controllers";
import { simulate, type ControllerDefinition, type ControllerEvent, type Proposal } from "cellwright/search";
import { describe, expect, it } from "vitest";
import { flat } from "../../contract/controllers/spaces.ts";

const objectives = [{ name: "score", direction: "maximize" }] as const;
const context = () => ({ space: flat, objectives, rng: createRng(1) });
const given = [...flat.enumerate()].slice(40, 42);

function proposals(definition: ControllerDefinition, count: number): readonly Proposal[] {
  const steps = simulate(definition.create(context()), {
    trials: count,
    rng: createRng(2),
    outcome: (number) => ({ state: "complete", values: [number] }),
  });
  return steps.flatMap((step) => (step.kind === "ask" && typeof step.answer === "object" ? [step.answer] : []));
}

function spied(told: ControllerEvent[]): ControllerDefinition {
  const create: ControllerDefinition["create"] = (own) => {
    const controller = random().create(own);
    return { ...controller, tell: (event) => void told.push(event) };
  };
  return { ...random(), create };
}

describe("warmStart from genotypes", () => {
  it("proposes them first, in order, and then what the controller itself does", () => {
    const [plain, warm] = [proposals(random(), 6), proposals(warmStart(random(), given), 6)];
    expect(warm).toEqual([...given.map((genotype) => ({ genotype })), ...plain.slice(2)]);
  });

  it("keeps the epochs of a first rung", () => {
    const [first] = proposals(warmStart(successiveHalving(random(), { minEpochs: 2 }), given), 1);
    expect(first).toEqual({ genotype: given[0], epochs: 2 });
  });

  it("tells the controller of them", () => {
    const told: ControllerEvent[] = [];
    proposals(warmStart(spied(told), given), 1);
    expect(told[0]).toMatchObject({ kind: "started", proposal: { genotype: given[0] } });
  });

  it("refuses one of another space, by its place", () => {
    expect(() => warmStart(random(), [given[0]!, { nonsense: 1 }]).create(context())).toThrow(
      /^warmStart: genotypes\[1\] {2}Expected a genotype of the space/,
    );
  });
});

describe("warmStart from known trials", () => {
  const known = given.map((genotype, index) => ({ genotype, values: [0.5 + 0.1 * index] }));

  it("tells them before anything is asked, and runs none", () => {
    const told: ControllerEvent[] = [];
    const run = proposals(warmStart(spied(told), known), 3);
    expect(run).toEqual(proposals(random(), 3));
    expect(told.slice(0, 4)).toMatchObject([
      { kind: "started", number: -1, proposal: { genotype: given[0] } },
      { kind: "finished", trial: { number: -1, state: "complete", values: [0.5] } },
      { kind: "started", number: -2 },
      { kind: "finished", trial: { number: -2, values: [0.6] } },
    ]);
  });

  it("has evolution begin with them as its population", () => {
    const evolution = agingEvolution({ populationSize: 2, sampleSize: 20, identityProbability: 0 });
    const [child] = proposals(warmStart(evolution, known), 1);
    const differing = Object.keys(child!.genotype).filter((path) => child!.genotype[path] !== given[1]![path]);
    expect(differing).toHaveLength(1);
  });

  it("stands inside a scheduler, not around it", () => {
    const inside = successiveHalving(warmStart(random(), [...known, given[0]!]), { maxEpochs: 9 });
    expect(proposals(inside, 1)).toEqual([{ genotype: given[0], epochs: 1 }]);
    const around = warmStart(successiveHalving(random(), { maxEpochs: 9, eta: 2 }), known);
    expect(() => around.create(context()).ask(0)).toThrow(/^warmStart {2}Expected a controller that does not go on/);
  });

  it("refuses values that are not one finite number per objective, and says what it begins from", () => {
    expect(() => warmStart(random(), [{ genotype: given[0]!, values: [1, 2] }]).create(context())).toThrow(
      /^warmStart: genotypes\[0\]\.values {2}Expected one finite number per objective \(score\)/,
    );
    expect(warmStart(random(), [...known, given[0]!]).name).toBe(
      "random search from a given genotype and 2 known trials",
    );
    expect(warmStart(random(), given).options).toEqual({ genotypes: given, inner: { name: "random search" } });
  });
});
