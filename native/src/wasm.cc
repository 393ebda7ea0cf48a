// What the WebAssembly module exports: one session an instance, so that a trap ends one session and its memory goes with it. Sizes of what comes in
// are checked by src/engines/native/wasm/binding.ts, which writes it here; programs are checked by decode.cc, as everywhere.
#include <cstdlib>
#include <memory>
#include <new>

#include "session.h"

#define CW_EXPORT(name) extern "C" __attribute__((export_name(#name)))

using namespace cellwright;

// Without exceptions: what small things can't be had ends in a trap. Large ones (Block) say so.
void* operator new(size_t bytes) {
  void* p = std::malloc(bytes);
  if (!p) __builtin_trap();
  return p;
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t) noexcept { std::free(p); }

namespace {

std::unique_ptr<Session> session;
std::string complaint;
Block<float> logits;
Run last = {};

double numbers[UPDATE_NUMBERS];

// Room for what a call brings or takes. Areas 0 to 4 are those of addon.cc.
enum Area { Parameters = 0, FirstSlotArea = 1, Gradients = 2, SecondSlotArea = 3, AverageArea = 4, Images = 5, Targets = 6, Masks = 7, Uploads = 8, Labels = 9, Logits = 10, Numbers = 11 };

const char* complain() { return complaint.empty() ? nullptr : complaint.c_str(); }

Block<float>* block(int32_t area) {
  if (!session) return nullptr;
  switch (area) {
    case Parameters: return &session->parameters;
    case FirstSlotArea: return &session->first;
    case Gradients: return &session->gradients;
    case SecondSlotArea: return &session->second;
    case AverageArea: return &session->average;
    case Images: return &session->images;
    case Targets: return &session->targets;
    case Masks: return &session->masks;
    case Uploads: return &session->uploads;
    case Logits: return &logits;
    default: return nullptr;
  }
}

}  // namespace

CW_EXPORT(allocate) void* cw_allocate(size_t bytes) { return std::malloc(bytes); }
CW_EXPORT(release) void cw_release(void* p) { std::free(p); }

// Vector widths that there are kernels for, best first; 0 behind the last.
CW_EXPORT(width) int32_t cw_width(int32_t i) {
  int count = 0;
  const Target* list = targets(count);
  return i >= 0 && i < count ? list[i].width : 0;
}

// Returns a complaint, or null. Programs as in addon.cc; sizes in numbers.
CW_EXPORT(open) const char* cw_open(int32_t width, const double* train, size_t trainSize, const double* evaluate, size_t evaluateSize, const double* segments,
                                    size_t segmentsSize, const double* cleared, size_t clearedSize, int32_t extras) {
  session = std::make_unique<Session>();
  complaint = session->open("wasm", width, train, trainSize, evaluate, evaluateSize, segments, segmentsSize, cleared, clearedSize, 1, extras);
  if (complaint.empty() && !logits.allocate((uint64_t)session->batch * session->classes, true)) complaint = "Expected memory for logits. Received none.";
  if (!complaint.empty()) session.reset();
  return complain();
}

CW_EXPORT(close) void cw_close() {
  session.reset();
  logits.allocate(0, false);
}

CW_EXPORT(at) void* cw_at(int32_t area) {
  if (area == Labels) return session ? session->labels.data() : nullptr;
  if (area == Numbers) return numbers;
  const Block<float>* b = block(area);
  return b ? b->data : nullptr;
}

// In numbers of the area's type.
CW_EXPORT(size) size_t cw_size(int32_t area) {
  if (area == Labels) return session ? session->labels.size() : 0;
  if (area == Numbers) return UPDATE_NUMBERS;
  const Block<float>* b = block(area);
  return b ? b->size : 0;
}

CW_EXPORT(bytes) double cw_bytes() { return session ? (double)session->bytes() : 0; }

// Runs on what stands in the areas. Returns a complaint, or null.
enum Flag : int32_t { Labelled = 1, Targeted = 2, Trains = 4, Updates = 8, Adds = 16, Moves = 32, Averaged = 64 };
CW_EXPORT(run) const char* cw_run(int32_t size, double examples, int32_t flags) {
  last = {};
  last.batch = size;
  last.images = session->images.data;
  last.examples = examples;
  last.targets = flags & Targeted ? session->targets.data : nullptr;
  last.labels = flags & Labelled ? session->labels.data() : nullptr;
  Update update;
  Part part;
  part.adds = flags & Adds;
  part.moves = flags & Moves;
  complaint = "";
  if (flags & Updates) {
    complaint = read_update(numbers, update);
    part.update = &update;
  }
  if (complaint.empty()) complaint = flags & Trains ? session->step(last, session->masks.data, session->uploads.data, part) : session->evaluate(last, logits.data, flags & Averaged);
  return complain();
}
CW_EXPORT(loss) double cw_loss() { return last.loss; }
CW_EXPORT(correct) int32_t cw_correct() { return (int32_t)last.correct; }
