// Local response normalisation: y = x * base^-beta with base = k + alpha * (sum of squares over neighbouring channels), pixel by pixel. The squares
// of one pixel stand in a row with zeros at both ends, so that a sum over neighbours is a sum of shifted vectors. Planes are full but for the last.
// extra: channels of the window before and after its own. f: alpha over the window's size, beta, k.
// Scratch: 0 strips of x, then of dz, [planes][STRIP][V] each; then two rows of [margin][planes * V][margin].
#pragma once
#include "norm.h"

namespace cellwright {
namespace CW_TARGET {

typedef float vfu __attribute__((vector_size(CW_WIDTH * 4), may_alias, aligned(4)));

struct Response {
  int before, after;
  float alpha, beta, k;
  long margin;     // floats
  float *x, *dz;   // strips
  float *squares, *terms;  // of channel 0
};
CW_INLINE Response response_of(const Op& op) {
  const int planes = op.inputs;
  Response r;
  r.before = (int)op.extra[0];
  r.after = (int)op.extra[1];
  r.alpha = (float)op.f[0];
  r.beta = (float)op.f[1];
  r.k = (float)op.f[2];
  r.margin = (long)((imax(r.before, r.after) + V - 1) / V) * V;
  const long row = 2 * r.margin + (long)planes * V;
  r.x = op.scratch[0];
  r.dz = r.x + (long)planes * STRIP * V;
  r.squares = r.dz + (long)planes * STRIP * V + r.margin;
  r.terms = r.squares + row;
  memset(r.squares - r.margin, 0, sizeof(float) * 2 * row);
  return r;
}

// The sum over channels [c - before, c + after] for every channel c of one vector.
CW_INLINE vf sum_around(const float* row, int before, int after) {
  vf s = {};
  for (int d = -before; d <= after; d++) s += *(const vfu*)(row + d);
  return s;
}

// base^-beta, base above zero. Betas of AlexNet's kind need square roots alone.
CW_INLINE vf inverse_power(vf base, float beta) {
  if (beta != 0.75f && beta != 0.5f && beta != 1) return exponential(bc(-beta) * logarithm(base));
  float b[V] __attribute__((aligned(64)));
  st(b, base);
  if (beta == 0.75f) for (int l = 0; l < V; l++) b[l] = 1 / (sqrtf(b[l]) * sqrtf(sqrtf(b[l])));
  else if (beta == 0.5f) for (int l = 0; l < V; l++) b[l] = 1 / sqrtf(b[l]);
  else for (int l = 0; l < V; l++) b[l] = 1 / b[l];
  return ld(b);
}

CW_INLINE void response_strip(const Op& op, const Response& r, int image, int at, int n) {
  for (int c = 0; c < op.inputs; c++) {
    const Plane& p = *op.in[c].plane;
    prepare(p, op.activation, p.z + image * p.zn + (long)at * V, 1, r.x + (long)c * STRIP * V, n);
  }
}
CW_INLINE void response_squares(const Op& op, const Response& r, int i) {
  for (int c = 0; c < op.inputs; c++) {
    const vf x = ld(r.x + ((long)c * STRIP + i) * V);
    st(r.squares + (long)c * V, x * x);
  }
}

// Hands `n` pixels of gradients on, from pixel `at`: through the activation, with batch norm's backward sums.
CW_INLINE void put_strip(const Use& use, int act, int image, int at, int n, const float* d, float* partial) {
  memset(partial, 0, sizeof(float) * 2 * V);
  const GradTarget t = grad_target(use, image, partial);
  for (int i = 0; i < n; i += 8) {
    const int count = imin(8, n - i);
    vf v[8];
    for (int j = 0; j < 8; j++) v[j] = ld(d + (long)(i + imin(j, count - 1)) * V);
    if (act == None) put_gradient<0>(t, act, (long)(at + i) * V, V, v, count);
    else if (act == Relu) put_gradient<1>(t, act, (long)(at + i) * V, V, v, count);
    else put_gradient<2>(t, act, (long)(at + i) * V, V, v, count);
  }
  flush_gradient_sums(use, partial);
}

static void response_forward(Op& op, Run&, int image) {
  const Response r = response_of(op);
  const int pixels = op.g.inH * op.g.inW;
  const vf alpha = bc(r.alpha), k = bc(r.k);
  for (int p0 = 0; p0 < pixels; p0 += STRIP) {
    const int n = imin(STRIP, pixels - p0);
    response_strip(op, r, image, p0, n);
    for (int i = 0; i < n; i++) {
      response_squares(op, r, i);
      for (int c = 0; c < op.outputs; c++) {
        const Plane& out = *op.out[c].plane;
        const vf base = k + alpha * sum_around(r.squares + (long)c * V, r.before, r.after);
        st(out.z + image * out.zn + (long)(p0 + i) * V, ld(r.x + ((long)c * STRIP + i) * V) * inverse_power(base, r.beta));
      }
    }
  }
}

// dx[c] = g[c] * base[c]^-beta - 2 alpha beta x[c] * (sum of g * x * base^(-beta - 1) over the channels in whose windows c is).
static void response_backward(Op& op, Run&, int image) {
  const Response r = response_of(op);
  const int pixels = op.g.inH * op.g.inW;
  const vf alpha = bc(r.alpha), k = bc(r.k), slope = bc(-2 * r.alpha * r.beta);
  float partial[2 * V] __attribute__((aligned(64)));
  for (int p0 = 0; p0 < pixels; p0 += STRIP) {
    const int n = imin(STRIP, pixels - p0);
    response_strip(op, r, image, p0, n);
    for (int c = 0; c < op.outputs; c++) gradient_of_output(*op.out[c].plane, image, 1, p0, r.dz + (long)c * STRIP * V, n);
    for (int i = 0; i < n; i++) {
      response_squares(op, r, i);
      for (int c = 0; c < op.inputs; c++) {
        const vf base = k + alpha * sum_around(r.squares + (long)c * V, r.before, r.after), power = inverse_power(base, r.beta);
        float* d = r.dz + ((long)c * STRIP + i) * V;
        const vf g = ld(d) * power;
        st(r.terms + (long)c * V, g * ld(r.x + ((long)c * STRIP + i) * V) / base);
        st(d, g);
      }
      for (int c = 0; c < op.inputs; c++) {
        float* d = r.dz + ((long)c * STRIP + i) * V;
        st(d, ld(d) + slope * ld(r.x + ((long)c * STRIP + i) * V) * sum_around(r.terms + (long)c * V, r.after, r.before));
      }
    }
    for (int c = 0; c < op.inputs; c++) put_strip(op.in[c], op.activation, image, p0, n, r.dz + (long)c * STRIP * V, partial);
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
