/** @file README.md of an exported model: what it is, what it was measured on, how to load it. */
import { formatCount, formatMacs } from "../../base/units.ts";

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

export interface ModelCardFacts {
  /** `image classification`, unless said otherwise. */
  readonly task?: string;
  /** Data set and how much of it: `CIFAR-10, 45,000 training images`. */
  readonly data?: string;
  readonly results?: readonly CardResult[];
  /** Text form of the cells, or the genotype as JSON. */
  readonly genotype?: string;
  /** How the weights came about: `trained for 30 epochs`, `untrained`. */
  readonly training?: string;
  /** Further lines of the card, as `key: value`. */
  readonly more?: Readonly<Record<string, string>>;
}

interface CardInput extends ModelCardFacts {
  readonly name: string;
  readonly className: string;
  readonly description: string;
  readonly params: number;
  readonly inferenceParams: number;
  readonly total: number;
  readonly macs: number;
  readonly weightBytes: number;
  readonly input: string;
  /** `[height, width, channels]`. */
  readonly image: readonly number[];
  readonly normalization: string;
  readonly classes: string;
  readonly auxiliary: boolean;
}

export function modelCard(card: CardInput): string {
  const rows: [string, string | undefined][] = [
    ["task", card.task ?? "image classification"],
    ["data", card.data],
    ["training", card.training],
    ["input", card.input],
    ["classes", card.classes],
    ["parameters", parametersText(card)],
    ["multiply-accumulates", `${formatMacs(card.macs)} for one image`],
    ["weights", `weights.safetensors, ${formatCount(card.weightBytes)} bytes, float32`],
    ...Object.entries(card.more ?? {}),
  ];
  const results = card.results ?? [];
  return [
    `# ${card.name}`,
    "",
    card.description,
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
    "`model.py` needs PyTorch 1.13 or later and nothing else. It reads `weights.safetensors` beside it.",
    "",
    "```python",
    "import torch",
    "from model import load, normalize",
    "",
    "model = load()                      # in evaluation mode",
    `images = torch.zeros(1, ${card.image.join(", ")}, dtype=torch.uint8)  # height, width, channels; 0 to 255`,
    "logits = model(normalize(images))   # [n, classes]",
    "```",
    "",
    `\`normalize\` takes bytes \`[n, height, width, channels]\` and returns what the network was trained on: ${card.normalization}`,
    ...(card.auxiliary
      ? [
          "",
          "In training mode the network returns two tensors, the logits and those of the auxiliary head, which NASNet's paper weighs by 0.4.",
        ]
      : []),
    "",
    "`python model.py` loads the weights and prints the sizes. For training from scratch make the class itself,",
    `\`${card.className}()\`; the weights then begin as torch's defaults.`,
    ...(card.genotype === undefined ? [] : ["", "## Genotype", "", "```", card.genotype.trimEnd(), "```"]),
    "",
  ].join("\n");
}

function parametersText(card: CardInput): string {
  const moving = `${formatCount(card.total)} with the moving statistics of batch normalisation`;
  if (card.params === card.inferenceParams) return `${formatCount(card.params)} (${moving})`;
  return `${formatCount(card.inferenceParams)}, and ${formatCount(card.params - card.inferenceParams)} of the auxiliary head, which only training uses (in all ${moving})`;
}

function resultRow(result: CardResult): string {
  const spread = result.deviation === undefined ? "" : ` ± ${result.deviation.toFixed(4)}`;
  return `| ${result.what} | ${result.mean.toFixed(4)}${spread} | ${result.seeds} |`;
}
