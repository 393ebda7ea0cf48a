"""Runs networks in PyTorch, double precision, for the tests of the engines. Works with torch 1.13 and later.

Reads JSON from standard input: {"cases": [{network, order, weights, trainable, kernels, options, steps, ...}]}; numbers travel as base64 of
little-endian doubles. Prints for each case the loss, logits and gradients of the first step, the losses of all steps, the weights after them,
and the logits of inference. Masks of dropout and drop path are given: the generator is ours, the arithmetic is what is compared.
"""
import base64
import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F


def decode(text):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype="<f8").copy())


def encode(tensor):
    return base64.b64encode(tensor.detach().contiguous().numpy().astype("<f8").tobytes()).decode("ascii")


def pads(size, kernel, stride, dilation, padding, names):
    reach = (kernel - 1) * dilation + 1
    if padding == "valid":
        return 0, 0
    if padding == "same":
        total = max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
        return total // 2, total - total // 2
    return padding[names[0]], padding[names[1]]


def padded(x, attributes, value):
    kernel, stride = attributes["kernel"], attributes["stride"]
    dilation = attributes.get("dilation", [1, 1])
    top, bottom = pads(x.shape[2], kernel[0], stride[0], dilation[0], attributes["padding"], ("top", "bottom"))
    left, right = pads(x.shape[3], kernel[1], stride[1], dilation[1], attributes["padding"], ("left", "right"))
    return F.pad(x, (left, right, top, bottom), value=value)


# F.hardsigmoid and F.hardswish multiply their gradients by a sixth in single precision, whatever the tensor's.
ACTIVATIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "swish": F.silu,
    "hswish": lambda x: x * F.relu6(x + 3.0) / 6.0,
    "sigmoid": torch.sigmoid,
    "hsigmoid": lambda x: F.relu6(x + 3.0) / 6.0,
    "tanh": torch.tanh,
}


