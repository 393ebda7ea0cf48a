/** @file Operations among the channels of a pixel: local response normalisation, channel shuffle and slices. */
import { inputOf, type OpKernel } from "./kernel.ts";
import { moved } from "./move.ts";
import { extentOf } from "./tensor.ts";

/** torch.nn.LocalResponseNorm: alpha over size; the window begins floor(size / 2) channels before its own. */
export const localResponseNorm: OpKernel<"localResponseNorm"> = (call) => {
  const { size, alpha, beta, k } = call.attributes;
  const input = inputOf(call);
  const x = input.data;
  const { c } = extentOf(input.shape);
  /** Calls `visit` with every element and every element of its window. */
  const forEachPair = (visit: (at: number, neighbour: number) => void): void => {
    for (let at = 0; at < x.length; at++) {
      const channel = at % c;
      const first = channel - Math.floor(size / 2);
      for (let other = Math.max(first, 0); other < Math.min(first + size, c); other++) visit(at, at - channel + other);
    }
  };
  const base = new Float64Array(x.length).fill(k);
  forEachPair((at, neighbour) => {
    base[at] = (base[at] as number) + (alpha / size) * (x[neighbour] as number) ** 2;
  });
  return {
    output: { shape: input.shape, data: x.map((value, i) => value * (base[i] as number) ** -beta) },
    backward(gradient) {
      const inputGradient = gradient.map((g, i) => g * (base[i] as number) ** -beta);
      forEachPair((at, neighbour) => {
        const byBase = (gradient[at] as number) * (x[at] as number) * -beta * (base[at] as number) ** (-beta - 1);
        const slope = (2 * alpha * (x[neighbour] as number)) / size;
        inputGradient[neighbour] = (inputGradient[neighbour] as number) + byBase * slope;
      });
      return { inputs: [inputGradient] };
    },
  };
};

/** Channels as a table of `groups` rows, read column by column. */
export const channelShuffle: OpKernel<"channelShuffle"> = (call) => {
  const { groups } = call.attributes;
  const input = inputOf(call);
  const { c } = extentOf(input.shape);
  const perGroup = c / groups;
  return moved([input], input.shape, (visit) => {
    for (let pixel = 0; pixel < input.data.length; pixel += c)
      for (let group = 0; group < groups; group++)
        for (let j = 0; j < perGroup; j++) visit(pixel + group * perGroup + j, pixel + j * groups + group);
  });
};

/** The channels from `first` on, `count` of them. */
export const channelSlice: OpKernel<"channelSlice"> = (call) => {
  const { first, count } = call.attributes;
  const input = inputOf(call);
  const { n, h, w, c } = extentOf(input.shape);
  return moved([input], [n, h, w, count], (visit) => {
    for (let pixel = 0; pixel < n * h * w; pixel++)
      for (let k = 0; k < count; k++) visit(pixel * c + first + k, pixel * count + k);
  });
};
