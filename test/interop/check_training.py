"""Runs train.py of exported folders (a JSON list on standard input) on given batches and writes the weights after them.

Each folder has model.py, train.py, weights.safetensors and given.safetensors: images [steps, n, h, w, c], targets [steps, n, classes], rates [steps].
"""

import importlib
import json
import pathlib
import sys
import warnings

import torch

warnings.simplefilter("ignore")
torch.set_num_threads(1)


def modules(folder):
    """model.py and train.py of the folder, under their own names, as a user's Python imports them."""
    sys.path.insert(0, str(folder))
    for name in ("model", "train"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    found = importlib.import_module("model"), importlib.import_module("train")
    sys.path.pop(0)
    return found


def check(job):
    folder = pathlib.Path(job["dir"])
    model_file, train = modules(folder)
    given = model_file.read_safetensors(folder / "given.safetensors")
    model = model_file.load()
    if hasattr(train, "bias_statistics"):
        train.bias_statistics(model)
    optimizer = train.make_optimizer(model)
    average = train.Average(model) if hasattr(train, "Average") else None
    losses = []
    for step, rate in enumerate(given["rates"].tolist()):
        images, targets = given["images"][step].permute(0, 3, 1, 2), given["targets"][step]
        losses.append(train.train_step(model, optimizer, images, targets, rate, largest=job["largest"]))
        if average is not None:
            average.update(model, step)
    train.write_safetensors(folder / "after.safetensors", model.state_dict())
    if average is not None:
        train.write_safetensors(folder / "average.safetensors", average.model.state_dict())
    rates = [train.learning_rate(step, job["stepsPerEpoch"], job["epochs"]) for step in range(job["stepsPerEpoch"] * job["epochs"])]
    fresh = getattr(model_file, type(model).__name__)()
    train.initialize(fresh)
    return {
        "losses": losses,
        "rates": rates,
        "augmented": augmented(train, given["images"][0].permute(0, 3, 1, 2)),
        "mixed": mixed(train, given["images"][0], given["targets"][0]),
        "zeroGammas": sorted(name for name, w in fresh.named_parameters() if name.endswith("weight") and not w.any()),
        "deviations": [
            [w.std().item(), (2 / w[0].numel()) ** 0.5] for w in fresh.parameters() if w.dim() > 1 and w.numel() > 200
        ],
    }


def augmented(train, images):
    """Whether each image is the original, moved by so many pixels and perhaps mirrored; how many different ones there were; the share cut out."""
    padding = getattr(train, "CROP_PADDING", 0)
    side = getattr(train, "CUTOUT", 0)
    images = images + 10.0  # no zeros but those of the padding
    height, width = images.shape[2:]
    padded = torch.nn.functional.pad(images, (padding,) * 4)
    variants = [
        crop if not mirror else crop.flip(3)
        for top in range(2 * padding + 1)
        for left in range(2 * padding + 1)
        for mirror in (False, True)
        for crop in (padded[:, :, top : top + height, left : left + width],)
    ]
    seen, fits, cut = set(), True, []
    for _ in range(20):
        result = train.augment(images)
        for i in range(len(images)):
            inside = result[i] != 0
            matches = [v for v, variant in enumerate(variants) if torch.equal(result[i][inside], variant[i][inside])]
            fits = fits and len(matches) > 0
            if matches:
                best = min(matches, key=lambda v: int(((variants[v][i] != 0) & ~inside).sum()))
                seen.add(best)
                cut.append(int(((variants[best][i] != 0) & ~inside).sum()) / images.shape[1])
    return {"fits": fits, "seen": len(seen), "variants": len(variants), "largestCut": max(cut), "side": side}


def mixed(train, images, targets):
    """Whether mixed images and targets are blends of two, by one share; undefined without mixup."""
    if not hasattr(train, "mix"):
        return None
    x, y = train.mix(images, targets)
    return [(x.mean() - images.mean()).abs().item(), (y.sum(1) - 1).abs().max().item(), (x - images).abs().max().item()]


print(json.dumps([check(job) for job in json.load(sys.stdin)]))
