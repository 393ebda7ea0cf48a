/**
 * @file The export in Cellwright's own format, which `cellwright import` takes back whole: network, weights, genotype, and a manifest with a version. What is read
 * and written again is the same to the bit.
 */
import { CellwrightError, expected } from "../../base/errors.ts";
import { sha256Hex } from "../../base/hash.ts";
import { formatCount } from "../../base/units.ts";
import { costOf } from "../../network/cost.ts";
import type { Network, Weights } from "../../network/network.ts";
import { serializeNetwork } from "../../network/validate.ts";
import { weightSpecs } from "../../network/weights.ts";
import type { Exporter, ExportOptions } from "../exporter.ts";
import { modelCard } from "../model-card.ts";
import { encodeSafetensors } from "../safetensors.ts";
import { FORMAT, FORMAT_VERSION, manifestOptions, type Manifest } from "./manifest.ts";

/**
 * Returns `model.json`, `network.json`, `weights.safetensors`, `genotype.json` where the options have a candidate, and `README.md`. Without weights the model is an
 * architecture alone. Throws `data` for a missing or misshapen weight, `shape` for a malformed network.
 */
export function exportCellwright(
  network: Network,
  weights: Weights | undefined,
  options: ExportOptions = {},
): Map<string, Uint8Array> {
  const text = new TextEncoder();
  const json = (value: unknown): Uint8Array => text.encode(`${JSON.stringify(value, null, 2)}\n`);
  const tensors = weights && weightsFile(network, weights);
  const { params, total, macs } = costOf(network);
  const { candidate } = options;
  const manifest: Manifest = {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    ...manifestOptions(options),
    counts: { params, total, macs },
    network: "network.json",
    ...(tensors !== undefined && { weights: { file: "weights.safetensors", sha256: sha256Hex(tensors) } }),
    ...(candidate !== undefined && { genotype: "genotype.json" }),
  };
  return new Map([
    ["model.json", json(manifest)],
    ["network.json", text.encode(serializeNetwork(network))],
    ...(tensors === undefined ? [] : [["weights.safetensors", tensors] as const]),
    ...(candidate === undefined ? [] : [["genotype.json", json(candidate)] as const]),
    ["README.md", text.encode(cardOf(network, options, tensors?.length))],
  ]);
}

/** Cellwright itself as a target. */
export const cellwright: Exporter = {
  title: "Cellwright",
  summary: "network, weights and genotype, which cellwright import takes back",
  export: exportCellwright,
};

function weightsFile(network: Network, weights: Weights): Uint8Array {
  const tensors = weightSpecs(network).map(({ name, shape }) => {
    const data = weights.get(name);
    const length = shape.reduce((product, size) => product * size, 1);
    if (data?.length !== length)
      throw new CellwrightError(
        "data",
        expected(`weight ${name}`, `${length} values`, data && `${data.length} values`),
      );
    return [name, { shape, data }] as const;
  });
  return encodeSafetensors(new Map(tensors));
}

function cardOf(network: Network, options: ExportOptions, weightBytes: number | undefined): string {
  return modelCard(network, options, {
    weights:
      weightBytes === undefined
        ? "none: an architecture alone"
        : `weights.safetensors, ${formatCount(weightBytes)} bytes, float32`,
    isArchitecture: weightBytes === undefined,
    use: [
      "This folder is a model of Cellwright (the npm package `cellwright`): `network.json` says what is computed, node by node, `weights.safetensors` holds",
      "one tensor for each weight, named by its node (images are `[height, width, channels]`), `model.json` says the rest.",
      "",
      "```sh",
      "npx cellwright import <folder>             # checks it, and takes it among your own models",
      weightBytes === undefined || options.epochs === undefined
        ? "npx cellwright export <folder> --untrained --to pytorch  # for any target"
        : "npx cellwright export <folder> --to pytorch  # with these weights, for any target",
      "npx cellwright profile <folder>            # what it costs",
      "```",
    ],
  });
}
