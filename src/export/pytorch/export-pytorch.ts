/**
 * @file The PyTorch export: one readable model.py that needs torch alone, the weights beside it, and a model card. Pure: bytes by path; who
 * writes them decides where.
 */
import { formatCount, formatMacs } from "../../base/units.ts";
import type { Network, Shape, Weights } from "../../network/network.ts";
import { withDropout } from "../../network/adapt.ts";
import { residualGammas } from "../../network/residual.ts";
import { inferShapes } from "../../network/shapes.ts";
import type { Exporter, ExportOptions } from "../exporter.ts";
import { modelCard, modelSizes } from "../model-card.ts";
import { encodeSafetensors } from "../safetensors.ts";
import { moduleClasses, type ModuleClass } from "../python/classes.ts";
import { initLines, rootForwardLines } from "../python/methods.ts";
import { withStacks } from "../python/stacks.ts";
import { classSource, constants, docText, hasDropPath, imageShape, rootClassName, wrap } from "../python/source.ts";
import { withSharedConcats } from "../python/shared-concats.ts";
import { moduleTree, type Group } from "../python/tree.ts";
import { modulePaths } from "../python/paths.ts";
import { torch } from "./framework.ts";
import { preludeFor, readerSource } from "./prelude.ts";
import { checkTrainable, type ExportTraining } from "./training.ts";
import { trainScript, type TrainedModel } from "./train-script.ts";
import { stateDict } from "./weights.ts";

/**
 * Returns `model.py`, `weights.safetensors` and `README.md`, and `train.py` where a training is given (the network then has its dropout). Logits equal ours up to float32 rounding.
 * Throws `data` for a missing or misshapen weight, `shape` for a malformed network.
 */
export function exportPyTorch(given: Network, weights: Weights, options: ExportOptions = {}): Map<string, Uint8Array> {
  const { training } = options;
  if (training !== undefined) checkTrainable(given);
  const dropout = training?.recipe.dropout ?? 0;
  const network = withSharedConcats(dropout > 0 ? withDropout(given, dropout) : given);
  const name = options.name ?? network.name;
  const root = withStacks(moduleTree(network), inferShapes(network), torch);
  const tensors = encodeSafetensors(stateDict(network, weights, root), { format: "pt", name });
  const text = new TextEncoder();
  return new Map([
    ["model.py", text.encode(modelSource(network, root, name, options))],
    ["weights.safetensors", tensors],
    ...(training === undefined
      ? []
      : [
          [
            "train.py",
            text.encode(trainScript(training, trainedModel(network, root, name, options, training))),
          ] as const,
        ]),
    ["README.md", text.encode(cardOf(network, name, options, tensors.length))],
  ]);
}

function trainedModel(
  network: Network,
  root: Group,
  name: string,
  { normalization }: ExportOptions,
  { recipe }: ExportTraining,
): TrainedModel {
  const paths = modulePaths(root, torch.reserved);
  const gammas = recipe.zeroLastGamma ? residualGammas(network) : [];
  return {
    className: rootClassName(name, torch),
    hasAuxiliary: network.outputs.auxiliary !== undefined,
    hasDropPath: network.nodes.some(({ op }) => op === "dropPath"),
    hasBatchNorm: network.nodes.some(({ op }) => op === "batchNorm"),
    isNormalized: normalization !== undefined,
    zeroGammas: gammas.map((gamma) => `${paths.get(gamma.replace(/\/gamma$/, ""))}.weight`),
  };
}

/** PyTorch as a target. */
export const pytorch: Exporter = {
  title: "PyTorch",
  summary: "one readable model.py that needs torch alone",
  trains: true,
  export: exportPyTorch,
};

