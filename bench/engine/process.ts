/** @file A peer in a process of its own, which answers each line of JSON on its standard input with one on its standard output. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Places in `usableCores()` it may run on. */
  readonly cores: readonly number[];
}

export interface PeerProcess {
  /** Sends a line and returns the answer. Throws with what the peer says, where it fails, ends, or takes longer than `limitMs`; it is over then. */
  ask<T>(message: unknown, limitMs?: number): Promise<T>;
  /** Peak resident memory so far, in bytes. Undefined where the system doesn't say. */
  peakBytes(): number | undefined;
  close(): void;
}

const LIMIT_MS = 10 * 60_000;
/** Each leads a process group, so that what it started (compilers) ends with it. */
const alive = new Set<number>();

function kill(pid: number): void {
  alive.delete(pid);
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

process.on("exit", () => {
  for (const pid of alive) kill(pid);
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

/** Returns the numbers of the cores that this process may use. */
export function usableCores(): readonly number[] {
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
    return list.split(",").flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
  } catch {
    return Array.from({ length: availableParallelism() }, (_, i) => i);
  }
}

let canPin: boolean | undefined;

/** Where there is no taskset the scheduler chooses. */
function pinned(cores: readonly number[], command: string, args: readonly string[]): readonly [string, string[]] {
  canPin ??= spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;
  const usable = usableCores();
  const list = cores.map((core) => usable[core]).filter((core) => core !== undefined);
  return canPin && list.length > 0 ? ["taskset", ["-c", list.join(","), command, ...args]] : [command, [...args]];
}

/** Starts a peer. What it says on its standard error is kept for the message, should it fail. */
export function openProcess(options: ProcessOptions): PeerProcess {
  const [command, args] = pinned(options.cores, options.command, options.args);
  const child = spawn(command, args, { detached: true, env: { ...process.env, ...options.env } });
  const { pid } = child;
  if (pid !== undefined) alive.add(pid);
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4000)));
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => {
    child.on("error", reject);
  });
  failed.catch(() => undefined);
  const close = (): void => {
    if (pid !== undefined) kill(pid);
  };

  async function answer(): Promise<unknown> {
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), failed]);
      if (done === true) throw new Error(lastLine(words) || "ended without a word");
      // Libraries print, too.
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }

  return {
    async ask<T>(message: unknown, limitMs = LIMIT_MS): Promise<T> {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      const timer = setTimeout(() => {
        words = `took longer than ${Math.round(limitMs / 1000)} s`;
        close();
      }, limitMs);
      try {
        const reply = (await answer()) as { readonly error?: string };
        if (reply.error !== undefined) throw new Error(reply.error);
        return reply as T;
      } catch (error) {
        close();
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    peakBytes() {
      try {
        const kib = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
        return kib === undefined ? undefined : 1024 * Number(kib);
      } catch {
        return undefined;
      }
    },
    close,
  };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
