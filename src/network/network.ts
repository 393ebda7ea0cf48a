/**
 * @file The intermediate representation: a directed acyclic graph of primitive operations with attributes, no weights.
 * Everything downstream (sizes, engines, exporters, drawings) reads only this. It is plain JSON.
 *
 * Tensors are NHWC. A shape leaves the batch out: `[h, w, c]` for images, `[c]` for vectors.
 */

/** `[h, w, c]` or `[c]`. */
export type Shape = readonly [number, number, number] | readonly [number];

/** Height and width. */
export type Pair = readonly [number, number];

/**
 * `same` is TensorFlow's: output = ceil(input / stride); the total padding max((output - 1) * stride + dilated kernel - input, 0)
 * is halved, the odd row or column going to the bottom or right. `valid` pads nothing. Explicit padding counts rows and columns.
 */
export type Padding =
  | "same"
  | "valid"
  | { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };

export type ActivationName = "relu" | "relu6" | "swish" | "hswish" | "sigmoid" | "hsigmoid" | "tanh";

/** What each operation is told besides its inputs. Adding an operation starts here; the compiler then lists what is missing. */
export interface OpAttributes {
  /** The image. Every network has exactly one, and it is first in topological order. */
  readonly input: { readonly shape: Shape };
  /** Convolution; grouped if `groups` > 1. Kernel weights `[kh, kw, inChannels / groups, filters]`. Input `[h, w, c]`. */
  readonly conv: {
    readonly filters: number;
    readonly kernel: Pair;
    readonly stride: Pair;
    readonly dilation: Pair;
    readonly padding: Padding;
    readonly groups: number;
    readonly bias: boolean;
  };
  /** Depthwise convolution, channel multiplier 1. Kernel weights `[kh, kw, c]`. */
  readonly depthwiseConv: {
    readonly kernel: Pair;
    readonly stride: Pair;
    readonly dilation: Pair;
    readonly padding: Padding;
    readonly bias: boolean;
  };
  /**
   * Batch normalisation over all axes but the last, with gamma and beta. Training normalises by the batch's mean and biased
   * variance; `moving = momentum * moving + (1 - momentum) * batch` (biased variance too, as TensorFlow does). With `affine` false gamma and beta stay
   * what they are, one and zero, and are no parameters. Default true.
   */
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number; readonly affine?: boolean };
  /**
   * y = x / (k + alpha / size * sum of x^2 over `size` neighbouring channels)^beta; the window holds floor(size / 2) channels before its own, and
   * what lies outside is zero. torch.nn.LocalResponseNorm's definition: AlexNet's (2012, section 3.3) does not divide alpha by the size, so its
   * n = 5, alpha = 1e-4, beta = 0.75, k = 2 are size 5 and alpha 5e-4 here.
   */
  readonly localResponseNorm: {
    readonly size: number;
    readonly alpha: number;
    readonly beta: number;
    readonly k: number;
  };
  /** Channel g * c / groups + j goes to j * groups + g: what a grouped convolution kept apart is mixed (ShuffleNet, section 3.1). */
  readonly channelShuffle: { readonly groups: number };
  /** Takes the channels `[first, first + count)` of every pixel: two of them split an image as ShuffleNetV2's units do. */
  readonly channelSlice: { readonly first: number; readonly count: number };
  /** swish x * sigmoid(x); hsigmoid relu6(x + 3) / 6; hswish x * hsigmoid(x). */
  readonly activation: { readonly fn: ActivationName };
  /** Padding never wins. The gradient goes to the first maximum in row-major order. */
  readonly maxPool: { readonly kernel: Pair; readonly stride: Pair; readonly padding: Padding };
  /** Padding is not counted in the divisor. */
  readonly avgPool: { readonly kernel: Pair; readonly stride: Pair; readonly padding: Padding };
  /** `[h, w, c]` to `[c]`, or to `[1, 1, c]` with `keepDims`. */
  readonly globalAvgPool: { readonly keepDims: boolean };
  /**
   * The mean of each of `size[0] x size[1]` bins, whatever the input's sides: bin i of n over s rows is those from floor(i * s / n) to
   * ceil((i + 1) * s / n) - 1, as torch's AdaptiveAvgPool2d has them.
   */
  readonly adaptiveAvgPool: { readonly size: Pair };
  /** The maximum of each bin. The gradient goes to the first maximum in row-major order. */
  readonly adaptiveMaxPool: { readonly size: Pair };
  /** Row-major `[h, w, c]` to `[h * w * c]`. */
  readonly flatten: Record<string, never>;
  /** Kernel weights `[in, units]`. Input `[c]`. */
  readonly dense: { readonly units: number; readonly bias: boolean };
  /** Sum of two or more tensors of one shape. */
  readonly add: Record<string, never>;
  /** Product of two tensors of one shape, or of `[h, w, c]` with `[1, 1, c]` or `[c]`. */
  readonly multiply: Record<string, never>;
  /** Along the last axis, inputs in order. */
  readonly concat: Record<string, never>;
  /** Drops elements with probability `rate` in training, and divides by 1 - rate. */
  readonly dropout: { readonly rate: number };
  /**
   * Drops the whole example with probability `depthFraction` times the step's `dropPathRate`, and divides the rest by 1 minus that
   * (ScheduledDropPath; NASNet, appendix A.5). `depthFraction` is in [0, 1]: (cell index + 1) / total cells.
   */
  readonly dropPath: { readonly depthFraction: number };
  /** Zeros of the input's shape, each spatial side ceil(side / stride). */
  readonly zero: { readonly stride: number };
  /** Takes `[top, top + height) x [left, left + width)` of every channel. */
  readonly slice: { readonly top: number; readonly left: number; readonly height: number; readonly width: number };
  /** Pads with zeros. */
  readonly pad: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
}

export type OpKind = keyof OpAttributes;

/** One operation. `id` is a path such as `cell3/block1/left/dw`: weights are named by it, exporters make modules and drawings make boxes from it. */
export type NodeOf<K extends OpKind> = {
  readonly id: string;
  readonly op: K;
  /** Ids of the nodes it reads, in order. */
  readonly inputs: readonly string[];
  readonly attributes: OpAttributes[K];
};

export type Node = { [K in OpKind]: NodeOf<K> }[OpKind];

export interface Network {
  readonly name: string;
  /** As written by whoever made it; `topologicalOrder` sorts. */
  readonly nodes: readonly Node[];
  readonly outputs: {
    /** Id of the node that gives the logits, shape `[classes]`. */
    readonly logits: string;
    /** Id of the auxiliary head's logits, used in training only. */
    readonly auxiliary?: string;
  };
}

/** How a weight begins. `he-normal` has standard deviation sqrt(2 / fanIn); `glorot-uniform` is uniform in ±sqrt(6 / (fanIn + fanOut)). */
export type Initializer =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "he-normal"; readonly fanIn: number }
  | { readonly kind: "glorot-uniform"; readonly fanIn: number; readonly fanOut: number };

export type WeightRole = "kernel" | "bias" | "gamma" | "beta" | "movingMean" | "movingVariance";

/** One weight tensor of a network. `name` is `<node id>/<role>`. */
export interface WeightSpec {
  readonly name: string;
  readonly node: string;
  readonly role: WeightRole;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** Moving statistics are not. */
  readonly trainable: boolean;
}

/** Values by weight name, in the row-major order of the spec's shape. */
export type Weights = ReadonlyMap<string, Float32Array>;
