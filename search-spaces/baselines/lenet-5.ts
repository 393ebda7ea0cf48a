/**
 * @file LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition", section II.B), as it is commonly written
 * since: every map of the second convolution reads all six of the first, pools have no weights, and the output layer is a plain dense one.
 */
import { network, type Network, type Tensor } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";

/** The paper centres a digit of 28x28 in a field of 32x32, so that a stroke's end can lie in the middle of the last features. */
const FIELD = 32;

/** 61,706 parameters on a digit of 28x28; a smaller image than 32x32 is framed by zeros up to that. */
export function lenet5({ input = [28, 28, 1], classes = 10 }: ClassicOptions = {}): Network {
  return network(
    "lenet-5",
    input,
    (net) => {
      const frame = (side: number): readonly [number, number] => {
        const missing = Math.max(0, FIELD - side);
        return [Math.floor(missing / 2), Math.ceil(missing / 2)];
      };
      const [top, bottom] = frame(input[0]);
      const [left, right] = frame(input[1]);
      const maps = (path: string, x: Tensor, filters: number, padding: typeof first | "valid"): Tensor => {
        const active = net.activate(
          `${path}/act`,
          net.conv(`${path}/conv`, x, { filters, kernel: 5, padding, bias: true }),
        );
        return net.avgPool(`${path}/pool`, active, { kernel: 2, stride: 2, padding: "valid" });
      };
      const units = (path: string, x: Tensor, count: number): Tensor =>
        net.activate(`${path}/act`, net.dense(`${path}/dense`, x, { units: count }));
      const first = { top, bottom, left, right };
      const features = maps("stage2", maps("stage1", net.input, 6, first), 16, "valid");
      const hidden = units("head/hidden1", units("head/hidden0", net.flatten("head/flatten", features), 120), 84);
      return net.dense("head/dense", hidden, { units: classes });
    },
    { activation: "tanh" },
  );
}
