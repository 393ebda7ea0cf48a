// Pooling. Results may be added to what an add already wrote, times a factor by image (drop path), so a pool of an add costs no tensor.
// Padding never wins a maximum and is not counted in an average. Windows are taken apart into columns and rows. BINS: an adaptive pool, whose
// windows are bins: bin i of n over s rows holds those from floor(i * s / n) to ceil((i + 1) * s / n) - 1.
// Scratch: 0 gradient image of one plane and one row of columns, or what max_gradient.h wants; 1 one over the count by output pixel.
#pragma once
#include "max_gradient.h"
#include "separable.h"

namespace cellwright {
namespace CW_TARGET {

struct Window { int y0, y1, x0, x1; };
CW_INLINE int bin_start(int i, int bins, int side) { return (int)((int64_t)i * side / bins); }
CW_INLINE int bin_end(int i, int bins, int side) { return (int)(((int64_t)(i + 1) * side + bins - 1) / bins); }
template <bool BINS> CW_INLINE Window window_at(const Geometry& g, int y, int x) {
  if (BINS) return {bin_start(y, g.outH, g.inH), bin_end(y, g.outH, g.inH), bin_start(x, g.outW, g.inW), bin_end(x, g.outW, g.inW)};
  const int top = y * g.strideH - g.top, left = x * g.strideW - g.left;
  return {imax(0, top), imin(g.inH, top + g.kernelH), imax(0, left), imin(g.inW, left + g.kernelW)};
}
// First and last + 1 of the windows along one axis that hold input row (or column) `at`.
struct Holders { int from, to; };
template <bool BINS> CW_INLINE Holders holders_of(int at, int side, int out, int kernel, int stride, int padding) {
  if (BINS) return {bin_start(at, side, out), bin_end(at, side, out)};
  // The usual stride, without two divisions a pixel.
  if (stride == 1) return {imax(0, at + padding - kernel + 1), imin(out - 1, at + padding) + 1};
  return {imax(0, floordiv(at + padding - kernel, stride) + 1), imin(out - 1, floordiv(at + padding, stride)) + 1};
}

// The best (or the sum) of each column over the window's rows, for columns [x0, x1): the first half of a window that is taken apart. ROWS: their number, 0 for any.
template <bool MAX, int ROWS> CW_INLINE void pool_columns_of(const float* z, int width, int y0, int y1, int x0, int x1, vf s, vf h, float* out) {
  const int rows = ROWS ? ROWS : y1 - y0;
  for (int j = x0; j < x1; j++) {
    const float* q = z + ((long)y0 * width + j) * V;
    vf a = MAX ? ld(q) * s + h : ld(q);
    for (int i = 1; i < rows; i++) {
      q += (long)width * V;
      a = MAX ? larger(a, ld(q) * s + h) : a + ld(q);
    }
    st(out + (long)j * V, a);
  }
}
// Windows of three, which most are, have loops of their own.
template <bool MAX> CW_INLINE void pool_columns(const float* z, int width, int y0, int y1, int x0, int x1, vf s, vf h, float* out) {
  if (y1 - y0 == 3) pool_columns_of<MAX, 3>(z, width, y0, y1, x0, x1, s, h, out);
  else pool_columns_of<MAX, 0>(z, width, y0, y1, x0, x1, s, h, out);
}
template <bool MAX> CW_INLINE vf pool_two(vf a, vf b) { return MAX ? larger(a, b) : a + b; }
template <bool MAX> CW_INLINE vf pool_row(const float* columns, int x0, int x1) {
  const float* q = columns + (long)x0 * V;
  vf a = ld(q);
  if (x1 - x0 == 3) return pool_two<MAX>(pool_two<MAX>(a, ld(q + V)), ld(q + 2 * V));
  for (int j = x0 + 1; j < x1; j++) a = pool_two<MAX>(a, ld(q += V));
  return a;
}

template <bool BINS> static void max_pool_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const vf m = bc(op.mask[image]);
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float* z = in.z + image * in.zn;
    float* o = out.z + image * out.zn;
    const vf s = ld(in.scale), h = ld(in.shift);
    float* columns = op.scratch[0];
    for (int y = 0; y < g.outH; y++) {
      const Window rows = window_at<BINS>(g, y, 0);
      pool_columns<true>(z, g.inW, rows.y0, rows.y1, 0, g.inW, s, h, columns);
      for (int x = 0; x < g.outW; x++, o += V) {
        const Window w = window_at<BINS>(g, y, x);
        put_value(o, op.out[c].accumulate, pool_row<true>(columns, w.x0, w.x1) * m);
      }
    }
  }
}
// Any windows, pixel by pixel.
template <bool BINS> static void max_pool_backward_any(Op& op, int image) {
  const Geometry& g = op.g;
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float* z = in.z + image * in.zn;
    const vf s = ld(in.scale), h = ld(in.shift), m = bc(op.mask[image] * out.gradMask[image]);
    float* d = op.scratch[0];
    const long pixels = (long)g.inH * g.inW;
    float* columns = d + pixels * V;
    memset(d, 0, sizeof(float) * pixels * V);
    const float* gradient = out.g + image * out.gn;
    for (int y = 0; y < g.outH; y++) {
      const Window rows = window_at<BINS>(g, y, 0);
      pool_columns<true>(z, g.inW, rows.y0, rows.y1, 0, g.inW, s, h, columns);
      for (int x = 0; x < g.outW; x++, gradient += V) {
        const Window w = window_at<BINS>(g, y, x);
        const vf best = pool_row<true>(columns, w.x0, w.x1);
        vf left = ld(gradient) * m, none = {};
        for (int i = w.y0; i < w.y1; i++)
          for (int j = w.x0; j < w.x1; j++) {
            const long at = ((long)i * g.inW + j) * V;
            const vf v = ld(z + at) * s + h;
            st(d + at, ld(d + at) + (v == best ? left : none));
            left = v == best ? none : left;
          }
      }
    }
    float* o = in.g + image * in.gn;
    for (long i = 0; i < pixels * V; i += V) put_value(o + i, op.in[c].accumulate, ld(d + i));
  }
}
template <int K, int S> static void max_pool_backward_square(Op& op, int image) {
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const vf m = bc(op.mask[image] * out.gradMask[image]);
    max_gradient<K, S>(op.g, in.z + image * in.zn, out.g + image * out.gn, ld(in.scale), ld(in.shift), m, op.scratch[0], in.g + image * in.gn, op.in[c].accumulate);
  }
}
static void max_pool_backward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const bool square = g.kernelH == g.kernelW && g.strideH == g.strideW && g.top >= 0 && g.left >= 0;
  switch (square ? g.kernelH * 10 + g.strideH : 0) {
    case 22: return max_pool_backward_square<2, 2>(op, image);
    case 31: return max_pool_backward_square<3, 1>(op, image);
    case 32: return max_pool_backward_square<3, 2>(op, image);
    case 51: return max_pool_backward_square<5, 1>(op, image);
    case 52: return max_pool_backward_square<5, 2>(op, image);
    case 71: return max_pool_backward_square<7, 1>(op, image);
    case 72: return max_pool_backward_square<7, 2>(op, image);
    default: return max_pool_backward_any<false>(op, image);
  }
}
static void adaptive_max_pool_backward(Op& op, Run&, int image) { max_pool_backward_any<true>(op, image); }

