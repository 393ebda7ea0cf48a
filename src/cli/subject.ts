/**
 * @file What a command looks at, by name: a candidate of a study (`my-study@12`), a published genotype (`nasnet-a`, `darts@darts-v2`), a candidate of a space of
 * the shelf or of a file (`amoebanet@3`, `my-cells.yaml@by-hand`), a network (`nasnet-a-cifar`), what was trained (`resnet-20-cifar-cifar10`, the name or folder of
 * the run), or a model that was exported (its folder, or its name after `import`; a network.json).
 */
import { join, resolve } from "node:path";
import { namedCandidate, namedNetwork, namedNetworks } from "../../search-spaces/index.ts";
import { createRng } from "../base/rng.ts";
import { CellwrightError, expected } from "../base/errors.ts";
import type { ExportOptions } from "../export/index.ts";
import type { Network, Weights } from "../network/index.ts";
import type { AnySpace, Genotype, SkeletonBase } from "../space/space.ts";
import type { StudyDefinition, StudyReference } from "../study/definition.ts";
import { isSpaceFile, loadSpace } from "../study/load-space.ts";
import { isNetworkFile, readNetworkFile } from "../study/network-file.ts";
import { chosenTrial, networkOf } from "./candidates.ts";
import { searchText } from "./export/found-by.ts";
import { formatValue } from "./live/live-lines.ts";
import { candidateOf, findModelFolder, modelNames, readModelFolder, type SpaceCandidate } from "./models.ts";
import { studyNames, withStudy } from "./open-study.ts";
import { publishedGenotypes } from "./published.ts";
import { shelfSpaces } from "./shelf-spaces.ts";
import { didYouMean } from "../base/similar-names.ts";
import { findRunFolder, readRun } from "./trained-run.ts";

export interface Subject {
  /** In a few words, for titles: `trial 12`. */
  readonly name: string;
  /** Where it is from, for the line under a title. */
  readonly subtitle: string;
  /** Returns how it was found, for model cards: the search, or why none is known. Of a study it reads all trials. */
  readonly foundBy: () => Promise<string>;
  /** Where its pictures go unless told otherwise. */
  readonly folder: string;
  /** Absent for a network by name. */
  readonly candidate?: SpaceCandidate;
  /** What a folder or a file gave: a model that was exported, a network as JSON. Without weights it is an architecture alone. */
  readonly model?: { readonly options: ExportOptions; readonly weights?: Weights };
  /** Where `candidate` was found: the trial of a study, with what it was searched on and how. */
  readonly study?: {
    readonly name: string;
    readonly trial: number;
    readonly definition: StudyDefinition;
    readonly reference: StudyReference | undefined;
  };
  /** The file of the candidate's space, where it is of one. */
  readonly file?: string;
  /** Keys of `skeleton` go over the candidate's own; a network by name, a file's and a model's have none to change. */
  network(skeleton?: SkeletonBase): Network;
}

/** Finds what is meant. Throws `config` naming what there is. */
export async function findSubject(
  target: string,
  { results, trial }: { readonly results: string; readonly trial?: number },
): Promise<Subject> {
  const found = (await withoutStudy(target)) ?? (await ofModel(target, results));
  if (found !== undefined) {
    if (trial === undefined) return found;
    throw new CellwrightError(
      "config",
      `--trial  Expected a study to take a trial from. Received: ${found.what} ${target}.`,
    );
  }
  const { base, which } = split(target);
  if (which !== undefined && trial !== undefined)
    throw new CellwrightError("config", expected("--trial", `no trial beside that of ${target}`, trial));
  if (which !== undefined && !/^\d+$/.test(which)) {
    const problem = expected(target, "the number of a trial after the @", which);
    throw new CellwrightError("config", `${problem}${await meant(base, which, results)}`);
  }
  return await ofStudy(base, results, which === undefined ? trial : Number(which)).catch(async (error: unknown) => {
    if (!(error instanceof CellwrightError) || !error.message.endsWith("no such study.")) throw error;
    const problem = error.message.replace(
      "Expected the name of a study",
      "Expected a study, a model, a space, its file, a published genotype or a network by name",
    );
    const more = (await meant(base, which, results)) || (await knownNames(results));
    throw new CellwrightError("config", `${problem}${more}`);
  });
}

/** Offers the names nearest to a misspelt one; nothing where none is near. */
async function meant(base: string, which: string | undefined, results: string): Promise<string> {
  const those = [...Object.keys(namedNetworks), ...publishedGenotypes().keys(), ...shelfSpaces().keys()];
  const names = [...those, ...(await studyNames(results)), ...(await modelNames(results))];
  // What is there by that very name has nothing to offer after an @.
  const isThere = names.includes(base);
  return didYouMean(base, names, which === undefined || isThere ? "" : `@${which}`);
}

async function knownNames(results: string): Promise<string> {
  const names = [...publishedGenotypes().keys(), ...shelfSpaces().keys()];
  return `${await knownModels(results)} Genotypes and spaces by name: ${names.join(", ")}. Networks by name: ${Object.keys(namedNetworks).join(", ")}.`;
}

