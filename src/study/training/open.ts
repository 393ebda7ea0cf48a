/** @file A training run and its folder, `results/<name>/`: made for a new one, found again for one to go on with. */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CellwrightError, expected } from "../../base/errors.ts";
import { hashJson } from "../../base/hash.ts";
import type { Dataset, LoadOptions } from "../../data/index.ts";
import { checkColour } from "../../data/auto-augment/colour-check.ts";
import { epochShape } from "../../data/index.ts";
import type { Engine } from "../../engines/engine.ts";
import { openEngine, type EngineChoice } from "../../engines/index.ts";
import { serializeNetwork, networkSizes, type Network } from "../../network/index.ts";
import { holdsTraining, openTrainingStorage, type TrainingStorage } from "../../storage/training-storage.ts";
import { removeHalfWritten, writeWhole } from "../../storage/whole-files.ts";
import type { Recipe, RecipeName, Teacher } from "../../training/index.ts";
import { packageVersion } from "../self-alias.ts";
import { fromStored, identityOf, toStored, type TrainingConfig, type TrainingOrigin } from "./config.ts";
import { trainingData, type DataRequest, type TrainingData } from "./data.ts";
import { choosePart, usualMemory, type PartChoice } from "./memory.ts";
import { readNetworkText } from "../network-file.ts";
import { readTrained } from "./trained.ts";

export interface TrainingRequest {
  /** Folder under `resultsDir`. */
  readonly name: string;
  readonly resultsDir: string;
  /** What is trained, as its user called it. */
  readonly subject: string;
  /** Made for the data's images and classes. */
  readonly network: Network;
  readonly data: DataRequest;
  readonly epochs: number;
  readonly recipeName: RecipeName;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly engine: EngineChoice;
  readonly threads: number;
  /** Bytes of the whole process; default three quarters of the machine's. */
  readonly maxMemory?: number;
  /** The most images at once; default as many of the batch as fit the memory. */
  readonly microBatch?: number;
  /** Folder of a trained network. */
  readonly teacher?: string;
  readonly origin?: TrainingOrigin;
}

/** What a machine may give a run without changing its bits. */
export interface MachineOptions {
  readonly dataDir?: string;
  readonly onProgress?: (message: string) => void;
}

/** A run that is open for writing: no other process has it. */
export interface OpenTraining {
  readonly name: string;
  readonly dir: string;
  readonly config: TrainingConfig;
  readonly identity: string;
  readonly network: Network;
  readonly dataset: Dataset;
  readonly engine: Engine;
  readonly teacher: Teacher | undefined;
  readonly storage: TrainingStorage;
  /** How the memory cuts the batch; absent for a run that is gone on with. */
  readonly part?: PartChoice;
  /** What epochs are judged by. */
  readonly split: "validation" | "test";
  /** What its user should know. */
  readonly warnings: readonly string[];
  close(): void;
}

export const DATABASE = "training.db";
export const CHECKPOINT = "checkpoint.safetensors";

/** Makes a run and its folder. Throws `config`, `shape`, `data`, `storage` (one of that name is there) or `engine`, before anything is trained. */
export async function createTraining(request: TrainingRequest, machine: MachineOptions): Promise<OpenTraining> {
  const { name, recipe, recipeName, epochs, seed, subject, network, engine: choice } = request;
  const dir = join(request.resultsDir, name);
  await refuseOther(dir);
  const data = trainingData(request.data);
  checkColour(recipe, data.definition.inputShape[2], "recipe.autoAugment");
  const teacher = request.teacher === undefined ? undefined : await readTrained(request.teacher, "--teacher");
  const [dataset, engine] = await Promise.all([
    data.load(loadOptions(machine)),
    openEngine(choice, { threads: request.threads }),
  ]);
  checkFits(network, dataset);
  const { batch } = epochShape(dataset.train.size, recipe.batchSize);
  const part = choosePart(
    engine,
    { network, teacher: teacher?.network },
    recipe,
    Math.min(batch, request.microBatch ?? batch),
    process.memoryUsage.rss(),
    request.maxMemory ?? usualMemory(),
  );
  const config: TrainingConfig = {
    subject,
    data: await storedData(request.data),
    network: hashJson(network.nodes),
    epochs,
    recipeName,
    recipe,
    seed,
    engine: choice,
    beganOn: describeEngine(engine),
    largestPart: part.largestPart,
    ...(teacher !== undefined &&
      request.teacher !== undefined && { teacher: { dir: resolve(request.teacher), hash: teacher.hash } }),
    ...(request.origin !== undefined && { origin: request.origin }),
  };
  await writeWhole(join(dir, "network.json"), serializeNetwork(network));
  const storage = openTrainingStorage(join(dir, DATABASE), {
    create: { name, createdMs: Date.now(), config: toStored(config), version: packageVersion() },
  });
  return opened({ dir, config, network, data, dataset, engine, teacher, storage, warnings: [] }, part);
}

