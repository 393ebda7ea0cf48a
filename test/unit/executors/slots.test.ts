/** @file The assignment of workers to cores and GPUs, and the environment that enforces it. */
import { describe, expect, test } from "vitest";
import { assignSlots, describeSlots, planSlots, type Machine } from "../../../src/executors/index.ts";
import { workerEnvironment } from "../../../src/executors/worker-environment.ts";

const GPUS = [
  { index: 0, name: "NVIDIA H200", memoryBytes: 140 * 2 ** 30, uuid: "GPU-0" },
  { index: 3, name: "NVIDIA L4", memoryBytes: 24 * 2 ** 30, uuid: "GPU-3" },
];
const CPU: Machine = { cores: 3, gpus: [], gpuLibrary: false, note: "nvidia-smi is not installed: no NVIDIA driver" };
const READY: Machine = { cores: 3, gpus: GPUS, gpuLibrary: true };
const UNREADY: Machine = { ...READY, gpuLibrary: false };

describe("planSlots", () => {
  test.each([
    ["one per core", {}, CPU, [{ index: 0 }, { index: 1 }, { index: 2 }]],
    ["as many as asked for", { workers: 2 }, CPU, [{ index: 0 }, { index: 1 }]],
    [
      "one per GPU",
      {},
      READY,
      [
        { index: 0, gpu: 0 },
        { index: 1, gpu: 3 },
      ],
    ],
    [
      "several per GPU, dealt out in turn",
      { perGpu: 2 },
      READY,
      [
        { index: 0, gpu: 0 },
        { index: 1, gpu: 3 },
        { index: 2, gpu: 0 },
        { index: 3, gpu: 3 },
      ],
    ],
    [
      "a number dealt out over GPUs",
      { workers: 3 },
      READY,
      [
        { index: 0, gpu: 0 },
        { index: 1, gpu: 3 },
        { index: 2, gpu: 0 },
      ],
    ],
    ["given GPUs only", { gpus: [3] }, READY, [{ index: 0, gpu: 3 }]],
    ["no GPU, by wish", { gpus: [] }, READY, [{ index: 0 }, { index: 1 }, { index: 2 }]],
    ["GPUs that nothing could train on are left alone", {}, UNREADY, [{ index: 0 }, { index: 1 }, { index: 2 }]],
    ["unless asked for", { gpus: [0] }, UNREADY, [{ index: 0, gpu: 0 }]],
  ] as const)("%s", (_what, options, machine, slots) => {
    expect(planSlots(options, machine)).toEqual(slots);
  });

  test.each([
    [{ workers: 0 }, CPU, "workers  Expected a whole number of 1 or more. Received: 0."],
    [{ perGpu: 1.5 }, READY, "perGpu  Expected a whole number of 1 or more. Received: 1.5."],
    [{ gpus: [1] }, READY, "gpus  Expected GPUs of this machine (0, 3). Received: 1."],
    [
      { gpus: [0] },
      CPU,
      "gpus  Expected no GPU, since none was found. Received: 0. nvidia-smi is not installed: no NVIDIA driver.",
    ],
    [
      { gpus: [3, 3] },
      READY,
      "gpus  Expected each GPU once (perGpu sets how many workers share one). Received: [3,3].",
    ],
  ] as const)("refuses %j", (options, machine, message) => {
    expect(() => planSlots(options, machine)).toThrow(message);
  });

  test("assignSlots looks at this machine", async () => {
    expect(await assignSlots({ workers: 2, gpus: [] })).toEqual([{ index: 0 }, { index: 1 }]);
  });
});

describe("describeSlots", () => {
  test("says what each worker uses", () => {
    expect(describeSlots(planSlots({}, READY), READY)).toEqual([
      "worker 0  GPU 0 (NVIDIA H200, 140 GiB)",
      "worker 1  GPU 3 (NVIDIA L4, 24.0 GiB)",
    ]);
  });

  test("says what stands in the way", () => {
    expect(describeSlots(planSlots({ workers: 1 }, UNREADY), UNREADY)).toEqual([
      "worker 0  CPU",
      "The GPUs are not used: npm i @tensorflow/tfjs-node-gpu (needs CUDA and cuDNN) to train on them.",
    ]);
    expect(describeSlots([{ index: 0 }], CPU)).toEqual([
      "worker 0  CPU",
      "nvidia-smi is not installed: no NVIDIA driver",
    ]);
  });
});

describe("workerEnvironment", () => {
  test("a CPU worker sees no GPU, even where the parent sees some, and computes on one thread, whatever the parent does", () => {
    const env = workerEnvironment(
      { CUDA_VISIBLE_DEVICES: "0,3", OMP_NUM_THREADS: "8", HOME: "/home/ada" },
      { index: 2 },
    );
    expect(env).toMatchObject({
      CUDA_VISIBLE_DEVICES: "",
      OMP_NUM_THREADS: "1",
      TF_NUM_INTRAOP_THREADS: "1",
      HOME: "/home/ada",
      CELLWRIGHT_WORKER: "2",
    });
  });

  test("a GPU worker sees its own, by the order in which nvidia-smi counts", () => {
    expect(workerEnvironment({}, { index: 0, gpu: 3 })).toMatchObject({
      CUDA_VISIBLE_DEVICES: "3",
      CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    });
  });
});
