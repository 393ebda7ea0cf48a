/** @file The search for coefficients as a study: its controller keeps the laws, its trials are the plan's points, its best goes on to the further levels. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStudy, scalingDefinition, scalingResults, type Study, type StudyEvent } from "cellwright";
import { functional } from "cellwright/evaluators";
import { costOf, inferShapes, network, type Network } from "cellwright/network";
import { controllerLaws } from "cellwright/search";
import { choice, defineSpace } from "cellwright/space";
import { loadStudy } from "../../../src/study/load.ts";
import { scalingReference } from "../../../src/study/scaling/definition.ts";
import { scalingOf } from "../../../src/study/scaling/space.ts";

/** Small enough that a plan of it is made at once. */
const plain = defineSpace({
  name: "plain",
  version: 1,
  skeleton: { layers: 4, filters: 10, input: [16, 16, 3] },
  decisions: { fn: choice(["relu", "tanh"]) },
  decode: ({ fn }, { layers, filters, input }) => ({
    network: network("plain", input, (net) => {
      let x = net.input;
      for (let i = 0; i < layers; i++) x = net.activate(`act${i}`, net.conv(`conv${i}`, x, { filters, kernel: 3 }), fn);
      return net.dense("dense", net.globalAvgPool("pool", x), { units: 10 });
    }),
  }),
  scaleSkeleton: ({ layers, filters, input: [height, width, channels] }, factors) => ({
    layers: Math.round(layers * factors.depth),
    filters: Math.round(filters * factors.width),
    input: [Math.round(height * factors.resolution), Math.round(width * factors.resolution), channels],
  }),
});

/** Wide networks are the better ones, and deep ones the worse: what is best is known. */
const widest = functional(
  "widest",
  ({ network: net }) => {
    const { params, macs } = costOf(net);
    return params / macs;
  },
  { measures: ["accuracy"] },
);

const origin = { name: "mine", space: plain, evaluator: widest, skeleton: { filters: 12 } };
const genotype = { fn: 0 };

let resultsDir: string;
let open: Study[] = [];

beforeEach(async () => {
  resultsDir = await mkdtemp(join(tmpdir(), "cellwright-scaling-"));
});
afterEach(async () => {
  await Promise.all(open.map(async (study) => study.close()));
  open = [];
  await rm(resultsDir, { recursive: true, force: true });
});

async function studyOf(
  mode: "create" | "resume",
  definition = scalingDefinition(origin, { genotype }),
): Promise<Study> {
  const study = await openStudy({ mode, name: "mine-scaling", resultsDir, definition, executor: "inline" });
  open.push(study);
  return study;
}

async function run(study: Study, until: (event: StudyEvent) => boolean = () => false): Promise<void> {
  for await (const event of study.run()) if (until(event)) break;
}

const pointsOf = async (study: Study): Promise<unknown[]> =>
  (await study.storage.trials()).map(({ proposal }) => proposal.genotype["point"]);

describe("its controller", () => {
  const { space, controller } = scalingDefinition(origin, { genotype });
  it.each(controllerLaws.map((law) => [law.name, law] as const))("%s", (_, law) => law.check(controller, space));
});

describe("the study", () => {
  it("trains every point once, then the best of the grid at the further levels", async () => {
    const study = await studyOf("create");
    await run(study);
    const found = await scalingResults(study);
    const plan = scalingOf(study.definition.space)?.plan;
    expect(found?.isGridDone).toBe(true);
    // Wide networks win; one at equal cost is chosen.
    const fair = found?.rows.filter(({ point, index }) => point.isOnTarget && plan?.grid.includes(index)) ?? [];
    const best = fair.toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0))[0];
    expect(best?.isChosen).toBe(true);
    expect(found?.chosen).toEqual(best?.point.coefficients);
    expect(found?.chosen?.beta).toBeGreaterThan(1.2);
    const points = await pointsOf(study);
    const first = plan?.points.length ?? 0;
    expect(points.slice(0, first)).toEqual(Array.from({ length: first }, (_, i) => i));
    expect(points).toHaveLength(first + 1);
    const further = found?.rows.at(-1);
    expect(further?.point).toMatchObject({ method: "compound", level: 2, coefficients: found?.chosen });
    expect(further?.value).toBeGreaterThan(0);
  });

  it("goes on where it stopped", async () => {
    const whole = await studyOf("create");
    await run(whole);
    const expected = await pointsOf(whole);
    await whole.close();
    open = [];
    await rm(join(resultsDir, "mine-scaling"), { recursive: true });

    const begun = await studyOf("create");
    let finished = 0;
    await run(begun, ({ kind }) => kind === "trial-finished" && ++finished === 5);
    await begun.close();
    open = [];
    const resumed = await studyOf("resume");
    expect((await pointsOf(resumed)).length).toBeLessThan(expected.length);
    await run(resumed);
    expect(await pointsOf(resumed)).toEqual(expected);
  });

  it("feeds every network the images searched on, and leaves those as searched alone", () => {
    const { space } = scalingDefinition(origin, { genotype });
    const decoded = (point: number): Network => space.decode({ point }).network as Network;
    const asSearched = plain.decode(genotype, origin.skeleton).network;
    expect(decoded(0).nodes).toEqual(asSearched.nodes);
    const { points } = scalingOf(space)?.plan ?? { points: [] };
    for (const [index, point] of points.entries()) {
      const net = decoded(index);
      expect(inferShapes(net).get("input")).toEqual([16, 16, 3]);
      expect(costOf(net).macs).toBe(point.size.macs);
    }
  });

  it("is no search for coefficients where it is another study", async () => {
    const study = await openStudy({
      mode: "create",
      resultsDir,
      executor: "inline",
      definition: { ...origin, controller: scalingDefinition(origin, { genotype }).controller },
    });
    open.push(study);
    expect(await scalingResults(study)).toBeUndefined();
  });

  it("refuses an evaluator that looks genotypes up", () => {
    expect(() => scalingDefinition({ ...origin, evaluator: { ...widest, name: "tabular" } }, { genotype })).toThrow(
      /evaluator {2}Expected one that measures networks/,
    );
  });
});

describe("its reference", () => {
  it("makes the same study again, with flags laid over it", async () => {
    const spec = {
      target: "enas",
      source: { kind: "shelf", space: "macro-chain" },
      genotype: (await import("cellwright/spaces")).macroChain.sample((await import("cellwright/base")).createRng(1)),
      skeleton: { filters: 4 },
      levels: [1],
    } as const;
    const reference = scalingReference(spec, { budget: { trials: 3 }, evaluator: { epochs: 1 } });
    const [one, other] = [await loadStudy(reference), await loadStudy(reference)];
    expect(one.space.hash).toBe(other.space.hash);
    expect(one.budget).toEqual({ trials: 3 });
    expect(one.evaluator.options["epochs"]).toBe(1);
    expect(scalingOf(one.space)).toMatchObject({ target: "enas" });
  });

  it("names what is wrong with it", async () => {
    const wrong = (scaling: object) => ({
      module: "cellwright:scaling-study",
      export: "default",
      overrides: { scaling },
    });
    await expect(loadStudy(wrong({ target: "x" }) as never)).rejects.toThrow(/scaling.*source/s);
    const nowhere = { target: "x", source: { kind: "shelf", space: "none" }, genotype: {} };
    await expect(loadStudy(wrong(nowhere) as never)).rejects.toThrow(/a space of the shelf/);
  });
});
