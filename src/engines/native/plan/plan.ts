/**
 * @file The plan: what the native engine is going to do for one network at one batch size, as data. It can be printed, counted, saved and
 * tested without running anything. C++ (native/) executes it and knows no graph.
 *
 * A tensor is a list of planes of one vector width of channels, each `[image][pixel][width]`. So a concat is a list, and nothing moves.
 * Batch norm's output is never stored: whoever reads a plane applies scale and shift (and an activation), whoever writes it makes the
 * sums, and backward reads `dz = a * dy + b * z + c`. Operations run image by image within a phase; a phase ends where a batch norm has
 * to have seen the whole batch. Memory is one arena, laid out by lifetime.
 */

/** Kinds of operations. The numbers are those of native/src/program.h. */
export const opKindCodes = {
  input: 1,
  conv: 2,
  convBackward: 3,
  head: 4,
  headBackward: 5,
  depthwise: 6,
  depthwiseBackward: 7,
  maxPool: 8,
  maxPoolBackward: 9,
  avgPool: 10,
  avgPoolBackward: 11,
  map: 12,
  mapBackward: 13,
  multiply: 14,
  multiplyBackward: 15,
  globalPool: 16,
  globalPoolBackward: 17,
  repack: 18,
  repackBackward: 19,
  normForward: 20,
  normReduce: 21,
  normBackward: 22,
  normInference: 23,
  zero: 24,
  loss: 25,
  separable: 26,
  separableBackward: 27,
  normSums: 28,
  adaptiveMaxPool: 29,
  adaptiveMaxPoolBackward: 30,
  adaptiveAvgPool: 31,
  adaptiveAvgPoolBackward: 32,
  response: 33,
  responseBackward: 34,
  shuffle: 35,
  shuffleBackward: 36,
} as const;

export type PlanOpKind = keyof typeof opKindCodes;

/** Where a window reads: output row y under kernel row k reads input row y * strideH + k * dilationH - top. Rows outside are zero. */
export interface Geometry {
  readonly inH: number;
  readonly inW: number;
  readonly outH: number;
  readonly outW: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly top: number;
  readonly left: number;
}

/** Room in the arena. */
export interface PlanBuffer {
  readonly label: string;
  /** Floats of one image. */
  readonly imageFloats: number;
  /** Whether every image has its own room; otherwise all use one image's room in turn, within one phase. */
  readonly perImage: boolean;
  /** Floats from the start of the arena. */
  readonly offset: number;
  /** Times of the first and the last operation that touches it. */
  readonly first: number;
  readonly last: number;
}

/** One vector width of channels of a tensor. */
export interface PlanPlane {
  readonly buffer: number;
  /** Undefined where no gradient is taken. */
  readonly gradient: number | undefined;
  /** Row of masks that scales the gradient, image by image: the gradient is an add's, shared through a drop path. */
  readonly gradientMask: number | undefined;
  /** The batch norm that follows, and where in its channels this plane begins. */
  readonly norm: number | undefined;
  readonly normOffset: number;
  /** Channels in use, 1 to the vector width. */
  readonly lanes: number;
  readonly pixels: number;
}

export interface PlanUse {
  readonly plane: number;
  /** Adds instead of overwriting. */
  readonly accumulate: boolean;
  /** Also makes batch norm's backward sums: the last writer of the plane's gradient. */
  readonly sums: boolean;
}

export interface PlanOp {
  readonly kind: PlanOpKind;
  /** Node of the network that it belongs to. */
  readonly node: string;
  /** 2 * phase where it runs image by image; 2 * phase + 1 where it runs once, after all images of the phase. */
  readonly time: number;
  readonly inputs: readonly PlanUse[];
  readonly outputs: readonly PlanUse[];
  readonly geometry: Geometry;
  /** Applied to what is read; 0 for none. */
  readonly activation: number;
  /** Row of masks that scales what is written. */
  readonly mask: number | undefined;
  /** Floats from the start of the parameters. */
  readonly weights: number | undefined;
  readonly depthwiseWeights: number | undefined;
  readonly bias: number | undefined;
  readonly norm: number | undefined;
  /** Floats from the start of the scratch area. */
  readonly scratch: readonly (number | undefined)[];
  readonly numbers: readonly number[];
  readonly extra: readonly number[];
  /** Per image: floating-point operations (a multiply-add is two), bytes read and written in the arena. */
  readonly flops: number;
  readonly bytes: number;
}

/** A convolution's weights between some planes in and some planes out. */
export interface MatrixPart {
  /** Channels in use of every input and output plane. */
  readonly inLanes: readonly number[];
  readonly outLanes: readonly number[];
  readonly groups: number;
}

/** Where a weight's values are in the packed parameters. Unused lanes hold zero. */
export type WeightLayout =
  | ({ readonly kind: "matrix"; readonly taps: number } & MatrixPart)
  /** Matrices one behind the other, each of the next groups. */
  | { readonly kind: "parts"; readonly taps: number; readonly parts: readonly MatrixPart[] }
  | { readonly kind: "depthwise"; readonly taps: number; readonly lanes: readonly number[] }
  | { readonly kind: "channels"; readonly lanes: readonly number[] };

export interface PackedWeight {
  readonly name: string;
  /** Floats from the start of the parameters. */
  readonly offset: number;
  readonly length: number;
  readonly layout: WeightLayout;
  readonly trainable: boolean;
  /** Whether weight decay applies. */
  readonly decays: boolean;
}

/** Packed parameters, shared by the training and the evaluation plan of a session. */
export interface ParameterLayout {
  readonly weights: ReadonlyMap<string, PackedWeight>;
  readonly floats: number;
}

export interface PlanNorm {
  readonly node: string;
  /** Padded: the number of planes times the vector width. */
  readonly channels: number;
  readonly pixels: number;
  readonly gamma: number;
  readonly beta: number;
  readonly movingMean: number;
  readonly movingVariance: number;
  /** Floats from the start of the statistics: eight rows of `channels`. */
  readonly statistics: number;
  /** Doubles from the start of the sums: four rows of `channels`. */
  readonly sums: number;
  readonly epsilon: number;
  readonly momentum: number;
}

/** A factor by image, made before every step. */
export interface PlanMask {
  readonly node: string;
  readonly depthFraction: number;
}

/** Factors by element, made before every step: dropout. */
export interface PlanUpload {
  readonly node: string;
  readonly rate: number;
  readonly planes: readonly number[];
}

export interface Plan {
  readonly network: string;
  readonly training: boolean;
  /** Floats in one plane's pixel: 4, 8 or 16. */
  readonly vectorWidth: number;
  readonly batchSize: number;
  readonly classes: number;
  /** Floats of one image given. */
  readonly imageFloats: number;
  readonly buffers: readonly PlanBuffer[];
  readonly planes: readonly PlanPlane[];
  readonly norms: readonly PlanNorm[];
  readonly masks: readonly PlanMask[];
  readonly uploads: readonly PlanUpload[];
  /** In the order of execution within a phase. */
  readonly ops: readonly PlanOp[];
  readonly phases: number;
  /** Parts of the batch that have gradients and sums of their own, added up in order: as many threads as that can work, always to the same bits. */
  readonly shares: number;
  readonly logits: readonly number[];
  readonly parameters: ParameterLayout;
  readonly arenaFloats: number;
  readonly scratchFloats: number;
  readonly statisticsFloats: number;
  readonly sumsDoubles: number;
}
