/**
 * @file How well each controller searches, where everyone can check it: on the tables of NAS-Bench-201 and NAS-Bench-101. `npm run bench:search`; the last line is one
 * line of JSON with every figure. Options:
 *
 * - `--seeds 200`: searches of each controller; 20 for a quick look. `--first 2000`: the first seed; those below were for choosing options.
 * - `--only reproduction,auto,oracle,nas-bench-101,latency,workers,cost`: some sections.
 * - `--data c10,c100`, `--controllers "random;evolution 30/10"`: some data sets of NAS-Bench-201, some controllers by the name in the report.
 * - `--heavy-seeds 200`: searches of each controller that has a model; these take nearly all of the time.
 * - `--draw`: draws the curves of the sections that have some (reproduction, nas-bench-101) into docs/pictures, and reports nothing.
 *
 * Every figure but those of `cost` is a mean with its standard error over seeds. It depends on the seeds alone: what else the machine does only takes time.
 */
import { parseArgs } from "node:util";
import { nasBench201 } from "cellwright/spaces";
import { autoSection } from "./search/auto-section.ts";
import { contenders } from "./search/contenders.ts";
import { cost } from "./search/cost.ts";
import { drawNasBench101, drawReproduction } from "./search/draw.ts";
import { latencySection } from "./search/latency-section.ts";
import { nasBench101Section } from "./search/nas-bench-101-section.ts";
import { oracle } from "./search/oracle.ts";
import type { DataName } from "./search/problem.ts";
import { reproduction } from "./search/reproduction.ts";
import type { Bench } from "./search/section.ts";
import { workers } from "./search/workers.ts";

const SECTIONS = {
  reproduction,
  auto: autoSection,
  oracle,
  "nas-bench-101": nasBench101Section,
  latency: latencySection,
  workers,
  cost,
} as const;

const PICTURES = { reproduction: drawReproduction, "nas-bench-101": drawNasBench101 } as const;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    first: { type: "string", default: "2000" },
    "heavy-seeds": { type: "string" },
    only: { type: "string" },
    data: { type: "string", default: "c10,c100" },
    controllers: { type: "string" },
    draw: { type: "boolean", default: false },
  },
});

/** Returns the parts of a list, all of them known. */
function chosen<Name extends string>(option: string, text: string, known: readonly Name[], by = ","): readonly Name[] {
  return text.split(by).map((part) => {
    const name = known.find((one) => one === part.trim());
    if (name === undefined) throw new Error(`Expected --${option} of ${known.join(`${by} `)}. Received: ${part}.`);
    return name;
  });
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`Expected --${option} to be a whole number from ${least}. Received: ${text}.`);
}

const first = count("first", values.first, 0);
// Two at least: one has no spread.
const seeds = Array.from({ length: count("seeds", values.seeds, 2) }, (_, index) => first + index);
const heavySeeds = Math.min(seeds.length, count("heavy-seeds", values["heavy-seeds"] ?? values.seeds, 2));
const bench: Bench = {
  print: (line) => void process.stdout.write(`${line}\n`),
  seeds,
  seedsOf(controller) {
    const definition = typeof controller === "string" ? contenders[controller] : controller;
    return definition?.isHeavy?.(nasBench201) === true ? seeds.slice(0, heavySeeds) : seeds;
  },
  data: chosen<DataName>("data", values.data, ["c10", "c100"]),
  controllers: values.controllers?.split(";").map((name) => name.trim()),
};
const known = Object.keys(values.draw ? PICTURES : SECTIONS) as (keyof typeof SECTIONS)[];
const figures: Record<string, unknown> = {};
for (const name of chosen("only", values.only ?? known.join(), known)) {
  bench.print(`\n${name} (seeds from ${first}: ${seeds.length}, with a model ${heavySeeds})`);
  const began = performance.now();
  if (values.draw) await PICTURES[name as keyof typeof PICTURES](bench);
  else figures[name] = await SECTIONS[name](bench);
  bench.print(`  ${((performance.now() - began) / 60_000).toFixed(1)} min`);
}
bench.print(JSON.stringify({ seeds: seeds.length, heavySeeds, first, ...figures }));