def run_node(node, inputs, weight, mode):
    """Images are NCHW in here, vectors NC."""
    op, a = node["op"], node["attributes"]
    x = inputs[0]
    if op == "conv":
        kernel = weight("kernel").permute(3, 2, 0, 1).contiguous()
        bias = weight("bias") if a["bias"] else None
        return F.conv2d(padded(x, a, 0.0), kernel, bias, a["stride"], 0, a["dilation"], a["groups"])
    if op == "depthwiseConv":
        kernel = weight("kernel").permute(2, 0, 1).unsqueeze(1).contiguous()
        bias = weight("bias") if a["bias"] else None
        return F.conv2d(padded(x, a, 0.0), kernel, bias, a["stride"], 0, a["dilation"], x.shape[1])
    if op == "batchNorm":
        axes = (0, 2, 3) if x.dim() == 4 else (0,)
        gamma, beta = weight("gamma"), weight("beta")
        if mode["training"]:
            with torch.no_grad():
                m = a["momentum"]
                weight("movingMean").mul_(m).add_((1 - m) * x.mean(axes))
                weight("movingVariance").mul_(m).add_((1 - m) * x.var(axes, unbiased=False))
            return F.batch_norm(x, None, None, gamma, beta, True, 0.0, a["epsilon"])
        return F.batch_norm(x, weight("movingMean"), weight("movingVariance"), gamma, beta, False, 0.0, a["epsilon"])
    if op == "localResponseNorm":
        return F.local_response_norm(x, a["size"], a["alpha"], a["beta"], a["k"])
    if op == "channelShuffle":
        n, c, h, w = x.shape
        return x.reshape(n, a["groups"], c // a["groups"], h, w).transpose(1, 2).reshape(n, c, h, w)
    if op == "channelSlice":
        return x[:, a["first"] : a["first"] + a["count"]]
    if op == "activation":
        return ACTIVATIONS[a["fn"]](x)
    if op == "maxPool":
        return F.max_pool2d(padded(x, a, -math.inf), a["kernel"], a["stride"])
    if op == "avgPool":
        share = F.avg_pool2d(padded(torch.ones_like(x), a, 0.0), a["kernel"], a["stride"])
        return F.avg_pool2d(padded(x, a, 0.0), a["kernel"], a["stride"]) / share
    if op == "globalAvgPool":
        return x.mean((2, 3), keepdim=a["keepDims"])
    if op == "adaptiveAvgPool":
        return F.adaptive_avg_pool2d(x, a["size"])
    if op == "adaptiveMaxPool":
        return F.adaptive_max_pool2d(x, a["size"])
    if op == "flatten":
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
    if op == "dense":
        out = x @ weight("kernel")
        return out + weight("bias") if a["bias"] else out
    if op == "add":
        return sum(inputs[1:], x)
    if op == "multiply":
        y = inputs[1]
        return x * (y[:, :, None, None] if y.dim() < x.dim() else y)
    if op == "concat":
        return torch.cat(inputs, 1)
    if op in ("dropout", "dropPath"):
        mask = mode["masks"].get(node["id"])
        if not mode["training"] or mask is None:
            return x
        mask = decode(mask)
        if op == "dropPath":
            return x * mask.reshape(-1, *([1] * (x.dim() - 1)))
        if x.dim() == 4:
            return x * mask.reshape(x.shape[0], x.shape[2], x.shape[3], x.shape[1]).permute(0, 3, 1, 2)
        return x * mask.reshape(x.shape)
    if op == "zero":
        return x * 0.0 if x.dim() == 2 else x[:, :, :: a["stride"], :: a["stride"]] * 0.0
    if op == "slice":
        return x[:, :, a["top"] : a["top"] + a["height"], a["left"] : a["left"] + a["width"]]
    if op == "pad":
        return F.pad(x, (a["left"], a["right"], a["top"], a["bottom"]))
    raise ValueError("no such operation: " + op)


def forward(case, weights, images, mode):
    outputs = case["outputs"]
    values = {}
    for node in case["nodes"]:
        if node["op"] == "input":
            values[node["id"]] = images.permute(0, 3, 1, 2) if images.dim() == 4 else images
            continue
        inputs = [values[name] for name in node["inputs"]]
        values[node["id"]] = run_node(node, inputs, lambda role: weights[node["id"] + "/" + role], mode)
    auxiliary = values[outputs["auxiliary"]] if mode["training"] and "auxiliary" in outputs else None
    return values[outputs["logits"]], auxiliary


def run_case(case):
    weights, groups = {}, {"kernel": [], "other": []}
    for spec in case["weights"]:
        tensor = decode(spec["values"]).reshape(spec["shape"])
        if spec["trainable"]:
            tensor.requires_grad_(True)
            groups["kernel" if spec["role"] == "kernel" else "other"].append(tensor)
        weights[spec["name"]] = tensor
    options = case["options"]
    trainable = groups["kernel"] + groups["other"]
    decay = options["weightDecay"]
    parameters = [{"params": groups["kernel"], "weight_decay": decay}, {"params": groups["other"], "weight_decay": 0.0}]
    optimizer = optimizer_of(options, [group for group in parameters if group["params"]])
    result = {"losses": [], "correct": []}
    for number, step in enumerate(case["steps"]):
        images = decode(step["images"]).reshape(step["shape"]).requires_grad_(True)
        labels = torch.tensor(step["labels"], dtype=torch.int64)
        targets = labels if step["targets"] is None else decode(step["targets"]).reshape(len(labels), -1)
        logits, auxiliary = forward(case, weights, images, {"training": True, "masks": step["masks"]})
        loss = F.cross_entropy(logits, targets, label_smoothing=options["labelSmoothing"])
        if auxiliary is not None:
            extra = F.cross_entropy(auxiliary, targets, label_smoothing=options["labelSmoothing"])
            loss = loss + options["auxiliaryWeight"] * extra
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        result["losses"].append(loss.item())
        result["correct"].append(int((logits.argmax(1) == labels).sum()))
        if number == 0:
            result["logits"] = encode(logits)
            result["imageGradient"] = encode(torch.zeros_like(images) if images.grad is None else images.grad)
            result["gradients"] = {
                name: encode(torch.zeros_like(w) if w.grad is None else w.grad)
                for name, w in weights.items()
                if w.requires_grad
            }
        if options.get("clipNorm") is not None:
            torch.nn.utils.clip_grad_norm_(trainable, options["clipNorm"])
        for group in optimizer.param_groups:
            group["lr"] = step["learningRate"]
        optimizer.step()
    result["weights"] = {name: encode(w) for name, w in weights.items()}
    with torch.no_grad():
        images = decode(case["steps"][0]["images"]).reshape(case["steps"][0]["shape"])
        logits, _ = forward(case, weights, images, {"training": False, "masks": {}})
        result["inference"] = encode(logits)
    return result


def optimizer_of(options, parameters):
    """PyTorch's own optimizer; the learning rate is set step by step."""
    if options["kind"] == "adamw":
        betas = (options["beta1"], options["beta2"])
        return torch.optim.AdamW(parameters, lr=1.0, betas=betas, eps=options["epsilon"])
    return torch.optim.SGD(parameters, lr=1.0, momentum=options["momentum"], nesterov=options["nesterov"])


def main():
    torch.set_num_threads(1)
    request = json.load(sys.stdin)
    json.dump({"torch": torch.__version__, "cases": [run_case(case) for case in request["cases"]]}, sys.stdout)


main()
