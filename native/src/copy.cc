// A program for another share of the batch: the same operations over the same planes, with sums, gradients and room of its own.
#include "decode.h"

namespace cellwright {

namespace {

// What points into one area points to the same place of another; null stays null.
template <class T> void move_to(T*& p, const T* from, T* to) {
  if (p && from != to) p = to + (p - from);
}

}  // namespace

void Program::copy(const Program& other, const Areas& areas, const Areas& own) {
  norms = other.norms;
  for (BatchNorm& b : norms) {
    for (double** sum : {&b.sum, &b.square, &b.gradSum, &b.gradDot}) move_to(*sum, areas.sums, own.sums);
    for (float** gradient : {&b.gradGamma, &b.gradBeta}) move_to(*gradient, areas.gradients, own.gradients);
  }
  planes_ = other.planes_;
  for (Plane& p : planes_) {
    if (p.zn == 0) move_to(p.z, areas.local, own.local);
    if (p.gn == 0) move_to(p.g, areas.local, own.local);
    for (double** sum : {&p.sum, &p.square, &p.gradSum, &p.gradDot}) move_to(*sum, areas.sums, own.sums);
  }
  ops_ = other.ops_;
  int64_t uses = 0, pointers = 0;
  for (const Op& o : ops_) {
    uses += o.inputs + o.outputs;
    pointers += pointers_of(o);
  }
  uses_.emplace_back(new Use[uses + 1]);
  pointers_.emplace_back(new const float*[pointers + 1]);
  Use* use = uses_.back().get();
  const float** pointer = pointers_.back().get();
  for (Op& o : ops_) {
    const Use* from = o.in;
    o.in = use;
    o.out = o.in + o.inputs;
    for (int i = 0; i < o.inputs + o.outputs; i++, use++) *use = {&planes_[from[i].plane - other.planes_.data()], from[i].accumulate, from[i].sums};
    o.pointers = pointer;
    pointer += pointers_of(o);
    o.prefetch = &prefetch_;
    if (o.norm) o.norm = &norms[o.norm - other.norms.data()];
    for (float** gradient : {&o.gradWeights, &o.gradWeights2, &o.gradBias}) move_to(*gradient, areas.gradients, own.gradients);
    for (float*& area : o.scratch) move_to(area, areas.scratch, own.scratch);
  }
  phases_ = other.phases_;
  for (Phase& p : phases_) {
    p.wholes.clear();
    for (Op*& o : p.bodies) o = &ops_[o - other.ops_.data()];
  }
}

}  // namespace cellwright
