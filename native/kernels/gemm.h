// Products over channels. A "column" is one vector width of input channels under one kernel tap: a pointer to pixel 0 and a step from
// pixel to pixel. So a 1x1 convolution has as many columns as input planes, a k x l convolution k * l times as many, and a dense layer
// one per plane of its input, with images as its pixels. Weights are packed [output plane][column][V in][V out].
#pragma once
#include "activation.h"

// Tiles that fit the registers of the target (design note: broadcasts of x against rows of weights).
#if defined(__aarch64__)
// 32 registers, one of them for every pixel of the tile.
#define CW_TILE_1 12
#define CW_TILE_2 8
#define CW_TILE_3 6
#elif defined(__AVX512VL__)
#define CW_TILE_1 16
#define CW_TILE_2 8
#define CW_TILE_3 8
#elif defined(__wasm__)
// Registers for the loads of one step, too.
#define CW_TILE_1 6
#define CW_TILE_2 4
#define CW_TILE_3 3
#elif defined(__FMA__)
// Twelve sums in flight: eight would just cover the latency of a multiply-add, were nothing else in its way.
#define CW_TILE_1 12
#define CW_TILE_2 6
#define CW_TILE_3 4
#else
#define CW_TILE_1 8
#define CW_TILE_2 4
#define CW_TILE_3 4
#endif

