// The gradient of a max pool with square windows: of equal pixels of a window the first, row by row, gets it. That is the first of the rows that have the
// window's best, and in it the first pixel that is the row's best: so windows are taken apart into rows and columns, and an output costs 2 * K comparisons
// rather than K * K. Pixels and sums of the window under way are in registers, which move on by the stride.
// Scratch: 0 best of every row of every window, its gradient, one bordered row of the image.
#pragma once
#include "vector.h"

namespace cellwright {
namespace CW_TARGET {

// Rows, or columns, of the bordered image that windows look at.
CW_INLINE int bordered_side(int out, int kernel, int stride) { return (out - 1) * stride + kernel; }

// Gives `left` to the first of K values that is `best`, in each lane.
template <int K> CW_INLINE void give_to_first(const vf* values, vf best, vf left, vf* sums) {
  const vf none = {};
#pragma GCC unroll 8
  for (int t = 0; t < K; t++) {
    const auto is = values[t] == best;
    sums[t] += is ? left : none;
    left = is ? none : left;
  }
}
// Loads the last S of K values, after the others have moved on.
template <int K, int S> CW_INLINE void move_on(vf* values, const float* next, long step) {
#pragma GCC unroll 8
  for (int t = 0; t < K - S; t++) values[t] = values[t + S];
#pragma GCC unroll 8
  for (int t = 0; t < S; t++) values[K - S + t] = ld(next + t * step);
}
template <int K> CW_INLINE vf largest_of(const vf* values) {
  vf best = values[0];
#pragma GCC unroll 8
  for (int t = 1; t < K; t++) best = pick_larger(best, values[t]);
  return best;
}
// Stores the first N sums; those after them move up.
template <int K, int N> CW_INLINE void hand_over(vf* sums, float* to, long step) {
#pragma GCC unroll 8
  for (int t = 0; t < N; t++) st(to + t * step, sums[t]);
#pragma GCC unroll 8
  for (int t = 0; t < K; t++) sums[t] = t + N < K ? sums[t + N < K ? t + N : t] : (vf){};
}

// Spreads gradients of `count` windows of K values, S apart, over the values: `sums` gets one for every value, those of its windows added in their order.
// Values, gradients and sums are vectors `step` apart. `bests` is null where they are still to be found. `sums` may be `values`: what is written has been read.
template <int K, int S>
CW_INLINE void spread_along(const float* values, long step, int count, const float* bests, const float* gradients, vf factor, float* sums) {
  vf window[K], sum[K];
#pragma GCC unroll 8
  for (int t = 0; t < K; t++) {
    sum[t] = (vf){};
    window[t] = ld(values + imax(0, t - S) * step);
  }
  for (int i = 0; i < count; i++) {
    // The first window's own values are loaded here too, from S on.
    move_on<K, S>(window, values + ((long)i * S + K - S) * step, step);
    const vf best = bests ? ld(bests + i * step) : largest_of<K>(window);
    give_to_first<K>(window, best, ld(gradients + i * step) * factor, sum);
    hand_over<K, S>(sum, sums + (long)i * S * step, step);
  }
  hand_over<K, K - S>(sum, sums + (long)count * S * step, step);
}

// A row of one plane as windows see it: with the border, which never is a best.
CW_INLINE void border_row(const float* z, int width, int left, int bordered, vf s, vf h, float* row) {
  const vf lowest = bc(-__builtin_inff());
  const int inside = imin(width, bordered - left);
  for (int j = 0; j < left; j++) st(row + (long)j * V, lowest);
  for (int j = 0; j < inside; j++) st(row + (long)(left + j) * V, ld(z + (long)j * V) * s + h);
  for (int j = left + inside; j < bordered; j++) st(row + (long)j * V, lowest);
}

// Adds the gradient of a K x K max pool with stride S to one plane, or stores it there.
template <int K, int S>
CW_KERNEL void max_gradient(const Geometry& g, const float* z, const float* gradient, vf s, vf h, vf m, float* scratch, float* o, bool accumulate) {
  const int rows = bordered_side(g.outH, K, S), width = bordered_side(g.outW, K, S);
  const long line = (long)g.outW * V;
  float *bests = scratch, *gradients = bests + rows * line, *row = gradients + rows * line;
  const vf lowest = bc(-__builtin_inff());
  for (int i = 0; i < rows; i++) {
    const int y = i - g.top;
    float* best = bests + i * line;
    if (y < 0 || y >= g.inH) {
      for (int x = 0; x < g.outW; x++) st(best + (long)x * V, lowest);
      continue;
    }
    border_row(z + (long)y * g.inW * V, g.inW, g.left, width, s, h, row);
    for (int x = 0; x < g.outW; x++) {
      vf window[K];
#pragma GCC unroll 8
      for (int t = 0; t < K; t++) window[t] = ld(row + ((long)x * S + t) * V);
      st(best + (long)x * V, largest_of<K>(window));
    }
  }
  for (long x = 0; x < line; x += V) spread_along<K, S>(bests + x, line, g.outH, nullptr, gradient + x, m, gradients + x);
  for (int y = 0; y < g.inH; y++, o += (long)g.inW * V) {
    const int i = y + g.top;
    const int inside = i < rows ? imin(g.inW, width - g.left) : 0;
    if (inside > 0) {
      border_row(z + (long)y * g.inW * V, g.inW, g.left, width, s, h, row);
      spread_along<K, S>(row, V, g.outW, bests + i * line, gradients + i * line, bc(1), row);
    }
    for (int j = 0; j < inside; j++) put_value(o + (long)j * V, accumulate, ld(row + (long)(g.left + j) * V));
    for (int j = inside; j < g.inW; j++) put_value(o + (long)j * V, accumulate, (vf){});
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
