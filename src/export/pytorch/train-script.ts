/**
 * @file train.py beside model.py: the training of the network in PyTorch, with nothing but torch. Only what the recipe uses is written out. Where torch
 * and our engines differ it does as ours do, and says so.
 */
import { pythonBoolean, pythonNumber } from "../python/names.ts";
import { augmentSource, MIXUP } from "./augment.ts";
import type { ExportTraining, TrainingNumbers } from "./training.ts";

/** What of the network the script depends on. */
export interface TrainedModel {
  /** Class of model.py. */
  readonly className: string;
  readonly hasAuxiliary: boolean;
  readonly hasDropPath: boolean;
  readonly hasBatchNorm: boolean;
  /** Whether model.py has MEAN and STD. */
  readonly isNormalized: boolean;
  /** Names, in the state dict, of the gammas that begin at zero. */
  readonly zeroGammas: readonly string[];
}

/** Returns the text of train.py. */
export function trainScript({ name, recipe, epochs }: ExportTraining, model: TrainedModel): string {
  const parts = [
    head(name, recipe, model),
    constants(recipe, epochs, model),
    DATA,
    augmentSource(recipe, model.isNormalized),
    ...(recipe.mixup > 0 ? [MIXUP] : []),
    scheduleSource(recipe),
    optimizerSource(recipe),
    initializeSource(model),
    ...(model.hasBatchNorm ? [BIASED] : []),
    ...(recipe.emaDecay > 0 ? [AVERAGE] : []),
    lossSource(recipe, model),
    stepSource(recipe, model),
    EVALUATE,
    SAVE,
    mainSource(recipe, model),
  ];
  return parts.join("\n\n");
}

function head(name: string, recipe: TrainingNumbers, model: TrainedModel): string {
  const { className, hasBatchNorm, isNormalized } = model;
  const constants = recipe.autoAugment && isNormalized ? "MEAN, STD, " : "";
  const differences = [
    ...(hasBatchNorm
      ? [
          "- The moving variance of batch normalisation follows the variance of a batch, as in TensorFlow;",
          "  torch would follow n / (n - 1) times it.",
        ]
      : []),
    ...(recipe.optimizer === "rmsprop"
      ? [
          "- RMSProp is TensorFlow's: epsilon is in the root, the mean square begins at 1, and the momentum",
          "  holds steps, the learning rate in them.",
        ]
      : []),
    "- Weights begin as in He et al. (arXiv 1502.01852), biases at 0; only kernels decay.",
    ...(recipe.clipNorm > 0 ? ["- Gradients are clipped before the decay is added to them."] : []),
  ];
  return `"""Trains the network of model.py on CIFAR-10 by the recipe ${name}.
Written by Cellwright.

    python train.py --data DIR      # with CIFAR-10's binary files: data_batch_1.bin, test_batch.bin

It needs torch alone. Where torch and Cellwright differ, it does as Cellwright:

${differences.join("\n")}
"""
import argparse
${recipe.emaDecay > 0 ? "import copy\n" : ""}import json
import math
import struct
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from model import ${constants}${className}, normalize, read_safetensors
`;
}

