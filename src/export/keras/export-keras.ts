/**
 * @file The Keras 3 export: one readable model.py that needs Keras and TensorFlow, the weights beside it, and a model card. Pure: bytes by path; who
 * writes them decides where.
 */
import { formatCount, formatMacs } from "../../base/units.ts";
import type { Network, Shape, Weights } from "../../network/network.ts";
import { inferShapes } from "../../network/shapes.ts";
import type { Exporter, ExportOptions } from "../exporter.ts";
import { liveNetwork } from "../live.ts";
import { modelCard, modelSizes } from "../model-card.ts";
import { encodeNpz } from "../npz.ts";
import { moduleClasses, type ModuleClass } from "../python/classes.ts";
import { initLines, rootForwardLines } from "../python/methods.ts";
import { classSource, constants, docText, hasDropPath, imageShape, rootClassName, wrap } from "../python/source.ts";
import { moduleTree, type Group } from "../python/tree.ts";
import { keras as framework } from "./framework.ts";
import { preludeFor } from "./prelude.ts";
import { weightArrays } from "./weights.ts";

const IMPORTS = `from functools import reduce
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops
`;

/**
 * Returns `model.py`, `weights.npz` and `README.md`. Logits equal ours up to float32 rounding. Layers that no output depends on are left out: Keras
 * makes a layer's weights when it is first called.
 * Throws `data` for a missing or misshapen weight, `shape` for a malformed network.
 */
export function exportKeras(given: Network, weights: Weights, options: ExportOptions = {}): Map<string, Uint8Array> {
  const network = liveNetwork(given);
  const name = options.name ?? network.name;
  const root = moduleTree(network);
  const arrays = encodeNpz(weightArrays(network, weights, root));
  const text = new TextEncoder();
  return new Map([
    ["model.py", text.encode(modelSource(network, root, name, options))],
    ["weights.npz", arrays],
    ["README.md", text.encode(cardOf(network, name, options, arrays.length))],
  ]);
}

/** Keras 3 as a target. */
export const keras: Exporter = {
  title: "Keras",
  summary: "one readable model.py for Keras 3 on TensorFlow",
  export: exportKeras,
};

function modelSource(network: Network, root: Group, name: string, options: ExportOptions): string {
  const shapes = inferShapes(network);
  const rootName = rootClassName(name, framework);
  const classes = moduleClasses(root, shapes, rootName, framework);
  const image = imageShape(network, shapes);
  const size = modelSizes(network);
  const rank = new Map(network.nodes.map((node, index) => [node.id, index]));
  const sources = classes.map((of, index) =>
    index === classes.length - 1 ? rootSource(of, shapes, image, options) : classSource(of, shapes, rank, framework),
  );
  const body = sources.join("\n\n");
  const loadSource = `def load(path=None):
    """Returns the network with its trained weights."""
    model = ${rootName}()
    model.build((None, ${image.join(", ")}))
    path = Path(__file__).with_name("weights.npz") if path is None else path
    with np.load(path) as arrays:
        needed, found = len(model.weights), len(arrays.files)
        if needed != found:
            raise ValueError(f"{path}  Expected {needed} weights. Received: {found}.")
        for name in arrays.files:  # stem.conv.kernel is the kernel of the conv of the model's stem
            *layer, weight = name.split(".")
            getattr(reduce(getattr, layer, model), weight).assign(arrays[name])
    return model
`;
  const mainSource = `if __name__ == "__main__":
    model = load()
    logits = model(np.zeros((1, ${image.join(", ")}), "float32"))
    print(f"${rootName}: {model.count_params():,} parameters, logits {tuple(logits.shape)}")
`;
  const head = [
    ...wrap(`"""${docText(options.description ?? `${name}, a convolutional network.`)}`),
    "",
    `${formatCount(size.inference.params)} parameters, ${formatMacs(size.inference.macs)} for one image of ${image.join("x")}. Written by Cellwright.`,
    `Images are [n, ${image.length === 3 ? "height, width, " : ""}channels], as normalize() gives them.`,
    '"""',
    "",
    IMPORTS,
  ].join("\n");
  const parts = [constants(options), preludeFor(body), body, normalizeSource(options), loadSource, mainSource];
  return [head, ...parts.filter((part) => part !== "")].join("\n\n");
}

