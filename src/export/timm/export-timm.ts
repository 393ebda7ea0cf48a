/**
 * @file The timm export: a model.py of a few lines that has timm build the network from its architecture definition strings, with the weights under timm's names. For networks
 * of mobile inverted bottlenecks alone: MobileNets, MnasNets, EfficientNets, and what their spaces give.
 */
import { CellwrightError } from "../../base/errors.ts";
import { formatCount, formatMacs } from "../../base/units.ts";
import type { ActivationName, Network, Weights } from "../../network/network.ts";
import { weightSpecs } from "../../network/weights.ts";
import type { Exporter, ExportOptions } from "../exporter.ts";
import { modelCard, modelSizes } from "../model-card.ts";
import { pythonNumber, pythonText } from "../python/names.ts";
import { torchRoleNames, torchTensor } from "../pytorch/weights.ts";
import { encodeSafetensors, type SafetensorsTensor } from "../safetensors.ts";
import { weightValues } from "../tensors.ts";
import { recognise, type ConvNorm, type TimmBlock, type TimmNetwork } from "./recognise.ts";

/** Names of timm's activations, and what a block string calls them. */
const ACTIVATIONS: Readonly<Partial<Record<ActivationName, readonly [name: string, short: string]>>> = {
  relu: ["relu", "re"],
  relu6: ["relu6", "r6"],
  swish: ["swish", "sw"],
  hswish: ["hard_swish", "hs"],
};

const GATES: Readonly<Partial<Record<ActivationName, string>>> = { sigmoid: "sigmoid", hsigmoid: "hard_sigmoid" };

/** One string of the definition: blocks in a row that it says alike. */
interface Stage {
  readonly text: string;
  readonly blocks: readonly TimmBlock[];
}

/**
 * Returns `model.py`, `weights.safetensors` and `README.md`. Throws `unsupported-op`, naming the node, for a network that timm's blocks can't express; `data` for a missing or misshapen
 * weight; `shape` for a malformed network.
 */
export function exportTimm(network: Network, weights: Weights, options: ExportOptions = {}): Map<string, Uint8Array> {
  const found = recognise(network);
  const stages = stagesOf(network, found);
  const name = options.name ?? network.name;
  const tensors = encodeSafetensors(stateDict(network, weights, found, stages), { format: "pt", name });
  const text = new TextEncoder();
  return new Map([
    ["model.py", text.encode(modelSource(network, found, stages, options))],
    ["weights.safetensors", tensors],
    ["README.md", text.encode(cardOf(network, options, tensors.length))],
  ]);
}

/** timm as a target. */
export const timm: Exporter = {
  title: "timm",
  summary: "a model.py of architecture strings that timm builds (mobile networks alone)",
  export: exportTimm,
};

/** Returns the architecture definition: `[["ds_r1_k3_s1_c16"], …]`. Throws as `exportTimm` does. */
export function timmArchitecture(network: Network): readonly (readonly string[])[] {
  const found = recognise(network);
  squeezeSource(network, found);
  return stagesOf(network, found).map(({ text }) => [text]);
}

function refuse(network: Network, what: string, received: string): never {
  throw new CellwrightError(
    "unsupported-op",
    `${network.name}  Expected ${what}, as timm has it. Received: ${received}.`,
  );
}

/** A ratio with as many digits as give its product back. */
function ratio(value: number): string {
  return String(Number(value.toFixed(8)));
}

function activationOf(network: Network, fn: ActivationName): readonly [string, string] {
  return ACTIVATIONS[fn] ?? refuse(network, `one of the activations ${Object.keys(ACTIVATIONS).join(", ")}`, fn);
}

function stagesOf(network: Network, { blocks, hidden }: TimmNetwork): readonly Stage[] {
  // MobileNetV3 reckons a squeeze from the channels that it squeezes, EfficientNet from the block's input.
  const isFromMid = hidden !== undefined;
  const settings = (block: TimmBlock): string => {
    const { kind, kernel, inChannels, midChannels, outChannels, stride, squeeze, residual, activation } = block;
    const expansion = kind === "ir" ? Number(ratio(midChannels / inChannels)) : 1;
    const share = squeeze && squeeze.filters / (isFromMid ? midChannels : midChannels / expansion);
    const fits = stride === 1 && inChannels === outChannels;
    // A shortcut is timm's default where it fits, save around a plain convolution.
    const skip = kind === "cn" ? (residual ? "_skip" : "") : kind !== "dsa" && fits && !residual ? "_noskip" : "";
    return [
      `k${kernel}`,
      "s",
      ...(kind === "ir" ? [`e${ratio(midChannels / inChannels)}`] : []),
      `c${outChannels}`,
      ...(share === undefined ? [] : [`se${ratio(share)}`]),
      `n${activationOf(network, activation)[1]}${skip}`,
    ].join("_");
  };
  const stages: { kind: string; settings: string; stride: number; blocks: TimmBlock[] }[] = [];
  for (const block of blocks) {
    const last = stages.at(-1);
    const said = settings(block);
    // Of repeated blocks the first alone has a stride.
    if (last?.kind === block.kind && last.settings === said && block.stride === 1) last.blocks.push(block);
    else stages.push({ kind: block.kind, settings: said, stride: block.stride, blocks: [block] });
  }
  return stages.map(({ kind, settings, stride, blocks }) => ({
    text: `${kind}_r${blocks.length}_${settings.replace("_s_", `_s${stride}_`)}`,
    blocks,
  }));
}

