// A plan in a file: the programs of one session, its parameters at the start, and runs with what they gave (src/engines/native/saved-plan.ts
// writes it, native/README.md describes it). Nothing in a file is trusted: every length is checked here, every word in decode.cc.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "../src/program.h"

namespace cellwright {

enum class SavedKind : uint32_t { Evaluate = 0, Gradients = 1, Step = 2 };

struct SavedRun {
  SavedKind kind = SavedKind::Evaluate;
  int32_t size = 0;  // images
  std::vector<float> images, targets, masks, uploads;  // targets: empty for none
  std::vector<int32_t> labels;
  double loss = 0;
  double examples = 1;         // of all batches of the step
  double update[UPDATE_NUMBERS] = {};
  bool adds = false, moves = false, averaged = false;
  std::vector<float> results;  // logits of an evaluation, gradients of what trains; empty where they were not kept
};

struct SavedPlan {
  std::string name;
  int32_t width = 0;
  std::vector<double> training, evaluation, segments, cleared;
  std::vector<float> parameters, second, average;  // `second` and `average`: empty where the session has none
  std::vector<SavedRun> runs;
};

// Returns a complaint, or "".
std::string read_plan(const uint8_t* bytes, size_t size, SavedPlan& plan);
// Reads a whole file. Returns a complaint, or "".
std::string read_file(const char* path, std::vector<uint8_t>& bytes);

}  // namespace cellwright
