// Depthwise convolution, plane by plane: rows of 8 outputs at a time in registers, each input loaded once for all taps of a row.
// Kernels 3, 5 and 7 with stride 1 or 2 have their own loops; anything else goes the slow general way.
//
// Scratch: 0 bordered input of one plane; 1 dz of one plane, bordered; 2 flipped weights; 3 sums; 4 slopes of one plane's activation.
#pragma once
#include "conv.h"

namespace cellwright {
namespace CW_TARGET {

// N outputs from padded pixel 0 of `x` (row pitch in floats); `put(first pixel, values)`.
template <int K, int S, int N> CW_INLINE void depthwise_block(Prefetch& ahead, const float* x, long pitch, const float* w, vf* a) {
  for (int b = 0; b < N; b++) a[b] = (vf){};
#pragma GCC unroll 1
  for (int ky = 0; ky < K; ky++) {
    const float* q = x + ky * pitch;
    fetch_ahead(ahead);
    if (K > 3) fetch_ahead(ahead);
    vf k[K];
    for (int i = 0; i < K; i++) k[i] = ld(w + (ky * K + i) * V);
#pragma GCC unroll 32
    for (int j = 0; j < (N - 1) * S + K; j++) {
      vf v = ld(q + j * V);
#pragma GCC unroll 8
      for (int i = 0; i < K; i++)
        if (j - i >= 0 && (j - i) % S == 0 && (j - i) / S < N) a[(j - i) / S] += v * k[i];
    }
  }
}
template <int K, int S, class Put> CW_INLINE void depthwise_row(Prefetch& ahead, const float* x, long pitch, const float* w, int width, Put put) {
  int i = 0;
  vf a[8];
  for (; i + 8 <= width; i += 8) {
    depthwise_block<K, S, 8>(ahead, x + (long)i * S * V, pitch, w, a);
    put(i, a, 8);
  }
  for (; i + 4 <= width; i += 4) {
    depthwise_block<K, S, 4>(ahead, x + (long)i * S * V, pitch, w, a);
    put(i, a, 4);
  }
  for (; i < width; i++) {
    depthwise_block<K, S, 1>(ahead, x + (long)i * S * V, pitch, w, a);
    put(i, a, 1);
  }
}
template <class Put> CW_INLINE void depthwise_row_any(const Geometry& g, const float* x, long pitch, const float* w, Put put) {
  for (int i = 0; i < g.outW; i++) {
    vf a = {};
    for (int ky = 0; ky < g.kernelH; ky++)
      for (int kx = 0; kx < g.kernelW; kx++)
        a += ld(x + ky * g.dilationH * pitch + ((long)i * g.strideW + kx * g.dilationW) * V) * ld(w + (ky * g.kernelW + kx) * V);
    put(i, &a, 1);
  }
}

// 10 * kernel + stride where a kernel has its own loops, else 0.
CW_INLINE int depthwise_case(const Geometry& g) {
  const int k = g.kernelH;
  if (g.kernelW != k || g.strideH != g.strideW || g.dilationH != 1 || g.dilationW != 1 || (k != 3 && k != 5 && k != 7) || g.strideH > 2) return 0;
  return 10 * k + g.strideH;
}

template <int K, int S> CW_KERNEL void depthwise_forward_row(Prefetch& ahead, const float* x, long pitch, const float* w, int width, float* out) {
  depthwise_row<K, S>(ahead, x, pitch, w, width, [&](int i, vf* a, int n) { for (int b = 0; b < n; b++) st(out + (i + b) * V, a[b]); });
}
// One row of outputs (without bias) from the padded row that it starts at.
CW_INLINE void depthwise_output_row(Prefetch& ahead, const Geometry& g, const float* x, long pitch, const float* w, float* out) {
  switch (depthwise_case(g)) {
    case 31: return depthwise_forward_row<3, 1>(ahead, x, pitch, w, g.outW, out);
    case 32: return depthwise_forward_row<3, 2>(ahead, x, pitch, w, g.outW, out);
    case 51: return depthwise_forward_row<5, 1>(ahead, x, pitch, w, g.outW, out);
    case 52: return depthwise_forward_row<5, 2>(ahead, x, pitch, w, g.outW, out);
    case 71: return depthwise_forward_row<7, 1>(ahead, x, pitch, w, g.outW, out);
    case 72: return depthwise_forward_row<7, 2>(ahead, x, pitch, w, g.outW, out);
    default: depthwise_row_any(g, x, pitch, w, [&](int i, vf* a, int) { st(out + i * V, *a); });
  }
}

// Weight gradient over `rows` output rows; dz rows are `dzPitch` floats apart.
template <int K, int S, int N> CW_INLINE void depthwise_outer(Prefetch& ahead, const float* q, const float* dz, vf* a) {
  fetch_ahead(ahead);
  vf d[N];
  for (int b = 0; b < N; b++) d[b] = ld(dz + b * V);
#pragma GCC unroll 32
  for (int j = 0; j < (N - 1) * S + K; j++) {
    vf v = ld(q + j * V);
#pragma GCC unroll 8
    for (int k = 0; k < K; k++)
      if (j - k >= 0 && (j - k) % S == 0 && (j - k) / S < N) a[k] += v * d[(j - k) / S];
  }
}
template <int K, int S>
CW_KERNEL void depthwise_weights(Prefetch& ahead, const float* x, long pitch, const float* dz, long dzPitch, int rows, int width, float* g) {
#if defined(__AVX512VL__) || defined(__aarch64__)
  constexpr int N = 8;
#else
  constexpr int N = 4;
#endif
  constexpr int KY = K == 3 ? 3 : 1;  // kernel rows at a time: what fits the registers
  for (int ky = 0; ky < K; ky += KY) {
    vf a[KY][K];
    for (int i = 0; i < KY; i++) for (int k = 0; k < K; k++) a[i][k] = ld(g + ((ky + i) * K + k) * V);
    for (int y = 0; y < rows; y++) {
      int i = 0;
      for (; i + N <= width; i += N)
#pragma GCC unroll 4
        for (int r = 0; r < KY; r++) depthwise_outer<K, S, N>(ahead, x + (y * S + ky + r) * pitch + (long)i * S * V, dz + y * dzPitch + (long)i * V, a[r]);
      for (; i < width; i++)
#pragma GCC unroll 4
        for (int r = 0; r < KY; r++) depthwise_outer<K, S, 1>(ahead, x + (y * S + ky + r) * pitch + (long)i * S * V, dz + y * dzPitch + (long)i * V, a[r]);
    }
    for (int i = 0; i < KY; i++) for (int k = 0; k < K; k++) st(g + ((ky + i) * K + k) * V, a[i][k]);
  }
}
CW_INLINE void depthwise_weight_rows(Prefetch& ahead, const Geometry& g, const float* x, long pitch, const float* dz, long dzPitch, int rows, float* grad) {
  switch (depthwise_case(g)) {
    case 31: return depthwise_weights<3, 1>(ahead, x, pitch, dz, dzPitch, rows, g.outW, grad);
    case 32: return depthwise_weights<3, 2>(ahead, x, pitch, dz, dzPitch, rows, g.outW, grad);
    case 51: return depthwise_weights<5, 1>(ahead, x, pitch, dz, dzPitch, rows, g.outW, grad);
    case 52: return depthwise_weights<5, 2>(ahead, x, pitch, dz, dzPitch, rows, g.outW, grad);
    case 71: return depthwise_weights<7, 1>(ahead, x, pitch, dz, dzPitch, rows, g.outW, grad);
    case 72: return depthwise_weights<7, 2>(ahead, x, pitch, dz, dzPitch, rows, g.outW, grad);
    default:
      for (int ky = 0; ky < g.kernelH; ky++)
        for (int kx = 0; kx < g.kernelW; kx++) {
          float* o = grad + (ky * g.kernelW + kx) * V;
          vf a = ld(o);
          for (int y = 0; y < rows; y++)
            for (int i = 0; i < g.outW; i++)
              a += ld(x + ((long)y * g.strideH + ky * g.dilationH) * pitch + ((long)i * g.strideW + kx * g.dilationW) * V) * ld(dz + y * dzPitch + (long)i * V);
          st(o, a);
        }
  }
}

template <int K, int ACT>
CW_KERNEL void depthwise_gradient_row(Prefetch& ahead, const float* dz, long pitch, const float* flipped, int width, const GradTarget& t, int act, long at) {
  depthwise_row<K, 1>(ahead, dz, pitch, flipped, width, [&](int i, vf* a, int n) { put_gradient<ACT>(t, act, at + (long)i * V, V, a, n); });
}
// Stride 2: input pixels of one column parity are reached by every other tap, from KX0 on, all by the same ones. `q` is dz of the first
// pixel's last tap; tap t reads T - 1 - t columns further. Rows of dz go up as rows of the kernel go down.
template <int K, int KX0, int N>
CW_INLINE void depthwise_parity_block(Prefetch& ahead, const float* q, long pitch, const float* w, int ky0, vf* a) {
  constexpr int T = (K - KX0 + 1) / 2;
  for (int b = 0; b < N; b++) a[b] = (vf){};
  for (int ky = ky0; ky < K; ky += 2, q -= pitch) {
    fetch_ahead(ahead);
    vf k[T];
    for (int t = 0; t < T; t++) k[t] = ld(w + (ky * K + KX0 + 2 * t) * V);
#pragma GCC unroll 16
    for (int j = 0; j < N - 1 + T; j++) {
      vf v = ld(q + j * V);
#pragma GCC unroll 8
      for (int t = 0; t < T; t++)
        if (j - (T - 1) + t >= 0 && j - (T - 1) + t < N) a[j - (T - 1) + t] += v * k[t];
    }
  }
}
template <int K, int KX0, int ACT>
CW_KERNEL void depthwise_parity_row(Prefetch& ahead, const Geometry& g, const Border& b, const float* dz, long pitch, const float* w, int y, int parity, const GradTarget& t, int act) {
  constexpr int T = (K - KX0 + 1) / 2;
  const int ky0 = (y + g.top) & 1, count = (g.inW - parity + 1) / 2;
  const float* q = dz + ((y + g.top - ky0) / 2 + b.top) * pitch + ((parity + g.left - KX0) / 2 - (T - 1) + b.left) * V;
  const long at = ((long)y * g.inW + parity) * V;
  int j = 0;
  vf a[8];
  for (; j + 8 <= count; j += 8) {
    depthwise_parity_block<K, KX0, 8>(ahead, q + j * V, pitch, w, ky0, a);
    put_gradient<ACT>(t, act, at + 2L * j * V, 2 * V, a, 8);
  }
  for (; j + 4 <= count; j += 4) {
    depthwise_parity_block<K, KX0, 4>(ahead, q + j * V, pitch, w, ky0, a);
    put_gradient<ACT>(t, act, at + 2L * j * V, 2 * V, a, 4);
  }
  for (; j < count; j++) {
    depthwise_parity_block<K, KX0, 1>(ahead, q + j * V, pitch, w, ky0, a);
    put_gradient<ACT>(t, act, at + 2L * j * V, 2 * V, a, 1);
  }
}
template <int K, int ACT>
CW_INLINE void depthwise_stride2_row(Prefetch& ahead, const Geometry& g, const Border& b, const float* dz, long pitch, const float* w, int y, const GradTarget& t, int act) {
  for (int parity = 0; parity < 2; parity++) {
    if ((parity + g.left) & 1) depthwise_parity_row<K, 1, ACT>(ahead, g, b, dz, pitch, w, y, parity, t, act);
    else depthwise_parity_row<K, 0, ACT>(ahead, g, b, dz, pitch, w, y, parity, t, act);
  }
}
template <int ACT>
CW_KERNEL void depthwise_gradient_any(const Geometry& g, const Border& b, const float* dz, long pitch, const float* w, int y, const GradTarget& t, int act, long at) {
  for (int x = 0; x < g.inW; x++) {
    vf a = {};
    for (int ky = 0; ky < g.kernelH; ky++) {
      if (!reaches(y, g.top, ky, g.dilationH, g.strideH)) continue;
      const float* row = dz + ((y + g.top - ky * g.dilationH) / g.strideH + b.top) * pitch;
      for (int kx = 0; kx < g.kernelW; kx++)
        if (reaches(x, g.left, kx, g.dilationW, g.strideW))
          a += ld(row + ((x + g.left - kx * g.dilationW) / g.strideW + b.left) * V) * ld(w + (ky * g.kernelW + kx) * V);
    }
    put_gradient<ACT>(t, act, at + (long)x * V, V, &a, 1);
  }
}
// One row of input gradients from bordered dz.
template <int ACT>
CW_INLINE void depthwise_input_row_as(Prefetch& ahead, const Geometry& g, const Border& b, const float* dz, long pitch, const float* w, const float* flipped, int y, const GradTarget& t, int act) {
  const long at = (long)y * g.inW * V;
  const int k = g.kernelH;
  const float* row = dz + (y + g.top - (k - 1) + b.top) * pitch + (g.left - (k - 1) + b.left) * V;
  switch (depthwise_case(g)) {
    case 31: return depthwise_gradient_row<3, ACT>(ahead, row, pitch, flipped, g.inW, t, act, at);
    case 51: return depthwise_gradient_row<5, ACT>(ahead, row, pitch, flipped, g.inW, t, act, at);
    case 71: return depthwise_gradient_row<7, ACT>(ahead, row, pitch, flipped, g.inW, t, act, at);
    case 32: return depthwise_stride2_row<3, ACT>(ahead, g, b, dz, pitch, w, y, t, act);
    case 52: return depthwise_stride2_row<5, ACT>(ahead, g, b, dz, pitch, w, y, t, act);
    case 72: return depthwise_stride2_row<7, ACT>(ahead, g, b, dz, pitch, w, y, t, act);
    default: return depthwise_gradient_any<ACT>(g, b, dz, pitch, w, y, t, act, at);
  }
}
CW_INLINE void depthwise_input_row(Prefetch& ahead, const Geometry& g, const Border& b, const float* dz, long pitch, const float* w, const float* flipped, int y, const GradTarget& t, int act) {
  if (act == None) depthwise_input_row_as<0>(ahead, g, b, dz, pitch, w, flipped, y, t, act);
  else if (act == Relu) depthwise_input_row_as<1>(ahead, g, b, dz, pitch, w, flipped, y, t, act);
  else depthwise_input_row_as<2>(ahead, g, b, dz, pitch, w, flipped, y, t, act);
}
CW_INLINE void flip_taps(const float* w, int planes, int taps, float* out) {
  for (int c = 0; c < planes; c++)
    for (int k = 0; k < taps; k++) st(out + ((long)c * taps + k) * V, ld(w + ((long)c * taps + taps - 1 - k) * V));
}

static void depthwise_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const int taps = g.kernelH * g.kernelW, H = padded_h(g), W = padded_w(g);
  float* partial = op.norm ? op.scratch[3] : nullptr;
  if (partial) memset(partial, 0, sizeof(float) * 2 * V * op.outputs);
  for (int c = 0; c < op.inputs; c++) {
    float* x = op.scratch[0];
    prepare_padded(*op.in[c].plane, op.activation, image, g.inH, g.inW, x, H, W, g.top, g.left);
    const Plane& out = *op.out[c].plane;
    float* z = out.z + image * out.zn;
    const vf center = ld(out.center);
    for (int y = 0; y < g.outH; y++) {
      float* row = z + (long)y * g.outW * V;
      depthwise_output_row(*op.prefetch, g, x + (long)y * g.strideH * W * V, W * V, op.weights + (long)c * taps * V, row);
      if (op.bias) for (int i = 0; i < g.outW; i++) st(row + i * V, ld(row + i * V) + ld(op.bias + c * V));
      if (partial) {
        float* p = partial + c * 2 * V;
        vf s = ld(p), q = ld(p + V);
        for (int i = 0; i < g.outW; i++) {
          const vf d = ld(row + i * V) - center;
          s += d;
          q += d * d;
        }
        st(p, s);
        st(p + V, q);
      }
    }
  }
  if (partial) flush_sums(op, partial);
}
static void depthwise_backward_prologue(Op& op, Run&) {
  if (op.scratch[2]) flip_taps(op.weights, op.inputs, op.g.kernelH * op.g.kernelW, op.scratch[2]);
}
static void depthwise_backward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const int taps = g.kernelH * g.kernelW, H = padded_h(g), W = padded_w(g);
  const Border b = gradient_border(g);
  const long DW = (long)(g.outW + b.left + b.right) * V;
  float* partial = op.scratch[3];
  for (int c = 0; c < op.inputs; c++) {
    float *x = op.scratch[0], *border = op.scratch[1], *dz = border + b.top * DW + b.left * V;
    for (int y = 0; y < g.outH; y++) {
      gradient_of_output(*op.out[c].plane, image, 1, (long)y * g.outW, dz + y * DW, g.outW);
      bias_gradient(op, c, dz + y * DW, g.outW);
    }
    const bool slopes = op.activation > Relu && op.scratch[2] && op.scratch[4] && g.top >= 0 && g.left >= 0 && g.top + g.inH <= H && g.left + g.inW <= W;
    if (slopes) prepare_padded_with_slopes(*op.in[c].plane, op.activation, image, g.inH, g.inW, x, W, g.top, g.left, op.scratch[4]);
    else prepare_padded(*op.in[c].plane, op.activation, image, g.inH, g.inW, x, H, W, g.top, g.left);
    depthwise_weight_rows(*op.prefetch, g, x, W * V, dz, DW, g.outH, op.gradWeights + (long)c * taps * V);
    if (!op.scratch[2]) continue;
    memset(partial, 0, sizeof(float) * 2 * V);
    GradTarget t = grad_target(op.in[c], image, partial);
    if (slopes) t.slopes = op.scratch[4];
    for (int y = 0; y < g.inH; y++)
      depthwise_input_row(*op.prefetch, g, b, border, DW, op.weights + (long)c * taps * V, op.scratch[2] + (long)c * taps * V, y, t, op.activation);
    flush_gradient_sums(op.in[c], partial);
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