function modelSource(network: Network, root: Group, name: string, options: ExportOptions): string {
  const shapes = inferShapes(network);
  const rootName = rootClassName(name, torch);
  const classes = moduleClasses(root, shapes, rootName, torch);
  const image = imageShape(network, shapes);
  const size = modelSizes(network);
  const rank = new Map(network.nodes.map((node, index) => [node.id, index]));
  const sources = classes.map((of, index) =>
    index === classes.length - 1 ? rootSource(of, shapes, image, options) : classSource(of, shapes, rank, torch),
  );
  const body = sources.join("\n\n");
  const loadSource = `def load(path=None):
    """Returns the network with its trained weights, in evaluation mode."""
    model = ${rootName}()
    path = Path(__file__).with_name("weights.safetensors") if path is None else path
    model.load_state_dict(read_safetensors(path), strict=True)
    return model.eval()
`;
  const mainSource = `if __name__ == "__main__":
    model = load()
    count = sum(parameter.numel() for parameter in model.parameters())
    with torch.no_grad():
        logits = model(torch.zeros(1, ${torchShape(image).join(", ")}))
    print(f"${rootName}: {count:,} parameters, logits {tuple(logits.shape)}")
`;
  const head = [
    ...wrap(`"""${docText(options.description ?? `${name}, a convolutional network.`)}`),
    "",
    `${formatCount(size.inference.params)} parameters, ${formatMacs(size.inference.macs)} for one image of ${image.join("x")}. Written by Cellwright.`,
    "Images are [n, channels, height, width], as normalize() gives them. Padding is computed from the",
    "size of the input, as in TensorFlow. Trained on, batch statistics move by torch's rule (unbiased).",
    '"""',
    "",
  ].join("\n");
  const parts = [
    preludeFor(body),
    constants(options),
    body,
    readerSource,
    normalizeSource(options),
    loadSource,
    mainSource,
  ];
  return `${head}${parts.filter((part) => part !== "").join("\n\n")}`;
}

function rootSource(of: ModuleClass, shapes: ReadonlyMap<string, Shape>, image: Shape, options: ExportOptions): string {
  const classes = options.classes === undefined ? "" : ` Logits are in the order of CLASSES.`;
  const drops = of.groups[0]?.items.some(hasDropPath) === true;
  return [
    `class ${of.name}(nn.Module):`,
    `    """Takes images of ${image.join("x")} as [n, ${torchShape(image).join(", ")}].${classes}"""`,
    "",
    ...initLines(of),
    "",
    ...rootForwardLines(of, shapes, torch),
    ...(drops
      ? [
          "",
          "    def set_drop_path(self, rate):",
          '        """Sets the rate at which the deepest path is dropped in training."""',
          "        for module in self.modules():",
          "            if isinstance(module, DropPath):",
          "                module.rate = rate",
        ]
      : []),
    "",
  ].join("\n");
}

function normalizeSource(options: ExportOptions): string {
  const scaled =
    options.normalization === undefined
      ? "    return images\n"
      : "    return (images - images.new_tensor(MEAN)[:, None, None]) / images.new_tensor(STD)[:, None, None]\n";
  return `def normalize(images):
    """Turns bytes [n, height, width, channels] into the input [n, channels, height, width]."""
    images = images.permute(0, 3, 1, 2).to(torch.float32) / 255.0
${scaled}`;
}

function cardOf(network: Network, name: string, options: ExportOptions, weightBytes: number): string {
  const image = imageShape(network, inferShapes(network));
  const auxiliary = network.outputs.auxiliary !== undefined;
  return modelCard(network, options, {
    weights: `weights.safetensors, ${formatCount(weightBytes)} bytes, float32`,
    use: [
      "`model.py` needs PyTorch 1.13 or later and nothing else. It reads `weights.safetensors` beside it.",
      "",
      "```python",
      "import torch",
      "from model import load, normalize",
      "",
      "model = load()                      # in evaluation mode",
      `images = torch.zeros(1, ${image.join(", ")}, dtype=torch.uint8)  # height, width, channels; 0 to 255`,
      "logits = model(normalize(images))   # [n, classes]",
      "```",
      "",
      `\`normalize\` takes bytes \`[n, height, width, channels]\` and returns what the network was trained on, \`[n, channels, height, width]\`.`,
      ...(auxiliary
        ? [
            "",
            "In training mode the network returns two tensors, the logits and those of the auxiliary head, which NASNet's paper weighs by 0.4.",
          ]
        : []),
      "",
      ...(options.training === undefined
        ? []
        : [
            `\`python train.py --data DIR\` trains it from first values by the recipe ${options.training.name}, on CIFAR-10's binary files. It needs torch alone.`,
            "",
          ]),
      "`python model.py` loads the weights and prints the sizes. For training from scratch make the class itself,",
      `\`${rootClassName(name, torch)}()\`; the weights then begin as torch's defaults.`,
    ],
  });
}

function torchShape(shape: Shape): readonly number[] {
  return shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
}
