/**
 * @file The PyTorch export: one readable model.py that needs torch alone, the weights beside it, and a model card. Pure: bytes by path; who
 * writes them decides where.
 */
import { CellwrightError } from "../../base/errors.ts";
import { formatCount, formatMacs } from "../../base/units.ts";
import { costOf, sumCosts } from "../../network/cost.ts";
import type { Network, Shape, Weights } from "../../network/network.ts";
import { inferShapes } from "../../network/shapes.ts";
import { encodeSafetensors } from "../safetensors.ts";
import { moduleClasses, type ModuleClass } from "./classes.ts";
import { forwardLines, initLines, rootForwardLines } from "./forward.ts";
import { modelCard, type ModelCardFacts } from "./model-card.ts";
import { preludeFor, preludeNames, readerSource } from "./prelude.ts";
import { className, pythonNumber, pythonText, unique } from "./python-names.ts";
import { moduleTree, type Group } from "./tree.ts";
import { LINE_WIDTH } from "./values.ts";
import { stateDict } from "./weights.ts";

export interface PyTorchOptions {
  /** Name of the model; its class is called after it. Default: the network's name. */
  readonly name?: string;
  /** One or two sentences for the head of model.py and the card. */
  readonly description?: string;
  /** Per channel, on the scale 0 to 1: what the training subtracted and divided by. */
  readonly normalization?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Class names, in the order of the logits. */
  readonly classes?: readonly string[];
  /** What the card says besides. */
  readonly card?: ModelCardFacts;
}

/**
 * Returns `model.py`, `weights.safetensors` and `README.md`. Logits equal ours up to float32 rounding.
 * Throws `data` for a missing or misshapen weight, `shape` for a malformed network.
 */
export function exportPyTorch(
  network: Network,
  weights: Weights,
  options: PyTorchOptions = {},
): Map<string, Uint8Array> {
  const name = options.name ?? network.name;
  const root = moduleTree(network);
  const tensors = encodeSafetensors(stateDict(network, weights, root), { format: "pt", name });
  const text = new TextEncoder();
  return new Map([
    ["model.py", text.encode(modelSource(network, root, name, options))],
    ["weights.safetensors", tensors],
    ["README.md", text.encode(cardOf(network, name, options, tensors.length))],
  ]);
}

/** Returns the name of the whole network's class: not one that a class of the prelude has. */
function rootClassName(name: string): string {
  return unique(className(name), new Set(preludeNames));
}

