/**
 * @file The backends of TensorFlow.js by name. Apart from the loader, so that the declarations of `cellwright/engines` need no types of a package
 * that a user may not have.
 */

/** Best first: TensorFlow with CUDA, TensorFlow on the CPU, WebGPU, WebAssembly, plain JavaScript. */
export const tfjsBackends = ["tfjs-node-gpu", "tfjs-node", "webgpu", "wasm", "cpu"] as const;
export type TfjsBackend = (typeof tfjsBackends)[number];
