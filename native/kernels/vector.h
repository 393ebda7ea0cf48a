// One vector of CW_WIDTH floats on GNU vector extensions: the same source for every instruction set. Kernels include no standard
// templates: an inline function compiled here for AVX-512 must not end up serving a machine without it.
#pragma once
#include <math.h>
#include <string.h>
#if defined(__SSE__)
#include <immintrin.h>
#endif

#include "../src/program.h"

#define CW_INLINE static inline __attribute__((always_inline))
#define CW_MEMBER inline __attribute__((always_inline))
#define CW_KERNEL static __attribute__((noinline))

namespace cellwright {
namespace CW_TARGET {

constexpr int V = CW_WIDTH;
typedef float vf __attribute__((vector_size(CW_WIDTH * 4)));
typedef int vi __attribute__((vector_size(CW_WIDTH * 4)));
typedef unsigned vu __attribute__((vector_size(CW_WIDTH * 4)));
typedef float vfa __attribute__((vector_size(CW_WIDTH * 4), may_alias));

// WebAssembly has no prefetch. What runs it (V8, at any rate) puts the loads of a block of code before its arithmetic, so an unrolled product spills its
// registers: there a product goes step by step.
#if defined(__wasm__)
#define CW_PREFETCH 0
#define CW_ROLLED _Pragma("clang loop unroll(disable)")
constexpr int STEPS = 1;
#else
#ifndef CW_PREFETCH
#define CW_PREFETCH 1
#endif
#define CW_ROLLED
constexpr int STEPS = 4;
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

// The queue's head in registers, for a loop that fetches several lines in one go: one look for all of them. No function is called: g++ would
// keep the caller's vectors in memory for it.
struct Ahead {
  Prefetch& queue;
  const char *at, *end;  // `end` is null where the queue is empty
  CW_MEMBER explicit Ahead(Prefetch& q) : queue(q), at(q.at), end(q.end) {
    if (CW_PREFETCH && at >= end) next();
  }
  CW_MEMBER void next() {
    at = end = nullptr;
    if (queue.ownNext < queue.ownCount) {
      at = queue.own[queue.ownNext].from;
      end = queue.own[queue.ownNext++].to;
    } else if (queue.next < queue.count) {
      at = queue.ranges[queue.next].from;
      end = queue.ranges[queue.next++].to;
    }
  }
  template <int LINES> CW_MEMBER void fetch() {
    if (!CW_PREFETCH || !end) return;
    if (__builtin_expect(end - at >= LINES * 64, 1)) {
      for (int i = 0; i < LINES; i++) __builtin_prefetch(at + i * 64, 0, 2);
      at += LINES * 64;
    } else if (at < end) {
      __builtin_prefetch(at, 0, 2);
      at += 64;
    } else {
      next();
    }
  }
  CW_MEMBER void leave() {
    if (!CW_PREFETCH) return;
    queue.at = at;
    queue.end = end;
  }
};

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
CW_INLINE void put_value(float* out, bool accumulate, vf v) { st(out, accumulate ? ld(out) + v : v); }
// `s - {}` becomes one broadcast; filling lane by lane halves g++'s speed.
CW_INLINE vf bc(float s) { return s - (vf){}; }
// Written so that NaN stays NaN: a diverged training has to surface in the loss. Larger: b where a < b, else a; smaller alike. WebAssembly and x86 have
// one instruction for either, which compilers don't find: they compare and select.
#if defined(__wasm__)
CW_INLINE vf pick_larger(vf a, vf b) { return __builtin_wasm_pmax_f32x4(a, b); }
CW_INLINE vf pick_smaller(vf a, vf b) { return __builtin_wasm_pmin_f32x4(a, b); }
CW_INLINE vf where_positive(vf u, vf v) { return (vf)((u > (vf){}) & (vi)v); }
#else
#if defined(__SSE__) && CW_WIDTH == 16
// Of all lanes: g++ 12 warns of its own header where no mask is given.
CW_INLINE vf pick_larger(vf a, vf b) { return _mm512_maskz_max_ps(0xffff, b, a); }
CW_INLINE vf pick_smaller(vf a, vf b) { return _mm512_maskz_min_ps(0xffff, b, a); }
#elif defined(__SSE__) && CW_WIDTH == 8
CW_INLINE vf pick_larger(vf a, vf b) { return _mm256_max_ps(b, a); }
CW_INLINE vf pick_smaller(vf a, vf b) { return _mm256_min_ps(b, a); }
#elif defined(__SSE__)
CW_INLINE vf pick_larger(vf a, vf b) { return _mm_max_ps(b, a); }
CW_INLINE vf pick_smaller(vf a, vf b) { return _mm_min_ps(b, a); }
#else
CW_INLINE vf pick_larger(vf a, vf b) { return b > a ? b : a; }
CW_INLINE vf pick_smaller(vf a, vf b) { return b < a ? b : a; }
#endif
CW_INLINE vf where_positive(vf u, vf v) { vf z = {}; return u > z ? v : z; }
#endif
CW_INLINE vf relu(vf x) { return pick_larger(x, (vf){}); }
// A NaN is larger than any number, wherever it comes.
CW_INLINE vf larger(vf best, vf v) {
  const vf most = pick_larger(v, best);  // one instruction; a NaN in v stays
  return best != best ? best : most;
}
CW_INLINE int imin(int a, int b) { return a < b ? a : b; }
CW_INLINE int imax(int a, int b) { return a > b ? a : b; }
CW_INLINE int floordiv(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

}  // namespace CW_TARGET
}  // namespace cellwright
