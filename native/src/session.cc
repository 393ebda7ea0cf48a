#include "session.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "crew.h"
#include "denormals.h"

// In a build for the address sanitizer what rounds a block up is out of bounds.
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

namespace cellwright {

#if defined(__linux__)
// Large blocks ask for pages of 2 MiB, which are 512 times fewer to hand out at the first touch and to look up at every other.
constexpr size_t HUGE_PAGE = (size_t)2 << 20, HUGE_FROM = 4 * HUGE_PAGE;
static void* take_memory(size_t bytes) {
  if (bytes < HUGE_FROM) return std::aligned_alloc(64, bytes);
  const size_t whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  void* memory = std::aligned_alloc(HUGE_PAGE, whole);
  if (memory) madvise(memory, whole, MADV_HUGEPAGE);
  return memory;
}
#else
static void* take_memory(size_t bytes) { return std::aligned_alloc(64, bytes); }
#endif

template <class T> Block<T>::~Block() { std::free(data); }
template <class T> bool Block<T>::allocate(uint64_t count, bool clear) {
  std::free(data);
  data = nullptr;
  size = 0;
  // Counts come from a program: where pointers have 32 bits they may be more than can be addressed.
  if (count > (SIZE_MAX - 128) / sizeof(T)) return false;
  const size_t bytes = (count * sizeof(T) + 63) / 64 * 64 + 64;
  data = static_cast<T*>(take_memory(bytes));
  if (!data) return false;
  size = count;
  if (clear) std::memset(data, 0, bytes);
  ASAN_POISON_MEMORY_REGION(data + count, bytes - count * sizeof(T));
  return true;
}
template class Block<float>;
template class Block<double>;

// What closed sessions left: one block, the largest.
#if defined(__SANITIZE_ADDRESS__) || defined(__wasm__)
// Nothing is kept: every arena's bounds are watched; a module's memory ends with its session.
constexpr bool KEEPS_SPARE = false;
static void leave_spare(std::unique_ptr<Block<float>>) {}
static std::unique_ptr<Block<float>> take_spare(uint64_t) { return nullptr; }
#else
constexpr bool KEEPS_SPARE = true;
static std::mutex spareMutex;
static std::unique_ptr<Block<float>> spare;

static void leave_spare(std::unique_ptr<Block<float>> block) {
  const std::lock_guard<std::mutex> lock(spareMutex);
  if (block && (!spare || spare->size < block->size)) spare.swap(block);
}

// However much larger than asked for: left alone it would hold its memory all the same.
static std::unique_ptr<Block<float>> take_spare(uint64_t floats) {
  const std::lock_guard<std::mutex> lock(spareMutex);
  if (!spare || spare->size < floats) return nullptr;
  return std::move(spare);
}
#endif

Arena::~Arena() { leave_spare(std::move(block_)); }
bool Arena::allocate(uint64_t floats) {
  block_ = take_spare(floats);
  if (!block_) {
    // Half as much again, untouched and so without cost, for a next one that needs a little more.
    block_ = std::make_unique<Block<float>>();
    if (!block_->allocate(KEEPS_SPARE ? floats + floats / 2 : floats, false)) return false;
  }
  data = block_->data;
  size = floats;
  return true;
}

static std::string too_much(double floats, const Limits& limits) {
  const auto mebibytes = [](double bytes) { return std::to_string((int64_t)(bytes / 1048576)) + " MiB"; };
  return "Expected a session of at most " + mebibytes(limits.bytes) + " of memory. Received one of " + mebibytes(floats * sizeof(float)) + ".";
}

Session::Session() = default;
Session::~Session() = default;

std::string Session::open(const char* target, int32_t width, const double* train, size_t trainSize, const double* evaluate, size_t evaluateSize,
                          const double* segments, size_t segmentsSize, const double* keep, size_t keepSize, int threads, int32_t extras, const Limits& limits) {
  const Target* found = find_target(target, width);
  if (!found) return std::string("Expected a target that this machine has. Received: ") + target + " of width " + std::to_string(width) + ".";
  found->fill(table_);

  if (extras < 0 || extras > (SecondSlot | Average)) return "Expected extras from 0 to 3. Received: " + std::to_string(extras) + ".";
  if (threads < 1 || threads > 64) return "Expected 1 to 64 threads. Received: " + std::to_string(threads) + ".";
  Program programs[2];  // for their sizes
  const double* words[] = {train, evaluate};
  const size_t sizes[] = {trainSize, evaluateSize};
  int64_t arenaFloats = 0, statFloats = 0, sumCount = 0, parameterFloats = -1;
  double needed = 0;  // floats
  for (int i = 0; i < 2; i++) {
    if (sizes[i] == 0) continue;
    const std::string error = programs[i].header(words[i], sizes[i]);
    if (!error.empty()) return "Expected a sound program. Received one with a wrong " + error + ".";
    const Program& p = programs[i];
    if (parameterFloats >= 0 && (p.parameters != parameterFloats || p.batch != batch || p.imageFloats != imageFloats || p.classes != classes)) return "Expected programs that fit each other.";
    parameterFloats = p.parameters; batch = p.batch; imageFloats = p.imageFloats; classes = p.classes;
    if (p.arena > arenaFloats) arenaFloats = p.arena;
    if (p.stats > statFloats) statFloats = p.stats;
    if (p.sums > sumCount) sumCount = p.sums;
    needed += Crew::floats(p, i == 0 ? (int)p.shares : threads, threads, i == 0);
  }
  if (sizes[1] == 0) return "Expected a program for evaluation.";
  const bool training = sizes[0] != 0;
  maskRows = training ? programs[0].maskRows : 0;
  // Evaluation reads none of them, but its program may name rows of its own.
  const int64_t maskRoom = programs[1].maskRows > maskRows ? programs[1].maskRows : maskRows;
  const bool hasSecond = training && (extras & SecondSlot), hasAverage = training && (extras & Average);
  needed += (double)arenaFloats + statFloats + 2.0 * sumCount + ((training ? 3.0 : 1.0) + hasSecond + hasAverage) * parameterFloats + ((double)imageFloats + classes + maskRoom) * batch;
  if (needed * sizeof(float) > limits.bytes) return too_much(needed, limits);
  if (!arena.allocate(arenaFloats) || !stats.allocate(statFloats, true) || !sums.allocate(sumCount, true) || !parameters.allocate(parameterFloats, true) ||
      !images.allocate(imageFloats * batch, true) || !targets.allocate((uint64_t)classes * batch, true) || !masks.allocate(maskRoom * batch, true))
    return "Expected " + std::to_string((arenaFloats + parameterFloats) * 4 / 1048576) + " MiB of memory for a session. Received none.";
  if (training && (!gradients.allocate(parameterFloats, true) || !first.allocate(parameterFloats, true))) return "Expected memory for gradients. Received none.";
  if ((hasSecond && !second.allocate(parameterFloats, true)) || (hasAverage && !average.allocate(parameterFloats, true))) return "Expected memory for the optimizer. Received none.";
  labels.resize(batch);

  team_ = std::make_unique<Team>(threads);
  for (int i = 0; i < 2; i++) {
    if (sizes[i] == 0) continue;
    const bool trains = i == 0;
    const Areas areas = {arena.data, parameters.data, trains ? gradients.data : nullptr, stats.data, masks.data, sums.data, arena.data, nullptr};
    auto& crew = trains ? train_ : evaluate_;
    crew = std::make_unique<Crew>();
    const std::string error = crew->open(words[i], sizes[i], areas, table_, trains ? (int)programs[i].shares : threads, threads);
    if (!error.empty()) return "Expected a sound program. Received one with a wrong " + error + ".";
    if (crew->first().work > limits.work) return "Expected a program of less work. Received one that would run for ever.";
  }
  if (training) {
    uploadFloats = train_->first().uploadFloats;
    needed += uploadFloats;
    if (needed * sizeof(float) > limits.bytes) return too_much(needed, limits);
    if (!uploads.allocate(uploadFloats, true)) return "Expected memory for dropout. Received none.";
  }
  double updated = 0;
  for (size_t i = 0; i + 2 < segmentsSize; i += 3) {
    const double from = segments[i], length = segments[i + 1];
    if (!(from >= 0 && length >= 0 && from + length <= (double)parameterFloats && from == std::floor(from) && length == std::floor(length))) return "Expected segments within the parameters.";
    // Updates go by vectors.
    if (std::fmod(from, width) != 0 || std::fmod(length, width) != 0) return "Expected segments of whole vectors.";
    // Each parameter is updated once: segments that overlap could make many of few.
    updated += length;
    if (updated > (double)parameterFloats) return "Expected segments apart from each other.";
    segments_.push_back({(int64_t)from, (int64_t)length, segments[i + 2] != 0});
  }
  for (size_t i = 0; i < keepSize; i++) {
    if (!(keep[i] >= 0 && keep[i] < (double)parameterFloats)) return "Expected cleared gradients within the parameters.";
    cleared_.push_back((int64_t)keep[i]);
  }
  return "";
}

std::string read_update(const double* n, Update& update) {
  if (!(n[0] >= 0 && n[0] <= int(Rule::Last)) || n[0] != std::floor(n[0])) return "Expected an optimizer's number.";
  update = {Rule((int)n[0]), n[1], n[2], n[3], n[4], n[5] != 0, n[6], n[7], n[8], n[9], n[10]};
  return "";
}

std::string Session::step(Run& run, const float* mask, const float* upload, const Part& part) {
  if (!train_) return "Expected a session that trains.";
  if (part.update && part.update->rule != Rule::Sgd && !second.data) return "Expected a session with a second slot for its optimizer.";
  if (part.update && part.update->averageShare != 0 && !average.data) return "Expected a session with an average.";
  FlushDenormals flush;
  if (!part.adds) std::memset(gradients.data, 0, gradients.size * sizeof(float));
  if (maskRows && mask != masks.data) std::memcpy(masks.data, mask, sizeof(float) * maskRows * batch);
  for (Plane* p : train_->first().uploads) {
    const size_t n = p->pixels * table_.width * batch;
    std::memcpy(p->z, upload, n * sizeof(float));
    upload += n;
  }
  run.loss = 0;
  run.correct = 0;
  train_->run(run, table_, *team_);
  for (int64_t i : cleared_) gradients.data[i] = 0;
  if (part.update) apply(*part.update);
  if (part.update || part.moves) move_statistics();
  if (part.update && part.update->averageShare != 0) table_.moveAverage(average.data, parameters.data, (int64_t)parameters.size, (float)part.update->averageShare);
  return "";
}

void Session::apply(const Update& u) {
  const float* g = gradients.data;
  float scale = 1;
  if (u.clipNorm > 0) {
    double squares = 0;
    for (const Segment& s : segments_) for (int64_t i = s.offset; i < s.offset + s.length; i++) squares += (double)g[i] * g[i];
    // Not min(1, ...): a zero norm gives infinity, and NaN has to stay NaN.
    const double factor = u.clipNorm / std::sqrt(squares);
    scale = factor > 1 ? 1 : (float)factor;
  }
  for (const Segment& s : segments_) {
    float* slot = second.data ? second.data + s.offset : nullptr;
    table_.update({parameters.data + s.offset, first.data + s.offset, slot, g + s.offset, s.length, scale, s.decays ? (float)u.weightDecay : 0}, u);
  }
}

void Session::move_statistics() {
  for (const BatchNorm& b : train_->first().norms) {
    const float k = (float)b.momentum, r = (float)(1 - b.momentum);
    for (int64_t i = 0; i < b.channels; i++) {
      b.movingMean[i] = k * b.movingMean[i] + r * b.mean[i];
      b.movingVariance[i] = k * b.movingVariance[i] + r * b.variance[i];
    }
  }
}

// Programs point to the parameters, so the numbers change places: little beside what an evaluation reads.
void Session::swap_average() { std::swap_ranges(parameters.data, parameters.data + parameters.size, average.data); }

std::string Session::evaluate(Run& run, float* logits, bool averaged) {
  if (averaged && !average.data) return "Expected a session with an average.";
  FlushDenormals flush;
  run.loss = 0;
  run.correct = 0;
  if (averaged) swap_average();
  evaluate_->run(run, table_, *team_);
  if (averaged) swap_average();
  const int V = table_.width;
  for (int32_t n = 0; n < run.batch; n++)
    for (int32_t k = 0; k < classes; k++) {
      const Plane& p = *evaluate_->first().logits[k / V];
      logits[(int64_t)n * classes + k] = p.z[n * p.zn + k % V];
    }
  return "";
}

size_t Session::operations(bool training) const {
  const auto& crew = training ? train_ : evaluate_;
  return crew ? crew->first().operations() : 0;
}
int Session::threads() const { return team_->size(); }

size_t Session::bytes() const {
  return sizeof(float) * (arena.size + stats.size + parameters.size + gradients.size + first.size + second.size + average.size + images.size + targets.size + masks.size + uploads.size) + sizeof(double) * sums.size +
         (train_ ? train_->bytes() : 0) + (evaluate_ ? evaluate_->bytes() : 0);
}

}  // namespace cellwright
