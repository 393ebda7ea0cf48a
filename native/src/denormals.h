// Numbers too small for normal form are zero while a step runs: they would slow it down a hundredfold where training has converged.
#pragma once
#include <cstdint>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace cellwright {

class FlushDenormals {
#if defined(__SSE2__)
 public:
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
 public:
  FlushDenormals() {
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(before_));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(before_ | (uint64_t(1) << 24)));
  }
  ~FlushDenormals() { __asm__ __volatile__("msr fpcr, %0" : : "r"(before_)); }

 private:
  uint64_t before_;
#else
 public:
  FlushDenormals() {}
  ~FlushDenormals() {}
#endif
};

}  // namespace cellwright
