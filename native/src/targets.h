// Which instruction sets this binary was compiled for, and which of them this machine has.
#pragma once
#include "program.h"

namespace cellwright {

struct Target {
  const char* name;    // "avx512", "avx2", "plain"
  int32_t width;       // floats in one vector
  void (*fill)(KernelTable&);
  bool (*supported)();
};

// Best first. Ends with a target that every machine has.
const Target* targets(int& count);
// The one of that name and width, if this machine has it; else null.
const Target* find_target(const char* name, int32_t width);

}  // namespace cellwright
