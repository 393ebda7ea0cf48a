/** @file One worker process as the parent sees it: started, heard, killed, and what it left behind. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Logger } from "../base/logger.ts";
import type { WorkerSlot } from "./executor.ts";
import { residentBytes } from "./memory.ts";
import { readFromWorker, type FromWorker, type ToWorker } from "./messages.ts";
import { workerEnvironment } from "./worker-environment.ts";

/** How much of what a worker wrote is kept for the message about its end. */
const LAST_WORDS_LINES = 5;
const LAST_WORDS_CHARS = 1500;

/** After its exit, how long a worker's last messages and words are waited for: a grandchild may hold its stderr open for ever. */
const FLUSH_MS = 1000;

/** How long a worker may take to close its runner. */
const LEAVE_MS = 3000;

export interface WorkerProcess {
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  /** Kills it; `why` stands in the reason of its end. */
  kill(why: string): void;
  /** Asks it to leave, kills it if it doesn't; resolves when it is gone. */
  leave(): Promise<void>;
  /** Resident bytes now, as the system or its last beat says. */
  residentBytes(): number | undefined;
}

export interface WorkerEvents {
  /** Every checked message, and any sign of life. */
  message(message: FromWorker): void;
  /** It is gone, after its last message. */
  gone(reason: string): void;
}

/** Starts a worker process. Its end, of whatever cause, comes as `gone`, once. */
export function startWorkerProcess(slot: WorkerSlot, logger: Logger, events: WorkerEvents): WorkerProcess {
  const child = fork(workerEntry(), [String(process.pid)], {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: workerEnvironment(process.env, slot),
    // The parent's own flags (a debugger's port, a test runner's loader) are not the worker's.
    execArgv: [],
  });
  const words = keepLastWords(child, slot, logger);
  let why: string | undefined;
  let beatBytes: number | undefined;
  let over = false;
  const { promise: gone, resolve: resolveGone } = deferred();

  function kill(reason: string): void {
    why ??= reason;
    child.kill("SIGKILL");
  }

  function end(reason: string): void {
    if (over) return;
    over = true;
    events.gone(reason);
    resolveGone();
  }

  child.on("message", (message: unknown) => {
    if (over) return;
    const read = readFromWorker(message);
    if (read.kind === "malformed") {
      kill(`sent a malformed message (${read.complaint})`);
      return;
    }
    if (read.kind === "beat") beatBytes = read.rssBytes;
    // What it said before it was killed is heard no more: the reason to kill it stands.
    if (why === undefined) events.message(read);
  });
  child.on("error", (error) => {
    // Could not be started, or the channel failed under a send.
    if (child.pid === undefined) end(`could not be started: ${error.message}`);
    else kill(`could not be reached (${error.message})`);
  });
  child.on("exit", (code, signal) => {
    const how = why ?? (signal === null ? `exited with code ${code}` : `was killed by ${signal}`);
    const finish = (): void => end(`${how}${words.text()}`);
    child.once("close", finish);
    setTimeout(finish, FLUSH_MS).unref();
  });

  return {
    pid: child.pid,
    send(message) {
      // A worker that is dying has no channel; its end is on its way.
      if (child.connected) child.send(message, () => {});
    },
    kill,
    async leave() {
      if (child.connected) child.send({ kind: "exit" } satisfies ToWorker, () => {});
      else kill("left");
      const timer = setTimeout(() => kill("did not leave"), LEAVE_MS);
      await gone;
      clearTimeout(timer);
    },
    residentBytes: () => (child.pid === undefined ? undefined : (residentBytes(child.pid) ?? beatBytes)),
  };
}

/** From source (tests), the built worker: Node runs no TypeScript in a child. */
function workerEntry(): string {
  const built = import.meta.url.endsWith(".ts") ? "../../dist/src/executors/worker.js" : "worker.js";
  return fileURLToPath(new URL(built, import.meta.url));
}

function keepLastWords(child: ChildProcess, slot: WorkerSlot, logger: Logger): { text(): string } {
  let tail = "";
  const listen = (stream: "stdout" | "stderr"): void => {
    child[stream]?.setEncoding("utf8").on("data", (chunk: string) => {
      if (stream === "stderr") tail = (tail + chunk).slice(-2 * LAST_WORDS_CHARS);
      for (const line of chunk.split("\n").filter((line) => line.trim() !== ""))
        logger.debug(line, { worker: slot.index, stream });
    });
  };
  listen("stdout");
  listen("stderr");
  return {
    text() {
      const lines = tail.split("\n").filter((line) => line.trim() !== "");
      const last = lines.slice(-LAST_WORDS_LINES).join("\n").slice(-LAST_WORDS_CHARS);
      return last === "" ? "" : `; its last words:\n${last}`;
    },
  };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
