// Everything that moves or combines values one by one: images in, windows, activations, masks, products, lanes.
#pragma once
#include "pool.h"

namespace cellwright {
namespace CW_TARGET {

// Images to planes. With a kernel larger than 1x1 the planes hold patches: channel (ky * kernelW + kx) * c + channel of the image, so that
// the first convolution of a network becomes a 1x1 one and its three channels do not fill a vector width each tap. extra[0]: image channels.
static void input_forward(Op& op, Run& run, int image) {
  const Geometry& g = op.g;
  const int channels = (int)op.extra[0], total = channels * g.kernelH * g.kernelW;
  const float* x = run.images + (long)image * g.inH * g.inW * channels;
  for (int c = 0; c < op.outputs; c++) {
    const Plane& p = *op.out[c].plane;
    float* z = p.z + image * p.zn;
    const int lanes = imin(V, total - c * V);
    if (lanes < V) memset(z, 0, sizeof(float) * V * g.outH * g.outW);
    struct { int dy, dx, channel, from, to; } taps[V];  // and which pixels of a row read inside of the image
    for (int l = 0; l < lanes; l++) {
      const int k = (c * V + l) / channels;
      const int dy = k / g.kernelW * g.dilationH - g.top, dx = k % g.kernelW * g.dilationW - g.left;
      const int from = imin(g.outW, first_inside(-dx, g.strideW));
      taps[l] = {dy, dx, (c * V + l) % channels, from, imax(from, end_inside(-dx, g.strideW, g.inW, g.outW))};
    }
    // By rows, which stay in the first-level cache while their lanes are filled.
    for (int y = 0; y < g.outH; y++)
      for (int l = 0; l < lanes; l++) {
        const int iy = y * g.strideH + taps[l].dy;
        const bool inside = iy >= 0 && iy < g.inH;
        const int from = inside ? taps[l].from : g.outW, to = inside ? taps[l].to : g.outW;
        float* o = z + (long)y * g.outW * V + l;
        for (int i = 0; i < from; i++) o[(long)i * V] = 0;
        const long first = ((long)iy * g.inW + (long)from * g.strideW + taps[l].dx) * channels + taps[l].channel, step = (long)g.strideW * channels;
        for (int i = from; i < to; i++) o[(long)i * V] = x[first + (i - from) * step];
        for (int i = to; i < g.outW; i++) o[(long)i * V] = 0;
      }
  }
}

// Rows of a window's output, whose pixels [from, to) read inside of the image. Where the window is the image itself, all of it is one row.
struct MapRows { int rows, width, from, to; };
CW_INLINE bool is_whole(const Geometry& g) { return g.strideH == 1 && g.strideW == 1 && g.top == 0 && g.left == 0 && g.inW == g.outW && g.outH == g.inH; }
CW_INLINE MapRows map_rows(const Geometry& g) {
  if (is_whole(g)) return {1, g.outH * g.outW, 0, g.outH * g.outW};
  const int from = imin(g.outW, first_inside(g.left, g.strideW));
  return {g.outH, g.outW, from, imax(from, end_inside(g.left, g.strideW, g.inW, g.outW))};
}
// Where pixel `from` of row y reads, or -1 where the row is outside of the image.
CW_INLINE long map_source(const Geometry& g, const MapRows& r, int y) {
  const int iy = y * g.strideH - g.top;
  return iy >= 0 && iy < g.inH ? (long)iy * g.inW + (long)r.from * g.strideW - g.left : -1;
}

// n pixels of a plane, with an activation that is neither none nor relu, in one pass; and their gradients.
CW_KERNEL void map_activated(const Plane& in, int act, const float* z, vf mask, float* out, bool accumulate, long n) {
  const vf s = ld(in.scale), h = ld(in.shift);
  const vi used = lanes_in_use(in.lanes);
  with_kind(act, [&](auto kind) {
    for (long i = 0; i < n * V; i += V) put_value(out + i, accumulate, (vf)((vi)activation_of<kind.value>(ld(z + i) * s + h) & used) * mask);
  });
}

// out = mask * act(affine(in)), through a window: out pixel (y, x) reads (y * stride - top, x * stride - left), zero outside.
static void map_forward(Op& op, Run&, int image) {
  const Geometry& g = op.g;
  const vf m = bc(op.mask[image]);
  const MapRows r = map_rows(g);
  for (int c = 0; c < op.inputs; c++) {
    const Plane &in = *op.in[c].plane, &out = *op.out[c].plane;
    const float* z = in.z + image * in.zn;
    float* o = out.z + image * out.zn;
    const bool accumulate = op.out[c].accumulate;
    if (op.activation <= Relu && is_whole(g)) {
      const vf s = ld(in.scale), h = ld(in.shift);
      const bool isRelu = op.activation == Relu;
      for (long i = 0; i < (long)r.width * V; i += V) {
        vf v = ld(z + i) * s + h;
        if (isRelu) v = relu(v);
        put_value(o + i, accumulate, v * m);
      }
      continue;
    }
    if (is_whole(g)) {
      map_activated(in, op.activation, z, m, o, accumulate, r.width);
      continue;
    }
    float strip[STRIP * V] __attribute__((aligned(64)));
    for (int y = 0; y < r.rows; y++, o += (long)r.width * V) {
      const long source = map_source(g, r, y);
      const int from = source < 0 ? r.width : r.from, to = source < 0 ? r.width : r.to;
      if (!accumulate) {
        memset(o, 0, sizeof(float) * V * from);
        memset(o + (long)to * V, 0, sizeof(float) * V * (r.width - to));
      }
      for (int x = from; x < to; x += STRIP) {
        const int n = imin(STRIP, to - x);
        prepare(in, op.activation, z + (source + (long)(x - from) * g.strideW) * V, g.strideW, strip, n);
        for (int i = 0; i < n; i++) put_value(o + (long)(x + i) * V, accumulate, ld(strip + i * V) * m);
      }
    }
  }
}
CW_KERNEL void map_gradient_activated(const GradTarget& t, int act, const float* g, vf mask, long n) {
  const vf s = ld(t.scale), h = ld(t.shift), mean = ld(t.mean);
  const bool sums = t.partial;
  vf a = {}, b = {};
  with_kind(act, [&](auto kind) {
    for (long i = 0; i < n * V; i += V) {
      const vf z = ld(t.z + i);
      vf v = ld(g + i) * mask * slope_of<kind.value>(z * s + h);
      if (t.accumulate) v += ld(t.g + i);
      st(t.g + i, v);
      if (sums) { a += v; b += v * (z - mean); }
    }
  });
  if (!sums) return;
  st(t.partial, ld(t.partial) + a);
  st(t.partial + V, ld(t.partial + V) + b);
}
template <int ACT> CW_INLINE void map_backward_as(const Op& op, const GradTarget& t, const Plane& out, int image) {
  const Geometry& g = op.g;
  const MapRows r = map_rows(g);
  float d[8 * V] __attribute__((aligned(64)));
  for (int y = 0; y < r.rows; y++) {
    const long source = map_source(g, r, y);
    if (source < 0) continue;
    for (int x = r.from; x < r.to; x += 8) {
      const int n = imin(8, r.to - x);
      gradient_of_output(out, image, op.mask[image], (long)y * r.width + x, d, n);
      vf v[8];
      for (int i = 0; i < 8; i++) v[i] = ld(d + (i < n ? i : 0) * V);
      put_gradient<ACT>(t, op.activation, (source + (long)(x - r.from) * g.strideW) * V, (long)g.strideW * V, v, n);
    }
  }
}
static void map_backward(Op& op, Run&, int image) {
  float partial[2 * V] __attribute__((aligned(64)));
  for (int c = 0; c < op.inputs; c++) {
    memset(partial, 0, sizeof partial);
    const GradTarget t = grad_target(op.in[c], image, partial);
    const Plane& out = *op.out[c].plane;
    if (op.activation == None) map_backward_as<0>(op, t, out, image);
    else if (op.activation == Relu) map_backward_as<1>(op, t, out, image);
    else if (is_whole(op.g) && !out.normalised)
      map_gradient_activated(t, op.activation, out.g + image * out.gn, bc(out.gradMask[image] * op.mask[image]), out.pixels);
    else map_backward_as<2>(op, t, out, image);
    flush_gradient_sums(op.in[c], partial);
  }
}

// out = a * b with b of as many pixels or of one. Inputs: a's planes, then b's; read without an activation. Backward, extra: whether each input
// gets a gradient.
static void multiply_forward(Op& op, Run&, int image) {
  const int n = op.outputs;
  for (int c = 0; c < n; c++) {
    const Plane &a = *op.in[c].plane, &b = *op.in[n + c].plane, &out = *op.out[c].plane;
    const float *x = a.z + image * a.zn, *y = b.z + image * b.zn;
    float* o = out.z + image * out.zn;
    const vf as = ld(a.scale), ah = ld(a.shift), bs = ld(b.scale), bh = ld(b.shift);
    const long step = b.pixels == 1 ? 0 : V;
    for (long p = 0; p < out.pixels; p++) st(o + p * V, (ld(x + p * V) * as + ah) * (ld(y + p * step) * bs + bh));
  }
}
static void multiply_backward(Op& op, Run&, int image) {
  const int n = op.outputs;
  for (int c = 0; c < n; c++) {
    const Plane &a = *op.in[c].plane, &b = *op.in[n + c].plane, &out = *op.out[c].plane;
    const float *x = a.z + image * a.zn, *y = b.z + image * b.zn;
    const vf as = ld(a.scale), ah = ld(a.shift), bs = ld(b.scale), bh = ld(b.shift);
    const long step = b.pixels == 1 ? 0 : V;
    float d[V] __attribute__((aligned(64)));
    vf sum = {};
    const bool toA = op.extra[c] != 0, toB = op.extra[n + c] != 0;
    // Both may be one plane (a square): the first gradient is stored before the second is added.
    for (long p = 0; p < out.pixels; p++) {
      gradient_of_output(out, image, 1, p, d, 1);
      const vf dz = ld(d);
      if (toA) put_value(a.g + image * a.gn + p * V, op.in[c].accumulate, dz * (ld(y + p * step) * bs + bh));
      const vf db = dz * (ld(x + p * V) * as + ah);
      if (step == 0) sum += db;
      else if (toB) put_value(b.g + image * b.gn + p * V, op.in[n + c].accumulate, db);
    }
    if (step == 0 && toB) put_value(b.g + image * b.gn, op.in[n + c].accumulate, sum);
  }
}

// Moves single channels. extra: pixels, then for every output plane and lane: input plane (-1: zero), lane, first pixel.
static void repack_forward(Op& op, Run&, int image) {
  const int64_t pixels = op.extra[0], *e = op.extra + 1;
  float row[STRIP] __attribute__((aligned(64))) = {};
  for (int c = 0; c < op.outputs; c++)
    for (int l = 0; l < V; l++, e += 3) {
      const Plane& out = *op.out[c].plane;
      float* o = out.z + image * out.zn + l;
      if (e[0] < 0) {
        for (int64_t p = 0; p < pixels; p++) o[p * V] = 0;
        continue;
      }
      const Plane& in = *op.in[e[0]].plane;
      const float* z = in.z + image * in.zn + e[2] * V + e[1];
      const float s = in.scale[e[1]], h = in.shift[e[1]];
      for (int64_t p = 0; p < pixels; p += STRIP) {
        const int n = pixels - p < STRIP ? (int)(pixels - p) : STRIP;
        for (int i = 0; i < n; i++) row[i] = z[(p + i) * V] * s + h;
        if (op.activation != None) activate(op.activation, V, row, (n + V - 1) / V);
        for (int i = 0; i < n; i++) o[(p + i) * V] = row[i];
      }
    }
}
// The planner zeroes the inputs' gradients first where nothing was written yet, and names no plane that is to get none.
static void repack_backward(Op& op, Run&, int image) {
  const int64_t pixels = op.extra[0], *e = op.extra + 1;
  float row[STRIP] __attribute__((aligned(64))) = {};
  for (int c = 0; c < op.outputs; c++)
    for (int l = 0; l < V; l++, e += 3) {
      if (e[0] < 0) continue;
      const Plane &out = *op.out[c].plane, &in = *op.in[e[0]].plane;
      if (!in.g) continue;
      const float m = out.gradMask[image];
      const float *g = out.g + image * out.gn + l, *zo = out.z + image * out.zn + l;
      float* d = in.g + image * in.gn + e[2] * V + e[1];
      const float* z = in.z + image * in.zn + e[2] * V + e[1];
      const float s = in.scale[e[1]], h = in.shift[e[1]];
      for (int64_t p = 0; p < pixels; p += STRIP) {
        const int n = pixels - p < STRIP ? (int)(pixels - p) : STRIP;
        if (op.activation != None) {
          for (int i = 0; i < n; i++) row[i] = z[(p + i) * V] * s + h;
          to_slopes(op.activation, row, (n + V - 1) / V);
        }
        for (int i = 0; i < n; i++) {
          const int64_t at = (p + i) * V;
          float v = g[at] * m;
          if (out.normalised) v = v * out.a[l] + zo[at] * out.b[l] + out.c[l];
          d[at] += op.activation == None ? v : v * row[i];
        }
      }
    }
}

static void zero_gradients(Op& op, Run&, int image) {
  for (int c = 0; c < op.outputs; c++) {
    const Plane& p = *op.out[c].plane;
    memset(p.g + image * p.gn, 0, sizeof(float) * p.pixels * V);
  }
}

}  // namespace CW_TARGET
}  // namespace cellwright
