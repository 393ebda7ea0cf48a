#include "decode.h"

#include <cmath>

#include "work.h"

namespace cellwright {

namespace {

constexpr double MAGIC = 0xce11, VERSION = 2;
constexpr int HEADER = 19, NORM = 10, PLANE = 9, OP = 33, STRIP = 64;
constexpr int64_t SIDE = 1 << 20, INT = 1 << 30;  // sides, strides and kernels; what kernels count in ints
constexpr double REACH = 1 << 25;                 // rows and columns of a bordered image; their floats are counted in ints too
constexpr double LIMIT = 1e12;  // floats; far above any memory, far below 2^53

bool whole(double v) { return std::isfinite(v) && v == std::floor(v) && std::fabs(v) <= LIMIT; }
bool within(double from, double length, double size) { return whole(from) && whole(length) && from >= 0 && length >= 0 && from + length <= size; }

std::string complaint(int64_t op, const char* what) { return "op " + std::to_string(op) + ": " + what; }

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

}  // namespace

std::string Program::header(const double* words, size_t size) {
  if (size < HEADER || words[0] != MAGIC || words[1] != VERSION) return "not a program of this version";
  for (int i = 0; i < HEADER; i++) if (!whole(words[i]) || words[i] < 0) return "a size in the header";
  words_ = words;
  size_ = size;
  width = words[2]; batch = words[3]; arena = words[4]; parameters = words[5]; stats = words[6]; sums = words[7]; scratch = words[8];
  maskRows = words[9]; imageFloats = words[10]; classes = words[11]; shares = words[18];
  if (width != 4 && width != 8 && width != 16) return "vector width";
  if (batch < 1 || batch > (1 << 20) || classes < 1) return "batch or classes";
  if (shares < 1 || shares > 64) return "shares";
  return "";
}

std::string Program::decode(const Areas& areas, const KernelTable& table) {
  const int64_t V = width, norm = words_[12], plane = words_[13], op_ = words_[14], upload = words_[15], logit = words_[16], phase = words_[17];
  if (table.width != V) return "vector width of the target";
  const double *at = words_ + HEADER, *end = words_ + size_;
  if (norm * NORM + plane * PLANE + upload + logit > end - at || op_ > end - at || phase > 2 * op_ + 2) return "length";
  if (!ones_.allocate((batch > V ? batch : V) + 64, true)) return "memory";
  for (size_t i = 0; i < ones_.size; i++) ones_.data[i] = 1;

  norms.resize(norm);
  for (auto& b : norms) {
    const double c = at[0];
    if (!whole(c) || c < V || std::fmod(c, V) != 0 || !whole(at[1]) || at[1] < 1) return "channels of a batch norm";
    for (int i = 2; i < 6; i++) if (!within(at[i], c, parameters)) return "parameters of a batch norm";
    if (!within(at[6], 8 * c, stats) || !within(at[7], 4 * c, sums)) return "statistics of a batch norm";
    for (int i = 2; i < 7; i++) if (std::fmod(at[i], V) != 0) return "alignment of a batch norm";
    b.channels = c;
    b.pixels = at[1];
    float* p = areas.parameters;
    b.gamma = p + (int64_t)at[2]; b.beta = p + (int64_t)at[3]; b.movingMean = p + (int64_t)at[4]; b.movingVariance = p + (int64_t)at[5];
    b.gradGamma = areas.gradients ? areas.gradients + (int64_t)at[2] : nullptr;
    b.gradBeta = areas.gradients ? areas.gradients + (int64_t)at[3] : nullptr;
    float* s = areas.stats + (int64_t)at[6];
    float** f[] = {&b.scale, &b.shift, &b.mean, &b.inverse, &b.variance, &b.a, &b.b, &b.c};
    for (int i = 0; i < 8; i++) *f[i] = s + i * b.channels;
    double* d = areas.sums + (int64_t)at[7];
    b.sum = d; b.square = d + b.channels; b.gradSum = d + 2 * b.channels; b.gradDot = d + 3 * b.channels;
    b.epsilon = at[8];
    b.momentum = at[9];
    at += NORM;
  }

  planes_.resize(plane);
  for (auto& p : planes_) {
    const double pixels = at[8], room = pixels * V;
    if (!whole(pixels) || pixels < 1 || room > LIMIT || !whole(at[7]) || at[7] < 1 || at[7] > V) return "size of a plane";
    for (int i = 0; i < 4; i += 2) {
      if (i == 2 && at[i] == -1) continue;
      if (!whole(at[i + 1]) || (at[i + 1] != 0 && at[i + 1] != room) || !within(at[i], room + (batch - 1) * at[i + 1], arena) || std::fmod(at[i], V) != 0)
        return "room of a plane";
    }
    p.zn = at[1]; p.gn = at[3];
    p.z = (p.zn ? areas.arena : areas.local) + (int64_t)at[0];
    p.g = at[2] == -1 ? nullptr : (p.gn ? areas.arena : areas.local) + (int64_t)at[2];
    p.lanes = at[7]; p.pixels = pixels;
    p.normalised = at[4] >= 0;
    p.scale = p.a = ones_.data;
    p.shift = p.b = p.c = p.center = p.mean = zeros_;
    p.sum = p.square = p.gradSum = p.gradDot = nullptr;
    if (p.normalised) {
      if (!whole(at[4]) || at[4] >= norm || !within(at[5], V, norms[at[4]].channels) || std::fmod(at[5], V) != 0) return "batch norm of a plane";
      const BatchNorm& b = norms[at[4]];
      const int64_t o = at[5];
      p.scale = b.scale + o; p.shift = b.shift + o; p.a = b.a + o; p.b = b.b + o; p.c = b.c + o;
      p.center = b.movingMean + o; p.mean = b.mean + o;
      p.sum = b.sum + o; p.square = b.square + o; p.gradSum = b.gradSum + o; p.gradDot = b.gradDot + o;
    }
    if (at[6] >= 0 && (!whole(at[6]) || at[6] >= maskRows)) return "mask of a plane";
    p.gradMask = at[6] >= 0 ? areas.masks + (int64_t)at[6] * batch : ones_.data;
    at += PLANE;
  }
  for (auto* list : {&uploads, &logits}) {
    const int64_t n = list == &uploads ? upload : logit;
    for (int64_t i = 0; i < n; i++, at++) {
      if (!whole(*at) || *at < 0 || *at >= plane) return "a plane's number";
      Plane* p = &planes_[*at];
      if (p->zn == 0 && batch > 1) return "a plane that outlives its image";
      if (list == &logits && p->pixels != 1) return "logits of one pixel";
      if (list == &uploads) uploadFloats += p->pixels * V * batch;
      list->push_back(p);
    }
  }
  if ((int64_t)logits.size() * V < classes) return "planes of logits";

  ops_.resize(op_);
  phases_.resize(phase);
  for (int64_t i = 0; i < op_; i++) {
    const std::string error = op(ops_[i], at, end, areas, table);
    if (!error.empty()) return complaint(i, error.c_str());
    Op& o = ops_[i];
    const Work w = work_of(o, V, batch);
    work += w.image * (o.time % 2 ? 1 : batch) + w.once * shares;
    (o.time % 2 ? phases_[o.time / 2].wholes : phases_[o.time / 2].bodies).push_back(&o);
  }
  if (at != end) return "words left over";
  for (Phase& p : phases_) plan_prefetch(p);
  return "";
}

std::string Program::op(Op& o, const double*& at, const double* end, const Areas& areas, const KernelTable& table) {
  const int64_t V = width;
  if (end - at < OP) return "length";
  for (int i = 0; i < 29; i++) if (!whole(at[i])) return "a number";
  if (at[0] < 1 || at[0] > int(Kind::Last) || at[1] < 0 || at[1] >= 2.0 * phases_.size()) return "kind or time";
  o.kind = Kind((int)at[0]);
  o.time = at[1];
  const double nin = at[2], nout = at[3], extra = at[4];
  if (nin < 0 || nout < 0 || extra < 0 || nin + nout + extra > LIMIT || 3 * (nin + nout) + extra > end - at - OP) return "length";
  o.inputs = nin; o.outputs = nout; o.extras = extra;
  const bool isWhole = o.time % 2;
  if (!(isWhole ? (void*)table.whole[int(o.kind)] : (void*)table.body[int(o.kind)])) return "no such kernel";
  if (at[5] < 0 || at[5] > Tanh) return "activation";
  o.activation = at[5];
  if (at[6] < -1 || at[6] >= maskRows) return "mask";
  o.mask = at[6] < 0 ? ones_.data : areas.masks + (int64_t)at[6] * batch;
  const double w = at[7], w2 = at[8], bias = at[9];
  if (at[10] < -1 || at[10] >= (double)norms.size()) return "batch norm";
  o.norm = at[10] < 0 ? nullptr : &norms[at[10]];
  int32_t* g = &o.g.inH;
  for (int i = 0; i < 12; i++) {
    const double v = at[11 + i];
    if (i < 10 ? v < 0 || v > SIDE : std::fabs(v) > 4 * SIDE) return "geometry";
    g[i] = v;
  }
  for (int i = 0; i < 6; i++) {
    if (at[23 + i] != -1 && (!within(at[23 + i], 0, scratch) || std::fmod(at[23 + i], 16) != 0)) return "scratch";
    o.scratch[i] = at[23 + i] < 0 ? nullptr : areas.scratch + (int64_t)at[23 + i];
  }
  for (int i = 0; i < 4; i++) o.f[i] = at[29 + i];
  const double* scratchAt = at + 23;
  at += OP;

  uses_.emplace_back(new Use[o.inputs + o.outputs + 1]);
  o.in = uses_.back().get();
  o.out = o.in + o.inputs;
  for (int i = 0; i < o.inputs + o.outputs; i++, at += 3) {
    if (!whole(at[0]) || at[0] < 0 || at[0] >= (double)planes_.size()) return "a plane's number";
    o.in[i] = {&planes_[at[0]], at[1] != 0, at[2] != 0};
    if (o.in[i].sums && !o.in[i].plane->normalised) return "sums of a plane without batch norm";
  }
  extras_.emplace_back(new int64_t[o.extras + 1]);
  for (int i = 0; i < o.extras; i++, at++) {
    if (!whole(*at)) return "an extra number";
    extras_.back()[i] = *at;
  }
  o.extra = extras_.back().get();

  // What the kind of operation asks for.
  const Geometry& q = o.g;
  const int64_t taps = (int64_t)q.kernelH * q.kernelW, nci = o.inputs, nco = o.outputs;
  auto room = [&](int i, double floats) { return scratchAt[i] >= 0 && scratchAt[i] + floats <= (double)scratch; };
  auto pixels = [&](int64_t in, int64_t out) {
    for (int i = 0; i < o.inputs; i++) if (o.in[i].plane->pixels != in) return false;
    for (int i = 0; i < o.outputs; i++) if (o.out[i].plane->pixels != out) return false;
    return true;
  };
  auto gradients = [&](const Use* u, int n) { for (int i = 0; i < n; i++) if (!u[i].plane->g) return false; return true; };
  auto normalised = [&](const Use* u, int n) { for (int i = 0; i < n; i++) if (!u[i].plane->normalised) return false; return true; };
  // For what runs once, after all images: every image has its own room, of values, and of the gradients that are read or written.
  auto batched = [&](bool outputGradients, bool inputGradients) {
    for (int i = 0; i < o.inputs + o.outputs && batch > 1; i++) {
      const Plane& p = *o.in[i].plane;
      if (p.zn == 0 || ((i < o.inputs ? inputGradients : outputGradients) && p.g && p.gn == 0)) return false;
    }
    return true;
  };
  auto weights = [&](double from, double length, const float*& p, float*& grad) {
    if (!within(from, length, parameters) || std::fmod(from, V) != 0) return false;
    p = areas.parameters + (int64_t)from;
    grad = areas.gradients ? areas.gradients + (int64_t)from : nullptr;
    return true;
  };
  // Of every kind: the planner gives one and no padding where there is no window.
  for (int i = 0; i < 10; i++) if ((&q.inH)[i] < 1) return "geometry";
  const int64_t inPixels = (int64_t)q.inH * q.inW, outPixels = (int64_t)q.outH * q.outW;
  if (taps > INT || inPixels > INT || outPixels > INT) return "geometry";
  const auto reach = [](double in, double out, double stride, double kernel, double dilation, double before) { return in + out * stride + kernel * dilation + std::fabs(before); };
  if (reach(q.inH, q.outH, q.strideH, q.kernelH, q.dilationH, q.top) > REACH || reach(q.inW, q.outW, q.strideW, q.kernelW, q.dilationW, q.left) > REACH) return "geometry";
  const bool isBackward = o.kind == Kind::ConvBackward || o.kind == Kind::DepthwiseBackward || o.kind == Kind::HeadBackward || o.kind == Kind::MaxPoolBackward ||
                          o.kind == Kind::AvgPoolBackward || o.kind == Kind::MapBackward || o.kind == Kind::GlobalPoolBackward || o.kind == Kind::SeparableBackward ||
                          o.kind == Kind::AdaptiveMaxPoolBackward || o.kind == Kind::AdaptiveAvgPoolBackward || o.kind == Kind::ResponseBackward || o.kind == Kind::ShuffleBackward;
  if (isBackward && !areas.gradients) return "gradients in a program without training";
  if (isBackward && !gradients(o.out, nco)) return "gradient of an output";
  if (o.norm && (o.kind == Kind::Conv || o.kind == Kind::Head || o.kind == Kind::Depthwise || o.kind == Kind::Separable) && !normalised(o.out, nco)) return "sums without batch norm";
  const bool windowed = o.kind == Kind::Conv || o.kind == Kind::ConvBackward || o.kind == Kind::Depthwise || o.kind == Kind::DepthwiseBackward || o.kind == Kind::Separable ||
                        o.kind == Kind::SeparableBackward || o.kind == Kind::MaxPool || o.kind == Kind::MaxPoolBackward || o.kind == Kind::AvgPool || o.kind == Kind::AvgPoolBackward;
  const double H = (double)(q.outH - 1) * q.strideH + (double)(q.kernelH - 1) * q.dilationH + 1, W = (double)(q.outW - 1) * q.strideW + (double)(q.kernelW - 1) * q.dilationW + 1;
  const bool pointwise = taps == 1 && q.strideH == 1 && q.strideW == 1 && q.top == 0 && q.left == 0 && q.inH == q.outH && q.inW == q.outW;
  const bool sampled = taps == 1 && !pointwise;
  const double rows = std::fmin(q.outH, std::fmax(1, double(STRIP / q.outW))), strip = pointwise ? STRIP : rows * q.outW;
  double DH = 0, DW = 0;
  if (windowed) {
    auto side = [](int64_t in, int64_t out, int64_t k, int64_t s, int64_t d, int64_t pad) {
      int64_t before = -floor_div(pad - (k - 1) * d, s), after = (in - 1 + pad) / s - (out - 1);
      return double(out + (before > 0 ? before : 0) + (after > 0 ? after : 0));
    };
    DH = side(q.inH, q.outH, q.kernelH, q.strideH, q.dilationH, q.top);
    DW = side(q.inW, q.outW, q.kernelW, q.strideW, q.dilationW, q.left);
  }
  const double VV = double(V) * V;
  switch (o.kind) {
    case Kind::Input: {
      if (o.extras < 1 || o.extra[0] < 1 || o.extra[0] > INT || nci != 0) return "image";
      const double channels = (double)o.extra[0] * taps;
      if (channels > INT) return "image";
      if (channels > double(nco) * V || (double)nco * V - channels >= V) return "planes of the image";
      if (!pixels(0, outPixels) || inPixels * o.extra[0] != imageFloats) return "pixels";
      break;
    }
    case Kind::Conv:
    case Kind::ConvBackward: {
      if (nci < 1 || nco < 1 || !pixels(inPixels, outPixels)) return "pixels";
      if (!weights(w, double(taps) * nci * nco * VV, o.weights, o.gradWeights)) return "weights";
      if (!room(0, pointwise || sampled ? nci * strip * V : double(nci) * H * W * V)) return "scratch 0";
      if (o.kind == Kind::Conv) {
        if (o.norm && !room(3, 2.0 * V * nco)) return "scratch 3";
      } else {
        if (!room(1, pointwise || sampled ? nco * strip * V : double(nco) * DH * DW * V)) return "scratch 1";
        if (o.scratch[2] && (!room(2, double(taps) * nci * nco * VV) || !room(3, 2.0 * V * nci) || !gradients(o.in, nci))) return "scratch 2";
      }
      break;
    }
    case Kind::Head:
    case Kind::HeadBackward: {
      if (!isWhole || nci < 1 || nco < 1 || taps != inPixels || outPixels != 1 || !pixels(inPixels, 1) || !batched(isBackward, isBackward && o.scratch[2])) return "pixels";
      if (!weights(w, double(taps) * nci * nco * VV, o.weights, o.gradWeights)) return "weights";
      if (o.kind == Kind::Head) {
        if (o.norm && !room(3, 2.0 * V * nco)) return "scratch 3";
      } else {
        if (!room(1, double(nco) * batch * V)) return "scratch 1";
        if (o.scratch[2] && (!room(2, double(nci) * nco * VV) || !gradients(o.in, nci))) return "scratch 2";
      }
      break;
    }
    case Kind::Depthwise:
    case Kind::DepthwiseBackward: {
      if (nci < 1 || nci != nco || !pixels(inPixels, outPixels)) return "pixels";
      if (!weights(w, double(taps) * nci * V, o.weights, o.gradWeights)) return "weights";
      if (!room(0, H * W * V)) return "scratch 0";
      if (o.kind == Kind::Depthwise) {
        if (o.norm && !room(3, 2.0 * V * nco)) return "scratch 3";
      } else {
        if (!room(1, DH * DW * V) || !room(3, 2.0 * V)) return "scratch 1";
        if (o.scratch[2] && (!room(2, double(taps) * nci * V) || !gradients(o.in, nci))) return "scratch 2";
        if (o.scratch[4] && !room(4, double(q.inH) * q.inW * V)) return "scratch 4";
      }
      break;
    }
    case Kind::Separable:
    case Kind::SeparableBackward: {
      if (nci < 1 || nco < 1 || !pixels(inPixels, outPixels) || q.kernelH != q.kernelW || q.strideH != q.strideW || q.dilationH != 1 || q.dilationW != 1 || q.strideH > 2 ||
          (q.kernelH != 3 && q.kernelH != 5 && q.kernelH != 7)) return "geometry";
      if (!weights(w, double(nci) * nco * VV, o.weights, o.gradWeights) || !weights(w2, double(taps) * nci * V, o.weights2, o.gradWeights2)) return "weights";
      if (!room(0, double(nci) * H * W * V) || !room(4, double(nci) * rows * q.outW * V)) return "scratch 0";
      if (o.kind == Kind::Separable) {
        if (o.norm && !room(3, 2.0 * V * nco)) return "scratch 3";
      } else {
        if (!room(1, double(nci) * DH * DW * V) || !room(2, double(nci) * nco * VV + double(taps) * nci * V) || !room(3, 2.0 * V * nci) || !room(5, double(nco) * rows * q.outW * V)) return "scratch 1";
        if (!gradients(o.in, nci)) return "gradients";
      }
      break;
    }
    case Kind::MaxPool:
    case Kind::MaxPoolBackward:
    case Kind::AvgPool:
    case Kind::AvgPoolBackward: {
      if (nci < 1 || nci != nco || !pixels(inPixels, outPixels)) return "pixels";
      // Every window holds at least one pixel.
      if (q.top >= q.kernelH || q.left >= q.kernelW || (int64_t)(q.outH - 1) * q.strideH - q.top >= q.inH || (int64_t)(q.outW - 1) * q.strideW - q.left >= q.inW) return "an empty window";
      if (isBackward && !gradients(o.in, nci)) return "gradients";
      const double columns = double(q.inW > q.outW ? q.inW : q.outW) * V;
      if (!room(0, o.kind == Kind::MaxPoolBackward ? max_gradient_vectors(q) * V : double(o.kind == Kind::AvgPoolBackward ? outPixels : 0) * V + columns)) return "scratch 0";
      if ((o.kind == Kind::AvgPool || o.kind == Kind::AvgPoolBackward) && !room(1, double(outPixels))) return "scratch 1";
      break;
    }
    case Kind::AdaptiveMaxPool:
    case Kind::AdaptiveMaxPoolBackward:
    case Kind::AdaptiveAvgPool:
    case Kind::AdaptiveAvgPoolBackward: {
      if (nci < 1 || nci != nco || !pixels(inPixels, outPixels)) return "pixels";
      if (isBackward && !gradients(o.in, nci)) return "gradients";
      if (!room(0, double(o.kind == Kind::AdaptiveMaxPoolBackward ? inPixels : o.kind == Kind::AdaptiveAvgPoolBackward ? outPixels : 0) * V + double(q.inW > q.outW ? q.inW : q.outW) * V))
        return "scratch 0";
      if ((o.kind == Kind::AdaptiveAvgPool || o.kind == Kind::AdaptiveAvgPoolBackward) && !room(1, double(outPixels))) return "scratch 1";
      break;
    }
    case Kind::Response:
    case Kind::ResponseBackward: {
      if (nci < 1 || nci != nco || !pixels(inPixels, inPixels)) return "pixels";
      if (o.extras < 2 || o.extra[0] < 0 || o.extra[1] < 0 || o.extra[0] >= nci * V || o.extra[1] >= nci * V) return "neighbours";
      const int64_t most = o.extra[0] > o.extra[1] ? o.extra[0] : o.extra[1], margin = (most + V - 1) / V * V;
      if (!room(0, 2.0 * nci * STRIP * V + 2.0 * (2 * margin + nci * V))) return "scratch 0";
      if (isBackward && !gradients(o.in, nci)) return "gradients";
      break;
    }
    case Kind::Shuffle:
    case Kind::ShuffleBackward: {
      if (nci < 1 || nco < 1 || !pixels(inPixels, inPixels)) return "pixels";
      if (o.extras != 2 * nco * V) return "lanes";
      for (int64_t i = 0; i < nco * V; i++)
        if (o.extra[2 * i] >= nci || (o.extra[2 * i] >= 0 && (o.extra[2 * i + 1] < 0 || o.extra[2 * i + 1] >= V))) return "lanes";
      if (!room(0, double(nci) * STRIP * V)) return "scratch 0";
      if (isBackward && (!room(1, double(STRIP) * V) || !gradients(o.in, nci))) return "scratch 1";
      break;
    }
    case Kind::Map:
    case Kind::MapBackward:
      if (nci < 1 || nci != nco || !pixels(inPixels, outPixels)) return "pixels";
      if (isBackward && !gradients(o.in, nci)) return "gradients";
      break;
    case Kind::Multiply:
    case Kind::MultiplyBackward:
      if (nco < 1 || nci != 2 * nco) return "planes";
      for (int i = 0; i < nco; i++) {
        const int64_t n = o.out[i].plane->pixels, b = o.in[nco + i].plane->pixels;
        if (o.in[i].plane->pixels != n || (b != n && b != 1)) return "pixels";
      }
      if (o.kind == Kind::MultiplyBackward) {
        if (o.extras != nci || !gradients(o.out, nco)) return "gradients";
        for (int i = 0; i < nci; i++) if (o.extra[i] && !o.in[i].plane->g) return "gradients";
      }
      break;
    case Kind::GlobalPool:
    case Kind::GlobalPoolBackward:
      if (nci < 1 || nci != nco || !pixels(inPixels, 1)) return "pixels";
      if (isBackward && !gradients(o.in, nci)) return "gradients";
      break;
    case Kind::Repack:
    case Kind::RepackBackward: {
      if (o.extras != 1 + 3 * nco * V || o.extra[0] < 1) return "lanes";
      for (int i = 0; i < nco; i++) if (o.out[i].plane->pixels != o.extra[0]) return "pixels";
      for (int64_t i = 0; i < nco * V; i++) {
        const int64_t* e = o.extra + 1 + 3 * i;
        if (e[0] < 0) continue;
        if (e[0] >= nci || e[1] < 0 || e[1] >= V || e[2] < 0 || e[2] + o.extra[0] > o.in[e[0]].plane->pixels) return "lanes";
      }
      if (o.kind == Kind::RepackBackward && !gradients(o.out, nco)) return "gradients";
      break;
    }
    case Kind::NormForward:
      if (!o.norm) return "batch norm";
      // Planes whose sums it may take again: of this batch norm, every image in its place.
      if (!normalised(o.out, nco) || !batched(false, false)) return "planes";
      for (int i = 0; i < nco; i++)
        if (o.out[i].plane->pixels != o.norm->pixels || o.out[i].plane->sum < o.norm->sum || o.out[i].plane->sum + V > o.norm->sum + o.norm->channels) return "planes";
      break;
    case Kind::NormBackward:
    case Kind::NormInference:
      if (!o.norm || (o.kind == Kind::NormBackward && !o.norm->gradGamma)) return "batch norm";
      break;
    case Kind::NormReduce:
      if (!normalised(o.out, nco) || !gradients(o.out, nco)) return "planes";
      break;
    case Kind::NormSums:
      if (!normalised(o.out, nco)) return "planes";
      break;
    case Kind::Zero:
      if (!gradients(o.out, nco)) return "gradients";
      break;
    case Kind::Loss:
      if (!isWhole || o.extras < 3 || o.extra[0] != classes || o.extra[0] > nci * V || (nci - 1) * V >= o.extra[0] || !batched(false, o.extra[2] != 0)) return "classes";
      for (int i = 0; i < nci; i++) if (o.in[i].plane->pixels != 1) return "pixels";
      if (o.extra[2] && !gradients(o.in, nci)) return "gradients";
      break;
  }
  if (bias >= 0 && !weights(bias, double(nco) * V, o.bias, o.gradBias)) return "bias";
  if (columns_of(o) > INT) return "columns";
  pointers_.emplace_back(new const float*[pointers_of(o)]);
  o.pointers = pointers_.back().get();
  o.prefetch = &prefetch_;
  return "";
}

}  // namespace cellwright
