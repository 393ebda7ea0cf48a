"""Loads exported models (folders named in a JSON list on standard input) and says how far their logits are from the given ones."""

import importlib.util
import json
import pathlib
import sys
import warnings

import torch

warnings.simplefilter("ignore")
torch.set_num_threads(2)


def check(folder):
    folder = pathlib.Path(folder)
    spec = importlib.util.spec_from_file_location(folder.name.replace("-", "_"), folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    given = module.read_safetensors(folder / "given.safetensors")
    model = module.load()
    images = given["images"]
    if images.dim() == 4:
        images = images.permute(0, 3, 1, 2)
    with torch.no_grad():
        logits = model(images)
    answer = {
        "shape": list(logits.shape),
        "difference": (logits - given["logits"]).abs().max().item(),
        "size": given["logits"].abs().max().item(),
        "spread": logits.std(dim=0).max().item(),
        "params": sum(parameter.numel() for parameter in model.parameters()),
        "total": sum(tensor.numel() for name, tensor in model.state_dict().items() if not name.endswith("num_batches_tracked")),
    }
    if "reference" in given:
        double = module.load().double()
        with torch.no_grad():
            answer["double"] = (double(images.double()) - given["reference"].double()).abs().max().item()
    if "bytes" in given:
        normalized = module.normalize(given["bytes"].to(torch.uint8))
        answer["normalize"] = (normalized - images).abs().max().item()
    model.train()
    if hasattr(model, "set_drop_path"):
        model.set_drop_path(0.3)
    trained = model(images[:2])
    answer["outputs"] = len(trained) if isinstance(trained, tuple) else 1
    total = sum(output.sum() for output in (trained if isinstance(trained, tuple) else [trained]))
    # A network may have no weights, or none that its output depends on.
    if total.requires_grad:
        total.backward()
    answer["without_gradient"] = [name for name, p in model.named_parameters() if p.grad is None]
    return answer


print(json.dumps([check(folder) for folder in json.load(sys.stdin)]))
