// Runs saved plans without Node: for sanitizers, valgrind, emulators and profilers.
//
//     run_plan [--target avx2[:8]] [--threads n] [--mib 2048] [--work 1e12] file…
//     run_plan --fuzz 5000 [--seed 1] [--first 0] file…
//
// Prints a line for every plan and target. Ends with 0 where all came as near to what their files say as they have to, with 1 otherwise.
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "execute.h"
#include "fuzz.h"

using namespace cellwright;

namespace {

// Files hold what an optimised build of the same width gave, often of the same target. Other flags fuse other multiplications with additions: of all the
// suites' plans the worst came to 2e-6, 2e-6 and 3e-4 (gradients pass two sums of each batch norm that all but cancel). A wrong tap shows as 1e-2.
constexpr double LOSS = 1e-5, LOGITS = 1e-5, GRADIENTS = 1e-3;

struct Options {
  std::string target;
  int32_t width = 0;  // any
  int threads = 1;
  Limits limits = {2048.0 * 1048576, 1e12};
  int64_t fuzz = 0, first = 0;
  uint64_t seed = 1;
  std::vector<const char*> files;
};

[[noreturn]] void complain(const std::string& message) {
  std::fprintf(stderr, "run_plan: %s\n", message.c_str());
  std::exit(2);
}

double number(const char* text) {
  char* end = nullptr;
  errno = 0;
  const double value = std::strtod(text, &end);
  if (errno != 0 || end == text || *end != 0 || !(value >= 0 && value <= 1e15)) complain(std::string("Expected a number. Received: ") + text + ".");
  return value;
}

Options parse(int count, char** arguments) {
  Options o;
  for (int i = 1; i < count; i++) {
    const std::string name = arguments[i];
    if (name.rfind("--", 0) != 0) {
      o.files.push_back(arguments[i]);
      continue;
    }
    if (i + 1 >= count) complain("Expected a value after " + name + ".");
    const char* value = arguments[++i];
    if (name == "--target") {
      o.target = value;
      const size_t colon = o.target.find(':');
      if (colon != std::string::npos) {
        o.width = (int32_t)number(value + colon + 1);
        o.target.resize(colon);
      }
    } else if (name == "--threads") o.threads = (int)std::fmin(number(value), 1000);
    else if (name == "--mib") o.limits.bytes = number(value) * 1048576;
    else if (name == "--work") o.limits.work = number(value);
    else if (name == "--fuzz") o.fuzz = (int64_t)number(value);
    else if (name == "--first") o.first = (int64_t)number(value);
    else if (name == "--seed") o.seed = (uint64_t)number(value);
    else complain("Expected --target, --threads, --mib, --work, --fuzz, --first or --seed. Received: " + name + ".");
  }
  if (o.files.empty()) complain("Expected files.");
  return o;
}

std::vector<const Target*> usable(const Options& o) {
  int count = 0;
  const Target* list = targets(count);
  std::vector<const Target*> found;
  for (int i = 0; i < count; i++)
    if (list[i].supported() && (o.target.empty() || o.target == list[i].name) && (o.width == 0 || o.width == list[i].width)) found.push_back(&list[i]);
  if (found.empty()) complain("Expected a target that this machine has. Received: " + o.target + ".");
  return found;
}

bool run_on(const SavedPlan& plan, const char* file, const Target& target, const Options& o) {
  Distance found;
  std::string error;
  try {
    error = execute(plan, target, o.limits, o.threads, &found);
  } catch (const std::bad_alloc&) {
    error = "Expected memory. Received none.";
  }
  const bool near = found.loss <= LOSS && found.logits <= LOGITS && found.gradients <= GRADIENTS;
  std::printf("%s %s:%d %s (%s): %zu runs", error.empty() && near ? "ok " : "BAD", target.name, target.width, plan.name.c_str(), file, plan.runs.size());
  if (error.empty()) std::printf(", loss %.1e, logits %.1e, gradients %.1e off\n", found.loss, found.logits, found.gradients);
  else std::printf(": %s\n", error.c_str());
  std::fflush(stdout);
  return error.empty() && near;
}

}  // namespace

int main(int count, char** arguments) {
  const Options o = parse(count, arguments);
  const std::vector<const Target*> machine = usable(o);
  std::vector<std::vector<uint8_t>> files;
  bool good = true;
  int64_t ran = 0;
  for (const char* file : o.files) {
    std::vector<uint8_t> bytes;
    SavedPlan plan;
    std::string error = read_file(file, bytes);
    if (error.empty()) error = read_plan(bytes.data(), bytes.size(), plan);
    if (!error.empty()) {
      std::printf("BAD %s: Expected a saved plan. Received one with a wrong %s.\n", file, error.c_str());
      good = false;
      continue;
    }
    if (o.fuzz > 0) files.push_back(std::move(bytes));
    else
      for (const Target* target : machine)
        if (target->width == plan.width) {
          good = run_on(plan, file, *target, o) && good;
          ran++;
        }
  }
  if (!good) return 1;
  if (o.fuzz > 0) {
    fuzz(files, machine, o.seed, o.first, o.fuzz);
    return 0;
  }
  std::printf("%lld runs of plans\n", (long long)ran);
  // Nothing run is nothing shown.
  return ran > 0 ? 0 : 1;
}
