/** @file Mixing of 32-bit numbers into one: for hashes of what is made of numbers already, the same everywhere. */

/** Returns 32 bits of both numbers, from 0 to 2^32 - 1, by Murmur3's last steps: each bit of either changes about half of the bits. */
export function mix(a: number, b: number): number {
  let value = Math.imul(a, 0x85ebca6b) ^ b;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
