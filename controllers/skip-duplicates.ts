/**
 * @file A wrapper for any controller: asks again where the proposal is one that was made before. Worth it where a trial is dear and the
 * space small, or where the study does not take stored results for duplicates. With aging evolution it leaves out the identity mutation.
 */
import { canonicalJson, type Rng } from "cellwright/base";
import { resolveOptions, wholeNumber } from "cellwright/search";
import type { Controller, ControllerContext, ControllerDefinition, OptionRules } from "cellwright/search";

export interface SkipDuplicatesOptions {
  /** How often it asks again before it lets a duplicate through. Default 10. */
  readonly retries?: number;
}

const RULES: OptionRules<Required<SkipDuplicatesOptions>> = { retries: wholeNumber(10, { min: 1, max: 1000 }) };

/**
 * Returns `inner` without its duplicates, as far as `retries` go. A proposal that differs in epochs or goes on from another trial
 * is no duplicate. An ask costs up to `retries` + 1 of the inner one's, and
 * one where the space is used up: it then repeats.
 */
export function skipDuplicates(inner: ControllerDefinition, options: SkipDuplicatesOptions = {}): ControllerDefinition {
  const { retries } = resolveOptions<Required<SkipDuplicatesOptions>>("skipDuplicates", options, RULES);
  return {
    name: `${inner.name} without duplicates`,
    options: { retries, inner: { name: inner.name, ...inner.options } },
    create: (context) => createSkipDuplicates(inner, retries, context),
    isHeavy: (space) => inner.isHeavy?.(space) === true,
    hearsAllRungs: (space) => inner.hearsAllRungs?.(space) === true,
  };
}

function createSkipDuplicates(inner: ControllerDefinition, retries: number, context: ControllerContext): Controller {
  const seen = new Set<string>();
  const genotypes = new Set<string>();
  const size = context.space.count();
  // The inner controller draws proposal n from fork("ask/n"); while this is above 0, that fork leads to another stream.
  let attempt = 0;
  const rng: Rng = {
    label: context.rng.label,
    next: () => context.rng.next(),
    int: (n) => context.rng.int(n),
    pick: (items) => context.rng.pick(items),
    normal: () => context.rng.normal(),
    shuffle: (items) => context.rng.shuffle(items),
    fork: (label) => (attempt === 0 ? context.rng.fork(label) : context.rng.fork(label).fork(`again/${attempt}`)),
  };
  const controller = inner.create({ ...context, rng });
  return {
    ...(controller.note === undefined ? {} : { note: controller.note }),
    ask(number) {
      try {
        for (; ; attempt++) {
          const answer = controller.ask(number);
          const isUsedUp = size !== undefined && BigInt(genotypes.size) >= size;
          const isLast = attempt === retries || isUsedUp;
          if (typeof answer === "string" || isLast || !seen.has(canonicalJson(answer))) return answer;
        }
      } finally {
        attempt = 0;
      }
    },
    tell(event) {
      if (event.kind === "started") {
        seen.add(canonicalJson(event.proposal));
        genotypes.add(canonicalJson(event.proposal.genotype));
      }
      controller.tell(event);
    },
  };
}
