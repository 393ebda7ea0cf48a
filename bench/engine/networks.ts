/** @file The networks that are timed, and the folder with each: our PyTorch export of it, the network itself, and one batch that all train on. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRng } from "cellwright/base";
import { costOf, inferShapes, initializeWeights, topologicalOrder, type Network } from "cellwright/network";
import { nasnet } from "cellwright/spaces";
import { exportPyTorch } from "../../src/export/index.ts";
import { mbconvNetwork } from "./mbconv.ts";

export const BATCH = 64;
/** Of the weights that everyone begins with. */
export const SEED = 1;

/** A genotype of the NASNet space with the skeleton it is decoded on. */
export interface Candidate {
  readonly genotype: Parameters<typeof nasnet.decode>[0];
  readonly skeleton: { readonly cellsPerStack: number; readonly filters: number };
}

export interface BenchNetwork {
  readonly name: string;
  readonly kind: "nasnet-a" | "random" | "mbconv";
  readonly network: Network;
  /** Multiply-adds of one image, forward. */
  readonly macs: number;
  /** Where it is of the NASNet space. */
  readonly candidate?: Candidate;
}

function ofSpace(name: string, kind: BenchNetwork["kind"], candidate: Candidate): BenchNetwork {
  const { network } = nasnet.decode(candidate.genotype, candidate.skeleton);
  return { name, kind, network, macs: costOf(network).macs, candidate };
}

/**
 * Returns the networks of a list such as `1x8,2x16,random:8,mbconv:8`: NASNet-A by N and F, so many random candidates of its space (N=1, F=8), so
 * many of mobile inverted bottlenecks. Throws on anything else.
 */
export function benchNetworks(list: string): readonly BenchNetwork[] {
  return list.split(",").flatMap((entry): readonly BenchNetwork[] => {
    const size = /^(\d+)x(\d+)$/.exec(entry);
    const some = /^(random|mbconv):(\d+)$/.exec(entry);
    if (size) {
      const skeleton = { cellsPerStack: Number(size[1]), filters: Number(size[2]) };
      const name = nameOf(skeleton.cellsPerStack, skeleton.filters);
      return [ofSpace(name, "nasnet-a", { genotype: nasnet.named["nasnet-a"] ?? {}, skeleton })];
    }
    if (!some)
      throw new Error(
        `--networks: Expected a list such as 1x8,2x16,random:8,mbconv:8. Received: ${JSON.stringify(list)}.`,
      );
    return Array.from({ length: Number(some[2]) }, (_, index) => {
      if (some[1] === "random") {
        const genotype = nasnet.sample(createRng("bench/engine").fork(index));
        return ofSpace(`random ${index}`, "random", { genotype, skeleton: { cellsPerStack: 1, filters: 8 } });
      }
      const network = mbconvNetwork(index);
      return { name: network.name, kind: "mbconv", network, macs: costOf(network).macs };
    });
  });
}

export function nameOf(cellsPerStack: number, filters: number): string {
  return `NASNet-A N=${cellsPerStack} F=${filters}`;
}

/** What a peer is told to load. */
export interface NetworkFolder {
  readonly folder: string;
  /** `[h, w, c]`. */
  readonly inputShape: readonly number[];
  readonly classes: number;
}

/**
 * Writes model.py and weights.safetensors as `exportPyTorch` makes them, network.json, images.f32 (`[n, h, w, c]`, little-endian) and labels.u8.
 * The exported weights are those that our engines begin with from `SEED`.
 */
export function writeNetwork(network: Network, folder: string): NetworkFolder {
  const shapes = inferShapes(network);
  const inputShape = shapes.get(topologicalOrder(network)[0]?.id ?? "") ?? [];
  const classes = shapes.get(network.outputs.logits)?.[0] ?? 0;
  const rng = createRng("bench/images");
  const count = inputShape.reduce((product, side) => product * side, BATCH);
  const images = Float32Array.from({ length: count }, () => rng.normal());
  const labels = Uint8Array.from({ length: BATCH }, () => rng.int(classes));
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of exportPyTorch(network, initializeWeights(network, SEED)))
    writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, "network.json"), JSON.stringify(network));
  writeFileSync(join(folder, "images.f32"), new Uint8Array(images.buffer));
  writeFileSync(join(folder, "labels.u8"), labels);
  return { folder, inputShape, classes };
}
