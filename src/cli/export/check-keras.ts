/** @file Proves a Keras export in a real Keras. */
import { pythonChecker } from "./python.ts";

/** Loads model.py from the folder, and runs it. */
export const checkWithKeras = pythonChecker({
  title: "Keras",
  modules: ["tensorflow", "keras"],
  env: { KERAS_BACKEND: "tensorflow", TF_CPP_MIN_LOG_LEVEL: "3", CUDA_VISIBLE_DEVICES: "-1" },
  script: `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("model", sys.argv[1] + "/model.py")
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
import keras, numpy, tensorflow
images = numpy.fromfile(sys.argv[3], "<f4").reshape(json.loads(sys.argv[4]))
net = model.load()
logits = keras.ops.convert_to_numpy(net(images))
print(json.dumps({
    "logits": logits.tolist(),
    "params": sum(int(numpy.prod(weight.shape)) for weight in net.trainable_weights),
    "runtime": "Keras " + keras.__version__ + " on TensorFlow " + tensorflow.__version__,
}))
`,
});