function constants(recipe: TrainingNumbers, epochs: number, model: TrainedModel): string {
  const { optimizer, schedule, emaDecay, dropPathRate, auxiliaryWeight, clipNorm, cropPadding, cutout, mixup } = recipe;
  const lines: (readonly [name: string, value: string, comment?: string] | false)[] = [
    ["EPOCHS", String(epochs)],
    ["BATCH_SIZE", String(recipe.batchSize)],
    ["LEARNING_RATE", pythonNumber(recipe.learningRate), "the peak"],
    schedule !== "constant" && ["FINAL_LEARNING_RATE", pythonNumber(recipe.finalLearningRate)],
    recipe.warmupEpochs > 0 && [
      "WARMUP_EPOCHS",
      pythonNumber(recipe.warmupEpochs),
      "at most a quarter of the training",
    ],
    (schedule === "step" || schedule === "exponential") && ["DECAY_EPOCHS", pythonNumber(recipe.decayEpochs)],
    (schedule === "step" || schedule === "exponential") && ["DECAY_RATE", pythonNumber(recipe.decayRate)],
    optimizer === "adamw" ? ["BETA1", pythonNumber(recipe.momentum)] : ["MOMENTUM", pythonNumber(recipe.momentum)],
    optimizer === "sgd" && ["NESTEROV", pythonBoolean(recipe.nesterov && recipe.momentum > 0)],
    optimizer === "adamw" && ["BETA2", pythonNumber(recipe.squareDecay)],
    optimizer === "rmsprop" && ["SQUARE_DECAY", pythonNumber(recipe.squareDecay)],
    optimizer !== "sgd" && ["EPSILON", pythonNumber(recipe.epsilon)],
    ["WEIGHT_DECAY", pythonNumber(recipe.weightDecay), "of kernels"],
    clipNorm > 0 && ["CLIP_NORM", pythonNumber(clipNorm), "of all gradients together"],
    recipe.labelSmoothing > 0 && ["LABEL_SMOOTHING", pythonNumber(recipe.labelSmoothing)],
    model.hasAuxiliary && ["AUXILIARY_WEIGHT", pythonNumber(auxiliaryWeight), "of the auxiliary head's loss"],
    model.hasDropPath &&
      dropPathRate > 0 && ["DROP_PATH_RATE", pythonNumber(dropPathRate), "at the end; it grows from 0"],
    emaDecay > 0 && ["EMA_DECAY", pythonNumber(emaDecay), "of the average of the weights, which is evaluated and kept"],
    cropPadding > 0 && ["CROP_PADDING", String(cropPadding), "pixels"],
    cutout > 0 && ["CUTOUT", String(cutout), "side of the square"],
    mixup > 0 && ["MIXUP", pythonNumber(mixup), "alpha of the beta distribution"],
  ];
  return `${lines
    .filter((line) => line !== false)
    .map(([key, value, comment]) => `${key} = ${value}${comment === undefined ? "" : `  # ${comment}`}`)
    .join("\n")}\n`;
}

const DATA = `def read_images(files):
    """Bytes [n, 32, 32, 3] and labels [n] of CIFAR-10's files: a label, then three planes."""
    data = bytearray().join(file.read_bytes() for file in files)
    records = torch.frombuffer(data, dtype=torch.uint8).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32).permute(0, 2, 3, 1), records[:, 0].long()
`;

function scheduleSource(recipe: TrainingNumbers): string {
  const { schedule, warmupEpochs } = recipe;
  const warm = warmupEpochs > 0;
  const since = warm ? "(step - warmup)" : "step";
  const decays = `${since} / (DECAY_EPOCHS * steps_per_epoch)`;
  const result = {
    cosine: `    cosine = math.cos(math.pi * ${since} / ${warm ? "(total - warmup)" : "total"})
    return FINAL_LEARNING_RATE + (LEARNING_RATE - FINAL_LEARNING_RATE) * 0.5 * (1 + cosine)`,
    step: `    decays = math.floor(${decays})
    return max(FINAL_LEARNING_RATE, LEARNING_RATE * DECAY_RATE**decays)`,
    exponential: `    decays = ${decays}
    return max(FINAL_LEARNING_RATE, LEARNING_RATE * DECAY_RATE**decays)`,
    constant: "    return LEARNING_RATE",
  }[schedule];
  const total = warm || schedule === "cosine" ? "    total = steps_per_epoch * epochs\n" : "";
  const start = warm
    ? `    warmup = min(math.floor(WARMUP_EPOCHS * steps_per_epoch + 0.5), total // 4)
    if step < warmup:
        return LEARNING_RATE * (step + 1) / (warmup + 1)
`
    : "";
  return `def learning_rate(step, steps_per_epoch, epochs):
    """Of a step, from 0${warm ? ": linear growth, then the schedule" : ""}."""
${total}${start}${result}
`;
}

