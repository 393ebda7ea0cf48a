"""Runs the AutoAugment of train.py (its folder and named pictures on standard input, as JSON) and writes hashes of what becomes of them.

Magnitudes are those of the fixture, negative for an operation's other direction.
"""

import hashlib
import json
import sys

import torch

torch.set_num_threads(1)
job = json.load(sys.stdin)
sys.path.insert(0, job["dir"])
import model
import train


def digest(image):
    return hashlib.sha256(bytes(image.permute(1, 2, 0).flatten().tolist())).hexdigest()[:12]


def after(seed, function, images):
    torch.manual_seed(seed)
    return function(images)


results = {}
for key, values in job["pictures"].items():
    picture = torch.tensor(values, dtype=torch.uint8).reshape(32, 32, 3).permute(2, 0, 1)
    results[key] = {
        name: {m: digest(operation(picture, int(m) / 9)) for m in job["magnitudes"][name]}
        for name, operation in train.OPERATIONS.items()
    }

pictures = torch.stack([torch.tensor(v, dtype=torch.uint8).reshape(32, 32, 3) for v in job["pictures"].values()])
images = pictures.permute(0, 3, 1, 2)
many = images.repeat(100, 1, 1, 1)
changed = after(0, train.auto_augment, many)
repeated = torch.equal(changed, after(0, train.auto_augment, many))
others = not torch.equal(changed, after(1, train.auto_augment, many))
policy = [list(pair) for pair in train.POLICY]


def whole(*pair):
    """Everything that augment does, with a policy of one pair."""
    train.POLICY[:] = [pair]
    return after(5, train.augment, model.normalize(pictures))


same = whole("Invert", 0.0, 0, "Invert", 0.0, 0)
inverted = whole("Invert", 1.0, 0, "Invert", 0.0, 0)
# The same crops and mirrors, then bytes turned round: padding too, but not the square that is cut out.
cut = (same == 0) & (inverted == 0)
turned = (train.to_bytes(same).int() + train.to_bytes(inverted).int())[~cut]
# Where nothing is changed, what comes in from outside is the bytes nearest to the mean.
outside = (train.to_bytes(same) == train.FILL) & ~cut

print(
    json.dumps(
        {
            "policy": policy,
            "fill": train.FILL.flatten().tolist(),
            "results": results,
            "repeats": repeated,
            "others": others,
            "left": (changed == many).flatten(1).all(1).float().mean().item(),
            "bytes": torch.equal(train.to_bytes(model.normalize(pictures)), images),
            "turned": turned.unique().tolist(),
            "cut": cut.flatten(1).sum(1).tolist(),
            "outside": outside.flatten(1).sum(1).tolist(),
        }
    )
)
