// The table of one target's kernels. Compiled once for every target with its flags, CW_TARGET (a name) and CW_WIDTH (floats).
#include "optimizer.h"
#include "shuffle.h"
#include "peak.h"

namespace cellwright {
namespace CW_TARGET {

#define CW_STRING_(x) #x
#define CW_STRING(x) CW_STRING_(x)

// A function, not a constant: nothing compiled for a target may run before that target is known to be there.
void fill_table(KernelTable& t) {
  t.name = CW_STRING(CW_TARGET);
  t.width = V;
  t.update = update;
  t.moveAverage = move_average;
  t.peakChains = CHAINS;
  t.peakFlops = peak_flops;
  t.peakStream = peak_stream;
  auto body = [&t](Kind k, void (*f)(Op&, Run&, int32_t)) { t.body[int(k)] = f; };
  auto whole = [&t](Kind k, void (*f)(Op&, Run&)) { t.whole[int(k)] = f; };
  auto prologue = [&t](Kind k, void (*f)(Op&, Run&)) { t.prologue[int(k)] = f; };
  body(Kind::Input, input_forward);
  body(Kind::Conv, conv_forward);
  body(Kind::ConvBackward, conv_backward);
  prologue(Kind::ConvBackward, conv_backward_prologue);
  whole(Kind::Head, head_forward);
  whole(Kind::HeadBackward, head_backward);
  body(Kind::Depthwise, depthwise_forward);
  body(Kind::DepthwiseBackward, depthwise_backward);
  prologue(Kind::DepthwiseBackward, depthwise_backward_prologue);
  body(Kind::Separable, separable_forward);
  body(Kind::SeparableBackward, separable_backward);
  prologue(Kind::SeparableBackward, separable_backward_prologue);
  body(Kind::MaxPool, max_pool_forward<false>);
  body(Kind::AdaptiveMaxPool, max_pool_forward<true>);
  body(Kind::MaxPoolBackward, max_pool_backward);
  body(Kind::AdaptiveMaxPoolBackward, adaptive_max_pool_backward);
  body(Kind::AvgPool, avg_pool_forward<false>);
  body(Kind::AdaptiveAvgPool, avg_pool_forward<true>);
  prologue(Kind::AvgPool, avg_pool_prologue<false>);
  prologue(Kind::AdaptiveAvgPool, avg_pool_prologue<true>);
  body(Kind::AvgPoolBackward, avg_pool_backward<false>);
  body(Kind::AdaptiveAvgPoolBackward, avg_pool_backward<true>);
  prologue(Kind::AvgPoolBackward, avg_pool_prologue<false>);
  prologue(Kind::AdaptiveAvgPoolBackward, avg_pool_prologue<true>);
  body(Kind::Response, response_forward);
  body(Kind::ResponseBackward, response_backward);
  body(Kind::Shuffle, shuffle_forward);
  body(Kind::ShuffleBackward, shuffle_backward);
  body(Kind::Map, map_forward);
  body(Kind::MapBackward, map_backward);
  body(Kind::Multiply, multiply_forward);
  body(Kind::MultiplyBackward, multiply_backward);
  body(Kind::GlobalPool, global_pool_forward);
  body(Kind::GlobalPoolBackward, global_pool_backward);
  body(Kind::Repack, repack_forward);
  body(Kind::RepackBackward, repack_backward);
  whole(Kind::NormForward, norm_forward);
  body(Kind::NormReduce, norm_reduce);
  whole(Kind::NormBackward, norm_backward);
  whole(Kind::NormInference, norm_inference);
  body(Kind::NormSums, norm_sums);
  body(Kind::Zero, zero_gradients);
  whole(Kind::Loss, loss_whole);
}

}  // namespace CW_TARGET
}  // namespace cellwright
