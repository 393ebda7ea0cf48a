/** @file An executor whose tasks end when and how a test says. */
import type { Outcome, Task } from "../../src/evaluators/evaluator.ts";
import type { Executor, TaskObserver } from "../../src/executors/executor.ts";

export interface FakeTask {
  readonly task: Task;
  readonly observer: TaskObserver;
  readonly end: (outcome: Outcome | "cancelled") => void;
}

/** `onTask` is called for every task that is handed over; a soft or hard cancel ends it as cancelled. */
export function fakeExecutor(
  workers: number,
  onTask: (task: FakeTask) => void,
): Executor & { readonly tasks: Task[]; readonly maxRunning: () => number } {
  let running = 0;
  let most = 0;
  const tasks: Task[] = [];
  return {
    tasks,
    maxRunning: () => most,
    slots: Array.from({ length: workers }, (_, index) => ({ index })),
    get free() {
      return workers - running;
    },
    run(task, observer) {
      if (running >= workers) throw new Error("Expected a free worker. Received: a task while all are busy.");
      running++;
      most = Math.max(most, running);
      tasks.push(task);
      let resolve: (outcome: Outcome | "cancelled") => void = () => {};
      const outcome = new Promise<Outcome | "cancelled">((settle) => {
        resolve = settle;
      });
      let ended = false;
      const end = (how: Outcome | "cancelled"): void => {
        if (ended) return;
        ended = true;
        running--;
        resolve(how);
      };
      observer.started(task.attempt, { index: 0 });
      setImmediate(() => onTask({ task, observer, end }));
      return { outcome, cancel: () => end("cancelled") };
    },
    async close() {},
  };
}

/** An outcome with one value. */
export function complete(value: number): Outcome {
  return { state: "complete", values: [value], metrics: { accuracy: value } };
}
