/**
 * @file A controller picked by the size of the space and the number of trials. The rule is short so that a user can hold it in mind; its
 * numbers are from 200 seeded searches of NAS-Bench-201 by 12-epoch accuracy: with 100 to 200 trials evolution finds most with a
 * population of 30, with 500 and more with the paper's 100; the policy gradient was behind evolution at every budget, so it is never picked.
 */
import { resolveOptions, wholeNumber } from "cellwright/search";
import type { ControllerDefinition, OptionRules } from "cellwright/search";
import type { AnySpace } from "cellwright/space";
import { agingEvolution } from "./aging-evolution.ts";
import { random } from "./random.ts";
import { skipDuplicates } from "./skip-duplicates.ts";

export interface AutoOptions {
  /** Trials the study is going to make. Default 200. Part of the study: a resume with a larger budget keeps the pick. */
  readonly trials?: number;
}

const RULES: OptionRules<Required<AutoOptions>> = { trials: wholeNumber(200, { min: 1 }) };

/** Returns the controller for this space and number of trials, and why. */
export function pickController(
  space: AnySpace,
  trials: number,
): { readonly definition: ControllerDefinition; readonly reason: string } {
  const size = space.count();
  if (size !== undefined && size <= BigInt(trials)) {
    const reason = `${trials} trials can try nearly all of the space's ${size} genotypes`;
    return { definition: skipDuplicates(random(), { retries: 1000 }), reason };
  }
  if (trials < 30) return { definition: random(), reason: `${trials} trials are too few to learn from` };
  const [populationSize, sampleSize] = trials < 300 ? [30, 10] : [100, 25];
  const reason = `${trials} trials are enough to learn from; population ${populationSize}, sample ${sampleSize}`;
  return { definition: agingEvolution({ populationSize, sampleSize }), reason };
}

/** Returns the controller that suits the space and `trials`; its note says which and why. Throws `config` naming each option that is wrong. */
export function auto(options: AutoOptions = {}): ControllerDefinition {
  const resolved = resolveOptions<Required<AutoOptions>>("auto", options, RULES);
  return {
    name: "auto",
    options: { ...resolved },
    create(context) {
      const { definition, reason } = pickController(context.space, resolved.trials);
      const controller = definition.create(context);
      return {
        note: `auto picked ${definition.name}: ${reason}`,
        ask: (number) => controller.ask(number),
        tell: (event) => controller.tell(event),
      };
    },
  };
}