template <bool BINS> static void avg_pool_prologue(Op& op, Run&) {
  const Geometry& g = op.g;
  for (int y = 0; y < g.outH; y++)
    for (int x = 0; x < g.outW; x++) {
      const Window w = window_at<BINS>(g, y, x);
      op.scratch[1][y * g.outW + x] = 1.0f / (float)((w.y1 - w.y0) * (w.x1 - w.x0));
    }
}
template <bool BINS> static void avg_pool_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float *z = in.z + image * in.zn, *count = op.scratch[1];
    float* o = out.z + image * out.zn;
    const vf m = bc(op.mask[image]), s = ld(in.scale) * m, h = ld(in.shift) * m;
    float* columns = op.scratch[0];
    for (int y = 0; y < g.outH; y++) {
      const Window rows = window_at<BINS>(g, y, 0);
      pool_columns<false>(z, g.inW, rows.y0, rows.y1, 0, g.inW, s, h, columns);
      for (int x = 0; x < g.outW; x++, o += V) {
        const Window w = window_at<BINS>(g, y, x);
        put_value(o, op.out[c].accumulate, pool_row<false>(columns, w.x0, w.x1) * bc(*count++) * s + h);
      }
    }
  }
}
template <bool BINS> static void avg_pool_backward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const vf m = bc(op.mask[image] * out.gradMask[image]);
    const float* gradient = out.g + image * out.gn;
    float* d = op.scratch[0];
    for (long i = 0; i < (long)g.outH * g.outW; i++) st(d + i * V, ld(gradient + i * V) * m * bc(op.scratch[1][i]));
    float *o = in.g + image * in.gn, *columns = d + (long)g.outH * g.outW * V;
    for (int y = 0; y < g.inH; y++) {
      const Holders r = holders_of<BINS>(y, g.inH, g.outH, g.kernelH, g.strideH, g.top);
      const vf zero = {};
      if (r.from < r.to) pool_columns<false>(d, g.outW, r.from, r.to, 0, g.outW, zero, zero, columns);
      for (int x = 0; x < g.inW; x++, o += V) {
        const Holders k = holders_of<BINS>(x, g.inW, g.outW, g.kernelW, g.strideW, g.left);
        put_value(o, op.in[c].accumulate, r.from < r.to && k.from < k.to ? pool_row<false>(columns, k.from, k.to) : zero);
      }
    }
  }
}

