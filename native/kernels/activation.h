// Activations of what is read: act(scale * z + shift). ACT 0 none, 1 relu, 2 any other: those in a pass of their own over what is in cache.
#pragma once
#include "exponential.h"

namespace cellwright {
namespace CW_TARGET {

template <int KIND> CW_INLINE vf activation_of(vf x) {
  switch (KIND) {
    case Relu: return relu(x);
    case Relu6: return pick_smaller(relu(x), bc(6));
    case Swish: return x / (bc(1) + exponential(-x));
    case HSwish: return x * (pick_smaller(relu(x + bc(3)), bc(6)) * bc(1.0f / 6));
    case Sigmoid: return logistic(x);
    case HSigmoid: return pick_smaller(relu(x + bc(3)), bc(6)) * bc(1.0f / 6);
    case Tanh: return hyperbolic_tangent(x);
    default: return x;
  }
}

template <int KIND> CW_INLINE vf slope_of(vf x) {
  const vf zero = {}, one = bc(1);
  switch (KIND) {
    case Relu: return x > zero ? one : zero;
    case Relu6: return x > zero ? (x < bc(6) ? one : zero) : zero;
    case Swish: { const vf s = logistic(x); return s * (one + x * (one - s)); }
    case HSwish: return x > bc(-3) ? (x < bc(3) ? (x + x + bc(3)) * bc(1.0f / 6) : one) : zero;
    case Sigmoid: { const vf s = logistic(x); return s * (one - s); }
    case HSigmoid: return x > bc(-3) ? (x < bc(3) ? bc(1.0f / 6) : zero) : zero;
    case Tanh: { const vf t = hyperbolic_tangent(x); return one - t * t; }
    default: return one;
  }
}

// Both at once: those that share an exponential have it computed once.
template <int KIND> CW_INLINE void value_and_slope(vf x, vf& value, vf& slope) {
  const vf one = bc(1);
  switch (KIND) {
    case Swish: { const vf s = logistic(x); value = x * s; slope = s + value * (one - s); return; }
    case Sigmoid: value = logistic(x); slope = value * (one - value); return;
    case Tanh: value = hyperbolic_tangent(x); slope = one - value * value; return;
    default: value = activation_of<KIND>(x); slope = slope_of<KIND>(x);
  }
}

// Calls `f` with the kind as a constant.
template <int KIND> struct Chosen { static constexpr int value = KIND; };
template <class F> CW_INLINE void with_kind(int act, F f) {
  switch (act) {
    case Relu: return f(Chosen<Relu>{});
    case Relu6: return f(Chosen<Relu6>{});
    case Swish: return f(Chosen<Swish>{});
    case HSwish: return f(Chosen<HSwish>{});
    case Sigmoid: return f(Chosen<Sigmoid>{});
    case HSigmoid: return f(Chosen<HSigmoid>{});
    case Tanh: return f(Chosen<Tanh>{});
    default: return f(Chosen<None>{});
  }
}

// All bits of the lanes in use, none of the others.
CW_INLINE vi lanes_in_use(int lanes) {
  vi number;
  for (int l = 0; l < V; l++) number[l] = l;
  return number < lanes;
}
// Of n pixels where they stand. Unused lanes hold zero, also where act(0) is not zero: what they would feed has no weights that may move.
CW_KERNEL void activate(int act, int lanes, float* x, long n) {
  const vi used = lanes_in_use(lanes);
  with_kind(act, [&](auto kind) {
    for (long i = 0; i < n; i++) st(x + i * V, (vf)((vi)activation_of<kind.value>(ld(x + i * V)) & used));
  });
}
// Slopes of n vectors where they stand.
CW_KERNEL void to_slopes(int act, float* x, long n) {
  with_kind(act, [&](auto kind) {
    for (long i = 0; i < n; i++) st(x + i * V, slope_of<kind.value>(ld(x + i * V)));
  });
}

// Writes act(scale * z + shift) of n pixels, `step` pixels apart where they are read.
template <int ACT> CW_INLINE void prepare_as(const Plane& p, const float* z, long step, float* out, long n) {
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
}
CW_KERNEL void prepare_activated(const Plane& p, int act, const float* z, long step, float* out, long n) {
  const vf s = ld(p.scale), h = ld(p.shift);
  const vi used = lanes_in_use(p.lanes);
  with_kind(act, [&](auto kind) {
    for (long i = 0; i < n; i++) st(out + i * V, (vf)((vi)activation_of<kind.value>(ld(z + i * step * V) * s + h) & used));
  });
}
CW_INLINE void prepare(const Plane& p, int act, const float* z, long step, float* out, long n) {
  if (act == None) prepare_as<0>(p, z, step, out, n);
  else if (act == Relu) prepare_as<1>(p, z, step, out, n);
  else prepare_activated(p, act, z, step, out, n);
}

// The interior of a zero-bordered image of H x W pixels whose pixel (top, left) is the source's (0, 0).
CW_INLINE void prepare_padded(const Plane& p, int act, int image, int inH, int inW, float* out, int H, int W, int top, int left) {
  const float* z = p.z + image * p.zn;
  int x0 = imax(0, -left), x1 = imin(inW, W - left);
  if (x1 <= x0) return;
  for (int y = imax(0, -top); y < imin(inH, H - top); y++)
    prepare(p, act, z + ((long)y * inW + x0) * V, 1, out + ((long)(y + top) * W + x0 + left) * V, x1 - x0);
}

// The same for an image that fits in whole, with the activation's slopes, pixel by pixel as in the source.
CW_KERNEL void prepare_padded_with_slopes(const Plane& p, int act, int image, int inH, int inW, float* out, int W, int top, int left, float* slopes) {
  const float* z = p.z + image * p.zn;
  const vf s = ld(p.scale), h = ld(p.shift);
  const vi used = lanes_in_use(p.lanes);
  with_kind(act, [&](auto kind) {
    for (int y = 0; y < inH; y++, z += (long)inW * V, slopes += (long)inW * V) {
      float* row = out + ((long)(y + top) * W + left) * V;
      for (long i = 0; i < (long)inW * V; i += V) {
        vf value, slope;
        value_and_slope<kind.value>(ld(z + i) * s + h, value, slope);
        st(row + i, (vf)((vi)value & used));
        st(slopes + i, slope);
      }
    }
  });
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
  const float* slopes;  // of the activation, where they are known
};
CW_INLINE GradTarget grad_target(const Use& u, int image, float* partial) {
  const Plane& p = *u.plane;
  return {p.g + image * p.gn, p.z + image * p.zn, p.scale, p.shift, p.mean, u.sums ? partial : nullptr, u.accumulate, nullptr};
}
// Multiplies the gradients v of n pixels by the activation's slope there.
CW_KERNEL void times_slope(int act, const GradTarget& t, long at, long step, vf* v, int n) {
  const vf s = ld(t.scale), h = ld(t.shift);
  with_kind(act, [&](auto kind) {
    for (int i = 0; i < n; i++) v[i] *= slope_of<kind.value>(ld(t.z + at + i * step) * s + h);
  });
}
template <int ACT> CW_INLINE void put_gradient(const GradTarget& t, int act, long at, long step, vf* v, int n) {
  if (ACT == 1) {
    const vf s = ld(t.scale), h = ld(t.shift);
    for (int i = 0; i < n; i++) v[i] = where_positive(ld(t.z + at + i * step) * s + h, v[i]);
  }
  if (ACT == 2) {
    if (t.slopes) for (int i = 0; i < n; i++) v[i] *= ld(t.slopes + at + i * step);
    else times_slope(act, t, at, step, v, n);
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
