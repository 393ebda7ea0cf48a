// A program decoded, checked and bound to memory; and the session that runs it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "targets.h"

namespace cellwright {

// Aligned floats (or doubles) that start as zero.
template <class T> class Block {
 public:
  ~Block();
  // False where there is no memory for so many.
  bool allocate(uint64_t count, bool clear);
  T* data = nullptr;
  size_t size = 0;
};

// Memory of a session's arena. What the last session leaves is kept for the next one: the system hands out fresh memory a page at a time, at the first
// touch of each, which costs about as much as a step.
class Arena {
 public:
  ~Arena();
  // False where there is no memory for so many. What stands in it is anything.
  bool allocate(uint64_t floats);
  float* data = nullptr;
  size_t size = 0;

 private:
  std::unique_ptr<Block<float>> block_;
};

// Numbers of training that one step is given.
struct Update {
  double learningRate, momentum, weightDecay, clipNorm;  // clipNorm 0: none
  bool nesterov;
};

struct Segment {
  int64_t offset, length;
  bool decays;
};

// What a session may ask for at most. Plans from outside are held to less: one can be sound and take all memory, or for ever.
struct Limits {
  double bytes = 1e15;  // of memory
  double work = 1e16;   // multiply-adds, or numbers moved, of one run of a program: days
};

class Crew;
class Team;

class Session {
 public:
  Session();
  ~Session();
  // Each program is the planner's words (src/engines/native/plan/encode.ts). `train` may be empty. Returns a complaint, or "".
  std::string open(const char* target, int32_t width, const double* train, size_t trainSize, const double* evaluate, size_t evaluateSize,
                   const double* segments, size_t segmentsSize, const double* keep, size_t keepSize, int threads, const Limits& limits = {});
  // Forward and backward; then, if `update` is given, the step.
  std::string step(Run& run, const float* masks, const float* uploads, const Update* update);
  std::string evaluate(Run& run, float* logits);
  size_t bytes() const;
  // Operations of a program; 0 where there is none.
  size_t operations(bool training) const;
  int threads() const;

  Block<float> parameters, gradients, momentum;
  Block<float> images, masks, uploads;  // room for what a call brings
  std::vector<int32_t> labels;
  int32_t batch = 0, classes = 0;
  int64_t imageFloats = 0, maskRows = 0, uploadFloats = 0;
  bool busy = false;

 private:
  void apply(const Run& run, const Update& update);
  Arena arena;
  Block<float> stats;
  Block<double> sums;
  std::vector<Segment> segments_;
  std::vector<int64_t> cleared_;  // parameters whose gradient is not wanted (zeros between groups)
  std::unique_ptr<Crew> train_, evaluate_;
  std::unique_ptr<Team> team_;
  KernelTable table_ = {};
};

}  // namespace cellwright
