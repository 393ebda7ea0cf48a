/**
 * @file Seeded randomness in labelled streams. Every draw comes from a stream with a name ("ask/17", "mutate"), so a draw
 * added in one place shifts no other, and the same seed gives the same study for ever (law 1).
 */
import seedrandom from "seedrandom";

/** A stream of random numbers. */
export interface Rng {
  /** The full label of the stream, for error messages and tests. */
  readonly label: string;
  /** Returns a number in [0, 1) with 53 random bits. */
  next(): number;
  /** Returns a whole number in [0, n). `n` must be 1 or more. */
  int(n: number): number;
  /** Returns one of `items`, each as likely. */
  pick<T>(items: readonly T[]): T;
  /** Returns a standard normal deviate. */
  normal(): number;
  /** Returns a shuffled copy (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** Returns the stream named `label` below this one. It depends on the labels alone, not on what was drawn. */
  fork(label: string | number): Rng;
}

class SeededRng implements Rng {
  readonly label: string;
  /** Made at the first draw: many streams are there only to be forked. */
  #generator: seedrandom.PRNG | undefined;

  constructor(label: string) {
    this.label = label;
  }

  next(): number {
    // Alea: 32-bit state words, three additions a draw, BigCrush-clean; `double()` combines two draws into 53 bits.
    this.#generator ??= seedrandom.alea(this.label);
    return this.#generator.double();
  }

  int(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError(`Expected at least one item to pick from in ${this.label}.`);
    return items[this.int(items.length)] as T;
  }

  normal(): number {
    // Box and Muller; 1 - u is in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  shuffle<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  }

  fork(label: string | number): Rng {
    return new SeededRng(`${this.label}/${label}`);
  }
}

/** Returns the root stream of a seed. */
export function createRng(seed: string | number): Rng {
  return new SeededRng(String(seed));
}