function rootSource(of: ModuleClass, shapes: ReadonlyMap<string, Shape>, image: Shape, options: ExportOptions): string {
  const classes = options.classes === undefined ? "" : ` Logits are in the order of CLASSES.`;
  const group = of.groups[0] as Group;
  const auxiliary = group.outputs.length > 1;
  return [
    `@keras.saving.register_keras_serializable(package="cellwright")`,
    `class ${of.name}(${framework.rootClass}):`,
    `    """Takes images of ${image.join("x")} as [n, ${image.join(", ")}].${classes}"""`,
    "",
    ...(auxiliary ? ["    auxiliary_weight = 0.4  # of the auxiliary head's loss, as in NASNet's paper", ""] : []),
    ...initLines(of),
    "",
    ...rootForwardLines(of, shapes, framework),
    "",
    BUILD,
    ...(auxiliary ? ["", AUXILIARY_TRAINING] : []),
    ...(group.items.some(hasDropPath) ? ["", SET_DROP_PATH] : []),
    "",
  ].join("\n");
}

const BUILD = `    def build(self, input_shape):
        """Makes every weight, the auxiliary head's too if there is one."""
        self.compute_output_spec(keras.KerasTensor(input_shape), training=True)

    def get_config(self):
        return {}  # the class says all: a saved model needs no more`;

const AUXILIARY_TRAINING = `    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not isinstance(y_pred, (tuple, list)):
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        logits, auxiliary = y_pred
        loss = super().compute_loss(x, y, logits, sample_weight, training)
        return loss + self.auxiliary_weight * ops.mean(keras.losses.get(self.loss)(y, auxiliary))

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        logits = y_pred[0] if isinstance(y_pred, (tuple, list)) else y_pred
        return super().compute_metrics(x, y, logits, sample_weight)`;

const SET_DROP_PATH = `    def set_drop_path(self, rate):
        """Sets the rate at which the deepest path is dropped in training."""
        for layer in self._flatten_layers():
            if isinstance(layer, DropPath):
                layer.rate.value.assign(rate)`;

function normalizeSource(options: ExportOptions): string {
  const scaled =
    options.normalization === undefined
      ? "    return images\n"
      : '    return (images - np.array(MEAN, "float32")) / np.array(STD, "float32")\n';
  return `def normalize(images):
    """Turns bytes [n, height, width, channels] into the input."""
    images = ops.cast(images, "float32") / 255.0
${scaled}`;
}

function cardOf(network: Network, name: string, options: ExportOptions, weightBytes: number): string {
  const image = imageShape(network, inferShapes(network));
  const auxiliary = network.outputs.auxiliary !== undefined;
  return modelCard(network, options, {
    weights: `weights.npz, ${formatCount(weightBytes)} bytes, float32`,
    use: [
      "`model.py` needs Keras 3 and TensorFlow and nothing else. It reads `weights.npz` beside it.",
      "",
      "```python",
      "import keras",
      "import numpy as np",
      "from model import load, normalize",
      "",
      "model = load()",
      `images = np.zeros((1, ${image.join(", ")}), "uint8")  # height, width, channels; 0 to 255`,
      "logits = model(normalize(images))  # [n, classes]",
      "",
      "# To train on:",
      "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
      'model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"])',
      "model.fit(normalize(images), np.zeros(1))",
      "```",
      "",
      "`normalize` takes bytes `[n, height, width, channels]` and returns what the network was trained on.",
      ...(auxiliary
        ? [
            "",
            "In training the network returns two tensors, the logits and those of the auxiliary head; `fit` adds 0.4 of the latter's loss, as NASNet's paper does (`auxiliary_weight`).",
          ]
        : []),
      "",
      "`python model.py` loads the weights and prints the sizes. For training from scratch make the class itself,",
      `\`${rootClassName(name, framework)}()\`; the weights then begin as Keras's defaults.`,
    ],
  });
}
