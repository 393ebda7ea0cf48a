#include "fuzz.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>

// Of the address sanitizer; null without it.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));
// The other one keeps callbacks of its own; a signal it shares.
extern "C" __attribute__((visibility("default"))) const char* __ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }

namespace cellwright {

namespace {

// A mutation is small: what is beyond this is refused before it runs, so none can take long.
constexpr Limits LIMITS = {64.0 * 1048576, 3e7};
// A mutation that takes so long has found something.
constexpr unsigned SECONDS = 60;

// splitmix64 (Steele, Lea and Flood 2014).
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  size_t below(size_t n) { return n == 0 ? 0 : next() % n; }
  bool one_in(size_t n) { return below(n) == 0; }

 private:
  uint64_t state_;
};

constexpr double INF = std::numeric_limits<double>::infinity(), NONE = std::numeric_limits<double>::quiet_NaN();
constexpr double SPECIAL[] = {-1, 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 255, 256, 1000, 1023, 4096, 65535, 65536, 1048575, 1048576, 1048577, 16777216, 2147483647.0,
                              2147483648.0, -2147483648.0, 4294967295.0, 4294967296.0, 1e9, 1e10, 1e12, 1e12 + 1, 9007199254740992.0, 1e19, 1e300, -1e300, 0.5, -0.5, 1e-300, -0.0, -2, -16, INF, -INF, NONE};

double changed(Rng& rng, double old, const std::vector<double>& words) {
  switch (rng.below(11)) {
    case 0: return old + 1;
    case 1: return old - 1;
    case 2: return old + 16;
    case 3: return old - 16;
    case 4: return old * 2;
    case 5: return old * 2 + 1;
    case 6: return std::floor(old / 2);
    case 7: return -old;
    case 8: return words[rng.below(words.size())];
    default: return SPECIAL[rng.below(sizeof SPECIAL / sizeof SPECIAL[0])];
  }
}

void mutate_words(Rng& rng, std::vector<double>& words) {
  if (words.empty()) {
    words.push_back(SPECIAL[rng.below(sizeof SPECIAL / sizeof SPECIAL[0])]);
    return;
  }
  const size_t size = words.size(), at = rng.below(size);
  switch (rng.below(17)) {
    case 0: std::swap(words[at], words[rng.below(size)]); break;
    case 1: words.resize(at); break;
    case 2: words.resize(size + 1 + rng.below(64), SPECIAL[rng.below(12)]); break;
    case 3: words.erase(words.begin() + at); break;
    case 4: words.insert(words.begin() + at, changed(rng, words[at], words)); break;
    case 5: {  // a stretch over another
      const size_t from = rng.below(size), length = rng.below(64);
      for (size_t i = 0; i < length && from + i < size && at + i < size; i++) words[at + i] = words[from + i];
      break;
    }
    case 6: {  // a bit of the double
      uint64_t bits;
      static_assert(sizeof bits == sizeof words[0]);
      __builtin_memcpy(&bits, &words[at], sizeof bits);
      bits ^= uint64_t(1) << rng.below(64);
      __builtin_memcpy(&words[at], &bits, sizeof bits);
      break;
    }
    case 7:
    case 8: {  // one size wherever it stands: such plans often stay consistent, and get past the checks
      const double old = words[at], value = changed(rng, old, words);
      for (double& word : words) if (word == old) word = value;
      break;
    }
    case 9: {  // the header's sizes
      const size_t i = 2 + rng.below(17);
      if (i < size) words[i] = changed(rng, words[i], words);
      break;
    }
    case 10: {  // more room by the header, and something that reaches for its end
      const size_t i = 4 + rng.below(6);
      if (i >= size) break;
      words[i] += 16.0 * (1 + rng.below(256));
      words[at] = words[i] - SPECIAL[1 + rng.below(16)];
      break;
    }
    default: words[at] = changed(rng, words[at], words);
  }
}

void mutate_floats(Rng& rng, std::vector<float>& values) {
  constexpr float list[] = {0, -0.0f, 1, -1, 1e38f, -1e38f, 1e-42f, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
  const size_t times = 1 + rng.below(8);
  for (size_t i = 0; i < times && !values.empty(); i++) values[rng.below(values.size())] = list[rng.below(10)];
}

void mutate_run(Rng& rng, SavedRun& run) {
  switch (rng.below(9)) {
    case 5: mutate_floats(rng, run.targets); break;
    case 6: run.examples = SPECIAL[rng.below(sizeof SPECIAL / sizeof SPECIAL[0])]; break;
    case 7: (rng.one_in(3) ? run.adds : rng.one_in(2) ? run.moves : run.averaged) ^= true; break;
    case 0: mutate_floats(rng, run.images); break;
    case 1: mutate_floats(rng, run.masks); break;
    case 2: mutate_floats(rng, run.uploads); break;
    case 3:
      for (int32_t& label : run.labels) label = (int32_t)rng.next();
      break;
    case 4: run.update[rng.below(UPDATE_NUMBERS)] = SPECIAL[rng.below(sizeof SPECIAL / sizeof SPECIAL[0])]; break;
    default: run.size = 1 + (int32_t)rng.below(9);
  }
}

// What the optimizer or the average starts from: other numbers, none, or some where there were none.
void mutate_state(Rng& rng, std::vector<float>& values, size_t parameters) {
  if (values.empty()) values.resize(rng.one_in(4) ? rng.below(64) : parameters, 1);
  else if (rng.one_in(3)) values.clear();
  else mutate_floats(rng, values);
}

void mutate_plan(Rng& rng, SavedPlan& plan) {
  const size_t kind = rng.below(20);
  if (kind < 11) mutate_words(rng, plan.training);
  else if (kind < 16) mutate_words(rng, plan.evaluation);
  else if (kind == 16) mutate_words(rng, plan.segments);
  else if (kind == 17) mutate_words(rng, plan.cleared);
  else if (kind == 18) mutate_floats(rng, plan.parameters);
  else if (rng.one_in(4)) mutate_state(rng, rng.one_in(2) ? plan.second : plan.average, plan.parameters.size());
  else if (!plan.runs.empty()) mutate_run(rng, plan.runs[rng.below(plan.runs.size())]);
}

void mutate_bytes(Rng& rng, std::vector<uint8_t>& bytes) {
  const size_t at = rng.below(bytes.size());
  switch (bytes.empty() ? 1 : rng.below(7)) {
    case 0: bytes.resize(at); break;
    case 1: bytes.resize(bytes.size() + 1 + rng.below(64), (uint8_t)rng.next()); break;
    case 2: bytes[at] ^= 1 << rng.below(8); break;
    case 3: bytes[at] = (uint8_t)rng.next(); break;
    case 4: {  // one of the counts of the file's header
      const size_t i = 8 + rng.below(56);
      if (i < bytes.size()) bytes[i] = rng.one_in(2) ? 0xff : (uint8_t)rng.next();
      break;
    }
    case 5: {
      const size_t from = rng.below(bytes.size()), length = rng.below(256);
      for (size_t i = 0; i < length && from + i < bytes.size() && at + i < bytes.size(); i++) bytes[at + i] = bytes[from + i];
      break;
    }
    default: bytes.erase(bytes.begin() + at, bytes.begin() + at + rng.below(bytes.size() - at));
  }
}

int64_t current = 0;
uint64_t currentSeed = 0;

void name_current() { std::fprintf(stderr, "run_plan: at --seed %llu --first %lld --fuzz 1\n", (unsigned long long)currentSeed, (long long)current); }

void aborted(int) {
  name_current();
  _exit(3);
}

void too_long(int) {
  name_current();
  std::fprintf(stderr, "run_plan: one mutation took more than %u s\n", SECONDS);
  _exit(3);
}

}  // namespace

void fuzz(const std::vector<std::vector<uint8_t>>& files, const std::vector<const Target*>& targets, uint64_t seed, int64_t first, int64_t count) {
  std::vector<SavedPlan> plans(files.size());
  for (size_t i = 0; i < files.size(); i++) {
    read_plan(files[i].data(), files[i].size(), plans[i]);
    for (SavedRun& run : plans[i].runs) run.results.clear();
  }
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(name_current);
  signal(SIGABRT, aborted);
  signal(SIGALRM, too_long);
  currentSeed = seed;
  int64_t unread = 0, refused = 0, ran = 0;
  double slowest = 0;
  const auto clock = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
  const double begun = clock();
  for (current = first; current < first + count; current++) {
    const double from = clock();
    alarm(SECONDS);
    Rng rng(seed * 0x9e3779b97f4a7c15 ^ (uint64_t)current * 0xd1342543de82ef95);
    const size_t which = rng.below(files.size());
    size_t times = 1;
    while (times < 6 && rng.one_in(2)) times++;
    SavedPlan plan;
    if (rng.one_in(6)) {
      std::vector<uint8_t> bytes = files[which];
      for (size_t i = 0; i < times; i++) mutate_bytes(rng, bytes);
      if (!read_plan(bytes.data(), bytes.size(), plan).empty()) {
        unread++;
        continue;
      }
    } else {
      plan = plans[which];
      for (size_t i = 0; i < times; i++) mutate_plan(rng, plan);
    }
    std::vector<const Target*> fitting;
    for (const Target* target : targets) if (target->width == plan.width) fitting.push_back(target);
    if (fitting.empty()) {
      unread++;
      continue;
    }
    const int threads = rng.one_in(16) ? 2 + (int)rng.below(3) : 1;
    std::string error;
    try {
      error = execute(plan, *fitting[rng.below(fitting.size())], LIMITS, threads, nullptr);
    } catch (const std::bad_alloc&) {
      error = "memory";
    }
    (error.empty() ? ran : refused)++;
    slowest = std::fmax(slowest, clock() - from);
  }
  alarm(0);
  std::printf("%lld mutated plans in %.0f s: %lld unreadable, %lld refused, %lld ran; the slowest took %.2f s\n", (long long)count, clock() - begun, (long long)unread, (long long)refused, (long long)ran, slowest);
}

}  // namespace cellwright
