// Activations of what is read: act(scale * z + shift). ACT 0 none, 1 relu, 2 any other (scalar, for generality rather than speed).
#pragma once
#include "vector.h"

namespace cellwright {
namespace CW_TARGET {

CW_KERNEL float act_value(int act, float x) {
  switch (act) {
    case Relu: return 0 > x ? 0 : x;
    case Relu6: return 0 > x ? 0 : (x > 6 ? 6 : x);
    case Swish: return x / (1 + expf(-x));
    case HSwish: return x * (x < -3 ? 0 : (x > 3 ? 6 : x + 3)) * (1.0f / 6);
    case Sigmoid: return 1 / (1 + expf(-x));
    case HSigmoid: return (x < -3 ? 0 : (x > 3 ? 6 : x + 3)) * (1.0f / 6);
    case Tanh: return tanhf(x);
    default: return x;
  }
}

CW_KERNEL float act_slope(int act, float x) {
  switch (act) {
    case Relu: return x > 0 ? 1 : 0;
    case Relu6: return x > 0 && x < 6 ? 1 : 0;
    case Swish: { float s = 1 / (1 + expf(-x)); return s * (1 + x * (1 - s)); }
    case HSwish: return x <= -3 ? 0 : (x >= 3 ? 1 : (2 * x + 3) * (1.0f / 6));
    case Sigmoid: { float s = 1 / (1 + expf(-x)); return s * (1 - s); }
    case HSigmoid: return x > -3 && x < 3 ? 1.0f / 6 : 0;
    case Tanh: { float t = tanhf(x); return 1 - t * t; }
    default: return 1;
  }
}

// Unused lanes hold zero, also where act(0) is not zero: what they would feed has no weights that may move.
CW_KERNEL void act_other(int act, int lanes, float* x, long n) {
  for (long i = 0; i < n; i++)
    for (int l = 0; l < V; l++) x[i * V + l] = l < lanes ? act_value(act, x[i * V + l]) : 0;
}

CW_KERNEL void slope_other(int act, const float* u, float* v) {
  for (int l = 0; l < V; l++) v[l] *= act_slope(act, u[l]);
}

template <int ACT> CW_INLINE vf times_slope(int act, vf u, vf v) {
  if (ACT == 0) return v;
  if (ACT == 1) return where_positive(u, v);
  float a[V] __attribute__((aligned(64))), b[V] __attribute__((aligned(64)));
  st(a, u);
  st(b, v);
  slope_other(act, a, b);
  return ld(b);
}

// Writes act(scale * z + shift) of n pixels, `step` pixels apart where they are read.
template <int ACT> CW_INLINE void prepare_as(const Plane& p, int act, const float* z, long step, float* out, long n) {
  const vf s = ld(p.scale), h = ld(p.shift);
  if (step == 1)
    for (long i = 0; i < n; i++) {
      vf v = ld(z + i * V) * s + h;
      st(out + i * V, ACT == 1 ? relu(v) : v);
    }
  else
    for (long i = 0; i < n; i++) {
      vf v = ld(z + i * step * V) * s + h;
      st(out + i * V, ACT == 1 ? relu(v) : v);
    }
  if (ACT == 2) act_other(act, p.lanes, out, n);
}
CW_INLINE void prepare(const Plane& p, int act, const float* z, long step, float* out, long n) {
  if (act == None) prepare_as<0>(p, act, z, step, out, n);
  else if (act == Relu) prepare_as<1>(p, act, z, step, out, n);
  else prepare_as<2>(p, act, z, step, out, n);
}

// The interior of a zero-bordered image of H x W pixels whose pixel (top, left) is the source's (0, 0).
CW_INLINE void prepare_padded(const Plane& p, int act, int image, int inH, int inW, float* out, int H, int W, int top, int left) {
  const float* z = p.z + image * p.zn;
  int x0 = imax(0, -left), x1 = imin(inW, W - left);
  if (x1 <= x0) return;
  for (int y = imax(0, -top); y < imin(inH, H - top); y++)
    prepare(p, act, z + ((long)y * inW + x0) * V, 1, out + ((long)(y + top) * W + x0 + left) * V, x1 - x0);
}

// dz of n pixels from pixel `at`: the gradient of what the producer wrote, batch norm's backward included.
CW_INLINE void gradient_of_output(const Plane& p, int image, float factor, long at, float* out, long n) {
  const float* g = p.g + image * p.gn + at * V;
  const vf m = bc(p.gradMask[image] * factor);
  if (p.normalised) {
    const float* z = p.z + image * p.zn + at * V;
    const vf a = ld(p.a) * m, b = ld(p.b), c = ld(p.c);
    for (long i = 0; i < n; i++) st(out + i * V, ld(g + i * V) * a + (ld(z + i * V) * b + c));
  } else {
    for (long i = 0; i < n; i++) st(out + i * V, ld(g + i * V) * m);
  }
}

// Where a gradient goes: through the activation's slope, added or stored, with batch norm's backward sums if this is its last writer.
struct GradTarget {
  float* g;
  const float* z;
  const float *scale, *shift, *mean;
  float* partial;  // [2][V] of this image, or null for no sums
  bool accumulate;
};
CW_INLINE GradTarget grad_target(const Use& u, int image, float* partial) {
  const Plane& p = *u.plane;
  return {p.g + image * p.gn, p.z + image * p.zn, p.scale, p.shift, p.mean, u.sums ? partial : nullptr, u.accumulate};
}
template <int ACT> CW_INLINE void put_gradient(const GradTarget& t, int act, long at, long step, vf* v, int n) {
  if (ACT) {
    const vf s = ld(t.scale), h = ld(t.shift);
    for (int i = 0; i < n; i++) v[i] = times_slope<ACT>(act, ld(t.z + at + i * step) * s + h, v[i]);
  }
  if (t.accumulate) for (int i = 0; i < n; i++) v[i] += ld(t.g + at + i * step);
  for (int i = 0; i < n; i++) st(t.g + at + i * step, v[i]);
  if (t.partial) {
    vf a = ld(t.partial), b = ld(t.partial + V);
    const vf m = ld(t.mean);
    for (int i = 0; i < n; i++) { a += v[i]; b += v[i] * (ld(t.z + at + i * step) - m); }
    st(t.partial, a);
    st(t.partial + V, b);
  }
}
CW_INLINE void flush_gradient_sums(const Use& u, float* partial) {
  if (!u.sums) return;
  for (int l = 0; l < V; l++) {
    u.plane->gradSum[l] += partial[l];
    u.plane->gradDot[l] += partial[V + l];
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