const RMSPROP = `class RMSProp(torch.optim.Optimizer):
    """TensorFlow 1's: s = d s + (1 - d) g^2; v = m v + rate g / sqrt(s + epsilon); w = w - v."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for w in (w for w in group["params"] if w.grad is not None):
                state = self.state[w]
                if not state:
                    state["mean_square"] = torch.ones_like(w)
                    state["momentum"] = torch.zeros_like(w)
                g = w.grad + group["weight_decay"] * w
                s = state["mean_square"].mul_(SQUARE_DECAY).addcmul_(g, g, value=1 - SQUARE_DECAY)
                v = state["momentum"].mul_(MOMENTUM).add_(group["lr"] * g / (s + EPSILON).sqrt())
                w.sub_(v)
`;

function optimizerSource({ optimizer }: TrainingNumbers): string {
  const made = {
    sgd: "torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=MOMENTUM, nesterov=NESTEROV)",
    rmsprop: "RMSProp(groups, lr=LEARNING_RATE)",
    adamw: "torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(BETA1, BETA2), eps=EPSILON)",
  }[optimizer];
  return `${optimizer === "rmsprop" ? `${RMSPROP}\n\n` : ""}def make_optimizer(model):
    """Kernels have two axes or more; biases and the scales of normalisation do not decay."""
    kernels = [w for w in model.parameters() if w.dim() > 1]
    others = [w for w in model.parameters() if w.dim() <= 1]
    decayed = {"params": kernels, "weight_decay": WEIGHT_DECAY}
    groups = [decayed, {"params": others, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    return ${made}
`;
}

function initializeSource({ zeroGammas }: TrainedModel): string {
  const zeros =
    zeroGammas.length === 0
      ? ""
      : `    # Residual branches begin at nothing (arXiv 1706.02677, section 5.1).
    for name in ZERO_GAMMAS:
        nn.init.zeros_(model.get_parameter(name))
`;
  const list =
    zeroGammas.length === 0 ? "" : `ZERO_GAMMAS = [\n${zeroGammas.map((name) => `    "${name}",\n`).join("")}]\n\n\n`;
  return `${list}def initialize(model):
    """First values: He's normal deviates for kernels; what normalises begins as nothing."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(module.weight, std=math.sqrt(2 / module.weight[0].numel()))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
${zeros}`;
}

const BIASED = `def bias_statistics(model):
    """Lets moving variances follow a batch's own variance, as in TensorFlow."""

    def before(norm, inputs):
        norm.last = norm.running_var.clone()

    def after(norm, inputs, output):
        if norm.training:
            n = inputs[0].numel() / inputs[0].shape[1]
            kept = (1 - norm.momentum) * norm.last
            norm.running_var.data.copy_(kept + (norm.running_var - kept) * (n - 1) / n)

    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(before)
            module.register_forward_hook(after)
`;

const AVERAGE = `class Average:
    """A moving average of the weights and the moving statistics; it follows closely at first."""

    def __init__(self, model):
        self.model = copy.deepcopy(model)

    @torch.no_grad()
    def update(self, model, step):
        decay = min(EMA_DECAY, (1 + step) / (10 + step))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values()):
            if mine.is_floating_point():
                mine.mul_(decay).add_(theirs, alpha=1 - decay)
`;

function lossSource({ labelSmoothing }: TrainingNumbers, { hasAuxiliary }: TrainedModel): string {
  const entropy = (logits: string): string =>
    `F.cross_entropy(${logits}, targets${labelSmoothing > 0 ? ", label_smoothing=LABEL_SMOOTHING" : ""})`;
  if (!hasAuxiliary)
    return `def loss_of(logits, targets):
    """Mean over the batch. Targets are probabilities [n, classes]."""
    return ${entropy("logits")}
`;
  return `def loss_of(outputs, targets):
    """Mean over the batch, with the auxiliary head's. Targets are probabilities [n, classes]."""
    logits, auxiliary = outputs
    loss = ${entropy("logits")}
    beside = ${entropy("auxiliary")}
    return loss + AUXILIARY_WEIGHT * beside
`;
}

