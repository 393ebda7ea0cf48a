#include "saved_plan.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cellwright {

namespace {

constexpr char MAGIC[8] = {'C', 'W', 'P', 'L', 'A', 'N', 0x1a, '\n'};
constexpr uint32_t VERSION = 2, MOST_RUNS = 1024, MOST_NAME = 4096;

// Takes values from the front of a file; once something did not fit, everything after it fails too.
class Reader {
 public:
  Reader(const uint8_t* bytes, size_t size) : at_(bytes), left_(size) {}
  bool failed() const { return failed_; }
  size_t left() const { return left_; }

  template <class T> T value() {
    T v = {};
    bytes(&v, sizeof v);
    return v;
  }
  // `count` values, then zeros up to a multiple of eight bytes.
  template <class T> void values(std::vector<T>& into, uint64_t count) {
    if (failed_ || count > left_ / sizeof(T)) {
      failed_ = true;
      return;
    }
    into.resize(count);
    bytes(into.data(), count * sizeof(T));
    for (size_t i = count * sizeof(T); i % 8 != 0; i++) failed_ = value<uint8_t>() != 0 || failed_;
  }

 private:
  void bytes(void* to, size_t count) {
    if (failed_ || count > left_) {
      failed_ = true;
      return;
    }
    if (count > 0) std::memcpy(to, at_, count);
    at_ += count;
    left_ -= count;
  }
  const uint8_t* at_;
  size_t left_;
  bool failed_ = false;
};

std::string read_run(Reader& in, SavedRun& run) {
  const uint32_t kind = in.value<uint32_t>(), size = in.value<uint32_t>(), flags = in.value<uint32_t>(), empty = in.value<uint32_t>();
  uint64_t counts[6];  // images, labels, targets, masks, uploads, results
  for (uint64_t& count : counts) count = in.value<uint64_t>();
  run.loss = in.value<double>();
  run.examples = in.value<double>();
  for (double& number : run.update) number = in.value<double>();
  if (in.failed()) return "the header of a run";
  if (kind > 2) return "the kind of a run";
  if (size < 1 || size > (1u << 20)) return "the size of a batch";
  if (flags > 7 || empty != 0) return "the flags of a run";
  run.kind = SavedKind(kind);
  run.adds = flags & 1;
  run.moves = flags & 2;
  run.averaged = flags & 4;
  run.size = (int32_t)size;
  in.values(run.images, counts[0]);
  in.values(run.labels, counts[1]);
  in.values(run.targets, counts[2]);
  in.values(run.masks, counts[3]);
  in.values(run.uploads, counts[4]);
  in.values(run.results, counts[5]);
  return in.failed() ? "the values of a run" : "";
}

}  // namespace

std::string read_plan(const uint8_t* bytes, size_t size, SavedPlan& plan) {
  if (size < sizeof MAGIC || std::memcmp(bytes, MAGIC, sizeof MAGIC) != 0) return "magic: this is no saved plan";
  Reader in(bytes + sizeof MAGIC, size - sizeof MAGIC);
  if (in.value<uint32_t>() != VERSION) return "version";
  plan.width = in.value<int32_t>();
  const uint32_t runs = in.value<uint32_t>(), nameBytes = in.value<uint32_t>();
  uint64_t counts[7];  // training, evaluation, segments, cleared, parameters, second slot, average
  for (uint64_t& count : counts) count = in.value<uint64_t>();
  if (in.failed()) return "header";
  if (plan.width != 4 && plan.width != 8 && plan.width != 16) return "vector width";
  if (runs > MOST_RUNS || nameBytes > MOST_NAME) return "runs or name";
  std::vector<char> name;
  in.values(name, nameBytes);
  in.values(plan.training, counts[0]);
  in.values(plan.evaluation, counts[1]);
  in.values(plan.segments, counts[2]);
  in.values(plan.cleared, counts[3]);
  in.values(plan.parameters, counts[4]);
  in.values(plan.second, counts[5]);
  in.values(plan.average, counts[6]);
  if (in.failed()) return "the programs or parameters";
  for (char& c : name) if (c < 0x20 || c > 0x7e) c = '?';
  plan.name.assign(name.begin(), name.end());
  plan.runs.resize(runs);
  for (SavedRun& run : plan.runs) {
    const std::string error = read_run(in, run);
    if (!error.empty()) return error;
  }
  return in.left() > 0 ? "the end: bytes are left over" : "";
}

std::string read_file(const char* path, std::vector<uint8_t>& bytes) {
  FILE* file = std::fopen(path, "rb");
  if (!file) return std::strerror(errno);
  uint8_t piece[65536];
  for (size_t n; (n = std::fread(piece, 1, sizeof piece, file)) > 0;) bytes.insert(bytes.end(), piece, piece + n);
  const bool broken = std::ferror(file) != 0;
  std::fclose(file);
  return broken ? "the file can't be read" : "";
}

}  // namespace cellwright
