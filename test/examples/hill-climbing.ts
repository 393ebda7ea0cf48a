/** @file The controller of docs/write-a-controller.md, word for word: compiled, linted and run through the laws here. */
import { resolveOptions, scoreOf, wholeNumber, type ControllerDefinition } from "cellwright/search";
import type { Genotype } from "cellwright/space";

/** Hill climbing: mutates the best trial so far. The first `starts` trials are random. */
export function hillClimbing(given: { starts?: number } = {}): ControllerDefinition {
  const options = resolveOptions<{ starts: number }>("hillClimbing", given, { starts: wholeNumber(10, { min: 1 }) });
  return {
    name: "hill climbing",
    options,
    create({ space, rng, objectives }) {
      let best: { genotype: Genotype; score: number } | undefined;
      return {
        ask(number) {
          const draw = rng.fork(`ask/${number}`);
          if (best === undefined || number < options.starts) return { genotype: space.sample(draw) };
          return { genotype: space.mutate(best.genotype, draw) };
        },
        tell(event) {
          if (event.kind !== "finished" || event.trial.state !== "complete") return;
          const score = scoreOf(event.trial, objectives);
          if (score === undefined || (best !== undefined && score <= best.score)) return;
          best = { genotype: event.trial.proposal.genotype, score };
        },
      };
    },
  };
}
