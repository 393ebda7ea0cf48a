/**
 * @file The contract suite: every law, on every space, with 1, 4 and 16 trials in flight. A controller of one's own is run through it by
 * one line: `controllerSuite("mine", mine({ … }))`. Options should let it begin learning within 40 trials.
 */
import { controllerLaws, type ControllerDefinition } from "cellwright/search";
import type { AnySpace } from "cellwright/space";
import { describe, it } from "vitest";
import { spaces } from "./spaces.ts";

export function controllerSuite(
  name: string,
  definition: ControllerDefinition,
  { on = spaces, trials = 40 }: { readonly on?: readonly AnySpace[]; readonly trials?: number } = {},
): void {
  describe(name, () => {
    for (const space of on)
      describe(`space ${space.name}`, () => {
        for (const law of controllerLaws)
          for (const inFlight of [1, 4, 16])
            it(`${law.name} (${inFlight} in flight)`, () => {
              law.check(definition, space, { inFlight, seed: inFlight, trials });
            });
      });
  });
}
