// Tries plans that were changed at random: each has to be refused or to run without harm, which the sanitizers of the build judge.
#pragma once
#include "execute.h"

namespace cellwright {

// Mutations [first, first + count) of sound files. Each follows from seed and number alone, so that one can be tried again by itself. Prints how
// many were refused and how many ran.
void fuzz(const std::vector<std::vector<uint8_t>>& files, const std::vector<const Target*>& targets, uint64_t seed, int64_t first, int64_t count);

}  // namespace cellwright
