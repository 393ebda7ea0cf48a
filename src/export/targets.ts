/** @file Every export target by name. Adding one is an entry here, and the proof of it in `src/cli/export/checkers.ts`. */
import type { Exporter } from "./exporter.ts";
import { keras } from "./keras/export-keras.ts";
import { onnx } from "./onnx/export-onnx.ts";
import { pytorch } from "./pytorch/export-pytorch.ts";

/** Exporters by the name that `--to` takes. */
export const exporters = { pytorch, keras, onnx } as const satisfies Readonly<Record<string, Exporter>>;

export type ExportTarget = keyof typeof exporters;

/** Names of all targets. */
export const exportTargets = Object.keys(exporters) as [ExportTarget, ...ExportTarget[]];