async function withoutStudy(target: string): Promise<(Subject & { readonly what: string }) | undefined> {
  // At the size it was published at, where a network has the name of its genotype: resnet-50.
  const named = namedNetwork(target);
  if (named !== undefined)
    return {
      name: target,
      subtitle: "as published",
      foundBy: async () => `no search here: ${target} is a published network${ofSpaceText(namedCandidate(target))}`,
      folder: ".",
      network: () => named,
      what: "the network",
    };
  const published = publishedGenotypes().get(target);
  if (published !== undefined)
    return {
      ...ofSpace(
        published.space,
        published.genotype,
        target,
        `${target}, as published`,
        publishedText(target, published),
      ),
      what: "the published genotype",
    };
  const { base, which } = split(target);
  if (await isNetworkFile(target)) return undefined;
  const isFile = isSpaceFile(base);
  const space = isFile ? await loadSpace(base) : shelfSpaces().get(base);
  if (space === undefined) return undefined;
  const { name, genotype, says, isNamed } = ofWhich(space, which, target);
  const foundBy = isNamed
    ? isFile
      ? `no search: ${name} stands in ${base}, the space ${space.name} (version ${space.version})`
      : publishedText(name, { space })
    : `no search: ${name} of the space ${space.name} (version ${space.version}), drawn at random`;
  return {
    ...ofSpace(space, genotype, name, says, foundBy),
    ...(isFile && { file: resolve(base) }),
    what: isFile ? "the space" : "the space of the shelf",
  };
}

async function knownModels(results: string): Promise<string> {
  const names = await modelNames(results);
  return names.length === 0 ? "" : ` Models: ${names.join(", ")}.`;
}

/** A network's file, a training run, a model's folder, or one that `import` took. */
async function ofModel(target: string, results: string): Promise<(Subject & { readonly what: string }) | undefined> {
  if (await isNetworkFile(target)) {
    const network = await readNetworkFile(target);
    return {
      name: network.name,
      subtitle: `the network in ${target}`,
      foundBy: async () => `not known: ${target} holds the network alone`,
      folder: ".",
      model: { options: { name: network.name } },
      network: () => network,
      what: "the network",
    };
  }
  const run = await findRunFolder(target, results);
  if (run !== undefined) return { ...(await readRun(run)), what: "the training run" };
  const dir = await findModelFolder(target, results);
  if (dir === undefined) return undefined;
  const model = await readModelFolder(dir);
  const candidate = candidateOf(model, dir);
  const { network, weights, options } = model;
  return {
    name: options.name ?? network.name,
    subtitle: `the model in ${dir}`,
    foundBy: async () => options.card?.search ?? `not known: ${join(dir, "model.json")} does not say`,
    folder: ".",
    ...(typeof candidate !== "string" && { candidate }),
    model: { options, ...(weights && { weights }) },
    network: () => network,
    what: "the model",
  };
}

function ofSpaceText(candidate: { readonly space: AnySpace } | undefined): string {
  return candidate === undefined
    ? ""
    : `, a candidate of the space ${candidate.space.name} (version ${candidate.space.version})`;
}

function publishedText(name: string, { space }: { readonly space: AnySpace }): string {
  return `no search here: ${name} is a published genotype of the space ${space.name} (version ${space.version})`;
}

function ofSpace(space: AnySpace, genotype: Genotype, name: string, subtitle: string, foundBy: string): Subject {
  return {
    name,
    subtitle,
    foundBy: async () => foundBy,
    folder: ".",
    candidate: { space, genotype },
    network: (skeleton = {}) => space.decode(genotype, skeleton).network as Network,
  };
}

/** The candidate of a space that `which` says: a named one, or the sample of a seed; without a word the sample of seed 0. */
function ofWhich(
  space: AnySpace,
  which: string | undefined,
  target: string,
): { readonly name: string; readonly genotype: Genotype; readonly says: string; readonly isNamed: boolean } {
  const named = which !== undefined && Object.hasOwn(space.named, which) ? space.named[which] : undefined;
  if (named !== undefined)
    return { name: which ?? "", genotype: named, says: `${space.name} · ${which}`, isNamed: true };
  const seed = which ?? "0";
  if (!/^\d+$/.test(seed)) {
    const names = Object.keys(space.named);
    const known = names.length === 0 ? "" : `${names.join(", ")}, or `;
    throw new CellwrightError("config", expected(target, `${known}the seed of a sample after the @`, which));
  }
  const name = `sample ${seed}`;
  return { name, genotype: space.sample(createRng(Number(seed))), says: `${space.name} · ${name}`, isNamed: false };
}

async function ofStudy(name: string, results: string, number: number | undefined): Promise<Subject> {
  return await withStudy(name, results, async (study) => {
    const trial = await chosenTrial(study, number);
    const value = trial.values?.[0];
    const quality = value === undefined ? trial.state : `${study.objectives[0]?.name} ${formatValue(value)}`;
    const { genotype } = trial.proposal;
    const { definition } = study;
    // The winner's pictures keep the names that the report shows; others stand beside them.
    const cells = join(study.dir, "cells");
    return {
      name: `trial ${trial.number}`,
      subtitle: `${study.name} · trial ${trial.number} · ${quality}`,
      foundBy: async () => await withStudy(name, results, async (again) => await searchText(again, trial.number)),
      folder: number === undefined ? cells : join(cells, `trial-${trial.number}`),
      candidate: {
        space: definition.space,
        genotype,
        ...(definition.skeleton !== undefined && { skeleton: definition.skeleton }),
      },
      study: { name: study.name, trial: trial.number, definition, reference: study.reference },
      network: (skeleton) => networkOf(definition, genotype, skeleton),
    };
  });
}

/** `my-study@12` gives `my-study` and `12`. */
function split(target: string): { readonly base: string; readonly which: string | undefined } {
  const at = target.lastIndexOf("@");
  return at <= 0 ? { base: target, which: undefined } : { base: target.slice(0, at), which: target.slice(at + 1) };
}
