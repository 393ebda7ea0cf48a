#include "crew.h"

#include <cstring>

#include "denormals.h"

namespace cellwright {

namespace {

// Adds a block to a list; null where there is no memory.
template <class T> T* room(std::vector<std::unique_ptr<Block<T>>>& list, uint64_t count, bool clear) {
  list.push_back(std::make_unique<Block<T>>());
  return list.back()->allocate(count, clear) ? list.back()->data : nullptr;
}

template <class T> size_t bytes_of(const std::vector<std::unique_ptr<Block<T>>>& list) {
  size_t bytes = 0;
  for (const auto& block : list) bytes += block->size * sizeof(T);
  return bytes;
}

}  // namespace

std::string Crew::open(const double* words, size_t size, const Areas& areas, const KernelTable& table, int shares, int threads) {
  threads_ = threads < shares ? threads : shares;
  gradients_ = areas.gradients;
  Areas first = areas;
  for (int s = 0; s < shares; s++) {
    shares_.push_back(std::make_unique<Program>());
    Program& program = *shares_.back();
    if (s == 0) {
      const std::string error = program.header(words, size);
      if (!error.empty()) return error;
    }
    const Program& sizes = *shares_[0];
    // Shares of one thread use its room in turn. Most of a local arena is never touched, so it costs no memory.
    const int thread = s * threads_ / shares;
    if (thread == (int)scratch_.size()) {
      if (!room(scratch_, sizes.scratch + 64, true)) return "memory";
      if (thread > 0 && !room(locals_, sizes.arena, false)) return "memory";
    }
    Areas own = areas;
    own.scratch = scratch_[thread]->data;
    own.local = thread == 0 ? areas.arena : locals_[thread - 1]->data;
    if (s == 0) {
      const std::string error = program.decode(own, table);
      if (!error.empty()) return error;
      first = own;
      continue;
    }
    own.sums = room(shareSums_, sizes.sums, true);
    // Every run clears them.
    if (areas.gradients) own.gradients = room(shareGradients_, sizes.parameters, false);
    if (!own.sums || (areas.gradients && !own.gradients)) return "memory";
    program.copy(sizes, first, own);
  }
  return "";
}

double Crew::floats(const Program& program, int shares, int threads, bool trains) {
  const int used = threads < shares ? threads : shares;
  const double share = 2.0 * program.sums + (trains ? program.parameters : 0);
  return used * (program.scratch + 64.0) + (used - 1) * (double)program.arena + (shares - 1) * share;
}

void Crew::run(Run& run, const KernelTable& table, Team& team) {
  const int shares = (int)shares_.size();
  // Share s is thread s * threads_ / shares', rounded down.
  const auto first_share = [&](int thread) { return (thread * shares + threads_ - 1) / threads_; };
  const auto image = [&](int share) { return int32_t((int64_t)run.batch * share / shares); };
  for (auto& block : shareGradients_) std::memset(block->data, 0, block->size * sizeof(float));
  team.begin();
  for (int phase = 0; phase < first().phases(); phase++) {
    team.run([&](int thread) {
      if (thread >= threads_) return;
      const int from = first_share(thread), to = first_share(thread + 1);
      shares_[from]->prepare(phase, run, table);
      for (int s = from; s < to; s++) shares_[s]->images(phase, run, table, image(s), image(s + 1), image(to));
    });
    for (int s = 1; s < shares; s++) first().gather(phase, *shares_[s]);
    first().conclude(phase, run, table);
  }
  team.end();
  add_gradients();
}

void Crew::add_gradients() {
  for (const auto& block : shareGradients_) {
    const float* from = block->data;
    for (size_t i = 0; i < block->size; i++) gradients_[i] += from[i];
  }
}

size_t Crew::bytes() const { return bytes_of(shareGradients_) + bytes_of(shareSums_) + bytes_of(scratch_); }

}  // namespace cellwright
