/**
 * @file Our engines in a process of their own, from the build as a user has it. The first line says what to open; every further line is answered with
 * what was measured: `train` and `evaluate` for at least so many milliseconds, `first` for the first step of a network never seen before.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openNativeEngine, openTfjsEngine } from "cellwright/engines";
import { nasnet } from "cellwright/spaces";

const WARM_UP = 3;
const STEADY = 5;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const request = JSON.parse((await lines.next()).value);
const { batch, threads, clock } = request;

function open() {
  if (request.engine === "tfjs") return openTfjsEngine("tfjs-node");
  return openNativeEngine({ threads, ...(request.target && { target: request.target }) });
}

function openSession(network) {
  return engine.open(network, {
    batchSize: batch,
    seed: request.seed,
    optimizer: { momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
    loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
  });
}

/** Milliseconds since this process began, on the clock asked for: the wall's, or the process's own time by thread. */
function now() {
  if (clock !== "cpu") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 / threads;
}

let data;
function batchOf() {
  if (data) return data;
  const file = (name) => readFileSync(join(request.folder, name));
  const bytes = file("images.f32");
  const images = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  data = { size: batch, images, labels: Uint8Array.from(file("labels.u8")) };
  return data;
}

let step = 0;
async function train(session) {
  const { loss } = await session.trainStep(batchOf(), { learningRate: 0.01, dropPathRate: 0, step: step++ });
  return loss;
}

async function timed(ms, work) {
  const until = performance.now() + ms;
  const begun = now();
  let steps = 0;
  do {
    await work();
    steps++;
  } while (performance.now() < until);
  return { steps, ms: now() - begun };
}

/** From genotype to the end of the first step, and what a step takes after that. */
async function first({ genotype, skeleton }) {
  batchOf();
  const begun = now();
  const fresh = await openSession(nasnet.decode(genotype, skeleton).network);
  await train(fresh);
  const sinceStartMs = now();
  const steady = [];
  for (let i = 0; i < STEADY; i++) {
    const before = now();
    await train(fresh);
    steady.push(now() - before);
  }
  await fresh.close();
  return {
    firstMs: sinceStartMs - begun,
    sinceStartMs,
    steadyMs: steady.sort((a, b) => a - b)[Math.floor(STEADY / 2)],
  };
}

let engine, session;
async function answer(message) {
  switch (message.do) {
    case "open": {
      engine = await open();
      if (!request.network) return { target: engine.target };
      session = await openSession(JSON.parse(readFileSync(join(request.folder, "network.json"), "utf8")));
      const losses = [];
      for (let i = 0; i < WARM_UP; i++) losses.push(await train(session));
      return { target: engine.target, losses };
    }
    case "train":
      return timed(message.ms, () => train(session));
    case "evaluate":
      await session.evaluate(batchOf());
      return timed(message.ms, () => session.evaluate(batchOf()));
    case "first":
      engine ??= await open();
      return first(message);
    default:
      throw new Error(`Expected a known command. Received: ${JSON.stringify(message)}.`);
  }
}

for (let message = request; ; message = JSON.parse((await lines.next()).value ?? "null")) {
  if (message === null) break;
  const reply = await answer(message).catch((error) => ({ error: error.message }));
  console.log(JSON.stringify(reply));
}
