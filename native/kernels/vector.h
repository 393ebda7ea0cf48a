// One vector of CW_WIDTH floats on GNU vector extensions: the same source for every instruction set. Kernels include no standard
// templates: an inline function compiled here for AVX-512 must not end up serving a machine without it.
#pragma once
#include <math.h>
#include <string.h>

#include "../src/program.h"

#define CW_INLINE static inline __attribute__((always_inline))
#define CW_MEMBER inline __attribute__((always_inline))
#define CW_KERNEL static __attribute__((noinline))

namespace cellwright {
namespace CW_TARGET {

constexpr int V = CW_WIDTH;
typedef float vf __attribute__((vector_size(CW_WIDTH * 4)));
typedef float vfa __attribute__((vector_size(CW_WIDTH * 4), may_alias));

#ifndef CW_PREFETCH
#define CW_PREFETCH 1
#endif
// Fetches one line of what comes next: about one call for every sixteen multiply-adds.
CW_INLINE void fetch_ahead(Prefetch& q) {
  if (!CW_PREFETCH) return;
  if (__builtin_expect(q.at < q.end, 1)) {
    __builtin_prefetch(q.at, 0, 2);
    q.at += 64;
  } else if (q.next < q.count) {
    q.at = q.ranges[q.next].from;
    q.end = q.ranges[q.next++].to;
  }
}

CW_INLINE vf ld(const float* p) { return *(const vfa*)p; }
CW_INLINE void st(float* p, vf v) { *(vfa*)p = v; }
// `s - {}` becomes one broadcast; filling lane by lane halves g++'s speed.
CW_INLINE vf bc(float s) { return s - (vf){}; }
// Written so that NaN stays NaN: a diverged training has to surface in the loss.
CW_INLINE vf relu(vf x) { vf z = {}; return z > x ? z : x; }
CW_INLINE vf where_positive(vf u, vf v) { vf z = {}; return u > z ? v : z; }
CW_INLINE vf larger(vf best, vf v) { return best > v ? best : v; }
CW_INLINE int imin(int a, int b) { return a < b ? a : b; }
CW_INLINE int imax(int a, int b) { return a > b ? a : b; }
CW_INLINE int floordiv(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

}  // namespace CW_TARGET
}  // namespace cellwright
