// Measures what this machine could do at most with a target's instructions, on one core.
#pragma once
#include "program.h"

namespace cellwright {

struct Peaks {
  double flopsPerSecond;  // fused multiply-adds on registers, two operations each
  double bytesPerSecond;  // from and to memory, far beyond the caches
};

// Takes about 0.2 s. Zeros where there is no memory for it.
Peaks measure_peaks(const KernelTable& table);

}  // namespace cellwright
