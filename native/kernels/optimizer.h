// Updates of parameters, in one pass over weights, gradients and slots: what src/engines/engine.ts says of each optimizer, in single precision. Running
// means are moved by a share of the difference: two factors that are rounded would not add up to one, and the mean would settle beside its value.
#pragma once
#include "vector.h"

namespace cellwright {
namespace CW_TARGET {

CW_INLINE vf square_root(vf x) {
#if defined(__wasm__)
  return __builtin_wasm_sqrt_f32x4(x);
#elif defined(__SSE__) && CW_WIDTH == 16
  return _mm512_maskz_sqrt_ps(0xffff, x);
#elif defined(__SSE__) && CW_WIDTH == 8
  return _mm256_sqrt_ps(x);
#elif defined(__SSE__)
  return _mm_sqrt_ps(x);
#else
  for (int l = 0; l < V; l++) x[l] = sqrtf(x[l]);
  return x;
#endif
}

template <bool NESTEROV> static void update_sgd(const Span& s, const Update& u) {
  const vf scale = bc(s.scale), decay = bc(s.decay), rate = bc((float)u.learningRate), m = bc((float)u.momentum);
  for (int64_t i = 0; i < s.length; i += V) {
    const vf w = ld(s.weights + i), g = ld(s.gradients + i) * scale + decay * w, v = m * ld(s.first + i) + g;
    st(s.first + i, v);
    st(s.weights + i, w - rate * (NESTEROV ? g + m * v : v));
  }
}

static void update_rmsprop(const Span& s, const Update& u) {
  const vf scale = bc(s.scale), decay = bc(s.decay), rate = bc((float)u.learningRate), m = bc((float)u.momentum);
  const vf share = bc((float)(1 - u.keepSquare)), epsilon = bc((float)u.epsilon);
  for (int64_t i = 0; i < s.length; i += V) {
    const vf w = ld(s.weights + i), g = ld(s.gradients + i) * scale + decay * w, old = ld(s.second + i);
    const vf square = old + share * (g * g - old), v = m * ld(s.first + i) + rate * g / square_root(square + epsilon);
    st(s.first + i, v);
    st(s.second + i, square);
    st(s.weights + i, w - v);
  }
}

static void update_adamw(const Span& s, const Update& u) {
  const vf scale = bc(s.scale), decay = bc((float)(u.learningRate * s.decay)), epsilon = bc((float)u.epsilon);
  const vf share1 = bc((float)(1 - u.momentum)), share2 = bc((float)(1 - u.keepSquare));
  const vf rate = bc((float)(u.learningRate / u.bias)), unbias = bc((float)(1 / sqrt(u.biasSquare)));
  for (int64_t i = 0; i < s.length; i += V) {
    const vf w = ld(s.weights + i), g = ld(s.gradients + i) * scale, m = ld(s.first + i), old = ld(s.second + i);
    const vf mean = m + share1 * (g - m), square = old + share2 * (g * g - old);
    st(s.first + i, mean);
    st(s.second + i, square);
    st(s.weights + i, w - (decay * w + rate * mean / (square_root(square) * unbias + epsilon)));
  }
}

static void update(const Span& s, const Update& u) {
  switch (u.rule) {
    case Rule::Sgd: return u.nesterov ? update_sgd<true>(s, u) : update_sgd<false>(s, u);
    case Rule::RmsProp: return update_rmsprop(s, u);
    case Rule::AdamW: return update_adamw(s, u);
  }
}

static void move_average(float* average, const float* weights, int64_t count, float share) {
  int64_t i = 0;
  for (; i + V <= count; i += V) {
    const vf old = ld(average + i);
    st(average + i, old + bc(share) * (ld(weights + i) - old));
  }
  for (; i < count; i++) average[i] += share * (weights[i] - average[i]);
}

}  // namespace CW_TARGET
}  // namespace cellwright
