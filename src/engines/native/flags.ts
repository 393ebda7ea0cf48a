/** @file Numbers that the kernels' interface (binding.ts) goes by, the same in native/src/addon.cc. Apart from it, as it is Node's. */

/** What a session holds by number: the memory of weights, of what the optimizer keeps beside them, and of their average. */
export const nativeAreas = { parameters: 0, firstSlot: 1, gradients: 2, secondSlot: 3, average: 4 } as const;
export type NativeArea = (typeof nativeAreas)[keyof typeof nativeAreas];

/** What a session may hold beside one slot. */
export const nativeExtras = { secondSlot: 1, average: 2 } as const;

/**
 * How a run differs from others. `profile`: with the time of every operation, in a session of one thread. `adds`: gradients are added to those of the run
 * before. `moves`: moving statistics move though nothing is updated. `averaged`: evaluates with the average of the parameters.
 */
export const nativeFlags = { profile: 1, adds: 2, moves: 4, averaged: 8 } as const;
