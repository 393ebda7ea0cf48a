/** @file Turns callbacks into an async iterable: what `for await (const event of study.run())` reads. */

export interface EventQueue<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** Ends the iteration after what was pushed, or makes it throw `error`. */
  end(error?: unknown): void;
}

/** Returns an unbounded queue for one reader. */
export function eventQueue<T>(onAbandoned: () => void = () => {}): EventQueue<T> {
  const items: T[] = [];
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  return {
    push(item) {
      if (ended) return;
      items.push(item);
      wake?.();
    },
    end(error) {
      if (ended) return;
      ended = true;
      if (error !== undefined) failure = { error };
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      let complete = false;
      try {
        for (;;) {
          while (items.length > 0) yield items.shift() as T;
          if (ended) {
            complete = true;
            if (failure) throw failure.error;
            return;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
        }
      } finally {
        if (!complete) onAbandoned();
      }
    },
  };
}
