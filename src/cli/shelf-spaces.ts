/** @file The spaces of the shelf by name: what a command may call one. */
import * as shelf from "../../search-spaces/index.ts";
import type { AnySpace } from "../space/space.ts";
import { isSpace } from "../study/load-space.ts";

/** Returns the spaces of the shelf by name, in alphabetical order. */
export function shelfSpaces(): ReadonlyMap<string, AnySpace> {
  const spaces = Object.values<unknown>(shelf).filter(isSpace);
  return new Map(spaces.map((space) => [space.name, space] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
