/** @file The proof of each export target in its real runtime. */
import type { ExportTarget } from "../../export/index.ts";
import { checkWithOnnxruntime } from "./check-onnxruntime.ts";
import { checkWithKeras } from "./check-keras.ts";
import { checkWithCellwright } from "./check-cellwright.ts";
import { checkWithTfjs } from "./check-tfjs.ts";
import { checkWithTimm } from "./check-timm.ts";
import { checkWithTorch } from "./check-torch.ts";
import type { ExportChecker } from "./check.ts";

export const checkers: Readonly<Record<ExportTarget, ExportChecker>> = {
  pytorch: checkWithTorch,
  onnx: checkWithOnnxruntime,
  keras: checkWithKeras,
  cellwright: checkWithCellwright,
  tfjs: checkWithTfjs,
  timm: checkWithTimm,
};
