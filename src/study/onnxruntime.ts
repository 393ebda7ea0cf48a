/**
 * @file ONNX Runtime for Node, loaded lazily: the package onnxruntime-node is no dependency of ours. Looked for in the folder that $CELLWRIGHT_ONNXRUNTIME names,
 * beside Cellwright and in the working folder.
 */
import { createRequire } from "node:module";
import path from "node:path";

/** What we use of onnxruntime-node's interface. */
interface OnnxruntimeNode {
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<OnnxruntimeSession>;
  };
  readonly Tensor: new (type: "float32" | "uint8", data: Float32Array | Uint8Array, shape: readonly number[]) => object;
  /** Releases before 1.15 don't state their versions. */
  readonly env: { readonly versions?: { readonly node?: string; readonly common?: string } };
}

interface OnnxruntimeSession {
  run(inputs: Readonly<Record<string, object>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
  /** Releases before 1.16 have none: the collector does it. */
  release?(): Promise<void>;
}

/** A model that runs. */
export interface OpenModel {
  /** `onnxruntime-node 1.30.0, CPU, one thread`. */
  readonly runtime: string;
  /** Returns the logits `[n, classes]` of images in the model's own layout and `shape`, batch included. */
  logits(images: Float32Array | Uint8Array, shape: readonly number[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Command that gives it; its install script would download CUDA's files otherwise. */
export const installOnnxruntime = "ONNXRUNTIME_NODE_INSTALL_CUDA=skip npm install onnxruntime-node";

/** Returns the path of the package's entry, or undefined where it is not installed. Loads nothing. */
export function findOnnxruntime(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const given = env["CELLWRIGHT_ONNXRUNTIME"];
  for (const root of [...(given ? [path.resolve(given)] : []), import.meta.dirname, process.cwd()])
    try {
      return createRequire(path.join(root, "package.json")).resolve("onnxruntime-node");
    } catch {
      // Not there: the next.
    }
  return undefined;
}

/** Opens a model that the ONNX exporter wrote, on one thread of the CPU. `entry` is what `findOnnxruntime` found. Throws what the runtime throws. */
export async function openOnnxModel(entry: string, model: Uint8Array): Promise<OpenModel> {
  const ort = createRequire(import.meta.url)(entry) as OnnxruntimeNode;
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Errors alone: its notices are no news to whoever exports.
    logSeverityLevel: 3,
  });
  const version = ort.env.versions?.node ?? ort.env.versions?.common;
  return {
    runtime: `onnxruntime-node${version === undefined ? "" : ` ${version}`}, CPU, one thread`,
    async logits(images, shape) {
      const tensor = new ort.Tensor(images instanceof Uint8Array ? "uint8" : "float32", images, shape);
      const { logits } = await session.run({ images: tensor });
      return logits?.data ?? new Float32Array();
    },
    close: async () => await session.release?.(),
  };
}
