// Moves channels among planes of one size, a few pixels at a time that stay in the first-level cache: what is read is made ready vector by vector,
// then taken lane by lane.
// extra: for every output plane and lane: input plane (-1: zero), lane.
// Scratch: 0 [input planes][STRIP][V]; 1 in backward, dz of one plane, [STRIP][V].
#pragma once
#include "response.h"

namespace cellwright {
namespace CW_TARGET {

// Pixels of which all planes fit half of the first-level cache.
CW_INLINE int shuffle_pixels(const Op& op) { return imax(4, imin(STRIP, 4096 / (op.inputs * V))); }

static void shuffle_forward(Op& op, Run&, int image) {
  const int pixels = op.g.inH * op.g.inW, step = shuffle_pixels(op);
  for (int p0 = 0; p0 < pixels; p0 += step) {
    const int n = imin(step, pixels - p0);
    for (int c = 0; c < op.inputs; c++) {
      const Plane& p = *op.in[c].plane;
      prepare(p, op.activation, p.z + image * p.zn + (long)p0 * V, 1, op.scratch[0] + (long)c * STRIP * V, n);
    }
    const int64_t* e = op.extra;
    for (int c = 0; c < op.outputs; c++) {
      const Plane& p = *op.out[c].plane;
      float* out = p.z + image * p.zn + (long)p0 * V;
      for (int l = 0; l < V; l++, e += 2) {
        if (e[0] < 0) {
          for (int i = 0; i < n; i++) out[(long)i * V + l] = 0;
          continue;
        }
        const float* x = op.scratch[0] + (long)e[0] * STRIP * V + e[1];
        for (int i = 0; i < n; i++) out[(long)i * V + l] = x[(long)i * V];
      }
    }
  }
}

static void shuffle_backward(Op& op, Run&, int image) {
  const int pixels = op.g.inH * op.g.inW, step = shuffle_pixels(op);
  float partial[2 * V] __attribute__((aligned(64)));
  for (int p0 = 0; p0 < pixels; p0 += step) {
    const int n = imin(step, pixels - p0);
    for (int c = 0; c < op.inputs; c++) memset(op.scratch[0] + (long)c * STRIP * V, 0, sizeof(float) * n * V);
    const int64_t* e = op.extra;
    for (int c = 0; c < op.outputs; c++) {
      gradient_of_output(*op.out[c].plane, image, 1, p0, op.scratch[1], n);
      for (int l = 0; l < V; l++, e += 2) {
        if (e[0] < 0) continue;
        float* g = op.scratch[0] + (long)e[0] * STRIP * V + e[1];
        for (int i = 0; i < n; i++) g[(long)i * V] += op.scratch[1][(long)i * V + l];
      }
    }
    for (int c = 0; c < op.inputs; c++) put_strip(op.in[c], op.activation, image, p0, n, op.scratch[0] + (long)c * STRIP * V, partial);
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
