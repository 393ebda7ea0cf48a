/**
 * @file Reads a Cellwright model back, checking all of it: nothing of a folder is believed. Every version that was ever written has its reader here, which turns it into
 * what this version holds; test/fixtures/models keeps one model of each.
 */
import { z } from "zod";
import { CellwrightError, expected } from "../../base/errors.ts";
import { sha256Hex } from "../../base/hash.ts";
import { costOf } from "../../network/cost.ts";
import type { Network, Weights } from "../../network/network.ts";
import { validateNetwork } from "../../network/validate.ts";
import type { ExportOptions } from "../exporter.ts";
import { matchingWeights } from "../matching-weights.ts";
import { decodeSafetensors } from "../safetensors.ts";
import {
  candidateSchema,
  checked,
  FORMAT,
  FORMAT_VERSION,
  manifestSchema,
  parsedJson,
  type Manifest,
} from "./manifest.ts";

/** Files that a model's folder may hold; those that model.json names have to be there. */
export const modelFiles = ["model.json", "network.json", "weights.safetensors", "genotype.json"] as const;

/** A model as it was exported: `exportCellwright` makes the same files of it. */
export interface CellwrightModel {
  readonly network: Network;
  /** Absent for an architecture alone. */
  readonly weights?: Weights;
  readonly options: ExportOptions;
  /** The version that the folder was written in. */
  readonly formatVersion: number;
}

/** Readers of manifests by version: each checks its own and returns what the newest says. */
const readers: Readonly<Record<number, (value: unknown, file: string) => Manifest>> = {
  1: (value, file) => checked(manifestSchema, value, file),
};

const head = z.looseObject(
  { format: z.literal(FORMAT, `"${FORMAT}"`), formatVersion: z.number("a number").int("a whole number") },
  `the manifest of a Cellwright model (format "${FORMAT}")`,
);

/**
 * Returns the model of a folder's files by name; `place` names the folder in errors. Throws `data` naming file and place: a file that is missing or no JSON, a newer
 * version, a weight that is missing, misshapen or surplus, a hash or a count that differs; `shape` with every problem of the network.
 */
export function readCellwrightModel(files: ReadonlyMap<string, Uint8Array>, place: string): CellwrightModel {
  const pathOf = (name: string): string => `${place}/${name}`;
  const fileOf = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new CellwrightError("data", expected(pathOf(name), "a file", "none of that name"));
    return bytes;
  };
  const manifest = readManifest(parsedJson(fileOf("model.json"), pathOf("model.json")), pathOf("model.json"));
  const network = readNetworkJson(parsedJson(fileOf("network.json"), pathOf("network.json")), pathOf("network.json"));
  checkCounts(manifest, network, pathOf("model.json"));
  const weights =
    manifest.weights &&
    readWeights(fileOf("weights.safetensors"), manifest.weights.sha256, network, pathOf("weights.safetensors"));
  const candidate =
    manifest.genotype &&
    checked(candidateSchema, parsedJson(fileOf("genotype.json"), pathOf("genotype.json")), pathOf("genotype.json"));
  const { name, description, preprocessing, classes, epochs, card } = manifest;
  const options = {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(preprocessing !== undefined && { normalization: preprocessing }),
    ...(classes !== undefined && { classes }),
    ...(epochs !== undefined && weights !== undefined && { epochs }),
    ...(card !== undefined && { card }),
    ...(candidate !== undefined && { candidate }),
  } as ExportOptions;
  checkSides(options, network, pathOf("model.json"));
  return { network, ...(weights && { weights }), options, formatVersion: manifest.formatVersion };
}

/** Problems of a network that are shown: a file of another kind is wrong at every node. */
const MAX_PROBLEMS = 10;

/** Returns a parsed file as a network. Throws `shape` with its problems, each naming the file; ten at most. */
export function readNetworkJson(value: unknown, file: string): Network {
  try {
    return validateNetwork(value);
  } catch (error) {
    if (!(error instanceof CellwrightError)) throw error;
    const problems = error.message.split("\n").map((problem) => `${file}: ${problem}`);
    const more = problems.length > MAX_PROBLEMS ? [`${file}: and ${problems.length - MAX_PROBLEMS} more.`] : [];
    throw new CellwrightError(error.code, [...problems.slice(0, MAX_PROBLEMS), ...more].join("\n"), { cause: error });
  }
}

function readManifest(value: unknown, file: string): Manifest {
  const { formatVersion } = checked(head, value, file);
  const reader = readers[formatVersion];
  if (reader !== undefined) return reader(value, file);
  const what =
    formatVersion > FORMAT_VERSION
      ? `version ${FORMAT_VERSION} or older, the newest that this Cellwright reads; a newer Cellwright wrote this one`
      : `a version from 1 to ${FORMAT_VERSION}`;
  throw new CellwrightError("data", expected(`${file}: formatVersion`, what, formatVersion));
}

function checkCounts({ counts }: Manifest, network: Network, file: string): void {
  const cost = costOf(network);
  for (const key of ["params", "total", "macs"] as const)
    if (counts[key] !== cost[key])
      throw new CellwrightError(
        "data",
        expected(`${file}: counts.${key}`, `${cost[key]}, as network.json has it`, counts[key]),
      );
}

/** Preprocessing and classes have to fit the network. */
function checkSides({ normalization, classes }: ExportOptions, network: Network, file: string): void {
  const { channels, classCount } = sidesOf(network);
  const refuse = (path: string, what: string, received: number): never => {
    throw new CellwrightError("data", expected(`${file}: ${path}`, what, received));
  };
  for (const key of ["mean", "std"] as const) {
    const list = normalization?.[key];
    if (list !== undefined && list.length !== channels)
      refuse(`preprocessing.${key}`, `${channels} numbers, one per channel`, list.length);
  }
  if (classes !== undefined && classes.length !== classCount)
    refuse("classes", `${classCount} names, one per logit`, classes.length);
}

function sidesOf(network: Network): { readonly channels: number; readonly classCount: number } {
  const { nodes } = costOf(network);
  const shapeOf = (id: string | undefined): readonly number[] => nodes.find((node) => node.id === id)?.shape ?? [];
  const input = network.nodes.find(({ op }) => op === "input");
  return { channels: shapeOf(input?.id).at(-1) ?? 0, classCount: shapeOf(network.outputs.logits)[0] ?? 0 };
}

function readWeights(bytes: Uint8Array, sha256: string, network: Network, file: string): Weights {
  const hash = sha256Hex(bytes);
  if (hash !== sha256)
    throw new CellwrightError("data", expected(file, `a file of SHA-256 ${sha256}, as model.json says`, hash));
  return matchingWeights(network, decodeSafetensors(bytes, file).tensors, file);
}
