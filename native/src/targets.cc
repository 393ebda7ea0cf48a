#include "targets.h"

#include <cstring>

namespace cellwright {

#define CW_DECLARE(name) namespace name { void fill_table(KernelTable&); }

#if defined(CW_X86)
#if !defined(CW_NO_AVX512)  // of a runner that is built for the others alone
CW_DECLARE(avx512)
CW_DECLARE(avx512half)
static bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
}
#endif
CW_DECLARE(avx2)
static bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif
#if defined(__wasm__)
CW_DECLARE(wasm)
#elif defined(__aarch64__)
CW_DECLARE(neon)
#else
CW_DECLARE(plain)
#endif
static bool always() { return true; }

static const Target list[] = {
#if defined(CW_X86)
#if !defined(CW_NO_AVX512)
    {"avx512", 16, avx512::fill_table, has_avx512},
    {"avx512", 8, avx512half::fill_table, has_avx512},
#endif
    {"avx2", 8, avx2::fill_table, has_avx2},
#endif
#if defined(__wasm__)
    {"wasm", 4, wasm::fill_table, always},
#elif defined(__aarch64__)
    // Part of every 64-bit ARM.
    {"neon", 4, neon::fill_table, always},
#else
    {"plain", 4, plain::fill_table, always},
#endif
};

const Target* targets(int& count) {
  count = int(sizeof list / sizeof list[0]);
  return list;
}

const Target* find_target(const char* name, int32_t width) {
  for (const Target& target : list)
    if (std::strcmp(target.name, name) == 0 && target.width == width && target.supported()) return &target;
  return nullptr;
}

}  // namespace cellwright
