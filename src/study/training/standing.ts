/** @file How far a training run is, for lists: read from its database, also while it is trained. */
import { basename, join } from "node:path";
import { holdsTraining, openTrainingStorage } from "../../storage/training-storage.ts";
import { fromStored } from "./config.ts";
import { DATABASE } from "./open.ts";

/** One epoch as it was judged. */
export interface StandingEpoch {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly loss: number;
  readonly accuracy: number;
}

export interface TrainingStanding {
  readonly name: string;
  readonly dir: string;
  /** What is trained, as its user called it. */
  readonly network: string;
  readonly data: string;
  readonly recipe: string;
  /** Epochs that are done, in order. */
  readonly done: readonly StandingEpoch[];
  readonly epochs: number;
  /** What epochs are judged by. */
  readonly split: "validation" | "test";
  /** On the test images, once it is done. */
  readonly testAccuracy?: number;
  /** `stopped`: no process trains it, and it can be gone on with. */
  readonly state: "done" | "running" | "stopped";
  readonly elapsedMs: number;
}

/** Returns how far the run in a folder is; undefined where its making was cut short. Throws `storage` for a database that is damaged or of another kind. */
export function trainingStanding(dir: string): TrainingStanding | undefined {
  const file = join(dir, DATABASE);
  if (!holdsTraining(file)) return undefined;
  const storage = openTrainingStorage(file, { readonly: true });
  try {
    const { name, config: stored, elapsedMs, result } = storage.run;
    const config = fromStored(stored, file);
    const accuracy = (result as { readonly test?: { readonly accuracy?: unknown } } | undefined)?.test?.accuracy;
    return {
      name,
      dir,
      network: config.subject,
      // A folder of pictures is kept as its whole path.
      data: basename(config.data.name),
      recipe: config.recipeName,
      done: storage.epochs().map(({ epoch, figures }) => ({
        epoch,
        trainLoss: figures["trainLoss"] ?? Number.NaN,
        loss: figures["loss"] ?? Number.NaN,
        accuracy: figures["accuracy"] ?? Number.NaN,
      })),
      epochs: config.epochs,
      split: config.data.validation === 0 ? "test" : "validation",
      ...(typeof accuracy === "number" && { testAccuracy: accuracy }),
      state: result !== undefined ? "done" : storage.isHeld() ? "running" : "stopped",
      elapsedMs,
    };
  } finally {
    storage.close();
  }
}