function stepSource({ clipNorm, dropPathRate }: TrainingNumbers, { hasDropPath }: TrainedModel): string {
  const drops = hasDropPath && dropPathRate > 0;
  const clip =
    clipNorm > 0
      ? `    gradients = [w.grad for w in model.parameters() if w.grad is not None]
    norm = torch.sqrt(sum((g.double() ** 2).sum() for g in gradients)).item()
    if norm > CLIP_NORM:
        for g in gradients:
            g.mul_(CLIP_NORM / norm)
`
      : "";
  return `def train_step(model, optimizer, images, targets, rate, ${drops ? "drop_path=0.0, " : ""}largest=None):
    """One update, in parts of at most \`largest\` images, gradients averaged. Returns the loss."""
    model.train()
${drops ? "    model.set_drop_path(drop_path)\n" : ""}    optimizer.zero_grad(set_to_none=True)
    for group in optimizer.param_groups:
        group["lr"] = rate
    parts = math.ceil(len(images) / (largest or len(images)))
    total = 0.0
    for x, y in zip(images.chunk(parts), targets.chunk(parts)):
        loss = loss_of(model(x), y) * (len(x) / len(images))
        loss.backward()
        total += loss.item()
${clip}    optimizer.step()
    return total
`;
}

const EVALUATE = `@torch.no_grad()
def accuracy(model, images, labels, device, size=250):
    """Share of the images whose label has the largest logit."""
    model.eval()
    right = 0
    for x, y in zip(images.split(size), labels.split(size)):
        right += (model(normalize(x).to(device)).argmax(1).cpu() == y).sum().item()
    return right / len(labels)
`;

const SAVE = `def write_safetensors(path, tensors):
    """Writes float32 tensors as load() of model.py reads them."""
    header, data = {}, bytearray()
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            values = tensor.detach().cpu().contiguous().flatten().tolist()
            begin = len(data)
            data += struct.pack(f"<{len(values)}f", *values)
            offsets = [begin, len(data)]
            header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)
`;

function mainSource({ emaDecay, mixup, dropPathRate }: TrainingNumbers, model: TrainedModel): string {
  const drops = model.hasDropPath && dropPathRate > 0;
  const ema = emaDecay > 0;
  return `def main():
    parser = argparse.ArgumentParser(description="Trains the network of model.py on CIFAR-10.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the binary files")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="length (default %(default)s)")
    seeds = "seed of weights, order and augmentation (default %(default)s)"
    parser.add_argument("--seed", type=int, default=0, help=seeds)
    parser.add_argument("--from", dest="weights", type=Path, help="begin with a weights file")
    out = Path("trained.safetensors")
    parser.add_argument("--out", type=Path, default=out, help="weights file (default %(default)s)")
    parser.add_argument("--largest-part", type=int, help="most images at once, to save memory")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=device, help="default %(default)s")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    images, labels = read_images(sorted(options.data.glob("data_batch_*.bin")))
    test_images, test_labels = read_images([options.data / "test_batch.bin"])
    model = ${model.className}()
    initialize(model)
    if options.weights is not None:
        model.load_state_dict(read_safetensors(options.weights), strict=True)
    model.to(options.device)
${model.hasBatchNorm ? "    bias_statistics(model)\n" : ""}    optimizer = make_optimizer(model)
${ema ? "    average = Average(model)\n" : ""}    batch = min(BATCH_SIZE, len(images))
    steps = len(images) // batch  # what is left over is for another epoch
    for epoch in range(options.epochs):
        order = torch.randperm(len(images))
        losses = 0.0
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            x, y = augment(normalize(images[chosen])), F.one_hot(labels[chosen], 10).float()
${mixup > 0 ? "            x, y = mix(x, y)\n" : ""}            done = epoch * steps + step
            rate = learning_rate(done, steps, options.epochs)
${drops ? "            drop_path = DROP_PATH_RATE * done / (steps * options.epochs)\n" : ""}            x, y = x.to(options.device), y.to(options.device)
            losses += train_step(
                model, optimizer, x, y, rate, ${drops ? "drop_path=drop_path, " : ""}largest=options.largest_part
            )
${ema ? "            average.update(model, done)\n" : ""}        right = accuracy(${ema ? "average.model" : "model"}, test_images, test_labels, options.device)
        print(
            f"epoch {epoch + 1}/{options.epochs}: loss {losses / steps:.4f}, accuracy {right:.4f}",
            flush=True,
        )
    write_safetensors(options.out, ${ema ? "average.model" : "model"}.state_dict())


if __name__ == "__main__":
    main()
`;
}
