// A program at work: its phases, image by image, with what the next operations will read fetched on the way.
#include <unordered_set>

#include "decode.h"
#include "nanoseconds.h"

namespace cellwright {

// How far ahead of the current operation to fetch: what fits the second-level cache beside the operation's own data.
static constexpr int64_t AHEAD = 384 * 1024;

// 1x1 convolutions on more than fits beside the look-ahead fetch their own next strip (kernels/conv.h).
static bool fetches_own(const Op& o) {
  if (o.kind != Kind::Conv && o.kind != Kind::ConvBackward) return false;
  const Geometry& g = o.g;
  if (g.kernelH != 1 || g.kernelW != 1 || g.strideH != 1 || g.strideW != 1 || g.top != 0 || g.left != 0 || g.inH != g.outH || g.inW != g.outW) return false;
  int64_t bytes = 0;
  for (int i = 0; i < o.inputs; i++) bytes += o.in[i].plane->zn * 4 * (o.kind == Kind::Conv ? 1 : 2);
  for (int i = 0; i < o.outputs; i++) bytes += o.out[i].plane->zn * 4 * (o.kind == Kind::Conv ? 1 : 2);
  return bytes > AHEAD / 2;
}

void Program::plan_prefetch(Phase& phase) {
  std::unordered_set<const float*> seen;
  auto touch = [&](const float* p, int64_t step, int64_t pixels) {
    if (!p || step == 0) return;  // one image's room is used again and again: it is in cache
    if (!seen.insert(p).second) return;
    phase.touches.push_back({(const char*)p, pixels * width * 4, step * 4, phase.bytes});
    phase.bytes += pixels * width * 4;
  };
  for (Op* o : phase.bodies) {
    o->fetchesOwn = fetches_own(*o);
    if (o->fetchesOwn) {
      phase.ends.push_back(phase.bytes);
      continue;
    }
    for (int i = 0; i < o->outputs; i++) {
      const Plane& p = *o->out[i].plane;
      const bool forward = !(o->kind == Kind::ConvBackward || o->kind == Kind::SeparableBackward || o->kind == Kind::DepthwiseBackward || o->kind == Kind::MaxPoolBackward ||
                             o->kind == Kind::AvgPoolBackward || o->kind == Kind::MapBackward || o->kind == Kind::GlobalPoolBackward || o->kind == Kind::AdaptiveMaxPoolBackward ||
                             o->kind == Kind::AdaptiveAvgPoolBackward || o->kind == Kind::ResponseBackward || o->kind == Kind::ShuffleBackward || o->kind == Kind::Zero);
      if (forward || p.normalised) touch(p.z, p.zn, p.pixels);
      if (!forward) touch(p.g, p.gn, p.pixels);
    }
    for (int i = 0; i < o->inputs; i++) {
      const Plane& p = *o->in[i].plane;
      touch(p.z, p.zn, p.pixels);
      if (o->kind == Kind::ConvBackward || o->kind == Kind::SeparableBackward || o->kind == Kind::DepthwiseBackward) touch(p.g, p.gn, p.pixels);
    }
    phase.ends.push_back(phase.bytes);
  }
}

// Queues the bytes [from, to) of a phase, counted over all of its images; returns how many found room.
int64_t Program::look_ahead(const Phase& phase, int64_t from, int64_t to) {
  Prefetch& q = prefetch_;
  if (phase.bytes == 0 || from >= to) return 0;
  const int64_t begin = from;
  int64_t image = from / phase.bytes, rest = from % phase.bytes;
  // The last that begins at or before `rest`; the first begins at 0.
  size_t i = 0, end = phase.touches.size();
  while (i + 1 < end) {
    const size_t middle = (i + end) / 2;
    (phase.touches[middle].at <= rest ? i : end) = middle;
  }
  while (from < to && q.count < int(sizeof q.ranges / sizeof q.ranges[0])) {
    const Touch& t = phase.touches[i];
    const int64_t skip = rest - t.at, length = t.bytes - skip < to - from ? t.bytes - skip : to - from;
    const char* start = t.from + image * t.step + skip;
    q.ranges[q.count++] = {start, start + length};
    from += length;
    rest += length;
    if (++i == phase.touches.size()) {
      i = 0;
      rest = 0;
      image++;
    }
  }
  return from - begin;
}

void Program::prepare(int phase, Run& run, const KernelTable& table) {
  for (Op* o : phases_[phase].bodies) if (auto f = table.prologue[int(o->kind)]) f(*o, run);
}

void Program::images(int phase, Run& run, const KernelTable& table, int32_t from, int32_t to, int32_t ahead) {
  Prefetch& q = prefetch_;
  const Phase& p = phases_[phase];
  const int64_t all = p.bytes * ahead;
  int64_t fetched = p.bytes * from;  // bytes of the phase that have been asked for
  for (int32_t i = from; i < to; i++)
    for (size_t k = 0; k < p.bodies.size(); k++) {
      const int64_t done = i * p.bytes + p.ends[k];
      if (fetched < done) fetched = done;
      const int64_t last = done + AHEAD < all ? done + AHEAD : all;
      q.at = q.end = nullptr;
      q.next = q.count = q.ownNext = q.ownCount = 0;
      const int64_t queued = look_ahead(p, fetched, last);
      Op* o = p.bodies[k];
      const double begun = run.opTimes ? nanoseconds() : 0;
      table.body[int(o->kind)](*o, run, i);
      if (run.opTimes) run.opTimes[o - ops_.data()] += nanoseconds() - begun;
      int64_t left = q.at < q.end ? q.end - q.at : 0;
      for (int r = q.next; r < q.count; r++) left += q.ranges[r].to - q.ranges[r].from;
      fetched += queued - left;
    }
}

void Program::conclude(int phase, Run& run, const KernelTable& table) {
  for (Op* o : phases_[phase].wholes) {
    const double begun = run.opTimes ? nanoseconds() : 0;
    table.whole[int(o->kind)](*o, run);
    if (run.opTimes) run.opTimes[o - ops_.data()] += nanoseconds() - begun;
  }
}

static void move_sums(double* to, double* from, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    to[i] += from[i];
    from[i] = 0;
  }
}

void Program::gather(int phase, Program& other) {
  for (const Op* o : phases_[phase].wholes) {
    if (o->kind != Kind::NormForward && o->kind != Kind::NormBackward) continue;
    const size_t n = o->norm - norms.data();
    BatchNorm &mine = norms[n], &theirs = other.norms[n];
    if (o->kind == Kind::NormForward) {
      move_sums(mine.sum, theirs.sum, mine.channels);
      move_sums(mine.square, theirs.square, mine.channels);
    } else {
      move_sums(mine.gradSum, theirs.gradSum, mine.channels);
      move_sums(mine.gradDot, theirs.gradDot, mine.channels);
    }
  }
}

}  // namespace cellwright
