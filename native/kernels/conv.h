// Dense convolution of any kernel, stride, dilation and padding, image by image: the activated input goes into a zero-bordered
// scratch image, then every output row is one product over columns (gemm.h). 1x1 convolutions of stride 1 skip the border and go by
// strips that stay in the first-level cache.
//
// Scratch: 0 input [planes][padded H][padded W][V], or strips; 1 dz, bordered; 2 transposed weights; 3 sums; 4 dz pointers' strips.
#pragma once
#include "gemm.h"

namespace cellwright {
namespace CW_TARGET {

constexpr int STRIP = 64;

CW_INLINE bool pointwise(const Geometry& g) {
  return g.kernelH == 1 && g.kernelW == 1 && g.strideH == 1 && g.strideW == 1 && g.top == 0 && g.left == 0 && g.inH == g.outH && g.inW == g.outW;
}
// A 1x1 kernel that reads every other pixel, or a part of the image.
CW_INLINE bool sampled(const Geometry& g) { return g.kernelH == 1 && g.kernelW == 1 && !pointwise(g); }
CW_INLINE int strip_rows(const Geometry& g) { return imin(g.outH, imax(1, STRIP / g.outW)); }
// First and last + 1 of the output columns (or rows) that read inside of the image.
CW_INLINE int first_inside(int padding, int stride) { return padding <= 0 ? 0 : (padding + stride - 1) / stride; }
CW_INLINE int end_inside(int padding, int stride, int size, int out) { return imin(out, floordiv(size - 1 + padding, stride) + 1); }
// What `rows` output rows from y0 read, without gaps.
CW_INLINE void prepare_sampled(const Plane& p, const Op& op, int image, int y0, int rows, float* out) {
  const Geometry& g = op.g;
  const int x0 = first_inside(g.left, g.strideW), x1 = end_inside(g.left, g.strideW, g.inW, g.outW);
  for (int y = y0; y < y0 + rows; y++, out += (long)g.outW * V) {
    const int iy = y * g.strideH - g.top;
    const bool inside = iy >= 0 && iy < g.inH && x1 > x0;
    if (!inside || x0 > 0 || x1 < g.outW) memset(out, 0, sizeof(float) * V * g.outW);
    if (inside) prepare(p, op.activation, p.z + image * p.zn + ((long)iy * g.inW + (long)x0 * g.strideW - g.left) * V, g.strideW, out + x0 * V, x1 - x0);
  }
}
CW_INLINE int padded_h(const Geometry& g) { return (g.outH - 1) * g.strideH + (g.kernelH - 1) * g.dilationH + 1; }
CW_INLINE int padded_w(const Geometry& g) { return (g.outW - 1) * g.strideW + (g.kernelW - 1) * g.dilationW + 1; }

// Rows and columns of dz that input gradients reach outside of it.
struct Border { int top, bottom, left, right; };
CW_INLINE Border gradient_border(const Geometry& g) {
  const int y0 = -floordiv(g.top - (g.kernelH - 1) * g.dilationH, g.strideH), y1 = (g.inH - 1 + g.top) / g.strideH - (g.outH - 1);
  const int x0 = -floordiv(g.left - (g.kernelW - 1) * g.dilationW, g.strideW), x1 = (g.inW - 1 + g.left) / g.strideW - (g.outW - 1);
  return {imax(0, y0), imax(0, y1), imax(0, x0), imax(0, x1)};
}

CW_INLINE void flush_sums(const Op& op, const float* partial) {
  for (int c = 0; c < op.outputs; c++) {
    const Plane& p = *op.out[c].plane;
    for (int l = 0; l < V; l++) {
      p.sum[l] += partial[c * 2 * V + l];
      p.square[l] += partial[c * 2 * V + V + l];
    }
  }
}

// Whether the planes can be read as they are.
CW_INLINE bool plain_inputs(const Op& op) { return op.activation == None && op.in[0].plane->scale == op.in[0].plane->a && !op.in[0].plane->normalised; }

// Queues strip [p0, p0 + n) of the pixels of a 1x1 convolution.
CW_INLINE void fetch_strip(const Op& op, int image, long p0, long n, bool backward) {
  Prefetch& q = *op.prefetch;
  begin_own(q);
  for (int c = 0; c < op.outputs; c++) {
    const Plane& p = *op.out[c].plane;
    if (backward) fetch_own(q, p.g + image * p.gn + p0 * V, n * V);
    if (!backward || p.normalised) fetch_own(q, p.z + image * p.zn + p0 * V, n * V);
  }
  for (int c = 0; c < op.inputs; c++) {
    const Plane& p = *op.in[c].plane;
    fetch_own(q, p.z + image * p.zn + p0 * V, n * V);
    if (backward && p.g) fetch_own(q, p.g + image * p.gn + p0 * V, n * V);
  }
}

static void conv_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const int nci = op.inputs, nco = op.outputs, taps = g.kernelH * g.kernelW;
  const float** columns = op.pointers;
  const float** center = columns + (long)taps * nci;
  float** y = (float**)(center + nco);
  float* partial = op.norm ? op.scratch[3] : nullptr;
  if (partial) memset(partial, 0, sizeof(float) * 2 * V * nco);
  for (int c = 0; c < nco; c++) {
    y[c] = op.out[c].plane->z + image * op.out[c].plane->zn;
    center[c] = op.out[c].plane->center;
  }
  if (pointwise(g)) {
    const int pixels = g.outH * g.outW;
    for (int p0 = 0; p0 < pixels; p0 += STRIP) {
      const int n = imin(STRIP, pixels - p0);
      if (op.fetchesOwn) fetch_strip(op, image, p0 + n, imin(STRIP, pixels - p0 - n), false);
      for (int c = 0; c < nci; c++) {
        const Plane& p = *op.in[c].plane;
        float* x = op.scratch[0] + (long)c * STRIP * V;
        columns[c] = x;
        prepare(p, op.activation, p.z + image * p.zn + (long)p0 * V, 1, x, n);
      }
      gemm_forward(*op.prefetch, columns, 0, V, nci, op.weights, nco, n, Output{y, (long)p0 * V, op.bias, partial, center});
    }
  } else if (sampled(g)) {
    const int SR = strip_rows(g);
    for (int y0 = 0; y0 < g.outH; y0 += SR) {
      const int rows = imin(SR, g.outH - y0);
      for (int c = 0; c < nci; c++) {
        float* x = op.scratch[0] + (long)c * SR * g.outW * V;
        columns[c] = x;
        prepare_sampled(*op.in[c].plane, op, image, y0, rows, x);
      }
      gemm_forward(*op.prefetch, columns, 0, V, nci, op.weights, nco, rows * g.outW, Output{y, (long)y0 * g.outW * V, op.bias, partial, center});
    }
  } else {
    const int H = padded_h(g), W = padded_w(g);
    for (int c = 0; c < nci; c++)
      prepare_padded(*op.in[c].plane, op.activation, image, g.inH, g.inW, op.scratch[0] + (long)c * H * W * V, H, W, g.top, g.left);
    int i = 0;
    for (int ky = 0; ky < g.kernelH; ky++)
      for (int kx = 0; kx < g.kernelW; kx++)
        for (int c = 0; c < nci; c++)
          columns[i++] = op.scratch[0] + (((long)c * H + ky * g.dilationH) * W + kx * g.dilationW) * V;
    for (int r = 0; r < g.outH; r++)
      gemm_forward(*op.prefetch, columns, (long)r * g.strideH * W * V, (long)g.strideW * V, i, op.weights, nco, g.outW, Output{y, (long)r * g.outW * V, op.bias, partial, center});
  }
  if (partial) flush_sums(op, partial);
}

// Calls f(row residue, column residue, list of taps) for every class of input pixels that the same taps reach.
template <class F> CW_INLINE void each_residue(const Geometry& g, F f) {
  for (int ry = 0; ry < g.strideH; ry++)
    for (int rx = 0; rx < g.strideW; rx++) f(ry, rx);
}
CW_INLINE bool reaches(int residue, int padding, int k, int dilation, int stride) { return (residue + padding - k * dilation) % stride == 0; }

// Transposed weights, class by class: [class][in plane][tap, out plane][V out][V in].
static void conv_backward_prologue(Op& op, Run&) {
  const Geometry& g = op.g;
  const int nci = op.inputs, nco = op.outputs, taps = g.kernelH * g.kernelW;
  float* t = op.scratch[2];
  if (!t) return;
  const long block = (long)V * V;
  if (sampled(g)) {
    for (int i = 0; i < nci; i++)
      for (int c = 0; c < nco; c++, t += block) transpose_block(op.weights + ((long)c * nci + i) * block, t);
    return;
  }
  each_residue(g, [&](int ry, int rx) {
    for (int i = 0; i < nci; i++)
      for (int ky = 0; ky < g.kernelH; ky++) {
        if (!reaches(ry, g.top, ky, g.dilationH, g.strideH)) continue;
        for (int kx = 0; kx < g.kernelW; kx++) {
          if (!reaches(rx, g.left, kx, g.dilationW, g.strideW)) continue;
          for (int c = 0; c < nco; c++, t += block)
            transpose_block(op.weights + (((long)c * taps + ky * g.kernelW + kx) * nci + i) * block, t);
        }
      }
  });
}

CW_INLINE void bias_gradient(const Op& op, int c, const float* dz, long n) {
  if (!op.bias) return;
  vf s = ld(op.gradBias + c * V);
  for (long i = 0; i < n; i++) s += ld(dz + i * V);
  st(op.gradBias + c * V, s);
}

static void conv_backward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const int nci = op.inputs, nco = op.outputs, taps = g.kernelH * g.kernelW;
  const float** columns = op.pointers;
  const float** dzs = columns + (long)taps * (nci > nco ? nci : nco);
  GradTarget* target = (GradTarget*)(dzs + nco);
  float* partial = op.scratch[3];
  const bool wantsInput = op.scratch[2] != nullptr;
  if (wantsInput) {
    memset(partial, 0, sizeof(float) * 2 * V * nci);
    for (int c = 0; c < nci; c++) target[c] = grad_target(op.in[c], image, partial + c * 2 * V);
  }
  if (pointwise(g)) {
    const int pixels = g.outH * g.outW;
    for (int p0 = 0; p0 < pixels; p0 += STRIP) {
      const int n = imin(STRIP, pixels - p0);
      if (op.fetchesOwn) fetch_strip(op, image, p0 + n, imin(STRIP, pixels - p0 - n), true);
      for (int c = 0; c < nco; c++) {
        float* d = op.scratch[1] + (long)c * STRIP * V;
        dzs[c] = d;
        gradient_of_output(*op.out[c].plane, image, 1, p0, d, n);
        bias_gradient(op, c, d, n);
      }
      for (int c = 0; c < nci; c++) {
        const Plane& p = *op.in[c].plane;
        float* x = op.scratch[0] + (long)c * STRIP * V;
        columns[c] = x;
        prepare(p, op.activation, p.z + image * p.zn + (long)p0 * V, 1, x, n);
      }
      gemm_weights(*op.prefetch, columns, 0, V, nci, dzs, 0, nco, op.gradWeights, n);
      if (wantsInput) gemm_gradient(*op.prefetch, dzs, 0, V, nco, op.scratch[2], nci, n, target, op.activation, (long)p0 * V, V);
    }
  } else if (sampled(g)) {
    // Pixels that nothing reads get nothing: the planner zeroes gradients that have none yet, and this adds.
    const int SR = strip_rows(g), x0 = first_inside(g.left, g.strideW), x1 = end_inside(g.left, g.strideW, g.inW, g.outW);
    for (int y0 = 0; y0 < g.outH; y0 += SR) {
      const int rows = imin(SR, g.outH - y0);
      for (int c = 0; c < nco; c++) {
        float* d = op.scratch[1] + (long)c * SR * g.outW * V;
        dzs[c] = d;
        gradient_of_output(*op.out[c].plane, image, 1, (long)y0 * g.outW, d, rows * g.outW);
        bias_gradient(op, c, d, rows * g.outW);
      }
      for (int c = 0; c < nci; c++) {
        float* x = op.scratch[0] + (long)c * SR * g.outW * V;
        columns[c] = x;
        prepare_sampled(*op.in[c].plane, op, image, y0, rows, x);
      }
      gemm_weights(*op.prefetch, columns, 0, V, nci, dzs, 0, nco, op.gradWeights, rows * g.outW);
      if (!wantsInput || x1 <= x0) continue;
      for (int y = y0; y < y0 + rows; y++) {
        const int iy = y * g.strideH - g.top;
        if (iy < 0 || iy >= g.inH) continue;
        gemm_gradient(*op.prefetch, dzs, ((long)(y - y0) * g.outW + x0) * V, V, nco, op.scratch[2], nci, x1 - x0, target, op.activation,
                      ((long)iy * g.inW + (long)x0 * g.strideW - g.left) * V, (long)g.strideW * V);
      }
    }
  } else {
    const int H = padded_h(g), W = padded_w(g);
    const Border b = gradient_border(g);
    const int DH = g.outH + b.top + b.bottom, DW = g.outW + b.left + b.right;
    for (int c = 0; c < nco; c++) {
      float* d = op.scratch[1] + ((long)c * DH * DW + (long)b.top * DW + b.left) * V;
      dzs[c] = d;
      for (int r = 0; r < g.outH; r++) {
        gradient_of_output(*op.out[c].plane, image, 1, (long)r * g.outW, d + (long)r * DW * V, g.outW);
        bias_gradient(op, c, d + (long)r * DW * V, g.outW);
      }
    }
    for (int c = 0; c < nci; c++)
      prepare_padded(*op.in[c].plane, op.activation, image, g.inH, g.inW, op.scratch[0] + (long)c * H * W * V, H, W, g.top, g.left);
    int n = 0;
    for (int ky = 0; ky < g.kernelH; ky++)
      for (int kx = 0; kx < g.kernelW; kx++)
        for (int c = 0; c < nci; c++)
          columns[n++] = op.scratch[0] + (((long)c * H + ky * g.dilationH) * W + kx * g.dilationW) * V;
    for (int r = 0; r < g.outH; r++)
      gemm_weights(*op.prefetch, columns, (long)r * g.strideH * W * V, (long)g.strideW * V, n, dzs, (long)r * DW * V, nco, op.gradWeights, g.outW);
    if (wantsInput) {
      const float* t = op.scratch[2];
      each_residue(g, [&](int ry, int rx) {
        int n = 0;
        for (int ky = 0; ky < g.kernelH; ky++) {
          if (!reaches(ry, g.top, ky, g.dilationH, g.strideH)) continue;
          for (int kx = 0; kx < g.kernelW; kx++) {
            if (!reaches(rx, g.left, kx, g.dilationW, g.strideW)) continue;
            const long y = (ry + g.top - ky * g.dilationH) / g.strideH, x = (rx + g.left - kx * g.dilationW) / g.strideW;
            for (int c = 0; c < nco; c++) columns[n++] = dzs[c] + (y * DW + x) * V;
          }
        }
        const int count = (g.inW - rx + g.strideW - 1) / g.strideW;
        for (int y = ry, r = 0; y < g.inH && count > 0; y += g.strideH, r++)
          gemm_gradient(*op.prefetch, columns, (long)r * DW * V, V, n, t, nci, count, target, op.activation, ((long)y * g.inW + rx) * V, (long)g.strideW * V);
        t += (long)nci * n * V * V;
      });
    }
  }
  if (wantsInput) for (int c = 0; c < nci; c++) flush_gradient_sums(op.in[c], partial + c * 2 * V);
}

