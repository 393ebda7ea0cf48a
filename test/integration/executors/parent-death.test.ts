/** @file What happens to the parent and its workers: `kill -9` (they are gone too, also those in the middle of a native step that keeps their
 * event loop), Ctrl-C, Ctrl-Z. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const PARENT = fileURLToPath(new URL("pool-parent.mjs", import.meta.url));

interface Parent {
  readonly pid: number;
  readonly workers: readonly number[];
  /** What it prints after that. */
  readonly nextLine: () => Promise<unknown>;
}

/** Starts a process that opens a pool and runs these deeds; resolves with its workers' pids once every one is at work. */
async function startParent(deeds: readonly string[]): Promise<Parent> {
  const parent = spawn(process.execPath, [PARENT, ...deeds], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(parent.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value)) as unknown;
  return { pid: Number(parent.pid), workers: (await nextLine()) as number[], nextLine };
}

/** Whether a process runs (one that waits to be reaped does not). */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  // The test's own limit is its end.
  while (pids.some(isRunning)) await sleep(20);
}

test("kill -9 of the parent ends workers that wait and workers that compute without end", async () => {
  const { pid, workers } = await startParent(["wait", "busy"]);
  expect(workers.map(isRunning)).toEqual([true, true]);
  process.kill(pid, "SIGKILL");
  await untilGone(workers);
});

test("a parent that just exits leaves none behind either", async () => {
  const { pid, workers } = await startParent(["wait", "busy"]);
  process.kill(pid, "SIGUSR2");
  await untilGone([pid, ...workers]);
});

test("Ctrl-C reaches the whole group: workers leave it to the parent", async () => {
  const { pid, workers, nextLine } = await startParent(["wait", "wait"]);
  for (const worker of workers) process.kill(worker, "SIGINT");
  process.kill(pid, "SIGTERM");
  expect(await nextLine()).toEqual({ attempts: 2, states: ["complete", "complete"] });
  await untilGone([pid, ...workers]);
});

test("a parent that slept longer than a silent worker is borne with does not blame the workers", async () => {
  const { pid, workers, nextLine } = await startParent(["wait", "wait"]);
  process.kill(pid, "SIGSTOP");
  // Twice the 2000 ms of the pool's hangMs.
  await sleep(4000);
  process.kill(pid, "SIGCONT");
  process.kill(pid, "SIGTERM");
  expect(await nextLine()).toEqual({ attempts: 2, states: ["complete", "complete"] });
  await untilGone([pid, ...workers]);
});
