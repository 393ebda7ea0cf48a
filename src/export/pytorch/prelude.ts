/**
 * @file The parts of model.py that are the same for every network: the operations that torch has in another form, and the reader of
 * the weights file. Only what a network uses is written out.
 */

const IMPORTS = `import json
import struct
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
`;

const SAME = `def same_padding(size, kernel, stride, dilation=1):
    """Rows before and after, as TensorFlow's SAME has them: the odd one goes behind."""
    total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def padding_of(x, padding, kernel, stride, dilation=(1, 1)):
    """(top, bottom, left, right) for "same", "valid", one number or four."""
    if padding == "same":
        rows, columns = (same_padding(*side) for side in zip(x.shape[2:], kernel, stride, dilation))
        return rows + columns
    if padding == "valid":
        padding = 0
    return (padding,) * 4 if isinstance(padding, int) else padding
`;

const POOLS = `def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def fits(kernel, top, bottom, left, right):
    """Whether torch's own pooling can pad so: both sides alike, by at most half the window."""
    return (top, left) == (bottom, right) and 2 * top <= kernel[0] and 2 * left <= kernel[1]
`;

const CONV = `class Conv(nn.Conv2d):
    """Convolution whose padding is computed from the size of its input."""

    def __init__(
        self, channels, filters, kernel, stride=1, dilation=1, groups=1, bias=False, padding="same"
    ):
        super().__init__(channels, filters, kernel, stride, 0, dilation, groups, bias)
        self.sides = padding

    def forward(self, x):
        sides = padding_of(x, self.sides, self.kernel_size, self.stride, self.dilation)
        top, bottom, left, right = sides
        if (top, left) != (bottom, right):
            x = F.pad(x, (left, right, top, bottom))
            top = left = 0
        padding = (top, left)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
`;

const DEPTHWISE = `class DepthwiseConv(Conv):
    """One filter per channel."""

    def __init__(self, channels, kernel, **options):
        super().__init__(channels, channels, kernel, groups=channels, **options)
`;

const MAX_POOL = `class MaxPool(nn.Module):
    """Maximum of each window; padding never wins."""

    def __init__(self, kernel, stride=1, padding="same"):
        super().__init__()
        self.kernel, self.stride, self.sides = pair(kernel), pair(stride), padding

    def forward(self, x):
        top, bottom, left, right = padding_of(x, self.sides, self.kernel, self.stride)
        if fits(self.kernel, top, bottom, left, right):
            return F.max_pool2d(x, self.kernel, self.stride, (top, left))
        x = F.pad(x, (left, right, top, bottom), value=float("-inf"))
        return F.max_pool2d(x, self.kernel, self.stride)
`;

const AVG_POOL = `class AvgPool(nn.Module):
    """Mean of each window; padding is not counted."""

    def __init__(self, kernel, stride=1, padding="same"):
        super().__init__()
        self.kernel, self.stride, self.sides = pair(kernel), pair(stride), padding

    def forward(self, x):
        top, bottom, left, right = padding_of(x, self.sides, self.kernel, self.stride)
        if fits(self.kernel, top, bottom, left, right):
            return F.avg_pool2d(x, self.kernel, self.stride, (top, left), count_include_pad=False)
        inside = F.pad(torch.ones_like(x[:1, :1]), (left, right, top, bottom))
        x = F.pad(x, (left, right, top, bottom))
        total = F.avg_pool2d(x, self.kernel, self.stride, divisor_override=1)
        count = F.avg_pool2d(inside, self.kernel, self.stride, divisor_override=1)
        return total / count.clamp(min=1)
`;

// torch.nn.ChannelShuffle has no derivative before torch 2.
const CHANNEL_SHUFFLE = `class ChannelShuffle(nn.Module):
    """Mixes the groups of a convolution: channels as a table of groups, read by columns."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        n, channels, height, width = x.shape
        x = x.reshape(n, self.groups, channels // self.groups, height, width)
        return x.transpose(1, 2).reshape(n, channels, height, width)
`;

const DROP_PATH = `class DropPath(nn.Module):
    """Drops the path of whole examples in training, the more the deeper (NASNet).

    The rate is 0 until set_drop_path sets it; the paper raises it linearly over the training.
    """

    def __init__(self, depth_fraction):
        super().__init__()
        self.depth_fraction = depth_fraction
        self.rate = 0.0

    def forward(self, x):
        keep = 1.0 - self.rate * self.depth_fraction
        if not self.training or keep == 1.0:
            return x
        shape = (x.shape[0],) + (1,) * (x.dim() - 1)
        return x * (torch.rand(shape, dtype=x.dtype, device=x.device) < keep) / keep
`;

const READER = `def read_safetensors(path):
    """Returns the tensors of a safetensors file (float32), by name."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin)
        tensors[name] = values.reshape(entry["shape"]).clone()
    return tensors
`;

/** Names that model.py may have from its imports and helper classes. */
export const preludeNames = [
  "Conv",
  "DepthwiseConv",
  "MaxPool",
  "AvgPool",
  "ChannelShuffle",
  "DropPath",
  "Path",
  "F",
] as const;

/** Returns the imports and helper classes that a text of class definitions uses. */
export function preludeFor(classes: string): string {
  const uses = (name: string): boolean => new RegExp(`\\b${name}\\(`).test(classes);
  const depthwise = uses("DepthwiseConv");
  const parts = [IMPORTS];
  const pools = uses("MaxPool") || uses("AvgPool");
  if (depthwise || uses("Conv") || pools) parts.push(SAME);
  if (pools) parts.push(POOLS);
  if (depthwise || uses("Conv")) parts.push(CONV);
  if (depthwise) parts.push(DEPTHWISE);
  if (uses("MaxPool")) parts.push(MAX_POOL);
  if (uses("AvgPool")) parts.push(AVG_POOL);
  if (uses("ChannelShuffle")) parts.push(CHANNEL_SHUFFLE);
  if (uses("DropPath")) parts.push(DROP_PATH);
  return parts.join("\n\n");
}

export const readerSource = READER;
