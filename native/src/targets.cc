#include "targets.h"

namespace cellwright {

#define CW_DECLARE(name) namespace name { void fill_table(KernelTable&); }

#if defined(CW_X86)
CW_DECLARE(avx512)
CW_DECLARE(avx512half)
CW_DECLARE(avx2)
static bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
}
static bool has_avx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif
CW_DECLARE(plain)
static bool always() { return true; }

static const Target list[] = {
#if defined(CW_X86)
    {"avx512", 16, avx512::fill_table, has_avx512},
    {"avx512", 8, avx512half::fill_table, has_avx512},
    {"avx2", 8, avx2::fill_table, has_avx2},
#endif
    {"plain", 4, plain::fill_table, always},
};

const Target* targets(int& count) {
  count = int(sizeof list / sizeof list[0]);
  return list;
}

}  // namespace cellwright
