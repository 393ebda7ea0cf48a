// What a planned program looks like once its offsets have become pointers. The planner (src/engines/native/plan) decides everything
// here; C++ only executes it. No graph, no allocation and no exceptions inside a step.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cellwright {

// Batch normalisation of `channels` (padded) channels. Sums are kept in double precision, image by image.
struct BatchNorm {
  int64_t channels;
  int64_t pixels;                                   // per image
  float *gamma, *beta, *movingMean, *movingVariance;  // parameters
  float *gradGamma, *gradBeta;
  float *scale, *shift;                             // y = scale * z + shift
  float *mean, *inverse, *variance;                 // of the batch
  float *a, *b, *c;                                 // dz = a * dy + b * z + c
  double *sum, *square;                             // of (z - movingMean), forward
  double *gradSum, *gradDot;                        // of dy, and of dy * (z - mean)
  double epsilon, momentum;
};

// One vector width of channels of one tensor: [image][pixel][V].
struct Plane {
  float* z;          // values as written: before the affine of a batch norm that follows
  int64_t zn;        // floats from one image to the next; 0 where one image's room is used again and again
  float* g;          // gradient of scale * z + shift, or null
  int64_t gn;
  const float* gradMask;  // factor of the gradient by image (drop path), never null
  const float *scale, *shift;
  const float *a, *b, *c;
  const float* center;    // what forward sums subtract
  const float* mean;
  double *sum, *square, *gradSum, *gradDot;
  int64_t pixels;
  int32_t lanes;     // channels in use; the others hold zero
  bool normalised;   // whether a batch norm follows: then dz needs z
};

// A plane as one operation uses it.
struct Use {
  Plane* plane;
  bool accumulate;   // add to the gradient (or value) instead of overwriting it
  bool sums;         // also make the batch norm's backward sums: this is the last writer of the gradient
};

// Input row of output row y under kernel row k: y * strideH + k * dilationH - top. Rows outside read as zero; `top` may be negative.
struct Geometry {
  int32_t inH, inW, outH, outW, kernelH, kernelW, strideH, strideW, dilationH, dilationW, top, left;
};

enum class Kind : int32_t {
  Input = 1,
  Conv = 2, ConvBackward = 3,
  Head = 4, HeadBackward = 5,
  Depthwise = 6, DepthwiseBackward = 7,
  MaxPool = 8, MaxPoolBackward = 9,
  AvgPool = 10, AvgPoolBackward = 11,
  Map = 12, MapBackward = 13,
  Multiply = 14, MultiplyBackward = 15,
  GlobalPool = 16, GlobalPoolBackward = 17,
  Repack = 18, RepackBackward = 19,
  NormForward = 20, NormReduce = 21, NormBackward = 22, NormInference = 23,
  Zero = 24, Loss = 25,
  Separable = 26, SeparableBackward = 27,
  NormSums = 28,
  AdaptiveMaxPool = 29, AdaptiveMaxPoolBackward = 30,
  AdaptiveAvgPool = 31, AdaptiveAvgPoolBackward = 32,
  Response = 33, ResponseBackward = 34,
  Shuffle = 35, ShuffleBackward = 36,
  Last = 36,
};

// Activation of what is read. 0 and 1 have fast paths everywhere.
enum Activation : int32_t { None = 0, Relu = 1, Relu6 = 2, Swish = 3, HSwish = 4, Sigmoid = 5, HSigmoid = 6, Tanh = 7 };

// What will be read next, fetched into the second-level cache a line at a time from within the kernels' loops: their arithmetic runs at the
// peak in cache, what is left to gain is exposed latency. One queue a program; see Program::run for what goes in.
struct Prefetch {
  const char *at, *end;
  int32_t next, count;
  struct Range { const char *from, *to; } ranges[256];
  // Goes first: the next strip of the operation at work.
  int32_t ownNext, ownCount;
  Range own[256];
};

struct Op {
  Kind kind;
  int32_t time;        // even: by image; odd: once, after all images
  int32_t inputs, outputs, extras;
  Use *in, *out;
  const int64_t* extra;
  Geometry g;
  int32_t activation;
  const float* mask;   // factor of the output by image (drop path), never null
  const float* weights;
  float* gradWeights;
  const float* weights2;   // separable: the depthwise kernel
  float* gradWeights2;
  const float* bias;   // or null
  float* gradBias;
  BatchNorm* norm;     // or null
  float* scratch[6];
  double f[4];
  Prefetch* prefetch;
  bool fetchesOwn;     // fetches its own next strip; then it is not looked ahead to
  const float** pointers;  // room for the kernel's own pointer lists
};

// How a step updates, in the order of its numbers (session.cc).
enum class Rule : int32_t { Sgd = 0, RmsProp = 1, AdamW = 2, Last = 2 };

// Numbers of one update. What a rule does not name it does not read.
struct Update {
  Rule rule;
  double learningRate, weightDecay, clipNorm;  // clipNorm 0: none
  double momentum;                             // AdamW: of the first moment
  bool nesterov;                               // SGD
  double keepSquare;                           // of the mean square (RMSProp), of the second moment (AdamW)
  double epsilon;
  double bias, biasSquare;                     // AdamW: what the moments are divided by
  double averageShare;                         // of the weights in their average; 0 where it stays
};
constexpr int UPDATE_NUMBERS = 11;

// Parameters that are updated alike: a multiple of the vector width, aligned to vectors.
struct Span {
  float *weights, *first, *second;  // and the optimizer's slots; `second` may be null where the rule has none
  const float* gradients;
  int64_t length;
  float scale, decay;  // of the gradient; weight decay
};

// One run of a program.
struct Run {
  int32_t batch;            // images in this run
  double examples;          // by which the loss's gradient is divided: those of all batches of the step
  const float* targets;     // [batch, classes] in place of the labels, or null
  const float* images;      // [batch, h, w, c]
  const int32_t* labels;    // [batch], or null
  double loss;
  int64_t correct;
  double* opTimes;          // nanoseconds by operation, added to (one thread only), or null
};

// The kernels of one target: instruction set and vector width.
struct KernelTable {
  const char* name;
  int32_t width;
  void (*prologue[int(Kind::Last) + 1])(Op&, Run&);
  void (*body[int(Kind::Last) + 1])(Op&, Run&, int32_t image);
  void (*whole[int(Kind::Last) + 1])(Op&, Run&);
  void (*update)(const Span&, const Update&);
  void (*moveAverage)(float* average, const float* weights, int64_t count, float share);
  // See peaks.h.
  int32_t peakChains;
  void (*peakFlops)(int64_t rounds, float* out);
  void (*peakStream)(const float* x, float* y, int64_t floats, float m);
};

}  // namespace cellwright
