/** @file The targets of the native engine that this machine can run: all are tested, not just the one that would be chosen. */
import { loadBinding, type NativeTarget } from "../../../src/engines/native/binding.ts";

export function nativeTargets(): readonly NativeTarget[] {
  return loadBinding().targets();
}
