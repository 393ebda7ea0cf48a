/**
 * @file A thread inside each worker process that ends the process when the parent is gone. The worker's own event loop would hear of it
 * through the closed channel, but not before a long native step lets it: this thread has a loop of its own.
 */
import { workerData } from "node:worker_threads";

/** An orphan gets another parent, so the number changes. */
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL");
}, 500);
