/** @file Our side of bench/engine.ts: opens a session on the network of the first line, then answers every line "run N" with the milliseconds of N steps. */
import { createInterface } from "node:readline";
import type { Network, Shape } from "../../src/network/network.ts";
import { openNativeEngine } from "../../src/engines/native/index.ts";

interface Request {
  readonly network: Network;
  readonly batch: number;
  readonly inputShape: Shape;
  readonly classes: number;
  readonly target?: string;
  /** `wall` or `cpu`. */
  readonly clock: string;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const request = JSON.parse((await lines.next()).value as string) as Request;
const { network, batch, inputShape, classes } = request;
const engine = await openNativeEngine(request.target === undefined ? {} : { target: request.target });
const session = await engine.open(network, {
  batchSize: batch,
  seed: 1,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
  loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
});
const perImage = inputShape.reduce((product, side) => product * side, 1);
const images = Float32Array.from({ length: batch * perImage }, (_, i) => Math.sin(i * 12.9898) * 1.5);
const labels = Uint8Array.from({ length: batch }, (_, i) => i % classes);
let step = 0;
async function train(): Promise<void> {
  await session.trainStep({ size: batch, images, labels }, { learningRate: 0.01, dropPathRate: 0, step: step++ });
}
await train();

/** Milliseconds on the clock asked for. */
function now(): number {
  if (request.clock !== "cpu") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const { bytes } = engine.estimateMemory(network, batch);
console.log(JSON.stringify({ ready: true, version: engine.target, bytes }));
for (;;) {
  const line = await lines.next();
  if (line.done) break;
  const ms: number[] = [];
  for (let i = 0; i < Number(line.value.split(" ")[1]); i++) {
    const begin = now();
    await train();
    ms.push(now() - begin);
  }
  console.log(JSON.stringify({ ms }));
}
