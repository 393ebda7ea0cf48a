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
  } else if (q.ownNext < q.ownCount) {
    q.at = q.own[q.ownNext].from;
    q.end = q.own[q.ownNext++].to;
  } else if (q.next < q.count) {
    q.at = q.ranges[q.next].from;
    q.end = q.ranges[q.next++].to;
  }
}

// Puts `floats` before everything else that is queued.
CW_INLINE void fetch_own(Prefetch& q, const float* from, long floats) {
  if (q.ownCount < int(sizeof q.own / sizeof q.own[0])) q.own[q.ownCount++] = {(const char*)from, (const char*)(from + floats)};
}
CW_INLINE void begin_own(Prefetch& q) {
  // What is under way goes back: it came from the list, so there is room.
  if (q.at < q.end && q.next > 0) {
    q.ranges[--q.next] = {q.at, q.end};
  }
  q.at = q.end = nullptr;
  q.ownNext = q.ownCount = 0;
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
