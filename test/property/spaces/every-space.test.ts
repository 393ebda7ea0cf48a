/**
 * @file Every genotype of every space is a network that every engine trains and that exports (law 3). $CELLWRIGHT_SAMPLES of each space, by default 30
 * (`npm run test:nightly`: 1,000): all are decoded, costed, exported and trained a step natively; on every fifth the native engine is compared with the reference and
 * with its other targets, on every fifteenth with TensorFlow.js, gradient by gradient.
 */
import { describe, expect, it } from "vitest";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, validateNetwork, weightSpecs, type Network } from "cellwright/network";
import * as spaces from "cellwright/spaces";
import type { Engine } from "../../../src/engines/engine.ts";
import { openNativeEngine } from "../../../src/engines/native/index.ts";
import { openReferenceEngine } from "../../../src/engines/reference/index.ts";
import { openTfjsEngine } from "../../../src/engines/tfjs/index.ts";
import { decodeSafetensors, exportPyTorch } from "../../../src/export/index.ts";
import { expectAgreement } from "../../support/agreement.ts";
import { randomBatch, randomWeights } from "../../support/random-network.ts";
import { samples, shelf, type ShelfSpace } from "../../support/shelf.ts";
import { testedTfjsBackends } from "../../support/tfjs-backends.ts";
import { nativeTargets } from "../native/targets.ts";

/** One in so many samples is compared between engines: the reference computes one number at a time. */
const COMPARED = 5;

/** TensorFlow.js computes in plain JavaScript on its slowest backend. */
const COMPARED_TFJS = 15;

/** Long enough on a loaded machine. */
const timeout = 60_000 + samples * 10_000;

const genotypes = (of: ShelfSpace): readonly ReturnType<ShelfSpace["sample"]>[] =>
  Array.from({ length: samples }, (_, index) => of.sample(index));

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Expects shapes throughout, logits of the classes, and a cost that is what the weights add up to. */
function expectSound(network: Network, place: string): void {
  const shapes = inferShapes(network);
  expect(shapes.size, place).toBe(network.nodes.length);
  expect(shapes.get(network.outputs.logits), place).toEqual([10]);
  const { params, total, macs } = costOf(network);
  const specs = weightSpecs(network);
  const sum = (of: typeof specs): number => of.reduce((all, { shape }) => all + sizeOf(shape), 0);
  expect([total, params], place).toEqual([sum(specs), sum(specs.filter(({ trainable }) => trainable))]);
  expect(Number.isSafeInteger(macs) && macs > 0, `${place}: ${macs} MACs`).toBe(true);
}

it("has every space that the entry point exports", () => {
  const isSpace = (value: unknown): value is ShelfSpace["space"] =>
    typeof value === "object" && value !== null && "decisions" in value && "decode" in value;
  const exported = Object.values(spaces as Readonly<Record<string, unknown>>).filter(isSpace);
  expect(exported.length).toBeGreaterThan(10);
  expect(shelf.map(({ name }) => name).toSorted()).toEqual(exported.map(({ name }) => name).toSorted());
});

describe.each(shelf)("every sample of $name", (of) => {
  const name = of.name;

  it(
    "decodes, infers its shapes and costs, on a tiny skeleton and on the space's own",
    () => {
      for (const [index, genotype] of genotypes(of).entries()) {
        expect(of.space.validate(genotype)).toEqual([]);
        const network = of.decode(genotype);
        expect(validateNetwork(JSON.parse(JSON.stringify(network)))).toEqual(network);
        expectSound(network, `${name} ${index}`);
        expectSound(of.decodeFull(genotype), `${name} ${index}, full size`);
      }
    },
    timeout,
  );

  it(
    "exports to PyTorch, every weight",
    () => {
      for (const [index, genotype] of genotypes(of).entries()) {
        const network = of.decode(genotype);
        const zeros = weightSpecs(network).map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))] as const);
        const files = exportPyTorch(network, new Map(zeros));
        expect([...files.keys()]).toEqual(["model.py", "weights.safetensors", "README.md"]);
        const { tensors } = decodeSafetensors(files.get("weights.safetensors") as Uint8Array);
        // Torch counts a batch norm's batches besides, one number each.
        const counted = [...tensors].filter(([key]) => !key.endsWith("num_batches_tracked"));
        const written = counted.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
        expect(written, `${name} ${index}`).toBe(costOf(network).total);
        expect(new TextDecoder().decode(files.get("model.py"))).toContain("def forward(self");
      }
    },
    timeout,
  );

  it(
    "trains a step on the native engine, to weights that are numbers",
    async () => {
      const engine = await openNativeEngine();
      for (const [index, genotype] of genotypes(of).entries()) {
        const network = of.decode(genotype);
        const place = `${name} ${index}`;
        const options = { seed: index, batchSize: 8, optimizer: { momentum: 0.9, nesterov: true, weightDecay: 1e-4 } };
        const session = await engine.open(network, { ...options, loss: { labelSmoothing: 0, auxiliaryWeight: 0 } });
        const before = await session.save();
        const batch = randomBatch(network, 8, createRng(place));
        const { loss } = await session.trainStep(batch, { step: 0, learningRate: 0.01, dropPathRate: 0.2 });
        expect(Number.isFinite(loss), place).toBe(true);
        const after = await session.save();
        for (const [weight, values] of after.weights)
          expect(values.every(Number.isFinite), `${place}: ${weight}`).toBe(true);
        const changed = [...after.weights].filter(([weight, values]) =>
          values.some((value, i) => value !== before.weights.get(weight)?.[i]),
        );
        expect(changed.length, place).toBeGreaterThan(0);
        await session.close();
      }
    },
    timeout,
  );

  async function expectAgreementOnEvery(share: number, engine: Engine, other: Engine): Promise<void> {
    for (let index = 0; index < samples; index += share) {
      const network = of.decode(of.sample(index));
      const rng = createRng("every-space").fork(name).fork(index);
      const weights = of.hasConstants ? initializeWeights(network, index) : randomWeights(network, rng.fork("weights"));
      const batches = [randomBatch(network, 8, rng.fork("batch"))];
      await expectAgreement(engine, other, { seed: index, network, weights, batches });
    }
  }

  it(
    `computes the same on the native engine and the reference, every ${COMPARED}th`,
    async () => {
      await expectAgreementOnEvery(COMPARED, await openNativeEngine(), openReferenceEngine());
    },
    timeout,
  );

  it.each(nativeTargets().slice(1))(
    `computes the same on $name:$width as natively, every ${COMPARED}th`,
    async ({ name: target, width }) => {
      await expectAgreementOnEvery(
        COMPARED,
        await openNativeEngine({ target: `${target}:${width}` }),
        await openNativeEngine(),
      );
    },
    timeout,
  );

  it.each(testedTfjsBackends())(
    `computes the same on tfjs' %s as natively, every ${COMPARED_TFJS}th`,
    async (backend) => {
      await expectAgreementOnEvery(COMPARED_TFJS, await openTfjsEngine(backend), await openNativeEngine());
    },
    timeout,
  );
});