function modelSource(network: Network, root: Group, name: string, options: PyTorchOptions): string {
  const shapes = inferShapes(network);
  const rootName = rootClassName(name);
  const classes = moduleClasses(root, shapes, rootName);
  const image = shapeOf(network, shapes);
  const size = sizesOf(network);
  const rank = new Map(network.nodes.map((node, index) => [node.id, index]));
  const sources = classes.map((of, index) =>
    index === classes.length - 1 ? rootSource(of, shapes, image, options) : classSource(of, shapes, rank),
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

function classSource(of: ModuleClass, shapes: ReadonlyMap<string, Shape>, rank: ReadonlyMap<string, number>): string {
  const names = argumentNames(of, rank);
  const places = of.groups.map((group) => group.path);
  // Where it is used, as many places as a line takes.
  let count = Math.min(3, places.length);
  const said = (): string =>
    `${places.slice(0, count).join(", ")}${places.length > count ? ` and ${places.length - count} more` : ""}.`;
  while (count > 1 && said().length > LINE_WIDTH - 10) count--;
  const doc = said();
  return [
    `class ${of.name}(nn.Module):`,
    `    """${docText(doc)}"""`,
    "",
    ...initLines(of),
    "",
    ...forwardLines(of, shapes, names),
    "",
  ].join("\n");
}

/** `x` for one input; where there are two, one always made before the other, the earlier is called `previous`, as a cell's is. */
function argumentNames(of: ModuleClass, rank: ReadonlyMap<string, number>): string[] {
  const count = of.groups[0]?.inputs.length ?? 0;
  if (count === 1) return ["x"];
  if (count > 2) return Array.from({ length: count }, (_, index) => `x${index}`);
  if (of.groups.some((group) => group.path.includes("/"))) return ["x", "y"];
  const later = of.groups.map(({ inputs: [a = "", b = ""] }) => (rank.get(a) ?? 0) > (rank.get(b) ?? 0));
  if (later.every((first) => first)) return ["x", "previous"];
  return later.some((first) => first) ? ["x", "y"] : ["previous", "x"];
}

function rootSource(
  of: ModuleClass,
  shapes: ReadonlyMap<string, Shape>,
  image: Shape,
  options: PyTorchOptions,
): string {
  const classes = options.classes === undefined ? "" : ` Logits are in the order of CLASSES.`;
  const drops = of.groups[0]?.items.some(hasDropPath) === true;
  return [
    `class ${of.name}(nn.Module):`,
    `    """Takes images of ${image.join("x")} as [n, ${torchShape(image).join(", ")}].${classes}"""`,
    "",
    ...initLines(of),
    "",
    ...rootForwardLines(of, shapes),
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

function hasDropPath(item: Group["items"][number]): boolean {
  return item.kind === "leaf" ? item.node.op === "dropPath" : item.items.some(hasDropPath);
}

function constants(options: PyTorchOptions): string {
  const lines: string[] = [];
  if (options.normalization !== undefined) {
    lines.push(
      `MEAN = ${tuple(options.normalization.mean.map(pythonNumber))}`,
      `STD = ${tuple(options.normalization.std.map(pythonNumber))}`,
    );
  }
  if (options.classes !== undefined) lines.push(`CLASSES = ${tuple(options.classes.map(pythonText))}`);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function tuple(items: readonly string[]): string {
  const line = `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
  if (line.length <= LINE_WIDTH - 12) return line;
  return `(\n${items.map((item) => `    ${item},\n`).join("")})`;
}

function normalizeSource(options: PyTorchOptions): string {
  const scaled =
    options.normalization === undefined
      ? "    return images\n"
      : "    return (images - images.new_tensor(MEAN)[:, None, None]) / images.new_tensor(STD)[:, None, None]\n";
  return `def normalize(images):
    """Turns bytes [n, height, width, channels] into the input [n, channels, height, width]."""
    images = images.permute(0, 3, 1, 2).to(torch.float32) / 255.0
${scaled}`;
}

function cardOf(network: Network, name: string, options: PyTorchOptions, weightBytes: number): string {
  const shapes = inferShapes(network);
  const image = shapeOf(network, shapes);
  const classCount = shapes.get(network.outputs.logits)?.[0] ?? 0;
  const size = sizesOf(network);
  const { normalization, classes } = options;
  return modelCard({
    ...options.card,
    name,
    className: rootClassName(name),
    description: options.description ?? `${name}, a convolutional network.`,
    params: size.all.params,
    inferenceParams: size.inference.params,
    total: size.all.total,
    macs: size.inference.macs,
    weightBytes,
    input: `[${image.join(", ")}] (height, width, channels)`,
    image,
    normalization:
      normalization === undefined
        ? "bytes divided by 255."
        : `bytes divided by 255, less the mean (${normalization.mean.map(short).join(", ")}), divided by the standard deviation (${normalization.std.map(short).join(", ")}).`,
    classes: classes === undefined ? String(classCount) : `${classCount}: ${classes.join(", ")}`,
    auxiliary: network.outputs.auxiliary !== undefined,
  });
}

function short(value: number): string {
  return value.toFixed(4);
}

/** What inference needs, and all that is exported. */
function sizesOf(network: Network): {
  all: { params: number; total: number };
  inference: { params: number; macs: number };
} {
  const cost = costOf(network);
  const byId = new Map(network.nodes.map((node) => [node.id, node]));
  const needed = new Set<string>();
  const open = [network.outputs.logits];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    open.push(...(byId.get(id)?.inputs ?? []));
  }
  return { all: cost, inference: sumCosts(cost.nodes.filter((node) => needed.has(node.id))) };
}

function shapeOf(network: Network, shapes: ReadonlyMap<string, Shape>): Shape {
  const input = network.nodes.find((node) => node.op === "input");
  const shape = input === undefined ? undefined : shapes.get(input.id);
  if (shape === undefined)
    throw new CellwrightError("shape", `${network.name}  Expected a node of kind input. Received: none.`);
  return shape;
}

function torchShape(shape: Shape): readonly number[] {
  return shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape;
}

/** Breaks a text into lines at its spaces. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LINE_WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function docText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"""', "'''");
}
