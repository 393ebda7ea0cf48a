/** @file The wrapper that measures each candidate several times: what the study is asked, what the inner controller is told. */
import { createRng } from "cellwright/base";
import { random, repeat } from "cellwright/controllers";
import type { Controller, ControllerEvent, FinishedTrial, Proposal } from "cellwright/search";
import { expect, it } from "vitest";
import { collect, fakeStudies } from "../../support/fake-study.ts";
import { flat } from "../../contract/controllers/spaces.ts";

const objectives = [
  { name: "score", direction: "maximize" },
  { name: "cost", direction: "minimize" },
] as const;

function repeated(n: number): { readonly controller: Controller; readonly told: ControllerEvent[] } {
  const told: ControllerEvent[] = [];
  const inner = random().create({ space: flat, objectives, rng: createRng(0) });
  const spied = { ...random(), create: () => ({ ...inner, tell: (event: ControllerEvent) => void told.push(event) }) };
  return { told, controller: repeat(spied, n).create({ space: flat, objectives, rng: createRng(0) }) };
}
const start = (controller: Controller, number: number): Proposal => {
  const proposal = controller.ask(number) as Proposal;
  controller.tell({ kind: "started", number, proposal });
  return proposal;
};
const end = (controller: Controller, number: number, proposal: Proposal, outcome: Partial<FinishedTrial>): void =>
  controller.tell({ kind: "finished", trial: { number, proposal, state: "complete", ...outcome } });
const finishes = (told: readonly ControllerEvent[]) =>
  told.flatMap((one) => (one.kind === "finished" ? [one.trial] : []));

it("proposes each candidate n times, and tells the mean once the last has ended, in whatever order", () => {
  const { controller, told } = repeated(3);
  const proposals = [0, 1, 2, 3].map((number) => start(controller, number));
  const [first] = proposals;
  expect(proposals.map(({ repeat: index }) => index)).toEqual([undefined, 1, 2, undefined]);
  expect(proposals.slice(0, 3).map(({ genotype }) => genotype)).toEqual(
    [first, first, first].map((one) => one!.genotype),
  );
  expect(proposals[3]!.genotype).not.toEqual(first!.genotype);
  end(controller, 2, proposals[2]!, { values: [0.3, 30] });
  end(controller, 0, proposals[0]!, { values: [0.6, 60] });
  expect(finishes(told)).toEqual([]);
  end(controller, 1, proposals[1]!, { values: [0.9, 30] });
  const [trial] = finishes(told);
  expect(trial).toMatchObject({ number: 0, state: "complete", proposal: first });
  // A sum of three, divided: exact but for the last digits.
  expect(trial!.values![0]).toBeCloseTo(0.6, 12);
  expect(trial!.values![1]).toBe(40);
  expect(told.filter(({ kind }) => kind === "started")).toHaveLength(2);
});

it("leaves the failed out of the mean, and measures no further after a failure", () => {
  const { controller, told } = repeated(3);
  const proposals = [0, 1].map((number) => start(controller, number));
  end(controller, 0, proposals[0]!, { values: [0.5, 1] });
  end(controller, 1, proposals[1]!, { state: "failed", reason: "out of memory" });
  expect(finishes(told)).toEqual([{ number: 0, proposal: proposals[0], state: "complete", values: [0.5, 1] }]);
  const lost = start(controller, 2);
  end(controller, 2, lost, { state: "failed", reason: "out of luck" });
  expect(finishes(told)[1]).toEqual({ number: 2, proposal: lost, state: "failed", reason: "out of luck" });
});

it("tells a pruned candidate as pruned, with what it had reached", () => {
  const { controller, told } = repeated(2);
  const proposals = [0, 1].map((number) => start(controller, number));
  end(controller, 0, proposals[0]!, { state: "pruned", values: [0.25, 1] });
  end(controller, 1, proposals[1]!, { state: "pruned" });
  expect(finishes(told)).toEqual([{ number: 0, proposal: proposals[0], state: "pruned", values: [0.25, 1] }]);
});

it("wants a whole number", () => {
  expect(() => repeat(random(), 1.5)).toThrow(
    "repeat  Expected a whole number of measurements, 1 or more. Received: 1.5.",
  );
});

const studies = fakeStudies();

it("has a study train each measurement, with a seed of its own, and resumes", async () => {
  const definition = { controller: repeat(random(), 3), budget: { trials: 5 } };
  const { study, executor } = await studies.open(definition, { workers: 2 });
  await collect(study.run());
  expect(executor.tasks).toHaveLength(5);
  const trials = await study.storage.trials();
  expect(trials.map(({ proposal }) => proposal.repeat)).toEqual([undefined, 1, 2, undefined, 1]);
  expect(new Set(trials.map(({ seed }) => seed)).size).toBe(5);
  await study.close();
  const again = await studies.open({ ...definition, budget: { trials: 6 } }, { mode: "resume" });
  await collect(again.study.run());
  const last = await again.study.storage.trial(5);
  expect(last?.proposal).toEqual({ ...trials[3]!.proposal, repeat: 2 });
});