// A convolution whose output is one pixel (a dense layer, or a kernel as large as its image): images are the pixels. Inputs are read
// as they are (the planner stores activations first). Scratch: 1 dz [planes][batch][V]; 2 transposed weights; 3 sums.
static void head_forward(Op& op, Run& run) {
  const Geometry& g = op.g;
  const int nci = op.inputs, nco = op.outputs, taps = g.kernelH * g.kernelW;
  const float** columns = op.pointers;
  const float** center = columns + (long)taps * nci;
  float** y = (float**)(center + nco);
  float* partial = op.norm ? op.scratch[3] : nullptr;
  if (partial) memset(partial, 0, sizeof(float) * 2 * V * nco);
  for (int c = 0; c < nco; c++) {
    y[c] = op.out[c].plane->z;
    center[c] = op.out[c].plane->center;
  }
  int n = 0;
  for (int t = 0; t < taps; t++) for (int c = 0; c < nci; c++) columns[n++] = op.in[c].plane->z + (long)t * V;
  gemm_forward(*op.prefetch, columns, 0, (long)taps * V, n, op.weights, nco, run.batch, Output{y, 0, op.bias, partial, center});
  if (partial) flush_sums(op, partial);
}
static void head_backward(Op& op, Run& run) {
  const Geometry& g = op.g;
  const int nci = op.inputs, nco = op.outputs, taps = g.kernelH * g.kernelW;
  const float** columns = op.pointers;
  const float** dzs = columns + (long)taps * nci;
  GradTarget* target = (GradTarget*)(dzs + nco);
  for (int c = 0; c < nco; c++) {
    float* d = op.scratch[1] + (long)c * run.batch * V;
    dzs[c] = d;
    for (int i = 0; i < run.batch; i++) gradient_of_output(*op.out[c].plane, i, 1, 0, d + (long)i * V, 1);
    bias_gradient(op, c, d, run.batch);
  }
  int n = 0;
  for (int t = 0; t < taps; t++) for (int c = 0; c < nci; c++) columns[n++] = op.in[c].plane->z + (long)t * V;
  gemm_weights(*op.prefetch, columns, 0, (long)taps * V, n, dzs, 0, nco, op.gradWeights, run.batch);
  float* w = op.scratch[2];
  if (!w) return;
  const long block = (long)V * V;
  for (int t = 0; t < taps; t++) {
    for (int i = 0; i < nci; i++) {
      for (int c = 0; c < nco; c++) transpose_block(op.weights + (((long)c * taps + t) * nci + i) * block, w + ((long)i * nco + c) * block);
      target[i] = grad_target(op.in[i], 0, nullptr);
    }
    gemm_gradient(*op.prefetch, dzs, 0, V, nco, w, nci, run.batch, target, None, (long)t * V, (long)taps * V);
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
