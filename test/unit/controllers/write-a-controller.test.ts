/** @file The guide's controller is what is compiled here, keeps the laws, and finds something; the names in its other examples exist. */
import { readFile } from "node:fs/promises";
import { createRng } from "cellwright/base";
import * as search from "cellwright/search";
import { expect, it } from "vitest";
import { controllerSuite } from "../../contract/controllers/suite.ts";
import { flat } from "../../contract/controllers/spaces.ts";
import { hillClimbing } from "../../examples/hill-climbing.ts";

const guide = await readFile(new URL("../../../docs/write-a-controller.md", import.meta.url), "utf8");
const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? "");

it("the guide shows the file that is run here", async () => {
  const file = await readFile(new URL("../../examples/hill-climbing.ts", import.meta.url), "utf8");
  expect(blocks[0]).toBe(file.slice(file.indexOf("\n") + 1));
});

it("the guide imports nothing from cellwright/search that is not there", () => {
  const names = blocks
    .flatMap((code) => [...code.matchAll(/import \{([^}]*)\} from "cellwright\/search"/g)])
    .flatMap(([, list]) => (list ?? "").split(",").map((name) => name.trim()));
  const values = names.filter((name) => !name.startsWith("type "));
  expect(values).toContain("controllerLaws");
  expect(values.filter((name) => !(name in search))).toEqual([]);
});

controllerSuite("hillClimbing, of the guide", hillClimbing({ starts: 5 }), { on: [flat] });

it("the guide's `simulate` finds the best of a known function", () => {
  const { simulate } = search;
  const controller = hillClimbing().create({
    space: flat,
    objectives: [{ name: "score", direction: "maximize" }],
    rng: createRng(1),
  });
  const steps = simulate(controller, {
    trials: 100,
    inFlight: 4,
    rng: createRng(2),
    outcome: (_, { genotype }) => ({
      state: "complete",
      values: [genotype["a"]! + genotype["b"]! + genotype["c"]! + genotype["d"]!],
    }),
  });
  const values = steps.flatMap((step) =>
    step.kind === "tell" && step.event.kind === "finished" ? [step.event.trial.values?.[0]] : [],
  );
  expect(values).toContain(2 + 1 + 1 + 3);
});

it("the guide's message is what a wrong option says", () => {
  expect(() => hillClimbing({ starts: "ten" as never })).toThrow(
    'hillClimbing.starts  Expected a whole number of 1 or more. Received: "ten".',
  );
  expect(guide).toContain('hillClimbing.starts  Expected a whole number of 1 or more. Received: "ten".');
});
