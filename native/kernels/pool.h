// Pooling. Results may be added to what an add already wrote, times a factor by image (drop path), so a pool of an add costs no tensor.
// Padding never wins a maximum and is not counted in an average. Scratch: 0 gradient image of one plane; 1 one over the count by output pixel.
#pragma once
#include "separable.h"

namespace cellwright {
namespace CW_TARGET {

struct Window { int y0, y1, x0, x1; };
CW_INLINE Window window_at(const Geometry& g, int y, int x) {
  const int top = y * g.strideH - g.top, left = x * g.strideW - g.left;
  return {imax(0, top), imin(g.inH, top + g.kernelH), imax(0, left), imin(g.inW, left + g.kernelW)};
}
CW_INLINE void put_value(float* out, bool accumulate, vf v) { st(out, accumulate ? ld(out) + v : v); }

static void max_pool_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const vf m = bc(op.mask[image]);
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float* z = in.z + image * in.zn;
    float* o = out.z + image * out.zn;
    const vf s = ld(in.scale), h = ld(in.shift);
    for (int y = 0; y < g.outH; y++)
      for (int x = 0; x < g.outW; x++, o += V) {
        const Window w = window_at(g, y, x);
        vf best = ld(z + ((long)w.y0 * g.inW + w.x0) * V) * s + h;
        for (int i = w.y0; i < w.y1; i++)
          for (int j = w.x0; j < w.x1; j++) best = larger(best, ld(z + ((long)i * g.inW + j) * V) * s + h);
        put_value(o, op.out[c].accumulate, best * m);
      }
  }
}
static void max_pool_backward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float* z = in.z + image * in.zn;
    const vf s = ld(in.scale), h = ld(in.shift), m = bc(op.mask[image] * out.gradMask[image]);
    float* d = op.scratch[0];
    const long pixels = (long)g.inH * g.inW;
    memset(d, 0, sizeof(float) * pixels * V);
    const float* gradient = out.g + image * out.gn;
    for (int y = 0; y < g.outH; y++)
      for (int x = 0; x < g.outW; x++, gradient += V) {
        const Window w = window_at(g, y, x);
        vf best = ld(z + ((long)w.y0 * g.inW + w.x0) * V) * s + h;
        for (int i = w.y0; i < w.y1; i++)
          for (int j = w.x0; j < w.x1; j++) best = larger(best, ld(z + ((long)i * g.inW + j) * V) * s + h);
        vf left = ld(gradient) * m, none = {};
        for (int i = w.y0; i < w.y1; i++)
          for (int j = w.x0; j < w.x1; j++) {
            const long at = ((long)i * g.inW + j) * V;
            const vf v = ld(z + at) * s + h;
            st(d + at, ld(d + at) + (v == best ? left : none));
            left = v == best ? none : left;
          }
      }
    float* o = in.g + image * in.gn;
    for (long i = 0; i < pixels * V; i += V) put_value(o + i, op.in[c].accumulate, ld(d + i));
  }
}

static void avg_pool_prologue(Op& op, Run&) {
  const Geometry& g = op.g;
  for (int y = 0; y < g.outH; y++)
    for (int x = 0; x < g.outW; x++) {
      const Window w = window_at(g, y, x);
      op.scratch[1][y * g.outW + x] = 1.0f / (float)((w.y1 - w.y0) * (w.x1 - w.x0));
    }
}
static void avg_pool_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float *z = in.z + image * in.zn, *count = op.scratch[1];
    float* o = out.z + image * out.zn;
    const vf m = bc(op.mask[image]), s = ld(in.scale) * m, h = ld(in.shift) * m;
    for (int y = 0; y < g.outH; y++)
      for (int x = 0; x < g.outW; x++, o += V) {
        const Window w = window_at(g, y, x);
        vf sum = {};
        for (int i = w.y0; i < w.y1; i++)
          for (int j = w.x0; j < w.x1; j++) sum += ld(z + ((long)i * g.inW + j) * V);
        put_value(o, op.out[c].accumulate, sum * bc(*count++) * s + h);
      }
  }
}
static void avg_pool_backward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const vf m = bc(op.mask[image] * out.gradMask[image]);
    const float* gradient = out.g + image * out.gn;
    float* d = op.scratch[0];
    for (long i = 0; i < (long)g.outH * g.outW; i++) st(d + i * V, ld(gradient + i * V) * m * bc(op.scratch[1][i]));
    float* o = in.g + image * in.gn;
    for (int y = 0; y < g.inH; y++) {
      const int r0 = imax(0, floordiv(y + g.top - g.kernelH, g.strideH) + 1), r1 = imin(g.outH - 1, (y + g.top) / g.strideH);
      for (int x = 0; x < g.inW; x++, o += V) {
        const int c0 = imax(0, floordiv(x + g.left - g.kernelW, g.strideW) + 1), c1 = imin(g.outW - 1, (x + g.left) / g.strideW);
        vf sum = {};
        for (int i = r0; i <= r1; i++) for (int j = c0; j <= c1; j++) sum += ld(d + ((long)i * g.outW + j) * V);
        put_value(o, op.in[c].accumulate, sum);
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