/** The one squeeze that all blocks share, in timm's terms. */
function squeezeSource(network: Network, { blocks }: TimmNetwork): string | undefined {
  const squeezed = blocks.filter(({ squeeze }) => squeeze !== undefined);
  const gates = new Set(squeezed.map(({ squeeze }) => squeeze?.gate as ActivationName));
  const forced = new Set(squeezed.map(({ squeeze }) => squeeze?.activation as ActivationName));
  const [gate] = gates;
  if (gate === undefined) return undefined;
  if (gates.size > 1) refuse(network, "one gate in all squeezes", [...gates].join(" and "));
  const gateName = GATES[gate] ?? refuse(network, `a gate of ${Object.keys(GATES).join(" or ")}`, gate);
  const isBlocks = squeezed.every(({ squeeze, activation }) => squeeze?.activation === activation);
  const [inner] = forced;
  if (!isBlocks && forced.size > 1) refuse(network, "one activation in all squeezes", [...forced].join(" and "));
  const force = isBlocks ? "" : `, force_act_layer=${pythonText(activationOf(network, inner as ActivationName)[0])}`;
  return `partial(SqueezeExcite, gate_layer=${pythonText(gateName)}${force})`;
}

function modelSource(network: Network, found: TimmNetwork, stages: readonly Stage[], options: ExportOptions): string {
  const name = options.name ?? network.name;
  const { inference } = modelSizes(network);
  const isV3 = found.hidden !== undefined;
  const className = isV3 ? "MobileNetV3" : "EfficientNet";
  const squeeze = squeezeSource(network, found);
  const features = isV3 ? found.hidden.units : (found.head?.channels ?? 0);
  const [activation] = activationOf(network, found.activation);
  const { epsilon, momentum } = found.batchNorm;
  const { mean, std } = options.normalization ?? {};
  const input = network.nodes.find((node) => node.op === "input");
  const [height = 0, width = 0, channels = 0] = input?.op === "input" ? input.attributes.shape : [];
  const tuple = (values: readonly string[]): string => `(${values.join(", ")}${values.length === 1 ? "," : ""})`;
  const doc = (options.description ?? `${name}, a convolutional network.`)
    .replaceAll("\\", "\\\\")
    .replaceAll('"""', "'''");
  return `"""${doc}

${formatCount(inference.params)} parameters, ${formatMacs(inference.macs)} for one image of ${height}x${width}x${channels}, [n, ${channels}, ${height}, ${width}]. Written by Cellwright, built by timm.
"""

from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from timm.layers import get_act_layer
${squeeze === undefined ? "" : "from timm.models._efficientnet_blocks import SqueezeExcite\n"}from timm.models._efficientnet_builder import decode_arch_def
from timm.models.${isV3 ? "mobilenetv3" : "efficientnet"} import ${className}

ARCHITECTURE = [
${stages.map(({ text }) => `    [${pythonText(text)}],`).join("\n")}
]
${mean === undefined ? "" : `MEAN = ${tuple(mean.map(pythonNumber))}\nSTD = ${tuple((std ?? []).map(pythonNumber))}\n`}${options.classes === undefined ? "" : `CLASSES = ${tuple(options.classes.map(pythonText))}\n`}

def build():
    """Returns the network with timm's first values."""
    model = ${className}(
        decode_arch_def(ARCHITECTURE),
        num_classes=${found.classes},
        num_features=${features},
        in_chans=${found.imageChannels},
        stem_size=${found.stemChannels},
        fix_stem=True,
        round_chs_fn=int,
        pad_type=${pythonText(found.padding === "same" ? "same" : "")},
        act_layer=get_act_layer(${pythonText(activation)}),
        norm_layer=partial(torch.nn.BatchNorm2d, eps=${pythonNumber(epsilon)}, momentum=${pythonNumber(1 - momentum)}),${squeeze === undefined ? "" : `\n        se_layer=${squeeze},`}
        drop_rate=${pythonNumber(found.dropout)},
    )
${found.stemStride === 2 ? "" : "    # For small images: timm's own stem has stride 2.\n    model.conv_stem.stride = (1, 1)\n"}    return model


def load(path=None):
    """Returns the network with its trained weights, in evaluation mode."""
    model = build()
    path = Path(__file__).with_name("weights.safetensors") if path is None else path
    model.load_state_dict(load_file(path), strict=True)
    return model.eval()


def normalize(images):
    """Turns bytes [n, height, width, channels] into the input [n, channels, height, width]."""
    images = images.permute(0, 3, 1, 2).to(torch.float32) / 255.0
${mean === undefined ? "    return images" : "    return (images - images.new_tensor(MEAN)[:, None, None]) / images.new_tensor(STD)[:, None, None]"}
`;
}

