/**
 * @file Models that came from a folder or a file: what `cellwright export --to cellwright` wrote, a network as JSON. They are subjects like any other: by path, and by name
 * where `cellwright import` took them under results/.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { canonicalJson } from "../base/canonical-json.ts";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { modelFiles, readCellwrightModel, type CellwrightModel, type ExportCandidate } from "../export/index.ts";
import type { Network } from "../network/index.ts";
import type { AnySpace, Genotype, SkeletonBase } from "../space/space.ts";
import { shelfSpaces } from "./shelf-spaces.ts";

/** A candidate of a space that is at hand. */
export interface SpaceCandidate {
  readonly space: AnySpace;
  readonly genotype: Genotype;
  /** Laid over the space's default. */
  readonly skeleton?: SkeletonBase;
}

/** Whether a path is a folder with a model in it. */
export async function isModelFolder(path: string): Promise<boolean> {
  return await stat(join(path, "model.json")).then(
    (file) => file.isFile(),
    () => false,
  );
}

/** Reads a model's folder. Throws `data` or `shape` naming file and place. */
export async function readModelFolder(path: string): Promise<CellwrightModel> {
  const files = new Map<string, Uint8Array>();
  for (const name of modelFiles) {
    const bytes = await readFile(join(path, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw new CellwrightError("data", expected(join(path, name), "a file that can be read", messageOf(error)), {
        cause: error,
      });
    });
    if (bytes !== undefined) files.set(name, bytes);
  }
  return readCellwrightModel(files, path);
}

/** Returns where a target's model is: a folder by its path, or one under `results` by its name; undefined where it is no model. */
export async function findModelFolder(target: string, results: string): Promise<string | undefined> {
  if (target === "") return undefined;
  const kept = join(results, target);
  if (!target.includes("/") && (await isModelFolder(kept))) return kept;
  return (await isModelFolder(target)) ? target : undefined;
}

/** Returns the names of the models under `results`, in alphabetical order. */
export async function modelNames(results: string): Promise<readonly string[]> {
  const entries = await readdir(resolve(results), { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(names.map((name) => isModelFolder(join(results, name))));
  return names.filter((_, index) => found[index]).toSorted();
}

/**
 * Returns a model's candidate where its space is one of the shelf, or why there is none. Throws `data` where the space is the same and the genotype is not the network's: one of
 * the two was changed.
 */
export function candidateOf(
  { network, options }: Pick<CellwrightModel, "network" | "options">,
  place: string,
  file = `${place}/genotype.json`,
): SpaceCandidate | string {
  const { candidate } = options;
  if (candidate === undefined) return "the model has no genotype";
  const { space: name, version, genotype, skeleton } = candidate;
  const space = shelfSpaces().get(name);
  if (space === undefined) return `its genotype is of the space ${name}, which is not on the shelf`;
  if (space.version !== version)
    return `its genotype is of version ${version} of the space ${name}; this is version ${space.version}`;
  const [problem] = space.validate(genotype);
  if (problem !== undefined) throw new CellwrightError("data", `${file}: genotype.${problem.path}  ${problem.message}`);
  if (!isDecodedFrom(network, space, candidate, file))
    throw new CellwrightError(
      "data",
      `${file}  Expected the genotype that network.json was decoded from. Received: that of another network.`,
    );
  return { space, genotype, skeleton };
}

function isDecodedFrom(network: Network, space: AnySpace, candidate: ExportCandidate, file: string): boolean {
  let decoded: Network;
  try {
    decoded = space.decode(candidate.genotype, candidate.skeleton).network as Network;
  } catch (error) {
    throw new CellwrightError("data", `${file}: skeleton  ${messageOf(error)}`, { cause: error });
  }
  const graph = ({ nodes, outputs }: Network): string => canonicalJson(JSON.parse(JSON.stringify({ nodes, outputs })));
  return graph(decoded) === graph(network);
}
