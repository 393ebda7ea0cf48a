/** @file Several processes open one study at once: one gets it, the others are told why not, and what the one has made stays. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { builtPath, importBuilt, root } from "../../support/built.ts";

const PROCESSES = 3;
const ROUNDS = 15;
const script = fileURLToPath(new URL("at-once.mjs", import.meta.url));
const module = join(root, "test/fixtures/toy-study.ts");

interface Opener {
  readonly child: ChildProcess;
  /** Sends a line, without waiting. */
  say(line: string): void;
  /** The next line of its output. */
  heard(): Promise<string>;
}

function startOpener(resultsDir: string): Opener {
  const child = spawn(process.execPath, [script, builtPath("src/index.js"), resultsDir, module], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    say: (line) => child.stdin.write(`${line}\n`),
    async heard() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("Expected another line of a process. Received: its end.");
      return value as string;
    },
  };
}

it("by creating and by resuming", async () => {
  const resultsDir = await mkdtemp(join(tmpdir(), "cellwright-at-once-"));
  const openers = Array.from({ length: PROCESSES }, () => startOpener(resultsDir));
  const all = async (line: string): Promise<string[]> => {
    for (const opener of openers) opener.say(line);
    return Promise.all(openers.map(async (opener) => opener.heard()));
  };
  try {
    await Promise.all(openers.map(async (opener) => opener.heard()));
    const { openStudy } = await importBuilt();
    for (let round = 0; round < ROUNDS; round++)
      for (const mode of ["create", "resume"]) {
        const name = `round-${round}`;
        const answers = await all(`${mode} ${name}`);
        expect(
          answers.filter((answer) => answer === "won"),
          answers.join("\n"),
        ).toHaveLength(1);
        for (const answer of answers)
          expect(answer).toMatch(
            mode === "create"
              ? /^won$|^lost config .* Expected no study of that name\. |^lost storage .* Expected a study that no other process runs\. /
              : /^won$|^lost storage .* Expected a study that no other process runs\. /,
          );
        const looker = await openStudy({ mode: "read", name, resultsDir });
        expect(looker.name).toBe(name);
        await looker.close();
        await all("close");
        expect(existsSync(join(resultsDir, name, "study.db"))).toBe(true);
      }
  } finally {
    for (const { child } of openers) {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    }
    await rm(resultsDir, { recursive: true, force: true });
  }
});
