/** @file The backends of TensorFlow.js to test on: `cpu` always, others where they are installed ($CELLWRIGHT_TFJS names a folder to look in). */
import { findTfjs, tfjsBackends, type TfjsBackend } from "../../src/engines/tfjs/load.ts";

/** Returns what is installed. `webgpu` needs a browser's GPU and is not tested. */
export function testedTfjsBackends(): readonly TfjsBackend[] {
  return tfjsBackends.filter((backend) => backend === "cpu" || (backend !== "webgpu" && findTfjs(backend).installed));
}
