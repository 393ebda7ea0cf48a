// About how much one operation does at most, in multiply-adds or numbers moved. A plan can be sound in every size and still take for ever: this is
// what such a plan is told by.
#pragma once
#include <cmath>

#include "program.h"

namespace cellwright {

struct Work {
  double image;  // for every image, or once where the operation runs once for all
  double once;   // before the images, for every share of the batch
};

// `batch` images. The operation has been checked.
inline Work work_of(const Op& o, double V, double batch) {
  const Geometry& g = o.g;
  const double nci = o.inputs, nco = o.outputs, taps = (double)g.kernelH * g.kernelW, weights = taps * nci * nco * V * V;
  double inPixels = 0, outPixels = 0;
  for (int i = 0; i < o.inputs; i++) inPixels = std::fmax(inPixels, (double)o.in[i].plane->pixels);
  for (int i = 0; i < o.outputs; i++) outPixels = std::fmax(outPixels, (double)o.out[i].plane->pixels);
  const double pixels = std::fmax(inPixels, outPixels), moved = V * (nci * inPixels + nco * outPixels);
  // Of filling the queue of what is fetched ahead, and of loops that turn without doing anything.
  constexpr double OVERHEAD = 512;
  // Windows are clipped to the image.
  const double h = std::fmin(g.kernelH, g.inH), w = std::fmin(g.kernelW, g.inW);
  switch (o.kind) {
    case Kind::Conv: return {weights * outPixels + moved + OVERHEAD, 0};
    // Twice the convolution, and a look at every tap for every residue of the stride.
    case Kind::ConvBackward: return {weights * (pixels + outPixels) + moved + (double)g.strideH * g.strideW * (g.kernelH + taps * nco) + OVERHEAD, weights + (double)g.strideH * g.strideW * taps};
    case Kind::Head:
    case Kind::HeadBackward: return {3 * weights * batch + weights + OVERHEAD, 0};
    case Kind::Depthwise:
    case Kind::DepthwiseBackward: return {3 * taps * nci * V * pixels + moved + OVERHEAD, taps * nci * V};
    case Kind::Separable:
    case Kind::SeparableBackward: return {3 * (taps * nci * V + nci * nco * V * V) * pixels + moved + OVERHEAD, nci * nco * V * V + taps * nci * V};
    case Kind::MaxPool:
    case Kind::MaxPoolBackward:
    case Kind::AvgPool:
    case Kind::AvgPoolBackward: return {V * nci * (h * w * outPixels + h * g.outH * g.inW + w * pixels + h * g.inH * g.outW) + moved + OVERHEAD, outPixels};
    case Kind::AdaptiveMaxPool:
    case Kind::AdaptiveMaxPoolBackward:
    case Kind::AdaptiveAvgPool:
    case Kind::AdaptiveAvgPoolBackward: {
      // Rows and columns of a bin, and bins that share one.
      const double rows = std::fmax(g.inH, g.outH) / std::fmin(g.inH, g.outH) + 2, columns = std::fmax(g.inW, g.outW) / std::fmin(g.inW, g.outW) + 2;
      return {V * nci * pixels * rows * columns + moved + OVERHEAD, outPixels};
    }
    case Kind::Response:
    case Kind::ResponseBackward: return {2 * moved * (o.extra[0] + o.extra[1] + 2.0) + OVERHEAD, 0};
    case Kind::Input: return {V * nco * outPixels + OVERHEAD, 0};
    // Twice over all images, where the sums are taken again.
    case Kind::NormForward: return {(double)o.norm->channels + 2 * batch * moved + OVERHEAD, 0};
    case Kind::NormBackward:
    case Kind::NormInference: return {(double)o.norm->channels + OVERHEAD, 0};
    case Kind::Loss: return {3 * batch * nci * V + OVERHEAD, 0};
    default: return {2 * moved + OVERHEAD, 0};
  }
}

}  // namespace cellwright
