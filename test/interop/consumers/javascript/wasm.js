/** Trains a small network as a browser's page would: with the WebAssembly module's bytes alone. Prints the engine and the losses. */
import { readFile } from "node:fs/promises";
import { openWasmEngine } from "cellwright/engines/wasm";
import { network } from "cellwright/network";

const engine = await openWasmEngine(await readFile(new URL(import.meta.resolve("cellwright/cellwright.wasm"))));
const net = network("page", [4, 4, 1], (b) => b.dense("logits", b.flatten("flat", b.input), { units: 2 }));
const session = await engine.open(net, {
  batchSize: 2,
  seed: 1,
  optimizer: { momentum: 0.9, nesterov: true, weightDecay: 0 },
  loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
});
const images = Float32Array.from({ length: 32 }, (_, i) => (i < 16 ? 1 : -1));
const losses = [];
for (let step = 0; step < 5; step++) {
  const batch = { size: 2, images, labels: Int32Array.of(0, 1) };
  losses.push((await session.trainStep(batch, { learningRate: 0.05, dropPathRate: 0, step })).loss);
}
await session.close();
console.log(JSON.stringify({ name: engine.name, target: engine.target, losses }));
