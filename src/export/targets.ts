/** @file Every export target by name. Adding one is an entry here, and the proof of it in `src/cli/export/checkers.ts`. */
import { cellwright } from "./cellwright/export-cellwright.ts";
import type { Exporter } from "./exporter.ts";
import { keras } from "./keras/export-keras.ts";
import { onnx } from "./onnx/export-onnx.ts";
import { pytorch } from "./pytorch/export-pytorch.ts";
import { timm } from "./timm/export-timm.ts";
import { tfjs } from "./tfjs/export-tfjs.ts";

/** Exporters by the name that `--to` takes. */
export const exporters = { pytorch, keras, tfjs, onnx, timm, cellwright } as const satisfies Readonly<
  Record<string, Exporter>
>;

export type ExportTarget = keyof typeof exporters;

/** Names of all targets. */
export const exportTargets = Object.keys(exporters) as [ExportTarget, ...ExportTarget[]];
