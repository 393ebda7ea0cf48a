/** @file Random search, the wrapper that skips duplicates, and what `auto` picks. */
import { createRng } from "cellwright/base";
import {
  agingEvolution,
  auto,
  modelBased,
  pickController,
  policyGradient,
  random,
  skipDuplicates,
  successiveHalving,
  warmStart,
} from "cellwright/controllers";
import { simulate, type ControllerDefinition, type Proposal } from "cellwright/search";
import { nasnet } from "cellwright/spaces";
import { describe, expect, it } from "vitest";
import { conditional, flat, numbers } from "../../contract/controllers/spaces.ts";

const objectives = [{ name: "score", direction: "maximize" }] as const;

function proposals(definition: ControllerDefinition, trials: number, space = flat): readonly Proposal[] {
  const controller = definition.create({ space, objectives, rng: createRng(2) });
  const steps = simulate(controller, {
    trials,
    rng: createRng(3),
    outcome: () => ({ state: "complete", values: [1] }),
  });
  return steps.flatMap((step) => (step.kind === "ask" && typeof step.answer !== "string" ? [step.answer] : []));
}

function distinct(list: readonly Proposal[]): number {
  return new Set(list.map((proposal) => JSON.stringify(proposal))).size;
}

describe("random", () => {
  it("draws every genotype of a small space about as often", () => {
    const counts = new Map<string, number>();
    for (const { genotype } of proposals(random(), 4800)) {
      const text = JSON.stringify(genotype);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    expect(counts.size).toBe(48);
    // 100 expected of each; five standard deviations, as there are 48.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(50);
  });

  it("takes no options", () => {
    expect(() => random({ seed: 3 } as never)).toThrow(
      "random.seed  Expected one of the options (there are none). Received: 3.",
    );
  });
});

describe("skipDuplicates", () => {
  it("tries a small space out before it repeats", () => {
    expect(distinct(proposals(random(), 48))).toBeLessThan(40);
    expect(distinct(proposals(skipDuplicates(random(), { retries: 1000 }), 48))).toBe(48);
    expect(proposals(skipDuplicates(random()), 60)).toHaveLength(60);
  });

  it("asks no more than once where every genotype has been tried", () => {
    let asks = 0;
    const inner: ControllerDefinition = {
      ...random(),
      create: (context) => {
        const controller = random().create(context);
        return {
          ask(number) {
            asks++;
            return controller.ask(number);
          },
          tell() {},
        };
      },
    };
    const controller = skipDuplicates(inner).create({ space: flat, objectives, rng: createRng(0) });
    let number = 0;
    for (const genotype of flat.enumerate())
      controller.tell({ kind: "started", number: number++, proposal: { genotype } });
    controller.ask(number);
    expect(asks).toBe(1);
  });

  it("leaves what was no duplicate as it was", () => {
    const [plain, wrapped] = [proposals(random(), 6), proposals(skipDuplicates(random()), 6)];
    expect(distinct(plain)).toBe(6);
    expect(wrapped).toEqual(plain);
  });

  it("lets the same genotype through for other epochs, and passes wait, done and the note on", () => {
    const inner: ControllerDefinition = {
      name: "rungs",
      options: { a: 1 },
      create: () => ({
        note: "three rungs",
        ask: (number) => (number < 3 ? { genotype: { a: 0, b: 0, c: 0, d: 0 }, epochs: number + 1 } : "done"),
        tell() {},
      }),
    };
    const definition = skipDuplicates(inner, { retries: 1 });
    expect(proposals(definition, 10).map(({ epochs }) => epochs)).toEqual([1, 2, 3]);
    expect(definition.create({ space: flat, objectives, rng: createRng(0) }).note).toBe("three rungs");
    expect(definition.options).toEqual({ retries: 1, inner: { name: "rungs", a: 1 } });
  });

  it("counts trials in flight", () => {
    const controller = skipDuplicates(random(), { retries: 1000 }).create({
      space: flat,
      objectives,
      rng: createRng(0),
    });
    const seen = new Set<string>();
    for (let number = 0; number < 48; number++) {
      const proposal = controller.ask(number) as Proposal;
      controller.tell({ kind: "started", number, proposal });
      seen.add(JSON.stringify(proposal));
    }
    expect(seen.size).toBe(48);
  });

  it("names a wrong option", () => {
    expect(() => skipDuplicates(random(), { retries: 0 })).toThrow(
      /^skipDuplicates\.retries {2}Expected a whole number from 1 to 1000/,
    );
  });
});

describe("auto", () => {
  it.each([
    [flat, 48, "dear", "grid search", false, /can try all of the space's 48 genotypes/],
    [conditional, 47, "dear", "grid search", false, /22 genotypes/],
    [flat, 47, "dear", "model-based search", true, /worth a model/],
    [numbers, 14, "dear", "random search", false, /too few/],
    [numbers, 15, "dear", "model-based search", true, /worth a model/],
    [numbers, 1_000, "dear", "model-based search", true, /worth a model/],
    [numbers, 1_001, "dear", "aging evolution without duplicates", false, /1001 trials are many; population 100/],
    [numbers, 299, "cheap", "aging evolution without duplicates", false, /not worth a model; population 30, sample 10/],
    [numbers, 300, "cheap", "aging evolution without duplicates", false, /population 100, sample 25/],
  ] as const)("picks by size, budget and cost: case %#", (space, trials, trial, name, isHeavy, reason) => {
    const picked = pickController(space, trials, trial);
    expect(picked.definition.name).toBe(name);
    expect(picked.reason).toMatch(reason);
    expect(auto({ trials, trial }).isHeavy?.(space)).toBe(isHeavy);
    const { note } = auto({ trials, trial }).create({ space, objectives, rng: createRng(0) });
    expect(note).toBe(`auto picked ${name}: ${picked.reason}`);
  });

  it("proposes what the one it picked does", () => {
    const options = { populationSize: 30, sampleSize: 10, identityProbability: 0 };
    expect(proposals(auto({ trials: 45, trial: "cheap" }), 45, numbers as never)).toEqual(
      proposals(skipDuplicates(agingEvolution(options)), 45, numbers as never),
    );
  });

  it("tries a small space out, each genotype once, and is done", () => {
    const tried = proposals(auto({ trials: 100 }), 100, conditional as never);
    expect(new Set(tried.map((proposal) => JSON.stringify(proposal))).size).toBe(22);
    expect(tried).toHaveLength(22);
  });

  it("takes a study's word for what a trial costs, and is stored as it was before it asked", () => {
    expect(auto({ trials: 50 }).options).toEqual({ trials: 50 });
    expect(() => auto({ trial: "free" as never })).toThrow('auto.trial  Expected "dear" or "cheap". Received: "free".');
  });
});

describe("heavy", () => {
  it("is what a model or a large policy takes time for, wrapped or not", () => {
    const heavy = [modelBased(), skipDuplicates(modelBased()), successiveHalving(modelBased()), policyGradient()];
    expect(heavy.map((definition) => definition.isHeavy?.(nasnet))).toEqual([true, true, true, true]);
    const quick = [random(), agingEvolution(), skipDuplicates(agingEvolution()), successiveHalving(random())];
    expect(quick.map((definition) => definition.isHeavy?.(nasnet) ?? false)).toEqual([false, false, false, false]);
    expect(policyGradient({ hidden: 16 }).isHeavy?.(flat)).toBe(false);
  });
});

describe("warmStart", () => {
  const space = flat;
  const given = [...space.enumerate()].slice(40, 42);

  it("proposes what is given first, in order, and then what the controller itself does", () => {
    const [plain, warm] = [proposals(random(), 6), proposals(warmStart(random(), given), 6)];
    expect(warm).toEqual([...given.map((genotype) => ({ genotype })), ...plain.slice(2)]);
  });

  it("keeps the epochs of a first rung", () => {
    const [first] = proposals(warmStart(successiveHalving(random(), { minEpochs: 2 }), given), 1);
    expect(first).toEqual({ genotype: given[0], epochs: 2 });
  });

  it("tells the controller of what was given", () => {
    const told: unknown[] = [];
    const inner: ControllerDefinition = {
      ...random(),
      create: (context) => ({ ...random().create(context), tell: (event) => told.push(event) }),
    };
    proposals(warmStart(inner, given), 1);
    expect(told[0]).toMatchObject({ kind: "started", proposal: { genotype: given[0] } });
  });

  it("refuses a genotype of another space, by its place", () => {
    const definition = warmStart(random(), [given[0] ?? {}, { nonsense: 1 }]);
    expect(() => definition.create({ space, objectives, rng: createRng(0) })).toThrow(
      /^warmStart: genotypes\[1\] {2}Expected a genotype of the space/,
    );
  });
});
