"""Loads exported Keras models (folders named in a JSON list on standard input) and says how far their logits are from the given ones, and whether they train."""

import importlib.util
import json
import os
import pathlib
import sys
import tempfile

os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import keras
import numpy as np
import tensorflow as tf


def check(folder):
    folder = pathlib.Path(folder)
    spec = importlib.util.spec_from_file_location(folder.name.replace("-", "_"), folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    asked = json.loads((folder / "given.json").read_text())
    given = np.load(folder / "given.npz")
    images = given["images"]
    model = module.load()
    logits = model(images).numpy()
    answer = {
        "shape": list(logits.shape),
        "difference": float(np.abs(logits - given["logits"]).max()),
        "size": float(np.abs(given["logits"]).max()),
        "params": sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
        "total": model.count_params(),
    }
    if "bytes" in given.files:
        normalized = module.normalize(given["bytes"].astype("uint8")).numpy()
        answer["normalize"] = float(np.abs(normalized - images).max())
    batch = tf.constant(images[:2])
    if asked["train"]:
        answer.update(gradients(model, batch))
    if asked["fit"]:
        answer.update(fitted(module, model, images))
    return answer


def gradients(model, batch):
    """One step, uncompiled. Stacked batch norms of two examples make gradients of any size, so only that they are there is said."""
    with tf.GradientTape() as tape:
        outputs = model(batch, training=True)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        total = sum(tf.reduce_sum(output) for output in outputs)
    weights = model.trainable_variables
    slopes = tape.gradient(total, [weight.value for weight in weights]) if weights else []
    return {
        "outputs": len(outputs),
        "without_gradient": [weight.path for weight, slope in zip(weights, slopes) if slope is None],
    }


def fitted(module, model, images):
    """fit() as the card has it; the rate of drop path within a compiled step; the model saved whole and read again."""
    labels = np.arange(len(images)) % 10
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss, metrics=["accuracy"])
    before = [weight.numpy() for weight in model.trainable_weights]
    history = model.fit(images, labels, batch_size=16, epochs=4, verbose=0, validation_data=(images, labels))
    answer = {"losses": history.history["loss"], "accuracies": history.history["val_accuracy"]}
    answer["unmoved"] = [
        weight.path for weight, old in zip(model.trainable_weights, before) if np.array_equal(weight.numpy(), old)
    ]
    answer["batches"] = [model.predict(images[:n], verbose=0).shape[0] for n in (1, 3)]
    if hasattr(model, "set_drop_path"):
        step = tf.function(lambda x: tf.concat(model(x, training=True), axis=0))
        batch = tf.constant(images)
        first = step(batch)
        answer["kept"] = float(tf.reduce_max(tf.abs(step(batch) - first)))
        model.set_drop_path(0.8)
        answer["dropped"] = float(tf.reduce_max(tf.abs(step(batch) - first)))
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(temporary) / "whole.keras"
        model.save(path)
        again = keras.models.load_model(path)
        answer["saved"] = float(np.abs(again(images).numpy() - model(images).numpy()).max())
    return answer


print(json.dumps([check(folder) for folder in json.load(sys.stdin)]))
