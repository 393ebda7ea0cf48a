"""Trains a network that Cellwright exported as PyTorch code: the folder's model.py with its weights, cross-entropy, SGD with Nesterov momentum.

Reads one JSON line that says what to open, then answers every line: "train" and "evaluate" for at least so many milliseconds, "threads" sets them.
"""
import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

WARM_UP = 3

request = json.loads(sys.stdin.readline())
folder = Path(request["folder"])
threads = request["threads"]
torch.set_num_threads(threads)


def answer(reply):
    print(json.dumps(reply), flush=True)


def load_model():
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load()


memory_format = torch.channels_last if request["layout"] == "channels_last" else torch.contiguous_format
model = load_model().train().to(memory_format=memory_format)
# Kernels decay; biases and batch norm's parameters, which are vectors, do not.
decayed = [p for p in model.parameters() if p.dim() > 1]
kept = [p for p in model.parameters() if p.dim() <= 1]
groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": kept, "weight_decay": 0}]
optimizer = torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True)

shape = [request["batch"], *request["inputShape"]]
pixels = numpy.fromfile(folder / "images.f32", dtype="<f4").reshape(shape)
images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
labels = torch.from_numpy(numpy.fromfile(folder / "labels.u8", dtype="u1").astype("int64"))
run = torch.compile(model) if request.get("compile") else model


def train():
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(run(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def evaluate():
    with torch.inference_mode():
        logits = model(images)
        return F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).sum().item()


def now():
    """Milliseconds on the clock asked for: the wall's, or the process's own time by thread."""
    return 1000 * (time.process_time() / threads if request["clock"] == "cpu" else time.perf_counter())


def timed(milliseconds, work):
    until = time.perf_counter() + milliseconds / 1000
    begun, steps = now(), 0
    while True:
        work()
        steps += 1
        if time.perf_counter() >= until:
            return {"steps": steps, "ms": now() - begun}


seen = {threads}
begun = time.perf_counter()
losses = [train()]
first_ms = 1000 * (time.perf_counter() - begun)
losses += [train() for _ in range(WARM_UP - 1)]
answer({"target": "PyTorch " + torch.__version__, "losses": losses, "firstMs": first_ms})
for line in sys.stdin:
    message = json.loads(line)
    if message["do"] == "threads":
        threads = message["threads"]
        torch.set_num_threads(threads)
        if threads not in seen:
            # Kernels are prepared for a number of threads the first time.
            seen.add(threads)
            train()
        answer({})
    elif message["do"] == "train":
        answer(timed(message["ms"], train))
    else:
        model.eval()
        evaluate()
        reply = timed(message["ms"], evaluate)
        model.train()
        answer(reply)