namespace cellwright {
namespace CW_TARGET {

template <int MR, int NV>
CW_INLINE void gemm_tile(Prefetch& ahead, const float* const* columns, long at, long step, int count, const float* w, long stride, vf a[MR][NV]) {
  for (int m = 0; m < MR; m++) for (int n = 0; n < NV; n++) a[m][n] = (vf){};
  Ahead head(ahead);
  for (int i = 0; i < count; i++) {
    const float* x = columns[i] + at;
#if defined(__aarch64__)
    // NEON multiplies by a lane of a register: one load of a pixel serves all of its channels.
    head.fetch<STEPS>();
    vf s[MR];
    for (int m = 0; m < MR; m++) s[m] = ld(x + m * step);
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) {
      vf b[NV];
      for (int n = 0; n < NV; n++) b[n] = ld(w + n * stride + j * V);
      for (int m = 0; m < MR; m++)
        for (int n = 0; n < NV; n++) a[m][n] += bc(s[m][j]) * b[n];
    }
#else
    CW_ROLLED
    for (int k = 0; k < V; k += STEPS) {
      head.fetch<STEPS>();
#pragma GCC unroll 4
      for (int j = k; j < k + STEPS; j++) {
        vf b[NV];
        for (int n = 0; n < NV; n++) b[n] = ld(w + n * stride + j * V);
        for (int m = 0; m < MR; m++) {
          vf s = bc(x[m * step + j]);
          for (int n = 0; n < NV; n++) a[m][n] += s * b[n];
        }
      }
    }
#endif
    w += V * V;
  }
  head.leave();
}

// What becomes of a forward tile: bias, store, sums for batch norm.
struct Output {
  float* const* y;         // by output plane
  long at;                 // floats; from there pixel by pixel
  const float* bias;       // [planes][V] or null
  float* partial;          // [planes][2][V] or null
  const float* const* center;
  template <int MR, int NV> CW_MEMBER void put(int plane, long pixel, vf a[MR][NV]) const {
    for (int n = 0; n < NV; n++) {
      float* out = y[plane + n] + at + pixel * V;
      if (bias) {
        const vf b = ld(bias + (plane + n) * V);
        for (int m = 0; m < MR; m++) a[m][n] += b;
      }
      for (int m = 0; m < MR; m++) st(out + m * V, a[m][n]);
      if (partial) {
        float* p = partial + (plane + n) * 2 * V;
        vf s = ld(p), q = ld(p + V);
        const vf c = ld(center[plane + n]);
        for (int m = 0; m < MR; m++) {
          const vf d = a[m][n] - c;
          s += d;
          q += d * d;
        }
        st(p, s);
        st(p + V, q);
      }
    }
  }
};

// What becomes of an input-gradient tile.
template <int ACT> struct Gradient {
  const GradTarget* target;  // by plane
  int act;
  long at, step;             // floats
  template <int MR, int NV> CW_MEMBER void put(int plane, long pixel, vf a[MR][NV]) const {
    for (int n = 0; n < NV; n++) {
      vf v[MR];
      for (int m = 0; m < MR; m++) v[m] = a[m][n];
      put_gradient<ACT>(target[plane + n], act, at + pixel * step, step, v, MR);
    }
  }
};

template <int MR, int NV, class Sink>
CW_INLINE void gemm_put(Prefetch& ahead, const float* const* columns, long at, long step, int count, const float* w, long stride, int plane, long pixel, const Sink& sink) {
  vf a[MR][NV];
  if (step == V) gemm_tile<MR, NV>(ahead, columns, at + pixel * V, V, count, w + plane * stride, stride, a);
  else gemm_tile<MR, NV>(ahead, columns, at + pixel * step, step, count, w + plane * stride, stride, a);
  sink.template put<MR, NV>(plane, pixel, a);
}

template <int NV, int TILE, class Sink>
CW_INLINE void gemm_planes(Prefetch& ahead, const float* const* columns, long at, long step, int count, const float* w, long stride, int from, int to, int pixels, const Sink& sink) {
  int p = 0;
  // Tiles of 6 that leave a multiple of 4, where there are: a single pixel costs nearly as much as four.
  int tiled = pixels / TILE * TILE;
  if (TILE == 6 && pixels % 2 == 0 && tiled > 0 && (pixels - tiled) % 4) tiled -= TILE;
  for (; p < tiled; p += TILE)
    for (int c = from; c < to; c += NV) gemm_put<TILE, NV>(ahead, columns, at, step, count, w, stride, c, p, sink);
  for (; p + 4 <= pixels; p += 4)
    for (int c = from; c < to; c += NV) gemm_put<4, NV>(ahead, columns, at, step, count, w, stride, c, p, sink);
  for (; p < pixels; p++)
    for (int c = from; c < to; c += NV) gemm_put<1, NV>(ahead, columns, at, step, count, w, stride, c, p, sink);
}

// y[plane][pixel] = sum over columns of x[column][at + pixel * step] * w, for all planes and pixels.
template <class Sink>
CW_INLINE void gemm(Prefetch& ahead, const float* const* columns, long at, long step, int count, const float* w, int planes, int pixels, const Sink& sink) {
  const long stride = (long)count * V * V;
#if defined(__wasm__)
  int threes = planes % 2 && planes > 1 ? 3 : 0;
#else
  int threes = planes / 3 * 3;
  if (planes % 3 == 1 && threes) threes -= 3;  // 4 = 2 + 2, 7 = 3 + 2 + 2
#endif
  int twos = threes + (planes - threes) / 2 * 2;
  if (threes) gemm_planes<3, CW_TILE_3>(ahead, columns, at, step, count, w, stride, 0, threes, pixels, sink);
  if (twos > threes) gemm_planes<2, CW_TILE_2>(ahead, columns, at, step, count, w, stride, threes, twos, pixels, sink);
  if (planes > twos) gemm_planes<1, CW_TILE_1>(ahead, columns, at, step, count, w, stride, twos, planes, pixels, sink);
}

CW_KERNEL void gemm_forward(Prefetch& ahead, const float* const* columns, long at, long step, int count, const float* w, int planes, int pixels, const Output& out) {
  gemm(ahead, columns, at, step, count, w, planes, pixels, out);
}
CW_KERNEL void gemm_gradient(Prefetch& ahead, const float* const* columns, long at, long step, int count, const float* w, int planes, int pixels, const GradTarget* target, int act, long outAt, long outStep) {
  if (act == None) gemm(ahead, columns, at, step, count, w, planes, pixels, Gradient<0>{target, act, outAt, outStep});
  else if (act == Relu) gemm(ahead, columns, at, step, count, w, planes, pixels, Gradient<1>{target, act, outAt, outStep});
  else gemm(ahead, columns, at, step, count, w, planes, pixels, Gradient<2>{target, act, outAt, outStep});
}

// Weight gradient: g[n][c][:] += sum over pixels of x[pixel][c] * dz[n][pixel][:].
template <int CT, int NV, bool UNIT>
CW_INLINE void outer_tile(Prefetch& ahead, const float* x, long step, const float* const* dz, long at, float* g, long stride, int pixels) {
  vf a[CT][NV];
  for (int c = 0; c < CT; c++) for (int n = 0; n < NV; n++) a[c][n] = (vf){};
  const auto add = [&](long p) __attribute__((always_inline)) {
    vf z[NV];
    for (int n = 0; n < NV; n++) z[n] = ld(dz[n] + at + p * V);
    const float* q = x + p * (UNIT ? V : step);
    for (int c = 0; c < CT; c++) {
      vf b = bc(q[c]);
      for (int n = 0; n < NV; n++) a[c][n] += b * z[n];
    }
  };
  Ahead head(ahead);
  long p = 0;
  CW_ROLLED
  for (; p + STEPS <= pixels; p += STEPS) {
    head.fetch<(CT * NV > 8 ? 4 : 2)>();
    for (int i = 0; i < STEPS; i++) add(p + i);
  }
  for (; p < pixels; p++) add(p);
  head.leave();
  for (int c = 0; c < CT; c++)
    for (int n = 0; n < NV; n++) {
      float* o = g + n * stride + c * V;
      st(o, ld(o) + a[c][n]);
    }
}
template <int CT, int NV>
CW_INLINE void outer_channels(Prefetch& ahead, const float* x, long step, const float* const* dz, long at, float* g, long stride, int pixels) {
  for (int c = 0; c < V; c += CT) {
    if (step == V) outer_tile<CT, NV, true>(ahead, x + c, V, dz, at, g + c * V, stride, pixels);
    else outer_tile<CT, NV, false>(ahead, x + c, step, dz, at, g + c * V, stride, pixels);
  }
}
CW_KERNEL void gemm_weights(Prefetch& ahead, const float* const* columns, long at, long step, int count, const float* const* dz, long dzAt, int planes, float* g, int pixels) {
  const long stride = (long)count * V * V;
  constexpr int wide = V < 8 ? V : 8;
#if defined(__AVX512VL__)
  constexpr int two = wide;
#else
  constexpr int two = V < 4 ? V : 4;
#endif
  for (int i = 0; i < count; i++) {
    const float* x = columns[i] + at;
    float* o = g + (long)i * V * V;
    int n = 0;
    while (planes - n >= 3 && planes - n != 4) { outer_channels<two, 3>(ahead, x, step, dz + n, dzAt, o + n * stride, stride, pixels); n += 3; }
    while (planes - n >= 2) { outer_channels<two, 2>(ahead, x, step, dz + n, dzAt, o + n * stride, stride, pixels); n += 2; }
    if (planes - n == 1) outer_channels<wide, 1>(ahead, x, step, dz + n, dzAt, o + n * stride, stride, pixels);
  }
}

// [out plane][column of taps x in planes][V in][V out] to, for one tap, [in plane][out plane][V out][V in].
CW_INLINE void transpose_block(const float* w, float* t) {
  for (int a = 0; a < V; a++) for (int b = 0; b < V; b++) t[b * V + a] = w[a * V + b];
}

}  // namespace CW_TARGET
}  // namespace cellwright
