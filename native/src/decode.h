// Words of a plan to a program of pointers. Everything is checked here: whatever passes can not reach outside of its memory.
#pragma once
#include <cmath>
#include "session.h"

namespace cellwright {

struct Areas {
  float *arena, *parameters, *gradients, *stats, *masks;
  double* sums;
  float* local;    // an arena of the thread's own, for planes of which all images use one room
  float* scratch;  // the thread's own, `Program::scratch` floats that start as zero
};

// What one operation of a phase touches first among the operations of its phase: `bytes` of every image, `step` bytes apart.
struct Touch {
  const char* from;
  int64_t bytes, step;
  int64_t at;  // bytes of the phase's image before it
};

struct Phase {
  std::vector<Op*> bodies, wholes;
  std::vector<Touch> touches;  // in the order in which they are needed
  std::vector<int64_t> ends;   // by body: bytes of the image touched when it is done
  int64_t bytes = 0;           // of one image
};

// Columns of a convolution, whose weights have been found; windows of other kinds may have any size.
inline int64_t columns_of(const Op& o) {
  const bool columns = o.kind == Kind::Conv || o.kind == Kind::ConvBackward || o.kind == Kind::Head || o.kind == Kind::HeadBackward;
  return columns ? (int64_t)o.g.kernelH * o.g.kernelW * (o.inputs > o.outputs ? o.inputs : o.outputs) : 0;
}
// Vectors of scratch for the gradient of a max pool, of whatever windows: matches src/engines/native/plan/geometry.ts.
inline double max_gradient_vectors(const Geometry& g) {
  const double rows = (g.outH - 1.0) * g.strideH + g.kernelH, width = (g.outW - 1.0) * g.strideW + g.kernelW;
  return std::fmax(2 * rows * g.outW + width, (double)g.inH * g.inW + std::fmax(g.inW, g.outW));
}
// Room for pointers that an operation needs while it runs.
inline int64_t pointers_of(const Op& o) { return columns_of(o) + 10 * ((int64_t)o.inputs + o.outputs) + 16; }

class Program {
 public:
  // First pass: sizes only. The words are needed until `decode` is through.
  std::string header(const double* words, size_t size);
  // Second pass: with memory in place.
  std::string decode(const Areas& areas, const KernelTable& table);
  // Instead of both: a copy of `other`, decoded in `areas`, that works in `own`. Cheaper than decoding again. It points to what `other` holds, and has
  // neither uploads nor logits nor operations that run once for all.
  void copy(const Program& other, const Areas& areas, const Areas& own);
  // A step goes through the phases in order: `prepare`, once for every scratch area; `images` for all images of the batch; `conclude` once.
  int phases() const { return (int)phases_.size(); }
  void prepare(int phase, Run& run, const KernelTable& table);
  // Images [from, to). What comes behind, up to `ahead`, may be fetched.
  void images(int phase, Run& run, const KernelTable& table, int32_t from, int32_t to, int32_t ahead);
  void conclude(int phase, Run& run, const KernelTable& table);
  // Adds the sums that `other`, a program of the same words, made in this phase, and sets them to zero there.
  void gather(int phase, Program& other);
  size_t operations() const { return ops_.size(); }

  int64_t width = 0, batch = 0, arena = 0, parameters = 0, stats = 0, sums = 0, scratch = 0, maskRows = 0, imageFloats = 0, classes = 0, shares = 0;
  std::vector<Plane*> uploads;
  int64_t uploadFloats = 0;
  double work = 0;  // of one run of a whole batch, coarsely (work.h)
  std::vector<Plane*> logits;
  std::vector<BatchNorm> norms;

 private:
  void plan_prefetch(Phase& phase);
  int64_t look_ahead(const Phase& phase, int64_t from, int64_t to);
  std::string op(Op& op, const double*& at, const double* end, const Areas& areas, const KernelTable& table);
  const double* words_ = nullptr;
  size_t size_ = 0;
  std::vector<Plane> planes_;
  std::vector<Op> ops_;
  std::vector<Phase> phases_;
  std::vector<std::unique_ptr<Use[]>> uses_;
  std::vector<std::unique_ptr<int64_t[]>> extras_;
  std::vector<std::unique_ptr<const float*[]>> pointers_;
  Prefetch prefetch_ = {};
  Block<float> ones_;
  alignas(64) float zeros_[64] = {};
};

}  // namespace cellwright
