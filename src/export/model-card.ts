/** @file README.md of an exported model: what it is, what it was measured on, what it was found by, how to load it. The same for every target. */
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
  const { classes } = options;
  const sizes = modelSizes(network);
  const rows: [string, string | undefined][] = [
    ["task", card.task ?? "image classification"],
    ["data", card.data],
    ["training", card.training],
    ["recipe", card.recipe],
    ["input", `[${image.join(", ")}] (height, width, channels)`],
    [
      "preprocessing",
      options.bytes === true ? `inside the model: ${preprocessingText(options)}` : preprocessingText(options),
    ],
    ["classes", classes === undefined ? String(classCount) : `${classCount}: ${classes.join(", ")}`],
    ["parameters", parametersText(sizes)],
    ["multiply-accumulates", `${formatMacs(sizes.inference.macs)} for one image`],
    ["latency", card.latency],
    ["weights", target.weights],
    ["found by", card.search],
    ["licence", card.licence ?? "not stated: the code and weights are their maker's"],
    ...Object.entries(card.more ?? {}),
  ];
  const results = card.results ?? [];
  return [
    `# ${name}`,
    "",
    options.description ?? `${name}, a convolutional network.`,
    "",
    "| | |",
    "| --- | --- |",
    ...rows
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `| ${key} | ${value?.replaceAll("|", "\\|")} |`),
    ...(results.length === 0
      ? []
      : ["", "## Results", "", "| measure | value | seeds |", "| --- | --- | --- |", ...results.map(resultRow)]),
    "",
    "## Use",
    "",
    ...target.use,
    ...(card.drawing === undefined ? [] : ["", "## Drawing", "", `![The architecture](${card.drawing})`]),
    ...(card.genotype === undefined ? [] : ["", "## Genotype", "", "```", card.genotype.trimEnd(), "```"]),
    "",
  ].join("\n");
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
  return `| ${result.what} | ${result.mean.toFixed(4)}${spread} | ${result.seeds} |`;
}
