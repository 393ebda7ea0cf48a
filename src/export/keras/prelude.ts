/**
 * @file The parts of model.py that are the same for every network: the operations that Keras has in another form or not at all. Only what a
 * network uses is written out.
 */

// Without a build() of its own Keras would trace every part by itself to make its weights, and parts of parts again: minutes for a NASNet.
const PART = `class Part(layers.Layer):
    """A layer made of layers, which make their weights when they are first called."""

    def build(self, input_shape):
        pass
`;

const PAD = `def pad(x, sides, value=0.0):
    """Pads images by one number of rows and columns, or by (top, bottom, left, right)."""
    top, bottom, left, right = (sides,) * 4 if isinstance(sides, int) else sides
    return ops.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)
`;

const THINNED = `def thinned(x, step):
    """Takes every step-th row and column."""
    rows, columns = (step, step) if isinstance(step, int) else step
    return x[:, ::rows, ::columns]
`;

const PADDED = `class Padded(Part):
    """A layer on padded images; with a step, on every step-th row and column of them.

    So a dilated convolution has a stride, which Keras does not allow together: where the stride
    divides the dilation, the rows between are never read.
    """

    def __init__(self, layer, padding, step=1, value=0.0):
        super().__init__()
        self.layer, self.padding, self.step, self.value = layer, padding, step, value

    def call(self, x):
        x = pad(x, self.padding, self.value)
        return self.layer(x if self.step == 1 else thinned(x, self.step))
`;

const STRIDED = `class Strided(Part):
    """Every n-th row and column of what a layer gives: a stride where Keras allows none."""

    def __init__(self, layer, strides):
        super().__init__()
        self.layer, self.strides = layer, strides

    def call(self, x):
        return thinned(self.layer(x), self.strides)
`;

const PADDED_AVERAGE_POOLING = `class PaddedAveragePooling(Part):
    """Mean of each window; padding is not counted."""

    def __init__(self, pool_size, strides, padding):
        super().__init__()
        self.pool_size, self.strides, self.padding = pool_size, strides, padding

    def call(self, x):
        mean = ops.average_pool(pad(x, self.padding), self.pool_size, self.strides)
        inside = pad(ops.ones_like(x[:1, :, :, :1]), self.padding)
        return mean / ops.average_pool(inside, self.pool_size, self.strides)
`;

const ADAPTIVE_POOL = `def bins(side, count):
    """(first, end) of each of \`count\` bins, which overlap where the side does not divide."""
    return [(i * side // count, -(-(i + 1) * side // count)) for i in range(count)]


def adaptive_pool(x, rows, columns, function):
    """Mean or maximum of each of rows x columns bins, whatever the size of the image."""
    height, width = x.shape[1:3]
    parts = [function(x[:, a:b], axis=1, keepdims=True) for a, b in bins(height, rows)]
    x = ops.concatenate(parts, axis=1)
    parts = [function(x[:, :, a:b], axis=2, keepdims=True) for a, b in bins(width, columns)]
    return ops.concatenate(parts, axis=2)
`;

const LOCAL_RESPONSE_NORM = `def local_response_norm(x, size, alpha, beta, k):
    """Divides by what neighbouring channels hold (AlexNet); alpha is shared among them."""
    channels = x.shape[-1]
    before = size // 2
    squares = ops.pad(ops.square(x), ((0, 0), (0, 0), (0, 0), (before, size - 1 - before)))
    total = sum(squares[..., i : i + channels] for i in range(size))
    return x / ops.power(k + alpha / size * total, beta)
`;

const CHANNEL_SHUFFLE = `def channel_shuffle(x, groups):
    """Mixes the groups of a grouped convolution: channels as a table of groups, read column by column."""
    height, width, channels = x.shape[1:]
    x = ops.reshape(x, (-1, height, width, groups, channels // groups))
    return ops.reshape(ops.transpose(x, (0, 1, 2, 4, 3)), (-1, height, width, channels))
`;

const DROP_PATH = `class Rate:
    """A number that a compiled training step reads anew; no layer's own, so it is no weight."""

    def __init__(self):
        self.value = keras.Variable(0.0, trainable=False)


class DropPath(Part):
    """Drops the path of whole examples in training, the more the deeper (NASNet).

    The rate is 0 until set_drop_path sets it; the paper raises it linearly over the training.
    """

    def __init__(self, depth_fraction):
        super().__init__()
        self.depth_fraction = depth_fraction
        self.rate = Rate()
        self.seed = keras.random.SeedGenerator()

    def call(self, x, training=False):
        if not training:
            return x
        keep = 1.0 - self.depth_fraction * ops.cast(self.rate.value, x.dtype)
        shape = (ops.shape(x)[0],) + (1,) * (len(x.shape) - 1)
        kept = keras.random.uniform(shape, dtype=x.dtype, seed=self.seed) < keep
        return x * ops.cast(kept, x.dtype) / keep
`;

/** Names that model.py may have from its imports and helpers, as classes have them. */
export const preludeNames = ["Part", "Padded", "Strided", "PaddedAveragePooling", "Rate", "DropPath", "Path"] as const;

/** Returns the helpers that a text of class definitions uses. */
export function preludeFor(classes: string): string {
  const uses = (name: string): boolean => new RegExp(`(?<![\\w.])${name}\\(`).test(classes);
  const parts: string[] = [];
  if (
    classes.includes("(Part):") ||
    uses("Padded") ||
    uses("PaddedAveragePooling") ||
    uses("Strided") ||
    uses("DropPath")
  )
    parts.push(PART);
  const pads = uses("Padded");
  const averages = uses("PaddedAveragePooling");
  const strides = uses("Strided");
  if (pads || averages || uses("pad")) parts.push(PAD);
  if (pads || strides) parts.push(THINNED);
  if (pads) parts.push(PADDED);
  if (strides) parts.push(STRIDED);
  if (averages) parts.push(PADDED_AVERAGE_POOLING);
  if (uses("adaptive_pool")) parts.push(ADAPTIVE_POOL);
  if (uses("local_response_norm")) parts.push(LOCAL_RESPONSE_NORM);
  if (uses("channel_shuffle")) parts.push(CHANNEL_SHUFFLE);
  if (uses("DropPath")) parts.push(DROP_PATH);
  return parts.join("\n\n");
}
