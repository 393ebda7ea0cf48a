/** Trains a small network on a given engine, and prints which one it was, the losses, and the size of a published network. */
import { createRng } from "cellwright/base";
import { openEngine } from "cellwright/engines";
import { costOf, network } from "cellwright/network";
import { nasnet } from "cellwright/spaces";

const engine = await openEngine(process.argv[2]);
const net = network("consumer", [8, 8, 3], (b) => {
  const x = b.activate("act", b.batchNorm("bn", b.conv("stem", b.input, { filters: 8, kernel: 3 })));
  return b.dense("logits", b.globalAvgPool("pool", x), { units: 2 });
});
const rng = createRng("consumer");
const size = 16;
const labels = Int32Array.from({ length: size }, (_, i) => i % 2);
const images = Float32Array.from({ length: size * 8 * 8 * 3 }, (_, i) => rng.normal() + labels[Math.floor(i / 192)]);

const session = await engine.open(net, {
  batchSize: size,
  seed: 1,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 0 },
  loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
});
const losses = [];
for (let step = 0; step < 20; step++)
  losses.push((await session.trainStep({ size, images, labels }, { learningRate: 0.05, dropPathRate: 0, step })).loss);
await session.close();

const published = nasnet.decode(nasnet.named["nasnet-a"], { cellsPerStack: 6, filters: 32 });
const { params } = costOf(published.network);
console.log(JSON.stringify({ node: process.version, engine: engine.name, target: engine.target, losses, params }));
