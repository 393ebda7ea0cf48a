/** @file What train.py does to images before it trains on them. */
import { AUTO_AUGMENT } from "./auto-augment.ts";
import type { TrainingNumbers } from "./training.ts";

/** Returns `augment`, with what it calls. `isNormalized` is whether model.py has MEAN and STD. */
export function augmentSource(recipe: TrainingNumbers, isNormalized: boolean): string {
  const parts = recipe.autoAugment ? [bytesSource(isNormalized), AUTO_AUGMENT] : [];
  return [...parts, augmentFunction(recipe)].join("\n\n");
}

function augmentFunction(recipe: TrainingNumbers): string {
  const { cropPadding, flip, autoAugment, cutout } = recipe;
  const lines = ["def augment(images):", `    """${augmentText(recipe)}"""`];
  if (cropPadding === 0 && !flip && !autoAugment && cutout === 0) return [...lines, "    return images", ""].join("\n");
  if (cropPadding > 0 || flip || cutout > 0) lines.push("    n, channels, height, width = images.shape");
  if (cropPadding > 0 || flip) {
    lines.push(
      "    rows = torch.arange(height).expand(n, height)",
      "    columns = torch.arange(width).expand(n, width)",
    );
    if (flip) lines.push("    columns = torch.where(torch.rand(n, 1) < 0.5, columns.flip(1), columns)");
    if (cropPadding > 0)
      lines.push(
        "    rows = rows + torch.randint(0, 2 * CROP_PADDING + 1, (n, 1))",
        "    columns = columns + torch.randint(0, 2 * CROP_PADDING + 1, (n, 1))",
        "    images = F.pad(images, (CROP_PADDING,) * 4)  # 0 is the mean colour",
      );
    lines.push(
      "    image = torch.arange(n)[:, None, None, None]",
      "    channel = torch.arange(channels)[:, None, None]",
      "    images = images[image, channel, rows[:, None, :, None], columns[:, None, None, :]]",
    );
  }
  if (autoAugment) lines.push("    images = normalize(auto_augment(to_bytes(images)).permute(0, 2, 3, 1))");
  if (cutout > 0)
    lines.push(
      "    top = torch.randint(0, height, (n, 1)) - CUTOUT // 2",
      "    left = torch.randint(0, width, (n, 1)) - CUTOUT // 2",
      "    rows, columns = torch.arange(height), torch.arange(width)",
      "    in_rows = (rows >= top) & (rows < top + CUTOUT)",
      "    in_columns = (columns >= left) & (columns < left + CUTOUT)",
      "    images = images * ~(in_rows[:, None, :, None] & in_columns[:, None, None, :])",
    );
  return [...lines, "    return images", ""].join("\n");
}

function augmentText({ cropPadding, flip, autoAugment, cutout }: TrainingNumbers): string {
  const parts = [
    ...(flip ? ["mirrored by chance"] : []),
    ...(cropPadding > 0 ? ["moved by some pixels"] : []),
    ...(autoAugment ? ["changed by AutoAugment"] : []),
    ...(cutout > 0 ? ["a square cut out of each"] : []),
  ];
  return parts.length === 0 ? "Images as they are." : `Images ${parts.join(", ")}.`;
}

/** `mix`, of a batch. */
export const MIXUP = `def mix(images, targets):
    """Blends each image and its target with another of the batch (mixup, arXiv 1710.09412)."""
    share = torch.distributions.Beta(MIXUP, MIXUP).sample().item()
    partners = torch.randperm(len(images))
    blend = lambda x: share * x + (1 - share) * x[partners]
    return blend(images), blend(targets)
`;

/** Returns what AutoAugment needs of the network's normalisation: the bytes of the mean colour, and those of normalised images. */
function bytesSource(isNormalized: boolean): string {
  const fill = isNormalized ? "[round(255 * mean) for mean in MEAN]" : "[0, 0, 0]";
  const scaled = isNormalized
    ? `    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    return ((images * std + mean) * 255).round().byte()
`
    : "    return (images * 255).round().byte()\n";
  return `# What is moved in from outside: the mean colour, in bytes.
FILL = torch.tensor(${fill}, dtype=torch.uint8)[:, None, None]


def to_bytes(images):
    """Undoes normalize(), but for the order of the axes."""
${scaled}`;
}
