// The programs of one plan: every share of the batch has its own, with gradients and sums of its own, which are then added up in the order of
// the shares. So how the batch is cut is the plan's, never the number of threads', and the bits are the same for any number of them.
#pragma once
#include "decode.h"
#include "team.h"

namespace cellwright {

class Crew {
 public:
  // `header` must have passed. Room of the first thread and sums and gradients of the first share are given; others are allocated here.
  std::string open(const double* words, size_t size, const Areas& areas, const KernelTable& table, int shares, int threads);
  void run(Run& run, const KernelTable& table, Team& team);
  Program& first() const { return *shares_[0]; }
  size_t bytes() const;
  // Floats of what `open` is going to allocate; the program's header must have been read.
  static double floats(const Program& program, int shares, int threads, bool trains);

 private:
  void add_gradients();
  int threads_ = 1;
  float* gradients_ = nullptr;
  std::vector<std::unique_ptr<Program>> shares_;
  std::vector<std::unique_ptr<Block<float>>> shareGradients_, locals_, scratch_;
  std::vector<std::unique_ptr<Block<double>>> shareSums_;
};

}  // namespace cellwright
