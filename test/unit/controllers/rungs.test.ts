/** @file Rungs kept in order promote what sorting each of them anew would. */
import { createRng } from "cellwright/base";
import { expect, test } from "vitest";
import { createRungs, type RungEntry } from "../../../controllers/rungs.ts";

const EPOCHS = [1, 3, 9];
const ETA = 3;

/** The paper's definition, at length: the best of each rung's first n / eta that has not been promoted, from the highest rung down. */
function promotionOf(rungs: readonly (readonly RungEntry[])[], promoted: ReadonlySet<number>): number | undefined {
  for (const entries of rungs.slice(0, -1).toReversed()) {
    const best = entries
      .toSorted((a, b) => (a.score === b.score ? a.number - b.number : b.score - a.score))
      .slice(0, Math.floor(entries.length / ETA));
    const found = best.find(({ number, mayGoOn }) => mayGoOn && !promoted.has(number));
    if (found !== undefined) return found.number;
  }
  return undefined;
}

test.each([0, 1, 2, 3])("promotions of random trials, many of them equal, some failed or ended early (%i)", (seed) => {
  const rng = createRng(seed);
  const rungs = createRungs(EPOCHS, ETA);
  const plain: RungEntry[][] = EPOCHS.map(() => []);
  const promoted = new Set<number>();
  /** Under way, with their rungs: they end in any order. */
  const running: { readonly number: number; readonly rung: number }[] = [];
  let promotions = 0;
  for (let number = 0; number < 600; number++) {
    const next = rungs.promotion();
    expect(next?.continueFrom).toBe(promotionOf(plain, promoted));
    if (next?.continueFrom !== undefined) {
      promotions++;
      rungs.promoted(next.continueFrom);
      promoted.add(next.continueFrom);
    }
    running.push({ number, rung: EPOCHS.indexOf(next?.epochs ?? 1) });
    if (running.length < 8) continue;
    const [{ number: ended, rung }] = running.splice(rng.int(running.length), 1) as [(typeof running)[number]];
    const isFailed = rng.next() < 0.1;
    const entry = {
      number: ended,
      genotype: {},
      score: isFailed ? -Infinity : rng.int(12),
      mayGoOn: !isFailed && rng.next() < 0.9,
    };
    rungs.add(EPOCHS[rung] as number, entry);
    plain[rung]?.push(entry);
  }
  expect(promotions).toBeGreaterThan(100);
});
