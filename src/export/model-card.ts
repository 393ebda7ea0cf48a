/** @file README.md of an exported model: what it is, what it was measured on, what it was found by, how to load it. The same for every target; what is not known says so. */
import { formatCount, formatMacs } from "../base/units.ts";
import { costOf, sumCosts } from "../network/cost.ts";
import { liveNodes } from "../network/live-nodes.ts";
import type { Network } from "../network/network.ts";
import { topologicalOrder } from "../network/order.ts";
import { inferShapes } from "../network/shapes.ts";
import type { ExportOptions } from "./exporter.ts";

/** One measured result. A number comes with its spread or its seed count. */
export interface CardResult {
  /** `validation accuracy after retraining`. */
  readonly what: string;
  /** 0 to 1. */
  readonly mean: number;
  /** Standard deviation over seeds, where there are several. */
  readonly deviation?: number;
  readonly seeds: number;
}

/** What a card says besides what the network and its weights tell. All are texts for people. */
export interface ModelCardFacts {
  /** `image classification`, unless said otherwise. */
  readonly task?: string;
  /** Data set and how much of it: `CIFAR-10, 45,000 training images`. */
  readonly data?: string;
  /** How the weights came about: `trained for 30 epochs`, `untrained`. */
  readonly training?: string;
  /** What it was trained by: `nasnet-cifar-retrain (arXiv 1707.07012): SGD 0.9, cosine from 0.1`. */
  readonly recipe?: string;
  readonly results?: readonly CardResult[];
  /** With the machine and the runtime: `3.1 ms, batch 1, native engine, 1 thread, Xeon`. */
  readonly latency?: string;
  /** The search that found it: space, controller, trials, compute time. */
  readonly search?: string;
  /** Text form of the cells, or the genotype as JSON. */
  readonly genotype?: string;
  /** Path of a drawing in the export's folder. */
  readonly drawing?: string;
  /** Licence of the weights and code, said by who owns them. */
  readonly licence?: string;
  /** Further lines of the card, as `key: value`. */
  readonly more?: Readonly<Record<string, string>>;
}

/** What the target adds. */
export interface CardOfTarget {
  /** The line of the weights: `weights.safetensors, 1,234 bytes, float32`. */
  readonly weights: string;
  /** Whether there are no weights at all. */
  readonly isArchitecture?: boolean;
  /** Lines of the section `Use`: what has to be installed, and a code block that loads the model and runs it. */
  readonly use: readonly string[];
}

/** Returns the text of README.md. Throws `shape` for a malformed network. */
export function modelCard(network: Network, options: ExportOptions, target: CardOfTarget): string {
  const card = options.card ?? {};
  const name = options.name ?? network.name;
  const shapes = inferShapes(network);
  const image = shapes.get(network.nodes.find(({ op }) => op === "input")?.id ?? "") ?? [];
  const classCount = shapes.get(network.outputs.logits)?.[0] ?? 0;
  const { classes, epochs, candidate } = options;
  const sizes = modelSizes(network);
  // A field that nothing is known of says so: what is left out could be taken for nothing.
  const why = target.isArchitecture === true ? "this is an architecture alone" : "the weights are first values";
  const trained = epochs === undefined || target.isArchitecture === true ? `none: ${why}` : undefined;
  const rows: readonly (readonly [string, string])[] = [
    ["task", card.task ?? "image classification"],
    ["data", card.data ?? trained ?? "not known"],
    ["training", card.training ?? trained ?? `${formatCount(epochs ?? 0)} ${epochs === 1 ? "epoch" : "epochs"}`],
    ["recipe", card.recipe ?? trained ?? "not known"],
    ["input", `[${image.join(", ")}] (height, width, channels)`],
    [
      "preprocessing",
      options.bytes === true ? `inside the model: ${preprocessingText(options)}` : preprocessingText(options),
    ],
    ["classes", classes === undefined ? String(classCount) : `${classCount}: ${classes.join(", ")}`],
    ["parameters", parametersText(sizes)],
    ["multiply-accumulates", `${formatMacs(sizes.inference.macs)} for one image`],
    ["latency", card.latency ?? "not measured"],
    ["weights", target.weights],
    ["found by", card.search ?? "not known"],
    ["licence", card.licence ?? "not stated: the code and weights are their maker's"],
    ...Object.entries(card.more ?? {}),
  ];
  const results = card.results ?? [];
  const genotype = card.genotype ?? (candidate && JSON.stringify(candidate.genotype));
  return [
    `# ${name}`,
    "",
    options.description ?? `${name}, a convolutional network.`,
    "",
    "| fact | value |",
    "| --- | --- |",
    ...rows.map(([key, value]) => `| ${key} | ${cellOf(value)} |`),
    "",
    "## Results",
    "",
    ...(results.length === 0
      ? [trained === undefined ? "None is known." : `None: ${why}.`]
      : ["| measure | value | seeds |", "| --- | --- | --- |", ...results.map(resultRow)]),
    "",
    "## Use",
    "",
    ...target.use,
    "",
    "## Drawing",
    "",
    card.drawing === undefined ? "None was made." : `![The architecture](${card.drawing})`,
    "",
    "## Genotype",
    "",
    ...(genotype === undefined
      ? ["None is known: a network that was not decoded from one, or that came without it."]
      : ["```text", genotype.trimEnd(), "```"]),
    "",
  ].join("\n");
}

/** A text as a cell of a table. */
function cellOf(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

/** Returns what inference needs, and all that is exported (an auxiliary head is only trained). */
export function modelSizes(network: Network): {
  readonly all: { readonly params: number; readonly total: number };
  readonly inference: { readonly params: number; readonly macs: number };
} {
  const cost = costOf(network);
  const needed = new Set(liveNodes(topologicalOrder(network), [network.outputs.logits]).map(({ id }) => id));
  return { all: cost, inference: sumCosts(cost.nodes.filter((node) => needed.has(node.id))) };
}

/** Returns how bytes become the network's input, in words. */
export function preprocessingText({ normalization }: ExportOptions): string {
  if (normalization === undefined) return "bytes divided by 255";
  const { mean, std } = normalization;
  const list = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(", ");
  return `bytes divided by 255, less the mean (${list(mean)}), divided by the standard deviation (${list(std)})`;
}

function parametersText({ all, inference }: ReturnType<typeof modelSizes>): string {
  const moving = `${formatCount(all.total)} with the moving statistics of batch normalisation`;
  if (all.params === inference.params)
    return formatCount(all.params) + (all.total === all.params ? "" : ` (${moving})`);
  return `${formatCount(inference.params)}, and ${formatCount(all.params - inference.params)} of the auxiliary head, which only training uses (in all ${moving})`;
}

function resultRow(result: CardResult): string {
  const spread = result.deviation === undefined ? "" : ` ± ${result.deviation.toFixed(4)}`;
  return `| ${cellOf(result.what)} | ${result.mean.toFixed(4)}${spread} | ${result.seeds} |`;
}