/** Names of a block's convolutions and norms in timm, in the order of its parts. */
const PART_NAMES: Readonly<Record<TimmBlock["kind"], readonly (readonly [conv: string, norm: string])[]>> = {
  ir: [
    ["conv_pw", "bn1"],
    ["conv_dw", "bn2"],
    ["conv_pwl", "bn3"],
  ],
  ds: [
    ["conv_dw", "bn1"],
    ["conv_pw", "bn2"],
  ],
  dsa: [
    ["conv_dw", "bn1"],
    ["conv_pw", "bn2"],
  ],
  cn: [["conv", "bn1"]],
};

/** Returns timm's module of each of our nodes that has weights; dense layers that are 1x1 convolutions there are in `pixels`. */
function modules(
  found: TimmNetwork,
  stages: readonly Stage[],
): { names: Map<string, string>; pixels: ReadonlySet<string> } {
  const names = new Map<string, string>();
  const pixels = new Set<string>();
  const name = ({ conv, norm }: ConvNorm, at: string, [convName, normName]: readonly [string, string]): void => {
    names.set(conv, `${at}${convName}`);
    names.set(norm, `${at}${normName}`);
  };
  name(found.stem, "", ["conv_stem", "bn1"]);
  for (const [s, { blocks }] of stages.entries())
    for (const [b, { kind, parts, squeeze }] of blocks.entries()) {
      const at = `blocks.${s}.${b}.`;
      for (const [i, part] of parts.entries()) name(part, at, PART_NAMES[kind][i] as readonly [string, string]);
      if (squeeze === undefined) continue;
      names.set(squeeze.reduce, `${at}se.conv_reduce`).set(squeeze.expand, `${at}se.conv_expand`);
      pixels.add(squeeze.reduce).add(squeeze.expand);
    }
  if (found.head !== undefined) name(found.head.parts, "", ["conv_head", "bn2"]);
  if (found.hidden !== undefined) {
    names.set(found.hidden.dense, "conv_head");
    pixels.add(found.hidden.dense);
  }
  names.set(found.classifier, "classifier");
  return { names, pixels };
}

function stateDict(
  network: Network,
  weights: Weights,
  found: TimmNetwork,
  stages: readonly Stage[],
): ReadonlyMap<string, SafetensorsTensor> {
  const { names, pixels } = modules(found, stages);
  const kinds = new Map(network.nodes.map((node) => [node.id, node.op]));
  return new Map(
    weightSpecs(network).map((spec) => {
      const tensor = torchTensor(kinds.get(spec.node), spec, weightValues(weights, spec));
      const shape = spec.role === "kernel" && pixels.has(spec.node) ? [...tensor.shape, 1, 1] : tensor.shape;
      return [`${names.get(spec.node)}.${torchRoleNames[spec.role]}`, { shape, data: tensor.data }];
    }),
  );
}

function cardOf(network: Network, options: ExportOptions, weightBytes: number): string {
  const input = network.nodes.find((node) => node.op === "input");
  const image = input?.op === "input" ? input.attributes.shape : [];
  return modelCard(network, options, {
    weights: `weights.safetensors, ${formatCount(weightBytes)} bytes, float32`,
    use: [
      "`model.py` has [timm](https://github.com/huggingface/pytorch-image-models) build the network from its architecture definition strings. It needs torch and timm 1.0, and reads",
      "`weights.safetensors` beside it.",
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
      "`build()` gives the network untrained. timm's own drop path is off: pass `drop_path_rate` in `build` to train with it.",
    ],
  });
}
