// What the machine could do at most: a loop of multiply-adds on registers alone, and one that streams through memory. Profiles are held against both.
#pragma once
#include "vector.h"

namespace cellwright {
namespace CW_TARGET {

// Chains enough to hide the latency of a multiply-add on two ports, few enough for sixteen registers.
constexpr int CHAINS = 10;

// `rounds` times CHAINS multiply-adds of V floats. The sum goes to `out`, so that nothing is left out.
CW_KERNEL void peak_flops(int64_t rounds, float* out) {
  vf a[CHAINS];
  for (int c = 0; c < CHAINS; c++) a[c] = bc((float)c);
  const vf m = bc(out[0]), s = bc(out[1]);
  for (int64_t r = 0; r < rounds; r++)
    for (int c = 0; c < CHAINS; c++) a[c] = a[c] * m + s;
  vf sum = {};
  for (int c = 0; c < CHAINS; c++) sum += a[c];
  for (int l = 0; l < V; l++) out[l % 2] += sum[l];
}

// y = y + m * x over `floats`, a multiple of 4 * V: reads twice, writes once.
CW_KERNEL void peak_stream(const float* x, float* y, int64_t floats, float m) {
  const vf f = bc(m);
  for (int64_t i = 0; i < floats; i += 4 * V)
    for (int k = 0; k < 4; k++) st(y + i + k * V, ld(y + i + k * V) + f * ld(x + i + k * V));
}

}  // namespace CW_TARGET
}  // namespace cellwright
