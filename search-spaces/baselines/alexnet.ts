/**
 * @file AlexNet (Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks") in one tower, as its author later
 * wrote it for one GPU (Krizhevsky 2014, arXiv 1404.5997) and torchvision has it: 64, 192, 384, 256 and 256 filters, no local response norm.
 */
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import type { ClassicOptions } from "./classic-options.ts";
import { around } from "../torch-padding.ts";

function pool(net: NetworkBuilder, path: string, x: Tensor): Tensor {
  return net.maxPool(`${path}/pool`, x, { kernel: 3, stride: 2, padding: "valid" });
}

/** 61.1 M parameters, 54.6 M of them in two dense layers; images of 63x63 or more. */
export function alexnet({ input = [224, 224, 3], classes = 1000 }: ClassicOptions = {}): Network {
  return network("alexnet", input, (net) => {
    const conv = (path: string, x: Tensor, filters: number, kernel: number, stride = 1): Tensor => {
      // The first convolution's window of 11 has 2 rows around it, not 5.
      const padding = around(Math.min(2, (kernel - 1) / 2));
      return net.activate(`${path}/act`, net.conv(`${path}/conv`, x, { filters, kernel, stride, padding, bias: true }));
    };
    const hidden = (path: string, x: Tensor): Tensor => {
      const kept = net.dropout(`${path}/dropout`, x, 0.5);
      return net.activate(`${path}/act`, net.dense(`${path}/dense`, kept, { units: 4096 }));
    };
    let x = pool(net, "stage1", conv("stage1", net.input, 64, 11, 4));
    x = pool(net, "stage2", conv("stage2", x, 192, 5));
    x = conv("stage4", conv("stage3", x, 384, 3), 256, 3);
    x = pool(net, "stage5", conv("stage5", x, 256, 3));
    const features = net.flatten("head/flatten", net.adaptiveAvgPool("head/pool", x, 6));
    return net.dense("head/dense", hidden("head/hidden1", hidden("head/hidden0", features)), { units: classes });
  });
}
