/**
 * @file What `profile` costs: decoding a sample and counting its parameters and MACs, space by space, on the spaces' own skeletons. The bound is 5 ms a sample. Processor
 * time stands beside the clock's, which other work on the machine lengthens. Run: `npm run bench:profile-cost`, some seconds.
 */
import { costOf } from "cellwright/network";
import { shelf } from "../test/support/shelf.ts";
import { median } from "./engine/statistics.ts";

const SAMPLES = 200;
/** For the machine code to be there. */
const WARM_UP = 50;
const BOUND_MS = 5;

console.log("space              nodes   median ms   processor ms");
for (const space of shelf) {
  const measured = Array.from({ length: SAMPLES + WARM_UP }, (_, index) => {
    const genotype = space.sample(index);
    const before = process.cpuUsage();
    const start = performance.now();
    const network = space.decodeFull(genotype);
    costOf(network);
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    return { nodes: network.nodes.length, wallMs, processorMs: (user + system) / 1000 };
  }).slice(WARM_UP);
  const of = (key: keyof (typeof measured)[number]): number => median(measured.map((one) => one[key]));
  const line = [of("nodes").toFixed(0).padStart(8), of("wallMs").toFixed(2).padStart(12)];
  const processorMs = of("processorMs");
  const mark = processorMs > BOUND_MS ? `  over ${BOUND_MS} ms` : "";
  console.log(`${space.name.padEnd(16)}${line.join("")}${processorMs.toFixed(2).padStart(15)}${mark}`);
}
