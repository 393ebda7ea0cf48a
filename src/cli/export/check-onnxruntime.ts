/** @file Proves an ONNX export in ONNX Runtime, and times it: that of Node where onnxruntime-node is installed, else Python's. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { medianMs } from "../../study/measure-latency.ts";
import { findOnnxruntime, openOnnxModel } from "../../study/onnxruntime.ts";
import {
  checker,
  compared,
  type CheckSubject,
  type ExportCheck,
  type ExportChecker,
  type GivenLogits,
} from "./check.ts";
import { pythonChecker } from "./python.ts";

/** Runs of one image that are timed, after as many that are not. */
const REPEATS = 11;

export const checkWithOnnxruntime: ExportChecker = async (subject) => {
  const entry = findOnnxruntime(subject.env);
  if (entry === undefined) return await checkInPython(subject);
  return await checker((of, given) => checkInNode(entry, of, given))(subject);
};

async function checkInNode(entry: string, { dir, network }: CheckSubject, given: GivenLogits): Promise<ExportCheck> {
  try {
    const model = await openOnnxModel(entry, await readFile(join(dir, "model.onnx")));
    try {
      const [count, ...sides] = given.imageShape;
      const isVector = network.nodes.some((node) => node.op === "input" && node.attributes.shape.length === 1);
      const { images, shape } = laidOut(given, isVector);
      const logits = await model.logits(images, [count, ...shape]);
      const one = images.slice(
        0,
        sides.reduce((product, side) => product * side, 1),
      );
      const run = (): Promise<unknown> => model.logits(one, [1, ...shape]);
      await medianMs(REPEATS, run, () => performance.now());
      const latencyMs = await medianMs(REPEATS, run, () => performance.now());
      return compared(given, logits, { runtime: model.runtime, latencyMs });
    } finally {
      await model.close();
    }
  } catch (error) {
    return { checked: false, reason: messageOf(error).split("\n")[0] ?? "", broken: true };
  }
}

/** Returns the images in the layout of the model's input, and the shape of one: bytes as they are, else channels first. */
function laidOut(
  { images, bytes, imageShape }: GivenLogits,
  isVector: boolean,
): { readonly images: Float32Array | Uint8Array; readonly shape: readonly number[] } {
  const [count, height, width, channels] = imageShape;
  if (isVector) return { images: bytes ?? images, shape: [channels] };
  if (bytes !== undefined) return { images: bytes, shape: [height, width, channels] };
  const size = height * width;
  const turned = new Float32Array(images.length);
  for (let n = 0; n < count; n++)
    for (let pixel = 0; pixel < size; pixel++)
      for (let c = 0; c < channels; c++)
        turned[(n * channels + c) * size + pixel] = images[(n * size + pixel) * channels + c] ?? 0;
  return { images: turned, shape: [channels, height, width] };
}

/** The same in a Python that has onnxruntime. A model that takes bytes gets those that the images were made of. */
export const checkInPython = pythonChecker({
  title: "ONNX Runtime",
  modules: ["onnxruntime", "numpy"],
  script: `
import json, statistics, sys, time
import numpy as np
import onnxruntime as ort
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
session = ort.InferenceSession(sys.argv[1] + "/model.onnx", options, providers=["CPUExecutionProvider"])
images = np.fromfile(sys.argv[3], "<f4").reshape(json.loads(sys.argv[4]))
given = session.get_inputs()[0]
if given.type == "tensor(uint8)":
    stated = session.get_modelmeta().custom_metadata_map
    mean, std = (np.array(json.loads(stated.get(key, other))) for key, other in (("mean", "0"), ("std", "1")))
    images = np.rint((images * std + mean) * 255).astype(np.uint8)
elif len(given.shape) == 4:
    images = images.transpose(0, 3, 1, 2)
images = np.ascontiguousarray(images).reshape(-1, *given.shape[1:])
logits = session.run(["logits"], {"images": images})[0]
def milliseconds():
    begun = time.perf_counter()
    session.run(["logits"], {"images": images[:1]})
    return (time.perf_counter() - begun) * 1000
for _ in range(${REPEATS}):
    milliseconds()
print(json.dumps({
    "logits": logits.tolist(),
    "latencyMs": statistics.median(milliseconds() for _ in range(${REPEATS})),
    "runtime": "onnxruntime " + ort.__version__ + ", CPU, one thread",
}))
`,
});
