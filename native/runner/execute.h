// Runs a saved plan on one target, as the addon would for Node, with everything checked that the addon checks.
#pragma once
#include "../src/session.h"
#include "saved_plan.h"

namespace cellwright {

// The farthest that a run came from what the file says it gave: a share of the largest number of each array.
struct Distance {
  double loss = 0, logits = 0, gradients = 0;
};

// Returns a complaint, or "". Without `found` nothing is compared, and batches are made to fit whatever the programs ask for (the fuzzer's way past
// the checks of their sizes).
std::string execute(const SavedPlan& plan, const Target& target, const Limits& limits, int threads, Distance* found);

}  // namespace cellwright
