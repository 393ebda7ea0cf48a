"""Reads a run's folder as TensorBoard does, and its files as TensorFlow reads records; prints JSON."""

import glob
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

request = json.load(sys.stdin)
folder = request["dir"]
accumulator = EventAccumulator(folder, purge_orphaned_data=True)
accumulator.Reload()
scalars = {
    tag: [[event.step, event.value, event.wall_time] for event in accumulator.Scalars(tag)]
    for tag in accumulator.Tags()["scalars"]
}

records = None
try:
    if not request["records"]:
        raise ImportError
    import tensorflow as tf
    from tensorboard.compat.proto.event_pb2 import Event
except ImportError:
    pass
else:
    records = []
    for file in sorted(glob.glob(os.path.join(folder, "events.*"))):
        events = [Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(file)]
        records.append([[event.step, event.WhichOneof("what")] for event in events])

print(json.dumps({"scalars": scalars, "records": records}))
