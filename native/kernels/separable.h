// A depthwise convolution and the 1x1 convolution that alone reads it, in one pass: the depthwise output lives in a strip of the
// first-level cache, forward and again in backward, where making it once more is cheaper than having stored it.
//
// Scratch: 0 bordered input [planes][H][W][V]; 1 gradient of the depthwise output, bordered; 2 transposed pointwise weights, then flipped
// depthwise weights; 3 sums; 4 strip of the depthwise output; 5 strip of dz.
#pragma once
#include "depthwise.h"

namespace cellwright {
namespace CW_TARGET {

// Prepares input rows up to `to` of every plane; returns how far it came.
CW_INLINE int prepare_rows(const Op& op, int image, int from, int to, long H, long W) {
  const Geometry& g = op.g;
  if (to <= from) return from;
  const int x0 = imax(0, -g.left), x1 = imin(g.inW, (int)W - g.left);
  for (int c = 0; c < op.inputs; c++) {
    const Plane& p = *op.in[c].plane;
    for (int y = imax(from, -g.top); y < imin(to, (int)H - g.top); y++)
      prepare(p, op.activation, p.z + image * p.zn + ((long)y * g.inW + x0) * V, 1, op.scratch[0] + ((c * H + y + g.top) * W + x0 + g.left) * V, x1 - x0);
  }
  return to;
}
// The depthwise output of `rows` rows from y0, of every plane.
CW_INLINE void depthwise_strip(const Op& op, int y0, int rows, long H, long W, long stripFloats) {
  const Geometry& g = op.g;
  const int taps = g.kernelH * g.kernelW;
  for (int c = 0; c < op.inputs; c++)
    for (int y = 0; y < rows; y++)
      depthwise_output_row(*op.prefetch, g, op.scratch[0] + (c * H + (long)(y0 + y) * g.strideH) * W * V, W * V, op.weights2 + (long)c * taps * V, op.scratch[4] + c * stripFloats + (long)y * g.outW * V);
}

static void separable_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const int nci = op.inputs, nco = op.outputs, SR = strip_rows(g);
  const long H = padded_h(g), W = padded_w(g), strip = (long)SR * g.outW * V;
  const float** columns = op.pointers;
  const float** center = columns + nci;
  float** y = (float**)(center + nco);
  float* partial = op.norm ? op.scratch[3] : nullptr;
  if (partial) memset(partial, 0, sizeof(float) * 2 * V * nco);
  for (int c = 0; c < nco; c++) {
    y[c] = op.out[c].plane->z + image * op.out[c].plane->zn;
    center[c] = op.out[c].plane->center;
  }
  for (int c = 0; c < nci; c++) columns[c] = op.scratch[4] + c * strip;
  int prepared = 0;
  for (int y0 = 0; y0 < g.outH; y0 += SR) {
    const int rows = imin(SR, g.outH - y0);
    prepared = prepare_rows(op, image, prepared, imin(g.inH, (y0 + rows - 1) * g.strideH + g.kernelH - g.top), H, W);
    depthwise_strip(op, y0, rows, H, W, strip);
    gemm_forward(*op.prefetch, columns, 0, V, nci, op.weights, nco, rows * g.outW, Output{y, (long)y0 * g.outW * V, op.bias, partial, center});
  }
  if (partial) flush_sums(op, partial);
}

static void separable_backward_prologue(Op& op, Run&) {
  const int nci = op.inputs, nco = op.outputs;
  const long block = (long)V * V;
  float* t = op.scratch[2];
  for (int i = 0; i < nci; i++)
    for (int c = 0; c < nco; c++, t += block) transpose_block(op.weights + ((long)c * nci + i) * block, t);
  flip_taps(op.weights2, nci, op.g.kernelH * op.g.kernelW, t);
}

static void separable_backward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const int nci = op.inputs, nco = op.outputs, taps = g.kernelH * g.kernelW, SR = strip_rows(g);
  const long H = padded_h(g), W = padded_w(g), strip = (long)SR * g.outW * V;
  const Border b = gradient_border(g);
  const long DW = (long)(g.outW + b.left + b.right) * V, DH = g.outH + b.top + b.bottom, inner = b.top * DW + b.left * V;
  const float *transposed = op.scratch[2], *flipped = transposed + (long)nci * nco * V * V;
  const float** columns = op.pointers;
  const float** dzs = columns + nci;
  float** d = (float**)(dzs + nco);
  float* partial = op.scratch[3];
  memset(partial, 0, sizeof(float) * 2 * V * nci);
  for (int c = 0; c < nco; c++) dzs[c] = op.scratch[5] + c * strip;
  for (int c = 0; c < nci; c++) {
    columns[c] = op.scratch[4] + c * strip;
    d[c] = op.scratch[1] + c * DH * DW + inner;
  }
  int prepared = 0, done = 0;
  for (int y0 = 0; y0 < g.outH; y0 += SR) {
    const int rows = imin(SR, g.outH - y0), pixels = rows * g.outW;
    const bool last = y0 + rows >= g.outH;
    prepared = prepare_rows(op, image, prepared, imin(g.inH, (y0 + rows - 1) * g.strideH + g.kernelH - g.top), H, W);
    for (int c = 0; c < nco; c++) {
      gradient_of_output(*op.out[c].plane, image, 1, (long)y0 * g.outW, (float*)dzs[c], pixels);
      bias_gradient(op, c, dzs[c], pixels);
    }
    depthwise_strip(op, y0, rows, H, W, strip);
    gemm_weights(*op.prefetch, columns, 0, V, nci, dzs, 0, nco, op.gradWeights, pixels);
    for (int y = 0; y < rows; y++)
      gemm_forward(*op.prefetch, dzs, (long)y * g.outW * V, V, nco, transposed, nci, g.outW, Output{d, (y0 + y) * DW, nullptr, nullptr, nullptr});
    const int limit = last ? g.inH : imax(0, imin(g.inH, (y0 + rows) * g.strideH - g.top));
    for (int c = 0; c < nci; c++) {
      const GradTarget t = grad_target(op.in[c], image, partial + c * 2 * V);
      depthwise_weight_rows(*op.prefetch, g, op.scratch[0] + (c * H + (long)y0 * g.strideH) * W * V, W * V, d[c] + y0 * DW, DW, rows, op.gradWeights2 + (long)c * taps * V);
      for (int y = done; y < limit; y++)
        depthwise_input_row(*op.prefetch, g, b, op.scratch[1] + c * DH * DW, DW, op.weights2 + (long)c * taps * V, flipped + (long)c * taps * V, y, t, op.activation);
    }
    done = imax(done, limit);
  }
  for (int c = 0; c < nci; c++) flush_gradient_sums(op.in[c], partial + c * 2 * V);
}

}  // namespace CW_TARGET
}  // namespace cellwright
