"""Checks exported ONNX models and runs them: JSON on standard input and output.

Of each case: onnx's checker, shape inference that must find the shapes the model declares, and the logits of ONNX Runtime beside ours for batches of several sizes.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime as ort


def sides(value):
    return [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]


def undeclared(model):
    """Returns the declared values whose shape inference says something else about, looking at the nodes alone."""
    declared = {value.name: sides(value) for value in model.graph.value_info}
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True)
    found = {value.name: sides(value) for value in inferred.graph.value_info}
    wrong = []
    for name, shape in declared.items():
        # A side that inference can't know has no number: a batch that went through a computed shape.
        same = name in found and len(found[name]) == len(shape)
        if not same or any(a != b for a, b in zip(found[name][1:], shape[1:]) if isinstance(a, int) and a > 0):
            wrong.append(f"{name}: declared {shape}, inferred {found.get(name)}")
    return wrong


def check(case):
    path = case["dir"] + "/model.onnx"
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    images = np.fromfile(case["dir"] + "/images", case["type"]).reshape(case["shape"])
    logits = np.fromfile(case["dir"] + "/logits", "<f4").reshape(len(images), -1)
    difference = 0.0
    for batch in case["batches"]:
        theirs = session.run(["logits"], {"images": images[:batch]})[0]
        assert theirs.shape == logits[:batch].shape, (theirs.shape, logits[:batch].shape)
        # numpy's maximum keeps NaN.
        difference = float(np.maximum(difference, np.abs(theirs - logits[:batch]).max()))
    return {
        "difference": difference,
        "largest": float(np.abs(logits).max()),
        "wrongShapes": undeclared(model),
        "opset": model.opset_import[0].version,
        "irVersion": model.ir_version,
        "input": sides(model.graph.input[0]),
        "metadata": session.get_modelmeta().custom_metadata_map,
        "ops": sorted({node.op_type for node in model.graph.node}),
    }


def checked(case):
    try:
        return check(case)
    except Exception as error:  # One model that fails must not hide the others.
        return {"error": f"{type(error).__name__}: {error}"[:2000]}


print(json.dumps([checked(case) for case in json.load(sys.stdin)]))
