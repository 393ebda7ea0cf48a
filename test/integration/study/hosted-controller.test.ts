/** @file A heavy controller in a thread of its own: the same trials as in this one, resumed too; stopped while it thinks; and what is said when it dies. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { ControllerEvent, Proposal } from "../../../src/search/controller.ts";
import { hostHere, type ControllerHost } from "../../../src/study/controller-host.ts";
import { hostController } from "../../../src/study/controller-place.ts";
import type { StudyEvent } from "../../../src/study/events.ts";
import { loadStudy, studyReference } from "../../../src/study/load.ts";
import { openStudy } from "../../../src/study/open.ts";
import { root } from "../../support/built.ts";

const module = join(root, "test/fixtures/heavy-studies.ts");
const reference = (name: string) => studyReference(module, {}, name);
let resultsDir: string;

beforeAll(async () => {
  resultsDir = await mkdtemp(join(tmpdir(), "cellwright-hosted-"));
});
afterAll(async () => {
  await rm(resultsDir, { recursive: true, force: true });
});

/** Opens a study of its own name whose trials run here, and its controller where it belongs. */
async function open(name: string, mode: "create" | "resume" = "create") {
  return await openStudy({ mode, name, resultsDir, executor: "inline", reference: reference(name) });
}

async function threadedAndHere(name: string): Promise<readonly [ControllerHost, ControllerHost]> {
  const definition = await loadStudy(reference(name));
  return [await hostController(definition, reference(name)), hostHere(definition)];
}

const value = ({ genotype: { a = 0, d = 0 } }: Proposal) => Math.abs(a - 7) + Math.abs(d - 5);

describe("a controller in a thread", () => {
  it.each(["modelled", "constrained"])(
    "%s: answers as in this one, with trials in flight that end in any order",
    async (name) => {
      const [threaded, here] = await threadedAndHere(name);
      const rng = createRng("order");
      const told: ControllerEvent[] = [];
      const running: { number: number; proposal: Proposal }[] = [];
      const tell = async (event: ControllerEvent): Promise<void> => {
        told.push(event);
        await Promise.all([threaded.tell([event]), here.tell([event])]);
      };
      for (let number = 0; number < 14;) {
        if (running.length < 4 && rng.next() < 0.6) {
          const wanted = await here.ask(number);
          expect(await threaded.ask(number)).toEqual(wanted);
          const proposal = wanted.answer as Proposal;
          running.push({ number, proposal });
          await tell({ kind: "started", number: number++, proposal });
        } else if (running.length > 0) {
          const [ended] = running.splice(rng.int(running.length), 1);
          const trial = { ...ended!, state: "complete" as const, values: [value(ended!.proposal)] };
          await tell({ kind: "finished", trial });
        }
      }
      const wanted = await here.ask(14);
      await threaded.close();
      const definition = await loadStudy(reference(name));
      const again = await hostController(definition, reference(name));
      await again.tell(told);
      expect((await again.ask(14)).answer).toEqual(wanted.answer);
      await again.close();
    },
  );

  it("a study of it, interrupted and resumed, has the trials of one whose controller is here, and says so where it has to be here", async () => {
    const definition = await loadStudy(reference("modelled"));
    const hereStudy = await openStudy({ mode: "create", name: "here", resultsDir, executor: "inline", definition });
    const notes: string[] = [];
    for await (const event of hereStudy.run()) if (event.kind === "note") notes.push(event.message);
    expect(notes.join()).toMatch(/model-based search without duplicates runs in this thread.*loaded from a file/);

    const first = await open("modelled");
    const stop = new AbortController();
    for await (const event of first.run({ signal: stop.signal }))
      if (event.kind === "trial-finished" && event.trial.number === 9) stop.abort();
    expect((await first.storage.trials()).length).toBeLessThan(18);
    await first.close();
    const second = await open("modelled", "resume");
    for await (const event of second.run()) expect(event.kind).not.toBe("note");
    const essence = async (study: typeof second) =>
      (await study.storage.trials()).map(({ number, proposal, state, values }) => ({
        number,
        proposal,
        state,
        values,
      }));
    expect(await essence(second)).toEqual(await essence(hereStudy));
    await second.close();
    await hereStudy.close();
  });

  it("is stopped while it thinks; what was finished is kept", async () => {
    const study = await open("thinking");
    const stop = new AbortController();
    const events: StudyEvent[] = [];
    for await (const event of study.run({ signal: stop.signal })) {
      events.push(event);
      // The fifth ask follows at once and would take an hour.
      if (event.kind === "trial-finished" && event.trial.number === 4) setTimeout(() => stop.abort(), 20);
    }
    expect(events.at(-1)).toMatchObject({ kind: "study-finished", reason: "interrupt" });
    expect(events).toContainEqual({ kind: "note", level: "info", message: "thinking is here" });
    expect((await study.status()).trials.complete + (await study.status()).trials.duplicates).toBe(5);
    await study.close();
  });

  it("is ended by closing the study while a trial is asked for by hand", async () => {
    const [threaded] = await threadedAndHere("thinking");
    const answer = threaded.ask(5);
    const refused = expect(answer).rejects.toThrow(/controller thinking {2}Expected an open study/);
    await threaded.close();
    await refused;
  });

  it("that dies says how, and that the study can go on", async () => {
    const study = await open("dying");
    const run = async (): Promise<void> => {
      for await (const _ of study.run());
    };
    await expect(run()).rejects.toThrow(
      /^controller dying {2}Expected its thread to go on. Received: its end \(exit code 3\). All trials are stored: the study can be resumed.$/,
    );
    expect((await study.storage.trials()).length).toBe(5);
    await study.close();
  });

  it.each([
    ["ends", "modelled"],
    ["is interrupted while it thinks", "thinking"],
    ["fails as the controller throws", "throwing"],
    ["fails as its thread dies", "dying"],
    ["cannot be opened", "shifty"],
  ])("leaves no thread behind where the study %s", async (how, name) => {
    const workers: Worker[] = [];
    const onWorker = (worker: Worker): void => void workers.push(worker);
    process.on("worker", onWorker);
    try {
      const opening = openStudy({
        mode: "create",
        name: `${name}-thread`,
        resultsDir,
        executor: "inline",
        reference: reference(name),
      });
      const run = async (): Promise<void> => {
        const study = await opening;
        const stop = new AbortController();
        try {
          for await (const event of study.run({ signal: stop.signal }))
            if (how.startsWith("is interrupted") && event.kind === "trial-finished" && event.trial.number === 4)
              setTimeout(() => stop.abort(), 20);
        } finally {
          await study.close();
        }
      };
      if (name === "modelled" || name === "thinking") await run();
      else await expect(run()).rejects.toThrow(/fifth|thread/);
      expect(workers).toHaveLength(1);
      // A thread that has ended has no number.
      expect(workers.map(({ threadId }) => threadId)).toEqual([-1]);
    } finally {
      process.off("worker", onWorker);
    }
  });

  it("that throws does so as it would here", async () => {
    const [threaded, here] = await threadedAndHere("throwing");
    await expect(here.ask(5)).rejects.toThrow("no fifth trial");
    await expect(threaded.ask(5)).rejects.toThrow("no fifth trial");
    // One that could not answer once is not broken.
    expect(await threaded.ask(6)).toEqual(await here.ask(6));
    await threaded.close();
  });

  it("has to be the controller of the study", async () => {
    await expect(threadedAndHere("shifty")).rejects.toThrow(
      /controller shifty {2}Expected the same controller in its thread as in the study/,
    );
  });
});
