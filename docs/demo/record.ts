/** @file A run as it went, every number in full, to be saved as JSON. */
import type { PicturesRead } from "./messages.ts";
import { skeleton } from "./model.ts";
import type { Evaluation, Settings, Step } from "./trainer.ts";

export interface RunRecord {
  readonly network: { readonly name: string } & typeof skeleton;
  readonly recipe: string;
  readonly settings: Settings;
  readonly pictures: Pick<PicturesRead, "source" | "name" | "heldOut">;
  readonly engine: string;
  readonly browser: string;
  totalSteps: number;
  readonly steps: Step[];
  readonly evaluations: Pick<Evaluation, "step" | "loss" | "accuracy">[];
}

export function createRecord(settings: Settings, pictures: PicturesRead, engine: string): RunRecord {
  const { source, name, heldOut } = pictures;
  return {
    network: { name: "nasnet-a", ...skeleton },
    recipe: "nasnet-cifar",
    settings,
    pictures: { source, name, heldOut },
    engine,
    browser: navigator.userAgent,
    totalSteps: 0,
    steps: [],
    evaluations: [],
  };
}

/** Hands the record to the visitor as a file. */
export function saveRecord(record: RunRecord): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(record, null, 1)], { type: "application/json" }));
  link.download = `nasnet-a-seed-${record.settings.seed}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
