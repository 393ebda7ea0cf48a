/** @file The arena: every buffer gets room for its lifetime, largest first, at the lowest place that is free. */

/** A buffer to place. Lifetimes are inclusive and count in any unit that orders the program. */
export interface Lifetime {
  readonly floats: number;
  readonly first: number;
  readonly last: number;
}

/** 16 floats: one cache line, and one vector of the widest target. */
const ALIGNMENT = 16;

/** Returns the offset of every buffer, in floats, and how many floats the arena needs. Buffers with one lifetime are placed as one block. */
export function placeBuffers(buffers: readonly Lifetime[]): {
  readonly offsets: readonly number[];
  readonly floats: number;
} {
  const blocks = new Map<
    string,
    { readonly first: number; readonly last: number; floats: number; members: number[] }
  >();
  for (const [i, buffer] of buffers.entries()) {
    const key = `${buffer.first}/${buffer.last}/${buffer.floats}`;
    const block = blocks.get(key) ?? { first: buffer.first, last: buffer.last, floats: 0, members: [] };
    // At most 64 together: a block as large as half of the arena would fit nowhere.
    if (block.members.length === 64) {
      blocks.set(`${key}/${i}`, { ...block });
      block.floats = 0;
      block.members = [];
    }
    block.members.push(i);
    block.floats += aligned(buffer.floats);
    blocks.set(key, block);
  }
  const order = [...blocks.values()].sort((a, b) => b.floats - a.floats || a.first - b.first);
  const offsets: number[] = buffers.map(() => 0);
  // By place.
  const placed: { readonly first: number; readonly last: number; readonly from: number; readonly to: number }[] = [];
  let floats = 0;
  for (const block of order) {
    let from = 0;
    for (const rival of placed) {
      if (rival.first > block.last || block.first > rival.last) continue;
      if (rival.from >= from + block.floats) break;
      from = Math.max(from, rival.to);
    }
    const after = placed.findIndex((other) => other.from > from);
    const own = { first: block.first, last: block.last, from, to: from + block.floats };
    placed.splice(after < 0 ? placed.length : after, 0, own);
    floats = Math.max(floats, from + block.floats);
    let at = from;
    for (const member of block.members) {
      offsets[member] = at;
      at += aligned((buffers[member] as Lifetime).floats);
    }
  }
  return { offsets, floats };
}

/** Rounds up to whole cache lines. */
export function aligned(floats: number): number {
  return Math.ceil(floats / ALIGNMENT) * ALIGNMENT;
}
