"""PyTorch's counterpart of bench/engine.ts: builds a network from its JSON (a list of nodes) with torch.nn.functional and trains it, eager.

Reads one JSON line (network, shapes of weights, batch, layout, threads), then answers every line "run N" with the milliseconds of each of N steps:
forward, cross-entropy, backward, SGD with Nesterov momentum and weight decay.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

request = json.loads(sys.stdin.readline())
torch.set_num_threads(request["threads"])
torch.manual_seed(0)
channels_last = request["layout"] == "channels_last"
memory_format = torch.channels_last if channels_last else torch.contiguous_format
nodes = request["nodes"]  # in topological order
batch = request["batch"]


def sides(size, kernel, stride, dilation, padding, axis):
    if padding == "valid":
        return 0, 0
    if padding == "same":
        out = -(-size // stride)
        total = max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        return total // 2, total - total // 2
    return (padding["top"], padding["bottom"]) if axis == 0 else (padding["left"], padding["right"])


def window_padding(x, a):
    d = a.get("dilation", [1, 1])
    top, bottom = sides(x.shape[2], a["kernel"][0], a["stride"][0], d[0], a["padding"], 0)
    left, right = sides(x.shape[3], a["kernel"][1], a["stride"][1], d[1], a["padding"], 1)
    return top, bottom, left, right


parameters, weights, state = [], {}, {}


def parameter(name, value, decays):
    p = value.requires_grad_()
    weights[name] = p
    parameters.append({"params": [p], "weight_decay": 5e-4 if decays else 0})


for weight in request["weights"]:
    shape, role, name = weight["shape"], weight["role"], weight["name"]
    op = weight["op"]
    if role == "kernel":
        if op == "conv":
            kh, kw, ci, co = shape
            value = (torch.randn(co, ci, kh, kw) * (2 / (kh * kw * ci)) ** 0.5).to(memory_format=memory_format)
        elif op == "depthwiseConv":
            kh, kw, c = shape
            value = (torch.randn(c, 1, kh, kw) * (2 / (kh * kw)) ** 0.5).to(memory_format=memory_format)
        else:
            value = torch.randn(shape[1], shape[0]) * (1 / shape[0]) ** 0.5
        parameter(name, value, True)
    elif role in ("gamma", "beta", "bias"):
        parameter(name, torch.ones(shape) if role == "gamma" else torch.zeros(shape), False)
    else:
        state[name] = torch.ones(shape) if role == "movingVariance" else torch.zeros(shape)


def conv(x, a, w, b, groups):
    top, bottom, left, right = window_padding(x, a)
    if top != bottom or left != right:
        x = F.pad(x, (left, right, top, bottom))
        top = left = 0
    return F.conv2d(x, w, b, a["stride"], (top, left), a["dilation"], groups)


def pool(x, a, op):
    if a["kernel"] == [1, 1]:
        return x[:, :, :: a["stride"][0], :: a["stride"][1]]
    top, bottom, left, right = window_padding(x, a)
    ceil = top != bottom or left != right
    if op == "maxPool":
        return F.max_pool2d(x, a["kernel"], a["stride"], (top, left), ceil_mode=ceil)
    return F.avg_pool2d(x, a["kernel"], a["stride"], (top, left), ceil_mode=ceil, count_include_pad=False)


def run(node, x):
    op, a, id = node["op"], node["attributes"], node["id"]
    if op == "conv":
        return conv(x[0], a, weights[id + "/kernel"], weights.get(id + "/bias"), a["groups"])
    if op == "depthwiseConv":
        return conv(x[0], a, weights[id + "/kernel"], weights.get(id + "/bias"), x[0].shape[1])
    if op == "batchNorm":
        mean, variance = state[id + "/movingMean"], state[id + "/movingVariance"]
        return F.batch_norm(x[0], mean, variance, weights[id + "/gamma"], weights[id + "/beta"], True, 1 - a["momentum"], a["epsilon"])
    if op == "activation":
        return F.relu(x[0])
    if op in ("maxPool", "avgPool"):
        return pool(x[0], a, op)
    if op == "globalAvgPool":
        return x[0].mean((2, 3))
    if op == "dense":
        return F.linear(x[0], weights[id + "/kernel"], weights.get(id + "/bias"))
    if op == "add":
        return sum(x[1:], x[0])
    if op == "concat":
        return torch.cat(x, 1)
    if op == "pad":
        return F.pad(x[0], (a["left"], a["right"], a["top"], a["bottom"]))
    if op == "slice":
        return x[0][:, :, a["top"] : a["top"] + a["height"], a["left"] : a["left"] + a["width"]]
    if op in ("dropPath", "dropout"):
        return x[0]
    raise SystemExit(f"{id}: no counterpart of {op}")


def forward(images):
    values = {}
    for node in nodes:
        values[node["id"]] = images if node["op"] == "input" else run(node, [values[i] for i in node["inputs"]])
    return values[request["logits"]]


h, w, c = request["inputShape"]
images = torch.randn(batch, c, h, w).to(memory_format=memory_format)
labels = torch.randint(0, request["classes"], (batch,))
optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9, nesterov=True)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(forward(images), labels)
    loss.backward()
    optimizer.step()
    return loss


step()
print(json.dumps({"ready": True, "version": torch.__version__}), flush=True)
clock = time.process_time if request["clock"] == "cpu" else time.perf_counter
for line in sys.stdin:
    times = []
    for _ in range(int(line.split()[1])):
        begin = clock()
        step()
        times.append(1000 * (clock() - begin))
    print(json.dumps({"ms": times}), flush=True)
