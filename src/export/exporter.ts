/** @file What an exporter is: a network and its weights in, files out. Pure; who writes them decides where, and `src/cli/export` proves them in the real runtime. */
import type { Network, Weights } from "../network/network.ts";
import type { Genotype, SkeletonBase } from "../space/space.ts";
import type { ModelCardFacts } from "./model-card.ts";
import type { ExportTraining } from "./pytorch/training.ts";

/** The genotype that a network was decoded from. */
export interface ExportCandidate {
  /** Name of the space. */
  readonly space: string;
  /** Of the space: a genotype decodes to the same network for as long as it stays. */
  readonly version: number;
  /** Laid over the space's default skeleton. */
  readonly skeleton: SkeletonBase;
  readonly genotype: Genotype;
}

/** What an export is told besides the network and its weights. The same for every target. */
export interface ExportOptions {
  /** Name of the model; its class is called after it. Default: the network's name. */
  readonly name?: string;
  /** One or two sentences for the head of the code and the card. */
  readonly description?: string;
  /** Per channel, on the scale 0 to 1: what the training subtracted and divided by. */
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Class names, in the order of the logits. */
  readonly classes?: readonly string[];
  /** Raw bytes `[n, h, w, c]` as input, which the model itself normalises. Only for targets that `takesBytes`; default false. */
  readonly bytes?: boolean;
  /** Epochs that the weights were trained for. Absent: they are first values. */
  readonly epochs?: number;
  /** What the network was decoded from, where it was. */
  readonly candidate?: ExportCandidate;
  /** Writes a training script beside the model, where the target has one (`trains`). */
  readonly training?: ExportTraining;
  /** What the card says besides. */
  readonly card?: ModelCardFacts;
}

/** One target of `cellwright export`. */
export interface Exporter {
  /** For people: `PyTorch`. */
  readonly title: string;
  /** Half a line for `--help`: `one readable model.py that needs torch alone`. */
  readonly summary: string;
  /** Whether `ExportOptions.bytes` is heard. */
  readonly takesBytes?: boolean;
  /** Whether it writes a training script too. */
  readonly trains?: boolean;
  /**
   * Returns the files by path in the export's folder, the one that is opened first coming first; `README.md` is the model card.
   * Throws `data` for a missing or misshapen weight, `shape` for a malformed network, `unsupported-op` naming the node for what the target can't express.
   */
  export(network: Network, weights: Weights, options?: ExportOptions): Map<string, Uint8Array>;
}
