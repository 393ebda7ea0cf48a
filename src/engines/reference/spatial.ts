/** @file Operations that only move pixels or leave them out: zero, slice, pad. */
import { inputOf, type OpKernel, type OpResult } from "./kernel.ts";
import { moved } from "./move.ts";
import { extentOf, type Tensor } from "./tensor.ts";

/** Copies the input so that its pixel (0, 0) lands on (top, left) of an `[height, width]` image; what falls outside is lost. */
function shifted(input: Tensor, top: number, left: number, height: number, width: number): OpResult {
  const { n, h, w, c } = extentOf(input.shape);
  return moved([input], [n, height, width, c], (visit) => {
    for (let image = 0; image < n; image++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) {
          const ty = y + top;
          const tx = x + left;
          if (ty < 0 || ty >= height || tx < 0 || tx >= width) continue;
          for (let k = 0; k < c; k++)
            visit(((image * h + y) * w + x) * c + k, ((image * height + ty) * width + tx) * c + k);
        }
  });
}

export const slice: OpKernel<"slice"> = (call) => {
  const { top, left, height, width } = call.attributes;
  return shifted(inputOf(call), -top, -left, height, width);
};

export const pad: OpKernel<"pad"> = (call) => {
  const { top, bottom, left, right } = call.attributes;
  const input = inputOf(call);
  const { h, w } = extentOf(input.shape);
  return shifted(input, top, left, h + top + bottom, w + left + right);
};

export const zero: OpKernel<"zero"> = (call) => {
  const { stride } = call.attributes;
  const input = inputOf(call);
  const { n, h, w, c } = extentOf(input.shape);
  const isImage = input.shape.length === 4;
  return moved([input], isImage ? [n, Math.ceil(h / stride), Math.ceil(w / stride), c] : [n, c], () => {});
};