/** Opens a run to go on with. `name` may be the path of its folder. Throws `config` where there is none, `data` where what it needs is not what it was. */
export async function resumeTraining(
  name: string,
  resultsDir: string,
  machine: MachineOptions & { readonly threads: number },
): Promise<OpenTraining> {
  const dir = await folderOf(name, resultsDir);
  const file = join(dir, DATABASE);
  const storage = openTrainingStorage(file);
  try {
    // The lock is held: what is half written is a dead process's.
    await removeHalfWritten(dir);
    const config = fromStored(storage.run.config, file);
    const place = join(dir, "network.json");
    const network = readNetworkText(await readFile(place, "utf8"), place);
    if (hashJson(network.nodes) !== config.network)
      throw new CellwrightError("data", expected(place, "the network that the run began with", "another"));
    const data = trainingData(dataRequest(config));
    const trained = config.teacher === undefined ? undefined : await readTrained(config.teacher.dir, "teacher");
    if (trained !== undefined && trained.hash !== config.teacher?.hash)
      throw new CellwrightError(
        "data",
        expected(`${config.teacher?.dir}`, "the teacher's weights that the run began with", "others"),
      );
    const [dataset, engine] = await Promise.all([
      data.load(loadOptions(machine)),
      openEngine(config.engine, { threads: machine.threads }),
    ]);
    const now = describeEngine(engine);
    const warnings =
      now === config.beganOn ? [] : [`begun on ${config.beganOn}, goes on with ${now}: results differ in roundings`];
    return opened({ dir, config, network, data, dataset, engine, teacher: trained, storage, warnings });
  } catch (error) {
    storage.close();
    throw error;
  }
}

type Parts = Omit<OpenTraining, "name" | "identity" | "split" | "close"> & { readonly data: TrainingData };

function opened({ data, ...parts }: Parts, part?: PartChoice): OpenTraining {
  const { config, storage } = parts;
  return {
    ...parts,
    name: storage.run.name,
    identity: identityOf(config, { name: data.definition.name, ...data.definition.options }),
    split: config.data.validation === 0 ? "test" : "validation",
    ...(part && { part }),
    close: () => storage.close(),
  };
}

/** Returns an engine for people: `native (AVX-512)`. */
export function describeEngine({ name, target }: Engine): string {
  return `${name} (${target})`;
}

function loadOptions({ dataDir, onProgress }: MachineOptions): LoadOptions {
  return { ...(dataDir !== undefined && { dir: dataDir }), ...(onProgress && { onProgress }) };
}

/** A folder is found again from anywhere. */
async function storedData(request: DataRequest): Promise<TrainingConfig["data"]> {
  const found = await stat(request.name).catch(() => undefined);
  return { ...request, name: found?.isDirectory() === true ? resolve(request.name) : request.name };
}

function dataRequest({ data: { name, train, validation, pictures } }: TrainingConfig): DataRequest {
  return {
    name,
    ...(train !== undefined && { train }),
    ...(validation !== undefined && { validation }),
    ...(pictures !== undefined && { pictures }),
  };
}

function checkFits(network: Network, { name, train }: Dataset): void {
  const { input, classes } = networkSizes(network);
  const shape = [train.height, train.width, train.channels];
  if (input.join() !== shape.join() || classes !== train.classes.length)
    throw new CellwrightError(
      "config",
      expected(
        network.name,
        `a network for ${name}: images of ${shape.join(" x ")} and ${train.classes.length} classes`,
        `one for ${input.join(" x ")} and ${classes}`,
      ),
    );
}

/** A study of the same name would share its folder. */
async function refuseOther(dir: string): Promise<void> {
  const isStudy = (await stat(join(dir, "study.db")).catch(() => undefined)) !== undefined;
  if (!isStudy && !holdsTraining(join(dir, DATABASE))) return;
  const advice = isStudy
    ? "Give the training another --name."
    : "Go on with it by --resume, give the new one another --name, or delete the folder.";
  throw new CellwrightError(
    "storage",
    `${dir}  Expected a place for a new training run. Received: ${isStudy ? "a study" : "a training run"}. ${advice}`,
    { details: { exists: true } },
  );
}

async function folderOf(name: string, resultsDir: string): Promise<string> {
  const places = [join(resultsDir, name), name];
  for (const dir of places) if ((await stat(join(dir, DATABASE)).catch(() => undefined)) !== undefined) return dir;
  throw new CellwrightError(
    "config",
    expected("--resume", `the name of a training run in ${resultsDir}, or its folder`, name),
  );
}