// Mean over all pixels of the activated input.
static void global_pool_forward(Op& op, Run&, int image) {
  const int pixels = op.g.inH * op.g.inW;
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float* z = in.z + image * in.zn;
    vf sum = {};
    float row[STRIP * V] __attribute__((aligned(64)));
    for (int p = 0; p < pixels; p += STRIP) {
      const int n = imin(STRIP, pixels - p);
      prepare(in, op.activation, z + (long)p * V, 1, row, n);
      for (int i = 0; i < n; i++) sum += ld(row + i * V);
    }
    st(out.z + image * out.zn, sum * bc(1.0f / (float)pixels));
  }
}
template <int ACT> CW_INLINE void global_pool_spread(const GradTarget& t, int act, vf d, int pixels) {
  for (int p = 0; p < pixels; p += 8) {
    const int n = imin(8, pixels - p);
    vf v[8];
    for (int i = 0; i < 8; i++) v[i] = d;
    put_gradient<ACT>(t, act, (long)p * V, V, v, n);
  }
}
static void global_pool_backward(Op& op, Run&, int image) {
  const int pixels = op.g.inH * op.g.inW;
  float partial[2 * V] __attribute__((aligned(64)));
  float dz[V] __attribute__((aligned(64)));
  for (int c = 0; c < op.inputs; c++) {
    memset(partial, 0, sizeof partial);
    gradient_of_output(*op.out[c].plane, image, 1, 0, dz, 1);
    const vf d = ld(dz) * bc(1.0f / (float)pixels);
    const GradTarget t = grad_target(op.in[c], image, partial);
    if (op.activation == None) global_pool_spread<0>(t, op.activation, d, pixels);
    else if (op.activation == Relu) global_pool_spread<1>(t, op.activation, d, pixels);
    else global_pool_spread<2>(t, op.activation, d, pixels);
    flush_gradient_sums(op.in[c], partial);
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
