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

// Reads the numbers of an update. Returns a complaint, or "".
std::string read_update(const double* numbers, Update& update);

struct Segment {
  int64_t offset, length;
  bool decays;
};

// What a session may ask for at most. Plans from outside are held to less: one can be sound and take all memory, or for ever.
struct Limits {
  double bytes = 1e15;  // of memory
  double work = 1e16;   // multiply-adds, or numbers moved, of one run of a program: days
};

// What a session holds beside parameters, gradients and one slot of the optimizer.
enum Extra : int32_t { SecondSlot = 1, Average = 2 };

// How a training run is part of a step.
struct Part {
  bool adds = false;               // gradients are added to those of the parts before it
  bool moves = false;              // moving statistics move; they do with an update anyway
  const Update* update = nullptr;  // null for none
};

class Crew;
class Team;

class Session {
 public:
  Session();
  ~Session();
  // Each program is the planner's words (src/engines/native/plan/encode.ts). `train` may be empty. Returns a complaint, or "".
  std::string open(const char* target, int32_t width, const double* train, size_t trainSize, const double* evaluate, size_t evaluateSize,
                   const double* segments, size_t segmentsSize, const double* keep, size_t keepSize, int threads, int32_t extras, const Limits& limits = {});
  // Forward and backward; then, if one is given, the update.
  std::string step(Run& run, const float* masks, const float* uploads, const Part& part);
  // `averaged`: with the average in place of the parameters.
  std::string evaluate(Run& run, float* logits, bool averaged);
  size_t bytes() const;
  // Operations of a program; 0 where there is none.
  size_t operations(bool training) const;
  int threads() const;

  Block<float> parameters, gradients, first, second, average;  // `second` and `average` may be empty
  Block<float> images, targets, masks, uploads;                // room for what a call brings
  std::vector<int32_t> labels;
  int32_t batch = 0, classes = 0;
  int64_t imageFloats = 0, maskRows = 0, uploadFloats = 0;
  bool busy = false;

 private:
  void apply(const Update& update);
  void move_statistics();
  void swap_average();
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
