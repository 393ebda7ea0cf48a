// Batch norm, whose affine is applied by whoever reads: sums while writing, scale and shift between phases, and in backward two sums and
// three factors by channel. Sums are taken about the moving mean (the batch's mean in backward), so that nothing cancels; where the batch's mean turns out to
// be far from it by the spread, they are taken again (anew below).
#pragma once
#include "elementwise.h"

namespace cellwright {
namespace CW_TARGET {

// Forward sums of planes whose writer does not make them itself.
static void norm_sums(Op& op, Run&, int image) {
  for (int c = 0; c < op.outputs; c++) {
    const Plane& p = *op.out[c].plane;
    const float* z = p.z + image * p.zn;
    const vf m = ld(p.center);
    vf s = {}, q = {};
    for (long i = 0; i < p.pixels * V; i += V) {
      const vf d = ld(z + i) - m;
      s += d;
      q += d * d;
    }
    for (int l = 0; l < V; l++) {
      p.sum[l] += s[l];
      p.square[l] += q[l];
    }
  }
}
// A mean this many times the variance (squared) away from the moving mean leaves too little of single-precision sums: a variance of 1e-5 of them.
static constexpr double FAR = 64;

// Takes the sums of a plane again where they cancel: in double precision about the mean that they gave.
static void sum_anew(const Plane& p, double n, int batch) {
  double mean[V], s[V], q[V];
  bool cancels = false;
  for (int l = 0; l < V; l++) {
    const double d = p.sum[l] / n;
    if (d * d > FAR * (p.square[l] / n - d * d)) cancels = true;
    mean[l] = p.center[l] + d;
    s[l] = q[l] = 0;
  }
  if (!cancels) return;
  for (int image = 0; image < batch; image++) {
    const float* z = p.z + image * p.zn;
    for (long i = 0; i < p.pixels; i++)
      for (int l = 0; l < V; l++) {
        const double d = z[i * V + l] - mean[l];
        s[l] += d;
        q[l] += d * d;
      }
  }
  for (int l = 0; l < V; l++) {
    const double d = mean[l] - p.center[l];
    p.sum[l] = s[l] + n * d;
    p.square[l] = q[l] + d * (2 * s[l] + n * d);
  }
}
static void norm_forward(Op& op, Run& run) {
  const BatchNorm& b = *op.norm;
  for (int c = 0; c < op.outputs; c++) sum_anew(*op.out[c].plane, (double)run.batch * (double)b.pixels, run.batch);
  const double n = (double)run.batch * (double)b.pixels;
  for (int64_t i = 0; i < b.channels; i++) {
    const double d = b.sum[i] / n, mean = b.movingMean[i] + d;
    double variance = b.square[i] / n - d * d;
    if (variance < 0) variance = 0;
    const double inverse = 1 / sqrt(variance + b.epsilon), scale = b.gamma[i] * inverse;
    b.mean[i] = (float)mean;
    b.variance[i] = (float)variance;
    b.inverse[i] = (float)inverse;
    b.scale[i] = (float)scale;
    b.shift[i] = (float)(b.beta[i] - mean * scale);
    b.sum[i] = b.square[i] = b.gradSum[i] = b.gradDot[i] = 0;
  }
}
static void norm_inference(Op& op, Run&) {
  const BatchNorm& b = *op.norm;
  for (int64_t i = 0; i < b.channels; i++) {
    const double scale = b.gamma[i] / sqrt((double)b.movingVariance[i] + b.epsilon);
    b.scale[i] = (float)scale;
    b.shift[i] = (float)(b.beta[i] - b.movingMean[i] * scale);
  }
}
static void norm_reduce(Op& op, Run&, int image) {
  for (int c = 0; c < op.outputs; c++) {
    const Plane& p = *op.out[c].plane;
    const float *z = p.z + image * p.zn, *g = p.g + image * p.gn;
    const vf m = ld(p.mean);
    vf s[4] = {}, q[4] = {};
    long i = 0;
    for (; i + 4 <= p.pixels; i += 4)
      for (int k = 0; k < 4; k++) {
        const vf v = ld(g + (i + k) * V);
        s[k] += v;
        q[k] += v * (ld(z + (i + k) * V) - m);
      }
    for (; i < p.pixels; i++) {
      const vf v = ld(g + i * V);
      s[0] += v;
      q[0] += v * (ld(z + i * V) - m);
    }
    const vf f = bc(p.gradMask[image]), a = (s[0] + s[1] + s[2] + s[3]) * f, d = (q[0] + q[1] + q[2] + q[3]) * f;
    for (int l = 0; l < V; l++) {
      p.gradSum[l] += a[l];
      p.gradDot[l] += d[l];
    }
  }
}
static void norm_backward(Op& op, Run& run) {
  const BatchNorm& b = *op.norm;
  const double n = (double)run.batch * (double)b.pixels;
  for (int64_t i = 0; i < b.channels; i++) {
    const double inverse = b.inverse[i], beta = b.gradSum[i], gamma = inverse * b.gradDot[i], a = b.gamma[i] * inverse;
    // Added, as all gradients of parameters are: a step may have several batches.
    b.gradGamma[i] += (float)gamma;
    b.gradBeta[i] += (float)beta;
    b.a[i] = (float)a;
    b.b[i] = (float)(-a * inverse * gamma / n);
    b.c[i] = (float)(-a * beta / n + a * inverse * b.mean[i] * gamma / n);
  }
}

// Cross-entropy of a softmax against smoothed labels or targets. extra: classes, whether correct answers are counted, whether gradients are wanted.
// f: weight, smoothing. Logits are read as they are.
static void loss_whole(Op& op, Run& run) {
  const int classes = (int)op.extra[0];
  const double weight = op.f[0], smoothing = op.f[1];
  const double low = smoothing / classes, high = 1 - smoothing + low, share = weight / run.examples;
  double total = 0;
  for (int n = 0; n < run.batch && run.labels; n++) {
    const int label = run.labels[n];
    double most = -HUGE_VAL, sum = 0;
    bool isNumber = true;
    int best = 0;
    float first = op.in[0].plane->z[n * op.in[0].plane->zn], top = first;
    for (int k = 0; k < classes; k++) {
      const Plane& p = *op.in[k / V].plane;
      const float z = p.z[n * p.zn + k % V];
      if (z != z) isNumber = false;
      if (z > top) { top = z; best = k; }
      if (z > most || z != z) most = z;
    }
    for (int k = 0; k < classes; k++) {
      const Plane& p = *op.in[k / V].plane;
      sum += exp(p.z[n * p.zn + k % V] - most);
    }
    const double logSum = most + log(sum);
    double given = 1;  // sum of the targets: 1 but for their rounding
    if (run.targets) {
      given = smoothing;
      for (int k = 0; k < classes; k++) given += (1 - smoothing) * run.targets[(int64_t)n * classes + k];
    }
    for (int k = 0; k < classes; k++) {
      const Plane& p = *op.in[k / V].plane;
      const double z = p.z[n * p.zn + k % V];
      const double target = run.targets ? (1 - smoothing) * run.targets[(int64_t)n * classes + k] + low : k == label ? high : low;
      if (target != 0) total -= target * (z - logSum);
      if (op.extra[2]) {
        float& g = p.g[n * p.gn + k % V];
        const float slope = (float)(share * (given * exp(z - logSum) - target));
        // Both heads may be one node: then its gradient is the sum.
        g = op.in[k / V].accumulate ? g + slope : slope;
      }
    }
    if (op.extra[2])
      for (int k = classes; k % V; k++) op.in[k / V].plane->g[n * op.in[k / V].plane->gn + k % V] = 0;
    if (op.extra[1] && isNumber && best == label) run.correct++;
  }
  run.loss += weight * total / run.batch;
}

}  // namespace CW_TARGET
}  // namespace cellwright
